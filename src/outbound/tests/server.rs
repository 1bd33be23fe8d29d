//! A server of a few bytes. It writes exactly what it is told to, well-formed or not, and remembers what it was sent.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use http::Method;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

use crate::outbound::client::Client;
use crate::outbound::client::Limits;
use crate::outbound::guard::Egress;
use crate::outbound::origin::Origin;
use crate::outbound::origin::Origins;
use crate::outbound::request::Request;
use crate::outbound::resolver::Lookup;

/// What the server does with a request, in order.
#[derive(Clone)]
pub(in crate::outbound::tests) enum Step {
    /// Writes.
    Say(Vec<u8>),
    /// Writes the same again and again, with a pause between.
    Drip(&'static [u8], Duration),
    /// Says nothing more and keeps the connection.
    Hang,
    /// Ends the connection.
    Close,
}

/// A running server.
pub(in crate::outbound::tests) struct Server {
    pub(in crate::outbound::tests) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    requests: Vec<String>,
}

impl Server {
    /// A server that does the same with every request.
    pub(in crate::outbound::tests) async fn doing(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Seen>>::default();
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().unwrap().connections += 1;
                tokio::spawn(serve(stream, steps.clone(), Arc::clone(&shared)));
            }
        });
        Self { address, seen }
    }

    /// A server that answers every request with `answer`.
    pub(in crate::outbound::tests) async fn saying(answer: impl AsRef<[u8]>) -> Self {
        Self::doing(vec![Step::Say(answer.as_ref().to_vec())]).await
    }

    /// A server that answers 200 with the given headers, each with its line end, and a body.
    pub(in crate::outbound::tests) async fn answering(headers: &str, body: &[u8]) -> Self {
        Self::saying(answer(headers, body)).await
    }

    pub(in crate::outbound::tests) fn url(&self, path: &str) -> url::Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    pub(in crate::outbound::tests) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    pub(in crate::outbound::tests) fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().requests.clone()
    }

    /// A client that may call this server, quick to lose patience.
    pub(in crate::outbound::tests) fn client(&self) -> Client {
        self.client_with(limits())
    }

    pub(in crate::outbound::tests) fn client_with(&self, limits: Limits) -> Client {
        Client::new(Egress::allowing(&self.address.to_string()).unwrap(), limits).unwrap()
    }
}

/// The bytes of a 200 with a length.
pub(in crate::outbound::tests) fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Limits for servers that do not answer.
pub(in crate::outbound::tests) fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        total: Duration::from_secs(20),
        idle_read: Duration::from_secs(10),
        ..Limits::default()
    }
}

pub(in crate::outbound::tests) fn get(url: url::Url) -> Request {
    Request::new(Method::GET, url)
}

/// The origin of an address as the only one.
pub(in crate::outbound::tests) fn only(url: &url::Url) -> Origins {
    [Origin::of(url).unwrap()].into_iter().collect()
}

/// A DNS that gives each name the next of `answers`, and the last one from then on.
pub(in crate::outbound::tests) fn dns(answers: &[&[&str]]) -> Lookup {
    let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
    let mut answers: Vec<Vec<IpAddr>> = answers.iter().map(parse).collect();
    answers.reverse();
    let answers = Arc::new(Mutex::new(answers));
    Arc::new(move |_name| {
        let mut left = answers.lock().unwrap();
        let next = if left.len() > 1 { left.pop() } else { left.last().cloned() };
        Box::pin(std::future::ready(Ok(next.unwrap_or_default())))
    })
}

async fn serve(mut stream: TcpStream, steps: Vec<Step>, seen: Arc<Mutex<Seen>>) {
    while let Some(request) = read_request(&mut stream).await {
        seen.lock().unwrap().requests.push(request);
        for step in &steps {
            match step {
                Step::Say(bytes) => {
                    if stream.write_all(bytes).await.is_err() {
                        return;
                    }
                }
                Step::Drip(bytes, pause) => {
                    while stream.write_all(bytes).await.is_ok() {
                        tokio::time::sleep(*pause).await;
                    }
                    return;
                }
                Step::Hang => std::future::pending().await,
                Step::Close => return,
            }
        }
    }
}

/// The head and, as long as `Content-Length` says, the body.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
        }
    }
}
