//! What benchmarks share: a provider that answers at once, and a client that opens a connection for each request.

use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use serde_json::Value;
use serde_json::json;

const ANSWER: &str = r#"{"items":[{"id":"1","title":"Standup","start":"2026-11-25T09:00:00Z"},{"id":"2","title":"Review","start":"2026-11-25T15:00:00Z"}]}"#;

pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").ok();
}

pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A provider that answers at once: two threads, keep-alive, the least that HTTP asks for.
pub(crate) fn upstream() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    listener.set_nonblocking(true)?;
    std::thread::spawn(move || runtime.block_on(serve(listener)));
    Ok(port)
}

async fn serve(listener: TcpListener) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    while let Ok((socket, _)) = listener.accept().await {
        socket.set_nodelay(true).ok();
        tokio::spawn(answer(socket));
    }
}

async fn answer(mut socket: tokio::net::TcpStream) {
    use tokio::io::AsyncReadExt;
    use tokio::io::AsyncWriteExt;

    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{ANSWER}",
        ANSWER.len()
    );
    let mut received = Vec::with_capacity(4096);
    loop {
        let mut chunk = [0_u8; 4096];
        match socket.read(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(n) => received.extend_from_slice(chunk.get(..n).unwrap_or_default()),
        }
        while let Some(length) = request_length(&received) {
            received.drain(..length);
            if socket.write_all(reply.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// How long the first request in `bytes` is, once it is whole.
fn request_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(bytes.get(..head)?).to_ascii_lowercase();
    let body: usize =
        text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
    (bytes.len() >= head + body).then_some(head + body)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark waits for another process")]
pub(crate) fn pause(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

pub(crate) struct Api {
    pub(crate) port: u16,
    pub(crate) token: String,
}

impl Api {
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let authorization = format!("Bearer {}", self.token);
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
        let answer = request(self.port, "POST", &format!("/api/v1{path}"), &headers, &body.to_string())?;
        if answer.status != 201 {
            bail!("POST {path} answered {}: {}", answer.status, answer.body);
        }
        Ok(serde_json::from_str(&answer.body)?)
    }
}

pub(crate) fn id(value: &Value) -> Result<String> {
    value.get("id").and_then(Value::as_str).map(str::to_owned).context("an answer without id")
}

pub(crate) fn document(upstream: u16) -> Value {
    let item = json!({ "type": "object" });
    let ok = json!({ "200": { "description": "The events.", "content": { "application/json": { "schema": item } } } });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Bench events", "version": "1", "description": "Answers at once." },
        "servers": [{ "url": format!("http://127.0.0.1:{upstream}/v1") }],
        "components": { "securitySchemes": { "key": { "type": "apiKey", "in": "header", "name": "X-Api-Key" } } },
        "security": [{ "key": [] }],
        "paths": { "/events": {
            "get": { "operationId": "listEvents", "summary": "List events", "responses": ok },
            "post": {
                "operationId": "createEvent", "summary": "Create an event", "responses": ok,
                "requestBody": { "content": { "application/json": { "schema": {
                    "type": "object", "properties": { "title": { "type": "string" } } } } } },
            },
        } },
    })
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// One request over a connection of its own.
pub(crate) fn request(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer> {
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    let extra = headers.iter().fold(String::new(), |text, (name, value)| text + name + ": " + value + "\r\n");
    let length = body.len();
    write!(
        socket,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{extra}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("an answer without a head")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("an answer without status")?;
    Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
}
