//! What the tests of runs stand on: the cast, an integration whose provider answers as told, connections, agents.

use chrono::Duration;
use diesel::Connection as _;
use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use odeus::authz::actions;
use odeus::authz::actor::Actor;
use odeus::authz::facts::AgentAccess;
use odeus::authz::facts::AuthType;
use odeus::authz::facts::ShareAccess;
use odeus::authz::policy::Permits;
use odeus::authz::proof::Authorized;
use odeus::authz::proof::Denied;
use odeus::authz::proof::Guarded;
use odeus::authz::proof::authorize;
use odeus::db::Db;
use odeus::db::schema::connections;
use odeus::db::schema::custom_integrations;
use odeus::db::schema::integration_settings;
use odeus::domain::agents::AgentAction;
use odeus::domain::agents::AgentActionKey;
use odeus::domain::agents::actions as agent_actions;
use odeus::domain::agents::actions::Credentials;
use odeus::domain::agents::actions::NewAction;
use odeus::domain::agents::agent;
use odeus::domain::agents::agent::Agent;
use odeus::domain::agents::agent::NewAgent;
use odeus::domain::agents::shares;
use odeus::domain::connections::check::Checker;
use odeus::domain::connections::secrets;
use odeus::domain::connections::shares as connection_shares;
use odeus::domain::integrations::custom;
use odeus::domain::integrations::registry::Registry;
use odeus::domain::oauth::renewal::Renewer;
use odeus::domain::people::grantee::Grantee;
use odeus::domain::people::groups;
use odeus::domain::people::groups::roster;
use odeus::domain::runs::Call;
use odeus::domain::runs::Outcome;
use odeus::domain::runs::Run;
use odeus::domain::runs::RunError;
use odeus::domain::runs::Runner;
use odeus::domain::runs::sending::Sender;
use odeus::kernel::clock::Clock;
use odeus::kernel::clock::Timestamp;
use odeus::kernel::ids::AgentId;
use odeus::kernel::ids::ConnectionId;
use odeus::kernel::ids::GroupId;
use odeus::kernel::ids::RunId;
use odeus::kernel::ids::ShareId;
use odeus::outbound::client::Client;
use odeus::outbound::client::Limits;
use odeus::outbound::guard::Egress;
use odeus::outbound::origin::OriginMap;
use odeus::telemetry::Metrics;
use odeus::vault::Vault;
use odeus::vault::input::SecretFields;
use odeus::vault::input::SecretInput;
use odeus::vault::sealed::Context;
use odeus::vault::sealed::Purpose;
use serde_json::Value;
use serde_json::json;

use crate::runs::outside::Outside;
use crate::support::TestDatabase;
use crate::support::cast;
use crate::support::cast::Cast;
use crate::support::cast::Person;
use crate::support::database;

/// The integration's key.
pub(crate) const THINGS: &str = "things";

