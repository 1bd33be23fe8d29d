//! `odeus demo`: everything on this machine. The database, the keys, the mails and the stand-in provider's memory are
//! under the data dir, so a second start goes on where the first ended.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use odeus::app;
use odeus::app::App;
use odeus::app::Doors;
use odeus::app::Parts;
use odeus::app::StartError;
use odeus::authz::actor::Actor;
use odeus::authz::facts::Role;
use odeus::config::Settings;
use odeus::http::urls;
use odeus::http::urls::PublicUrl;
use odeus::kernel::clock::Clock;
use odeus::outbound::guard::Egress;
use odeus::sandbox;
use odeus::sandbox::SandboxOptions;
use odeus::seed::people;
use odeus::seed::people::Guest;
use odeus::seed::sample;
use odeus::seed::sample::Hands;
use odeus::seed::sample::Offer;
use odeus::vault::keyring::Keyring;

use crate::out;
use crate::stop;

/// Where the provider sends people back to lies under this.
const CALLBACK: &str = "/oauth/";
/// How the stand-in provider knows this Odeus. Its secrets are no secrets.
const CLIENT_ID: &str = "odeus-demo";
const CLIENT_SECRET: &str = "demo-client-secret";
/// Short, so that one sees tokens renew themselves.
const ACCESS_TOKEN_LIFE: chrono::Duration = chrono::Duration::minutes(5);

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let public = app::public_url(&settings)?;
    let provider = Provider::beside(settings.addr, &public)?;
    let settings = settle(settings, &provider)?;
    let clock = Clock::system();
    let database = app::open_database(&settings).await?;
    database.prepare().await.map_err(StartError::from)?;
    let vault = app::open_vault(settings.key_file.as_ref(), &database.db, &clock).await?;
    let parts = Parts::build(&settings, database.db.clone(), vault, clock)?;
    let (sandbox, serving) = provider.start(&settings.data_dir, &public, &parts.clock)?;
    let serving = tokio::spawn(serving);
    let guests = invite(&parts).await?;
    plant(&parts, &guests, &provider, &settings.egress).await?;
    parts.come_in().await?;
    let app = App::build(&parts, Doors::bind(&settings)?)?;
    greet(&parts.public, &guests, &provider, &settings.data_dir)?;
    app.run(parts.start_jobs(), stop()?).await?;
    parts.go_out().await;
    sandbox.stop().await;
    serving.await??;
    Ok(())
}

/// The settings of a demo: its own database, keys and mails, and one address that may be called.
fn settle(settings: Settings, provider: &Provider) -> anyhow::Result<Settings> {
    let data_dir = settings.data_dir.clone();
    std::fs::create_dir_all(&data_dir).with_context(|| format!("cannot make the folder {}", data_dir.display()))?;
    let key_file = settings.key_file.clone().unwrap_or_else(|| data_dir.join("keys"));
    if !key_file.exists() {
        Keyring::create(&key_file)?;
    }
    Ok(Settings {
        database_url: None,
        smtp_url: None,
        key_file: Some(key_file),
        egress: Egress::allowing(&provider.host)?,
        ..settings
    })
}

/// The stand-in provider: an origin of its own, on the next port.
struct Provider {
    addr: SocketAddr,
    /// Host and port as people's browsers reach it.
    host: String,
    url: String,
}

impl Provider {
    fn beside(addr: SocketAddr, public: &PublicUrl) -> anyhow::Result<Self> {
        let port = addr.port().checked_add(1).context("the stand-in provider needs the port after ODEUS_ADDR's")?;
        let addr = SocketAddr::new(addr.ip(), port);
        let host = match addr.ip() {
            ip if ip.is_unspecified() => format!("{}:{port}", public.origin().host()),
            IpAddr::V4(_) | IpAddr::V6(_) => addr.to_string(),
        };
        Ok(Self { url: format!("http://{host}"), addr, host })
    }

    fn start(
        &self,
        data_dir: &Path,
        public: &PublicUrl,
        clock: &Clock,
    ) -> anyhow::Result<(sandbox::Sandbox, impl Future<Output = std::io::Result<()>> + Send + 'static)> {
        let listener = TcpListener::bind(self.addr).with_context(|| {
            format!("the stand-in provider cannot listen on {}; choose another ODEUS_ADDR", self.addr)
        })?;
        let clock = clock.clone();
        let client = sandbox::Client {
            id: CLIENT_ID.to_owned(),
            secret: CLIENT_SECRET.to_owned(),
            redirect_prefix: public.absolute(CALLBACK),
        };
        Ok(sandbox::start(SandboxOptions {
            listener,
            public_url: self.url.clone(),
            state_file: Some(data_dir.join("provider.json")),
            access_token_life: ACCESS_TOKEN_LIFE,
            now: Arc::new(move || clock.now()),
            clients: vec![client],
            strict_rotation: true,
            controls: false,
        })?)
    }
}

async fn invite(parts: &Parts) -> anyhow::Result<Vec<Guest>> {
    let (vault, now) = (parts.vault.clone(), parts.clock.now());
    parts.db.write(move |tx| people::invite(tx, &vault, now)).await
}

/// The sample, if this is the first start.
async fn plant(parts: &Parts, guests: &[Guest], provider: &Provider, egress: &Egress) -> anyhow::Result<()> {
    let find = |role| guests.iter().find(|guest| guest.role == role).map(|guest| guest.actor.clone());
    let (Some(admin), Some(editor)) = (find(Role::Admin), find(Role::Editor)) else {
        tracing::warn!("the demo's workspace has no admin or no editor any more, so it gets no sample");
        return Ok(());
    };
    if is_planted(parts, &admin).await? {
        return Ok(());
    }
    let crm_key = sandbox::CRM_KEYS.first().context("the stand-in provider has no key to its CRM")?;
    let offer = Offer {
        documents: sandbox::documents(&provider.url).into_iter().map(|(_, document)| document).collect(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned().into(),
        crm_key: crm_key.key.to_owned().into(),
        egress: egress.clone(),
    };
    let hands = Hands {
        db: parts.db.clone(),
        vault: parts.vault.clone(),
        registry: parts.registry.clone(),
        connecting: parts.connecting.clone(),
        admin,
        editor,
    };
    sample::plant(&hands, offer).await
}

async fn is_planted(parts: &Parts, admin: &Actor) -> anyhow::Result<bool> {
    let (registry, workspace) = (parts.registry.clone(), admin.workspace);
    let all = parts.db.read(move |conn| Ok::<_, anyhow::Error>(registry.list(conn, workspace)?)).await?;
    Ok(all.iter().any(|definition| !parts.registry.is_builtin(&definition.key)))
}

fn greet(public: &PublicUrl, guests: &[Guest], provider: &Provider, data_dir: &Path) -> anyhow::Result<()> {
    out(&format!(
        "\nOdeus answers at {}. Open a link to sign in; each works once, for a day.\n",
        public.absolute("/")
    ))?;
    for guest in guests {
        let link = public.absolute(&urls::sign_in_link(&guest.token));
        out(&format!("  {:<12} {:<8} {link}", guest.name, guest.role.as_str()))?;
    }
    out(&format!(
        "\nThe stand-in provider is at {}. Mails are files in {}.",
        provider.url,
        data_dir.join("mail").display()
    ))?;
    out("Ctrl-C stops it all; the next start goes on with the same data.\n")?;
    Ok(())
}
