//! A started sandbox with a clock that only the test moves, and an HTTP client of sixty lines.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use chrono::Duration;
use chrono::TimeZone;
use chrono::Utc;
use ring::digest;
use serde_json::Value;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use url::Url;
use url::form_urlencoded;

use crate::sandbox::Client;
use crate::sandbox::Sandbox;
use crate::sandbox::SandboxOptions;
use crate::sandbox::start;

pub(crate) const CLIENT: &str = "odeus demo";
pub(crate) const SECRET: &str = "a:secret&with=odd+signs%";
pub(crate) const RETURN: &str = "https://app.example/oauth/callback";
pub(crate) const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-4321";

/// A running sandbox.
pub(crate) struct Provider {
    pub(crate) sandbox: Sandbox,
    pub(crate) public_url: String,
    address: String,
    now: Arc<Mutex<DateTime<Utc>>>,
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// A call in the making.
pub(crate) struct Ask<'a> {
    provider: &'a Provider,
    method: &'a str,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// The tokens that a person gave.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

pub(crate) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2030, 1, 31, 12, 0, 0).unwrap()
}

pub(crate) fn started() -> Provider {
    started_with(|_| {})
}

pub(crate) fn started_with(change: impl FnOnce(&mut SandboxOptions)) -> Provider {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let now = Arc::new(Mutex::new(noon()));
    let clock = now.clone();
    let client = |id: &str, prefix: &str| Client {
        id: id.to_owned(),
        secret: SECRET.to_owned(),
        redirect_prefix: prefix.to_owned(),
    };
    let mut options = SandboxOptions {
        listener,
        public_url: format!("http://{address}/"),
        state_file: None,
        access_token_life: Duration::seconds(120),
        now: Arc::new(move || *clock.lock().unwrap()),
        clients: vec![client(CLIENT, RETURN), client("other", "https://other.example/")],
        strict_rotation: true,
        controls: true,
    };
    change(&mut options);

    let (sandbox, server) = start(options).unwrap();
    tokio::spawn(server);
    Provider { sandbox, public_url: format!("http://{address}"), address, now }
}

/// A place for a state file that no other test has; it is gone when the test is.
pub(crate) struct StateFile(PathBuf);

impl StateFile {
    pub(crate) fn new(test: &str) -> Self {
        let name = format!("sandbox-{}-{test}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.join("state.json")
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

impl Provider {
    pub(crate) fn pass(&self, seconds: i64) {
        *self.now.lock().unwrap() += Duration::seconds(seconds);
    }

    pub(crate) fn ask<'a>(&'a self, method: &'a str, path: &str) -> Ask<'a> {
        Ask { provider: self, method, path: path.to_owned(), headers: Vec::new(), body: String::new() }
    }

    /// The consent page's answer for a person: what comes back in the redirect.
    pub(crate) async fn consent(&self, person: &str, scope: &str) -> Reply {
        let mut form = authorization(scope);
        form.push(("person", person.to_owned()));
        form.push(("decision", "allow".to_owned()));
        self.ask("POST", "/oauth/authorize").form(&form).await
    }

    pub(crate) async fn code_of(&self, person: &str, scope: &str) -> String {
        let reply = self.consent(person, scope).await;
        reply.returned("code").unwrap()
    }

    pub(crate) async fn redeem(&self, code: &str, verifier: &str) -> Reply {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", RETURN),
            ("code_verifier", verifier),
        ];
        self.ask("POST", "/oauth/token").by_client().form(&form).await
    }

    pub(crate) async fn tokens_of(&self, person: &str, scope: &str) -> Tokens {
        let code = self.code_of(person, scope).await;
        self.redeem(&code, VERIFIER).await.tokens()
    }

    pub(crate) async fn refresh(&self, token: &str) -> Reply {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.ask("POST", "/oauth/token").by_client().form(&form).await
    }

    pub(crate) async fn revoke(&self, token: &str) -> Reply {
        let form = [("token", token)];
        self.ask("POST", "/oauth/revoke").by_client().form(&form).await
    }

    pub(crate) async fn get_as(&self, path: &str, token: &str) -> Reply {
        self.ask("GET", path).bearer(token).send().await
    }
}

/// The parameters of a good authorization request.
pub(crate) fn authorization(scope: &str) -> Vec<(&'static str, String)> {
    let challenge = digest::digest(&digest::SHA256, VERIFIER.as_bytes());
    vec![
        ("response_type", "code".to_owned()),
        ("client_id", CLIENT.to_owned()),
        ("redirect_uri", RETURN.to_owned()),
        ("scope", scope.to_owned()),
        ("state", "st/ate".to_owned()),
        ("code_challenge", URL_SAFE_NO_PAD.encode(challenge)),
        ("code_challenge_method", "S256".to_owned()),
    ]
}

/// The same with one parameter changed, or left out where the value is empty.
pub(crate) fn authorization_but(name: &str, value: &str) -> Vec<(&'static str, String)> {
    let mut form = authorization("calendar.read");
    for (key, old) in &mut form {
        if *key == name {
            value.clone_into(old);
        }
    }
    form
}

pub(crate) fn encoded<V: AsRef<str>>(pairs: &[(&str, V)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl Ask<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("X-Api-Key", key)
    }

    pub(crate) fn by_client(self) -> Self {
        let plain = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", plain(CLIENT), plain(SECRET));
        self.header("Authorization", &format!("Basic {}", STANDARD.encode(pair)))
    }

    pub(crate) async fn form<V: AsRef<str>>(mut self, pairs: &[(&str, V)]) -> Reply {
        self.body = encoded(pairs);
        self.header("Content-Type", "application/x-www-form-urlencoded").send().await
    }

    pub(crate) async fn json(mut self, body: Value) -> Reply {
        self.body = body.to_string();
        self.header("Content-Type", "application/json").send().await
    }

    pub(crate) async fn send(self) -> Reply {
        use std::fmt::Write;

        let mut request = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        write!(request, "Host: {}\r\n", self.provider.address).unwrap();
        write!(request, "Connection: close\r\n").unwrap();
        for (name, value) in &self.headers {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        write!(request, "Content-Length: {}\r\n\r\n", self.body.len()).unwrap();
        request.push_str(&self.body);

        let mut stream = TcpStream::connect(&self.provider.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        Reply::read(&answer)
    }
}

impl Reply {
    fn read(answer: &str) -> Self {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let (first, lines) = head.split_once("\r\n").unwrap();
        let headers = lines.lines().map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        Self {
            status: first.split(' ').nth(1).unwrap().parse().unwrap(),
            headers: headers.collect(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The `error` of an OAuth refusal.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }

    pub(crate) fn tokens(&self) -> Tokens {
        let answer = self.json();
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Tokens { access: text("access_token"), refresh: text("refresh_token") }
    }

    /// A parameter of the address that a redirect leads to.
    pub(crate) fn returned(&self, name: &str) -> Option<String> {
        let address = Url::parse(self.header("location")?).unwrap();
        address.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}