pub(crate) struct World {
    pub(crate) cast: Cast,
    pub(crate) clock: Clock,
    pub(crate) outside: Outside,
    pub(crate) registry: Registry,
    pub(crate) renewer: Renewer,
    pub(crate) runner: Runner,
    pub(crate) vault: Vault,
    pub(crate) database: TestDatabase,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = database();
        let clock = Clock::frozen(Clock::system().now());
        let conn = &mut database.conn();
        let cast = cast::create(conn, clock.now());
        let vault = cast::vault(conn, clock.now());
        let outside = Outside::start().await;
        let registry = Registry::new(OriginMap::default());
        let (renewer, runner) = process(database.db(), &vault, &clock, &registry, &outside);
        let world = Self { cast, clock, outside, registry, renewer, runner, vault, database };
        world.bring_in(&document(&world.outside, "/things"));
        world
    }

    /// What another process over `db` renews and runs with.
    pub(crate) fn process(&self, db: Db) -> (Renewer, Runner) {
        process(db, &self.vault, &self.clock, &self.registry, &self.outside)
    }

    pub(crate) fn conn(&self) -> PgConnection {
        self.database.conn()
    }

    pub(crate) fn actor(&self, person: &Person) -> Actor {
        person.actor(&mut self.conn(), self.clock.now())
    }

    /// A proof, as the gate draws it.
    pub(crate) fn proof<A, R>(&self, person: &Person, key: &R::Key) -> Result<Authorized<A, R>, Denied>
    where
        R: Guarded,
        A: Permits<R::Facts>,
        actions::View: Permits<R::Facts>,
    {
        authorize(&mut self.conn(), self.actor(person), key)
    }

    fn bring_in(&self, text: &str) {
        let egress = Egress::allowing(&self.outside.address.to_string()).unwrap();
        let document = custom::read(text, &egress).unwrap();
        let proof = self.proof(&self.cast.ada, &()).unwrap();
        custom::create(&mut self.conn(), &self.registry, &proof, Some(THINGS), text, &document).unwrap();
    }

    /// Somebody edits the integration: its actions are not what they were.
    pub(crate) fn change_integration(&self) {
        self.revise("/other");
    }

    /// The same: its actions go to `path` from now on.
    pub(crate) fn revise(&self, path: &str) {
        let edited = document(&self.outside, path);
        let digest = ring::digest::digest(&ring::digest::SHA256, edited.as_bytes());
        diesel::update(custom_integrations::table)
            .set((custom_integrations::document.eq(&edited), custom_integrations::digest.eq(digest.as_ref())))
            .execute(&mut self.conn())
            .unwrap();
    }

    /// A connection with a secret of its own.
    pub(crate) fn connect(&self, owner: &Person, auth_type: AuthType, secret: &str) -> ConnectionId {
        let (conn, now, id) = (&mut self.conn(), self.clock.now(), ConnectionId::new());
        let origin = format!("http://{}", self.outside.address);
        diesel::insert_into(connections::table)
            .values((
                connections::workspace_id.eq(owner.workspace.id),
                connections::id.eq(id),
                connections::owner_id.eq(owner.id),
                connections::integration.eq(THINGS),
                connections::auth_type.eq(auth_type),
                connections::name.eq(format!("NAME-{secret}")),
                connections::status.eq("active"),
                connections::scopes.eq(Vec::<String>::new()),
                connections::origins.eq(vec![origin.clone()]),
                connections::token_version.eq(1),
                connections::client_generation.eq(0),
                connections::created_at.eq(now),
            ))
            .execute(conn)
            .unwrap();
        let origins = secrets::parse_origins(&[origin]);
        for (purpose, text) in [(Purpose::Access, secret), (Purpose::Grant, "REFRESH-TOKEN")] {
            let context = Context {
                purpose,
                workspace: owner.workspace.id,
                row: id.uuid(),
                version: 1,
                integration: THINGS,
                auth_type: Some(auth_type),
                origins: &origins,
            };
            let fields = SecretFields::one("token", SecretInput::from(text.to_owned()));
            let sealed = self.vault.seal_fields(conn, &context, fields).unwrap();
            secrets::store(conn, owner.workspace.id, id, purpose, 1, &sealed).unwrap();
        }
        id
    }

    pub(crate) fn api_key(&self, owner: &Person, secret: &str) -> ConnectionId {
        self.connect(owner, AuthType::ApiKey, secret)
    }

    /// The OAuth client that OAuth connections renew with.
    pub(crate) fn set_oauth_client(&self) {
        diesel::insert_into(integration_settings::table)
            .values((
                integration_settings::workspace_id.eq(self.cast.acme.id),
                integration_settings::integration.eq(THINGS),
                integration_settings::enabled.eq(true),
                integration_settings::for_everyone.eq(true),
                integration_settings::oauth_client_id.eq(Some("client")),
                integration_settings::oauth_client_generation.eq(0),
                integration_settings::updated_at.eq(self.clock.now()),
            ))
            .execute(&mut self.conn())
            .unwrap();
    }

    pub(crate) fn set_status(&self, connection: ConnectionId, status: &str) {
        diesel::update(connections::table.filter(connections::id.eq(connection)))
            .set(connections::status.eq(status))
            .execute(&mut self.conn())
            .unwrap();
    }

    /// Ada, who is an admin, shares it.
    pub(crate) fn share(&self, connection: ConnectionId, with: Grantee, access: ShareAccess) -> ShareId {
        self.share_until(connection, with, access, None)
    }

    pub(crate) fn share_until(
        &self,
        connection: ConnectionId,
        with: Grantee,
        access: ShareAccess,
        until: Option<Timestamp>,
    ) -> ShareId {
        let proof = self.proof(&self.cast.ada, &connection).unwrap();
        connection_shares::add(&mut self.conn(), &proof, with, access, until).unwrap()
    }

    pub(crate) fn unshare(&self, connection: ConnectionId, share: ShareId) {
        let proof = self.proof(&self.cast.ada, &connection).unwrap();
        assert!(connection_shares::remove(&mut self.conn(), &proof, share).unwrap());
    }

    /// A group of the admin's, with these people in it.
    pub(crate) fn group(&self, name: &str, people: &[&Person]) -> GroupId {
        let proof = self.proof(&self.cast.ada, &()).unwrap();
        let id = groups::create(&mut self.conn(), &proof, name).unwrap();
        let proof = self.proof(&self.cast.ada, &id).unwrap();
        for person in people {
            assert!(roster::add(&mut self.conn(), &proof, person.id).unwrap());
        }
        id
    }

    /// Eve's agent, which everyone may use.
    pub(crate) fn agent(&self) -> AgentId {
        let proof = self.proof(&self.cast.eve, &()).unwrap();
        let new = NewAgent { name: "Helper".to_owned(), ..NewAgent::default() };
        let id = agent::create(&mut self.conn(), &proof, &new).unwrap();
        let proof = self.proof::<actions::Share, Agent>(&self.cast.eve, &id).unwrap();
        shares::add(&mut self.conn(), &proof, Grantee::Workspace, AgentAccess::Use).unwrap();
        id
    }

    /// One of the integration's actions on an agent of Eve's, with each caller's own credentials.
    pub(crate) fn own(&self, agent: AgentId, action: &str) -> AgentActionKey {
        self.add(agent, action, Credentials::Own)
    }

    /// The same, with a connection that Eve attaches.
    pub(crate) fn lent(&self, agent: AgentId, action: &str, connection: ConnectionId) -> AgentActionKey {
        let proof = self.proof(&self.cast.eve, &connection).unwrap();
        self.add(agent, action, Credentials::Preselected(&proof))
    }

    fn add(&self, agent: AgentId, action: &str, credentials: Credentials<'_>) -> AgentActionKey {
        let proof = self.proof(&self.cast.eve, &agent).unwrap();
        let new = NewAction {
            integration: THINGS.to_owned(),
            action: action.to_owned(),
            requires_confirmation: (action != "removeThing").then_some(false),
        };
        let add = |tx: &mut PgConnection| agent_actions::add(tx, &self.registry, &proof, &new, credentials);
        AgentActionKey { agent, action: self.conn().transaction(add).unwrap() }
    }

    pub(crate) async fn run(&self, person: &Person, key: AgentActionKey, call: Call) -> Result<Outcome, RunError> {
        let proof = self.proof::<actions::Run, AgentAction>(person, &key)?;
        self.runner.run(&proof, call).await
    }

    /// The run of a call that was sent.
    pub(crate) async fn finished(&self, person: &Person, key: AgentActionKey, call: Call) -> Run {
        let outcome = self.run(person, key, call).await.unwrap();
        let Outcome::Finished(run) = outcome else { panic!("not finished: {outcome:?}") };
        *run
    }

    /// Why a call was refused.
    pub(crate) async fn refused(&self, person: &Person, key: AgentActionKey) -> (RunId, String) {
        let outcome = self.run(person, key, call()).await.unwrap();
        let Outcome::Refused { run, detail, .. } = outcome else { panic!("not refused: {outcome:?}") };
        (run, detail)
    }

    /// A run as somebody sees it.
    pub(crate) fn seen(&self, person: &Person, run: RunId) -> Result<Run, Denied> {
        self.proof::<actions::View, Run>(person, &run).map(|proof| proof.into_parts().1)
    }

    /// A connection's status is active, but it was made with fewer rights.
    pub(crate) fn grant(&self, connection: ConnectionId, scopes: &[&str]) {
        diesel::update(connections::table.filter(connections::id.eq(connection)))
            .set(connections::scopes.eq(scopes.iter().map(ToString::to_string).collect::<Vec<_>>()))
            .execute(&mut self.conn())
            .unwrap();
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.advance(Duration::seconds(seconds));
    }

    pub(crate) fn sql(&self, statement: &str) -> usize {
        diesel::sql_query(statement).execute(&mut self.conn()).unwrap()
    }
}

