//! What the app is made of: each part is built once, and put where handlers find it by its type.

use std::path::PathBuf;

use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use tokio::runtime::Handle;

use crate::app::StartError;
use crate::app::public_url;
use crate::app::transport;
use crate::config::Settings;
use crate::db::Db;
use crate::db::DbError;
use crate::domain::accounts::passwords::Passwords;
use crate::domain::agents::agent_action;
use crate::domain::agents::agent_action::AgentActions;
use crate::domain::connections::check::Checker;
use crate::domain::connections::connecting::Connecting;
use crate::domain::integrations::registry::Registry;
use crate::domain::oauth::callback::Landing;
use crate::domain::oauth::renewal::Renewer;
use crate::domain::oauth::revocation::Revoker;
use crate::domain::oauth::trial::Trial;
use crate::domain::people::actors;
use crate::domain::people::actors::Tokens;
use crate::domain::runs::runner::Runner;
use crate::domain::runs::sending::Sender;
use crate::http::probes::Readiness;
use crate::http::urls;
use crate::http::urls::PublicUrl;
use crate::http::urls::Urls;
use crate::jobs::Jobs;
use crate::jobs::compose;
use crate::jobs::compose::Addresses;
use crate::jobs::fan_out;
use crate::jobs::hold_keys;
use crate::jobs::hold_keys::HoldKeys;
use crate::jobs::refresh_tokens;
use crate::jobs::send_mail;
use crate::jobs::send_mail::SendMail;
use crate::jobs::sweep;
use crate::kernel::clock::Clock;
use crate::kernel::ids::ProcessId;
use crate::mail::transport::Transport;
use crate::outbound::client::Client;
use crate::outbound::client::Limits;
use crate::outbound::guard::Egress;
use crate::telemetry::Metrics;
use crate::vault::Vault;
use crate::vault::processes;
use crate::vault::processes::Process;

/// What the app is made of. A handler asks for each by its type.
#[derive(Clone)]
pub struct Parts {
    /// The database.
    pub db: Db,
    /// The secrets.
    pub vault: Vault,
    /// The time.
    pub clock: Clock,
    /// The address people use.
    pub public: PublicUrl,
    /// The password hasher.
    pub passwords: Passwords,
    /// The way out.
    pub client: Client,
    /// Which addresses may be called.
    pub egress: Egress,
    /// Makes connections.
    pub connecting: Connecting,
    /// Renews access: one for all threads, so that they join.
    pub renewer: Renewer,
    /// Knows who holds a token.
    pub tokens: Tokens,
    /// Finds the actions on agents.
    pub agent_actions: AgentActions,
    /// Runs actions.
    pub runner: Runner,
    /// The integrations' definitions.
    pub registry: Registry,
    /// The way mails go.
    pub transport: Transport,
    /// The counters.
    pub metrics: Metrics,
    /// Whether new requests are taken.
    pub readiness: Readiness,
    /// The file that the vault's keys are from.
    pub key_file: Option<PathBuf>,
    /// This process, among those that serve the same database.
    pub process: Process,
}

impl Parts {
    /// Builds them from the settings, over what is open already. Runs will live in the Tokio runtime that this is called
    /// in.
    pub fn build(settings: &Settings, db: Db, vault: Vault, clock: Clock) -> Result<Self, StartError> {
        let public = public_url(settings)?;
        let egress = settings.egress.sparing(settings.own_addresses());
        let client = Client::new(egress.clone(), Limits::default())?;
        let registry = Registry::new(settings.origin_map.clone());
        let checker = Checker { vault: vault.clone(), client: client.clone() };
        let metrics = Metrics::new()?;
        let renewer = Renewer::new(db.clone(), checker.clone(), clock.clone(), metrics.clone());
        let sender = Sender { vault: vault.clone(), client: client.clone(), renewer: renewer.clone() };
        let runner = Runner::new(db.clone(), sender, clock.clone(), registry.clone(), metrics.clone());
        let home = Handle::current();
        Ok(Self {
            tokens: Tokens::open(db.clone(), &home, actors::by_tokens),
            agent_actions: AgentActions::open(db.clone(), &home, agent_action::load_all),
            connecting: Connecting { db: db.clone(), checker },
            passwords: Passwords::new(settings.workers.saturating_sub(1))?,
            transport: transport(settings, &public)?,
            metrics,
            readiness: Readiness::default(),
            key_file: settings.key_file.clone(),
            process: Process { id: ProcessId::new(), name: process_name(settings) },
            db,
            vault,
            clock,
            public,
            client,
            egress,
            registry,
            renewer,
            runner,
        })
    }

