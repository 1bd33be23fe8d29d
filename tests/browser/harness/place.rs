//! Where a journey takes place: a workspace with the demo's sample in it, the provider that it connects to, and those who
//! have come.

use std::net::TcpListener;
use std::panic::AssertUnwindSafe;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use chrono::Duration;
use futures_util::FutureExt;
use odeus::outbound::guard::Egress;
use odeus::sandbox;
use odeus::sandbox::Sandbox;
use odeus::sandbox::SandboxOptions;
use odeus::seed::sample;
use odeus::seed::sample::Hands;
use odeus::seed::sample::Offer;

use crate::harness::driver::Driver;
use crate::harness::driver::Scripts;
use crate::harness::visitor::Visitor;
use crate::support::Options;
use crate::support::TestApp;
use crate::support::cast::Person;

const CLIENT: &str = "odeus-test";
const CLIENT_SECRET: &str = "a secret of the app";

/// Journeys take turns: several browsers at once would only wait for each other.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A place.
pub(crate) struct Place {
    pub(crate) app: TestApp,
    driver: &'static Driver,
    sandbox: Sandbox,
    visitors: Mutex<Vec<Visitor>>,
}

/// Walks through a journey, where there is a browser. What it saw is kept if it fails.
pub(crate) async fn journey(name: &str, walk: impl AsyncFnOnce(&Place)) {
    let _turn = TURN.lock().await;
    let Some(driver) = Driver::find() else { return };
    let place = Place::open(driver).await;
    let ended = AssertUnwindSafe(walk(&place)).catch_unwind().await;
    place.close(name, ended.is_err()).await;
    if let Err(failure) = ended {
        resume_unwind(failure);
    }
}

impl Place {
    async fn open(driver: &'static Driver) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let app = TestApp::with(Options { allow: vec![address], ..Options::default() });
        let clock = app.clock.clone();
        let provider = format!("http://{address}");
        let client = sandbox::Client {
            id: CLIENT.to_owned(),
            secret: CLIENT_SECRET.to_owned(),
            redirect_prefix: app.parts.public.absolute("/oauth/"),
        };
        let (sandbox, serving) = sandbox::start(SandboxOptions {
            listener,
            public_url: provider.clone(),
            state_file: None,
            access_token_life: Duration::minutes(5),
            now: Arc::new(move || clock.now()),
            clients: vec![client],
            strict_rotation: true,
            controls: false,
        })
        .unwrap();
        tokio::spawn(serving);
        plant(&app, &provider, &address.to_string()).await;
        Self { app, driver, sandbox, visitors: Mutex::default() }
    }

    /// A new browser, at nobody's.
    pub(crate) async fn visitor(&self, name: &str) -> Visitor {
        self.admit(name, Scripts::On).await
    }

    /// The same, in which pages run no scripts.
    pub(crate) async fn visitor_without_scripts(&self, name: &str) -> Visitor {
        self.admit(name, Scripts::Off).await
    }

    /// A new browser, with somebody signed in.
    pub(crate) async fn signed_in(&self, person: &Person) -> Visitor {
        let visitor = self.visitor(person.name).await;
        visitor.sign_in(person).await;
        visitor
    }

    async fn admit(&self, name: &str, scripts: Scripts) -> Visitor {
        let client = self.driver.open(scripts).await;
        let mut visitors = self.visitors.lock().unwrap();
        let name = format!("{}-{}", visitors.len() + 1, name.to_lowercase().replace(' ', "-"));
        let visitor = Visitor::new(&name, &self.app.parts.public.absolute(""), client, scripts);
        visitors.push(visitor.clone());
        visitor
    }

    async fn close(&self, journey: &str, has_failed: bool) {
        let visitors = std::mem::take(&mut *self.visitors.lock().unwrap());
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/browser-failures");
        if has_failed {
            std::fs::create_dir_all(&folder).ok();
        }
        for visitor in visitors {
            if has_failed {
                visitor.keep_evidence(&folder, journey).await;
            }
            visitor.close().await;
        }
        self.app.mails().await;
        self.sandbox.stop().await;
    }
}

/// The demo's sample: four integrations, a CRM connection of Eve's, two agents of hers that everybody may use.
async fn plant(app: &TestApp, provider: &str, host: &str) {
    let hands = {
        let conn = &mut app.conn();
        Hands {
            db: app.parts.db.clone(),
            vault: app.parts.vault.clone(),
            registry: app.parts.registry.clone(),
            connecting: app.parts.connecting.clone(),
            admin: app.cast.ada.actor(conn, app.clock.now()),
            editor: app.cast.eve.actor(conn, app.clock.now()),
        }
    };
    let offer = Offer {
        documents: sandbox::documents(provider).into_iter().map(|(_, document)| document).collect(),
        client_id: CLIENT.to_owned(),
        client_secret: CLIENT_SECRET.to_owned().into(),
        crm_key: sandbox::CRM_KEYS[0].key.to_owned().into(),
        egress: Egress::allowing(host).unwrap(),
    };
    sample::plant(&hands, offer).await.unwrap();
}