fn process(db: Db, vault: &Vault, clock: &Clock, registry: &Registry, outside: &Outside) -> (Renewer, Runner) {
    let egress = Egress::allowing(&outside.address.to_string()).unwrap();
    let client = Client::new(egress, Limits::default()).unwrap();
    let metrics = Metrics::new().unwrap();
    let checker = Checker { vault: vault.clone(), client: client.clone() };
    let renewer = Renewer::new(db.clone(), checker, clock.clone(), metrics.clone());
    let sender = Sender { vault: vault.clone(), client, renewer: renewer.clone() };
    (renewer, Runner::new(db, sender, clock.clone(), registry.clone(), metrics))
}

/// A call that fits every action.
pub(crate) fn call() -> Call {
    Call { input: json!({"thing": "one"}), ..Call::default() }
}

pub(crate) fn call_with(connection: ConnectionId) -> Call {
    Call { connection: Some(connection), ..call() }
}

pub(crate) fn call_keyed(key: &str, input: Value) -> Call {
    Call { input, idempotency_key: Some(key.to_owned()), ..Call::default() }
}

fn document(outside: &Outside, path: &str) -> String {
    let origin = format!("http://{}", outside.address);
    let operation = |id: &str| {
        json!({
            "operationId": id, "summary": id, "responses": {"200": {"description": "Done"}},
            "parameters": [{"name": "thing", "in": "query", "required": true, "schema": {"type": "string"}}],
        })
    };
    json!({
        "openapi": "3.1.0", "info": {"title": "Things", "version": "1"}, "servers": [{"url": origin}],
        "security": [{"token": []}, {"login": ["write"]}],
        "components": {"securitySchemes": {
            "token": {"type": "http", "scheme": "bearer"},
            "login": {"type": "oauth2", "flows": {"authorizationCode": {
                "authorizationUrl": format!("{origin}/authorize"), "tokenUrl": format!("{origin}/token"),
                "scopes": {"write": "Change things"},
            }}},
        }},
        "x-odeus": {"failure": {"pointer": "/ok", "equals": false, "message": "/error"}},
        "paths": {path: {
            "get": operation("getThing"), "post": operation("addThing"), "delete": operation("removeThing"),
        }},
    })
    .to_string()
}