    /// Puts each where handlers find it.
    pub(in crate::app) fn share(&self, cfg: &mut ServiceConfig) {
        cfg.app_data(Data::new(self.db.clone()));
        cfg.app_data(Data::new(self.vault.clone()));
        cfg.app_data(Data::new(self.clock.clone()));
        cfg.app_data(Data::new(self.public.clone()));
        cfg.app_data(Data::new(self.passwords.clone()));
        cfg.app_data(Data::new(self.client.clone()));
        cfg.app_data(Data::new(self.registry.clone()));
        cfg.app_data(Data::new(self.metrics.clone()));
        cfg.app_data(Data::new(self.readiness.clone()));
        cfg.app_data(Data::new(self.egress.clone()));
        cfg.app_data(Data::new(self.tokens.clone()));
        cfg.app_data(Data::new(self.agent_actions.clone()));
        self.share_connecting(cfg);
    }

    /// What connections are made, tried and used with.
    fn share_connecting(&self, cfg: &mut ServiceConfig) {
        let (db, clock, registry) = (self.db.clone(), self.clock.clone(), self.registry.clone());
        let (checker, renewer) = (self.connecting.checker.clone(), self.renewer.clone());
        cfg.app_data(Data::new(self.connecting.clone()));
        cfg.app_data(Data::new(self.renewer.clone()));
        cfg.app_data(Data::new(self.runner.clone()));
        cfg.app_data(Data::new(Trial {
            db: db.clone(),
            checker: checker.clone(),
            renewer,
            registry: registry.clone(),
        }));
        cfg.app_data(Data::new(Landing { db, checker, clock, registry }));
    }

    /// Says which keys this process has, before it serves. From now on it counts among those that have to hold a key before
    /// that is used.
    pub async fn come_in(&self) -> Result<(), StartError> {
        let (vault, process, now) = (self.vault.clone(), self.process.clone(), self.clock.now());
        self.db.write(move |tx| Ok::<_, StartError>(vault.come_in(tx, &process, now)?)).await
    }

    /// The process has ended its work. If the database is away, it is forgotten there within a minute.
    pub async fn go_out(&self) {
        let process = self.process.clone();
        let forgotten = self.db.read(move |conn| Ok::<_, DbError>(processes::forget(conn, &process)?)).await;
        if let Err(error) = forgotten {
            tracing::debug!(%error, "could not say that this process ends");
        }
    }

    /// Starts every job.
    pub fn start_jobs(&self) -> Jobs {
        let mut jobs = Jobs::new();
        let mail = self.mail_job();
        jobs.start(|stop| send_mail::run(mail, stop));
        jobs.start(|stop| refresh_tokens::run(self.renewer.clone(), self.registry.clone(), stop));
        jobs.start(|stop| hold_keys::run(self.key_holder(), stop));
        jobs.start(|stop| fan_out::run(self.db.clone(), self.clock.clone(), stop));
        jobs.start(|stop| sweep::run(self.db.clone(), self.clock.clone(), self.revoker(), stop));
        jobs
    }

    /// What reads the key file again.
    pub fn key_holder(&self) -> HoldKeys {
        HoldKeys {
            db: self.db.clone(),
            vault: self.vault.clone(),
            clock: self.clock.clone(),
            key_file: self.key_file.clone(),
            process: self.process.clone(),
        }
    }

    /// What takes tokens back at their providers.
    pub fn revoker(&self) -> Revoker {
        Revoker {
            db: self.db.clone(),
            checker: self.connecting.checker.clone(),
            clock: self.clock.clone(),
            registry: self.registry.clone(),
        }
    }

    /// What sends the mails that wait.
    pub fn mail_job(&self) -> SendMail {
        let (to_password, to_connection) = (self.public.clone(), self.public.clone());
        let (to_action, to_unsubscribe) = (self.public.clone(), self.public.clone());
        let (to_shared, to_agent, to_agents) = (self.public.clone(), self.public.clone(), self.public.clone());
        let addresses = Addresses {
            host: self.public.origin().host().to_owned(),
            set_password: Box::new(move |token| to_password.absolute(&urls::set_password_link(&token))),
            invitations: self.public.absolute(urls::INVITATIONS),
            connection: Box::new(move |(slug, id)| to_connection.absolute(&Urls::of(&slug).connection(&id))),
            agent_action: Box::new(move |(slug, agent, action)| {
                to_action.absolute(&Urls::of(&slug).agent_action(&agent, &action))
            }),
            unsubscribe: Box::new(move |token| to_unsubscribe.absolute(&urls::unsubscribe_link(&token))),
            shared_connections: Box::new(move |slug| to_shared.absolute(&Urls::of(&slug).shared_connections())),
            agent: Box::new(move |(slug, id)| to_agent.absolute(&Urls::of(&slug).agent(&id))),
            agents: Box::new(move |slug| to_agents.absolute(&Urls::of(&slug).agents())),
        };
        SendMail {
            db: self.db.clone(),
            clock: self.clock.clone(),
            transport: self.transport.clone(),
            compose: compose::composer(self.vault.clone(), self.registry.clone(), addresses),
            metrics: self.metrics.clone(),
        }
    }
}

/// The machine, the address there and the process's number, as far as the machine says them.
fn process_name(settings: &Settings) -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let machine = Some(machine.trim()).filter(|name| !name.is_empty()).unwrap_or("this machine");
    format!("at {} on {machine} (process {})", settings.addr, std::process::id())
}
