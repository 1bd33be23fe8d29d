//! The outside world: the sandbox provider on a port of its own, with its controls. What arrived there is what was sent.

use std::net::SocketAddr;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use chrono::Duration;
use chrono::Utc;
use odeus::sandbox;
use odeus::sandbox::Received;
use odeus::sandbox::Sandbox;
use odeus::sandbox::SandboxOptions;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// The client that the sandbox knows, and its secret.
pub(crate) const CLIENT: (&str, &str) = ("odeus-tests", "a-client-secret-CANARY-3f1c");

/// A running provider.
pub(crate) struct Outside {
    pub(crate) address: SocketAddr,
    pub(crate) url: String,
    sandbox: Sandbox,
    server: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Outside {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("http://{address}");
        let client = sandbox::Client {
            id: CLIENT.0.to_owned(),
            secret: CLIENT.1.to_owned(),
            redirect_prefix: "http://127.0.0.1".to_owned(),
        };
        let options = SandboxOptions {
            listener,
            public_url: url.clone(),
            state_file: None,
            access_token_life: Duration::minutes(5),
            now: Arc::new(now),
            clients: vec![client],
            strict_rotation: true,
            controls: true,
        };
        let (started, sandbox) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (sandbox, server) = sandbox::start(options).unwrap();
                started.send(sandbox).unwrap();
                tokio::select! {
                    _ = server => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, url, sandbox: sandbox.recv().unwrap(), server: Some((stop, thread)) }
    }

    /// The document of one of its APIs.
    pub(crate) fn document(&self, key: &str) -> String {
        sandbox::document(key, &self.url).unwrap()
    }

    /// Every call that it received so far, oldest first.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.sandbox.state().calls
    }

    /// The calls to one of its APIs: method, path, kind of credential, and whom it opened.
    pub(crate) fn received_at(&self, path: &str) -> Vec<(String, String, String, Option<String>)> {
        let calls = self.received().into_iter().filter(|call| call.path.starts_with(path));
        calls.map(|call| (call.method, call.path, call.credential, call.principal)).collect()
    }

    /// Pulls one of its levers: `fail?status=503`, `slow?ms=500`, `expire-tokens`, `revoke/mia@sandbox.example`.
    pub(crate) async fn pull(&self, lever: &str) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let host = self.address;
        let request =
            format!("POST /control/{lever} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 2"), "{lever}: {answer}");
    }
}

#[expect(clippy::disallowed_methods, reason = "the provider is a stranger with a clock of its own")]
fn now() -> chrono::DateTime<Utc> {
    Utc::now()
}

impl Drop for Outside {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.server.take() {
            stop.send(()).ok();
            thread.join().ok();
        }
    }
}
