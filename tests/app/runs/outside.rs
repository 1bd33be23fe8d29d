//! The other side: a small HTTP server that answers what a test tells it, and remembers what it was sent.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// What to answer.
pub(crate) enum Answer {
    /// A status and a JSON body.
    Status(u16, String),
    /// A status, a header line and a JSON body.
    With(u16, &'static str, &'static str),
    /// Nothing: the line is dropped after the request was read.
    CutOff,
    /// 200, once the semaphore has a permit.
    Held(Arc<Semaphore>),
}

/// The server. It answers 200 when nothing else was said, and tokens at `/token`.
#[derive(Clone)]
pub(crate) struct Outside {
    pub(crate) address: SocketAddr,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    tokens: Arc<Mutex<VecDeque<Answer>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Outside {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let outside = Self {
            address: listener.local_addr().unwrap(),
            answers: Arc::default(),
            tokens: Arc::default(),
            seen: Arc::default(),
        };
        let server = outside.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        outside
    }

    /// What it answers next, to whatever but `/token`.
    pub(crate) fn answer(&self, answer: Answer) {
        self.answers.lock().unwrap().push_back(answer);
    }

    /// What `/token` answers next.
    pub(crate) fn answer_token(&self, answer: Answer) {
        self.tokens.lock().unwrap().push_back(answer);
    }

    /// How often `/token` was asked so far.
    pub(crate) fn token_calls(&self) -> usize {
        self.seen().iter().filter(|request| request.starts_with("POST /token")).count()
    }

    /// Every request so far, head and body.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The credential of each request so far.
    pub(crate) fn credentials(&self) -> Vec<String> {
        let bearer = |request: &String| {
            let line = request.lines().find_map(|line| line.strip_prefix("authorization: Bearer "));
            line.unwrap_or_default().to_owned()
        };
        self.seen().iter().filter(|request| !request.starts_with("POST /token")).map(bearer).collect()
    }

    async fn serve(&self, mut stream: TcpStream) {
        let request = read(&mut stream).await;
        let is_token = request.starts_with("POST /token");
        self.seen.lock().unwrap().push(request);
        let usual = if is_token {
            r#"{"access_token":"RENEWED-TOKEN","token_type":"bearer","expires_in":3600}"#
        } else {
            r#"{"ok":true}"#
        };
        let answers = if is_token { &self.tokens } else { &self.answers };
        let answer = answers.lock().unwrap().pop_front();
        let (status, header, body) = match answer {
            None => (200, "x-answer: usual", usual.to_owned()),
            Some(Answer::Status(status, body)) => (status, "x-answer: told", body),
            Some(Answer::With(status, header, body)) => (status, header, body.to_owned()),
            Some(Answer::CutOff) => return,
            Some(Answer::Held(gate)) => {
                drop(gate.acquire().await);
                (200, "x-answer: held", usual.to_owned())
            }
        };
        let answer = format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\nset-cookie: a=b\r\n{header}\r\n\
             connection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.ok();
    }
}

async fn read(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => request.extend_from_slice(&piece[..count]),
            _ => return text,
        }
    }
}
