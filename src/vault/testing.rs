//! What the vault's own tests share: a vault with a workspace key in memory, and a server that answers as told.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use url::Url;
use uuid::Uuid;

use crate::authz::facts::AuthType;
use crate::kernel::ids::WorkspaceId;
use crate::kernel::ids::WorkspaceKeyId;
use crate::kernel::ids::random_token;
use crate::outbound::client::Client;
use crate::outbound::client::Limits;
use crate::outbound::guard::Egress;
use crate::outbound::origin::Origin;
use crate::outbound::origin::Origins;
use crate::vault::Vault;
use crate::vault::envelope;
use crate::vault::envelope::WorkspaceKey;
use crate::vault::input::SecretFields;
use crate::vault::input::SecretInput;
use crate::vault::keyring::Keyring;
use crate::vault::plain::Plain;
use crate::vault::sealed::Context;
use crate::vault::sealed::Purpose;
use crate::vault::sealed::Sealed;

pub(in crate::vault) const RSA_KEY: &str = include_str!("testdata/test-rsa-2048.pem");
pub(in crate::vault) const EC_KEY: &str = include_str!("testdata/test-ec-p256.pem");

/// A folder of one test, removed when dropped.
pub(in crate::vault) struct Folder(PathBuf);

impl Folder {
    pub(in crate::vault) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("odeus-vault-{}", random_token().unwrap()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(in crate::vault) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A vault that can open and seal without a database.
pub(in crate::vault) struct Bench {
    pub(in crate::vault) vault: Vault,
    key: Arc<WorkspaceKey>,
}

impl Bench {
    pub(in crate::vault) fn new() -> Self {
        let folder = Folder::new();
        Keyring::create(&folder.path("keys")).unwrap();
        let vault = Vault::new(Keyring::read(&folder.path("keys")).unwrap());
        let workspace = workspace();
        let id = WorkspaceKeyId::from(Uuid::from_u128(9));
        let key = WorkspaceKey::new(workspace, id, &envelope::fresh_key().unwrap()).unwrap();
        let key = vault.keep(key, workspace);
        Self { vault, key }
    }

    pub(in crate::vault) fn text(&self, context: &Context<'_>, secret: &str) -> Sealed {
        self.key.seal(context, &Plain::of(&SecretInput::from(secret.to_owned()))).unwrap()
    }

    pub(in crate::vault) fn fields(&self, context: &Context<'_>, fields: &[(&str, &str)]) -> Sealed {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), SecretInput::from((*value).to_owned())));
        self.key.seal(context, &fields.collect::<SecretFields>().into_plain().unwrap()).unwrap()
    }
}

pub(in crate::vault) fn workspace() -> WorkspaceId {
    WorkspaceId::from(Uuid::from_u128(1))
}

pub(in crate::vault) fn context(purpose: Purpose, origins: &Origins) -> Context<'_> {
    Context {
        purpose,
        workspace: workspace(),
        row: Uuid::from_u128(2),
        version: 1,
        integration: "example",
        auth_type: Some(AuthType::Oauth),
        origins,
    }
}

pub(in crate::vault) fn origins_of(url: &Url) -> Origins {
    [Origin::of(url).unwrap()].into_iter().collect()
}

/// A server on this machine that gives one answer to each request, in order, and remembers what it was sent.
pub(in crate::vault) struct Server {
    pub(in crate::vault) url: Url,
    pub(in crate::vault) origins: Origins,
    asked: JoinHandle<Vec<String>>,
}

impl Server {
    /// `answers` are whole HTTP answers; an empty one closes the connection without a word.
    pub(in crate::vault) async fn answering<const N: usize>(answers: [String; N]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/token", listener.local_addr().unwrap())).unwrap();
        let asked = tokio::spawn(async move {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                asked.push(read(&mut stream).await);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            asked
        });
        let origins = origins_of(&url);
        Self { url, origins, asked }
    }

    /// A client that may call this server.
    pub(in crate::vault) fn client(&self) -> Client {
        let egress = Egress::allowing(&format!("127.0.0.1:{}", self.url.port().unwrap())).unwrap();
        let limits = Limits { total: std::time::Duration::from_secs(5), ..Limits::default() };
        Client::new(egress, limits).unwrap()
    }

    /// The requests, as they came.
    pub(in crate::vault) async fn requests(self) -> Vec<String> {
        self.asked.await.unwrap()
    }
}

/// An answer with a JSON body.
pub(in crate::vault) fn json(status: u16, body: &str) -> String {
    answer(status, "application/json", body)
}

pub(in crate::vault) fn answer(status: u16, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// Reads a request with its body, as long as `Content-Length` says.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.unwrap();
        assert!(count > 0, "the request broke off: {text}");
        bytes.extend_from_slice(&chunk[..count]);
    }
}
