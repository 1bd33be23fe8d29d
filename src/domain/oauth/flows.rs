//! The way to the provider: one row per flow, bound to the person and their browser session, good for ten minutes and one
//! callback. `state` is 256 random bits of which only the hash is kept (D-20): the browser alone carries it, to the page
//! before the provider's own and from there on.

use std::sync::Arc;

use chrono::Duration;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::Queryable;
use diesel::RunQueryDsl;
use diesel::Selectable;
use diesel::SelectableHelper;
use diesel::pg::PgConnection;
use serde::Deserialize;
use serde::Serialize;

use crate::authz::actions::Connect;
use crate::authz::actions::Maintain;
use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::facts::MethodFacts;
use crate::authz::facts::WorkspaceFacts;
use crate::authz::policy::Permits;
use crate::authz::policy::Reason;
use crate::authz::proof::Authorized;
use crate::authz::proof::Guarded;
use crate::database_errors;
use crate::db::DbError;
use crate::db::schema::oauth_flows;
use crate::domain::accounts::token_hash;
use crate::domain::audit;
use crate::domain::connections::connection::Connection;
use crate::domain::connections::secrets;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::integration::Integration;
use crate::domain::oauth::address::authorize_url;
use crate::domain::oauth::address::with_state;
use crate::domain::oauth::endpoint::endpoints;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::FlowId;
use crate::kernel::ids::NoRandomness;
use crate::kernel::ids::SessionId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;
use crate::kernel::ids::random_token;
use crate::outbound::origin::Origins;
use crate::vault::Vault;
use crate::vault::VaultError;
use crate::vault::sealed::Context;
use crate::vault::sealed::Purpose;
use crate::vault::sealed::Sealed;

const LIFE: Duration = Duration::minutes(10);
const OPEN_AT_MOST: i64 = 5;

/// Where a flow ends when all went well: a place with typed parameters, never an address (D-23).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum ReturnTo {
    /// The new connection's page.
    Connection,
    /// The agent's action that needed it, with the draft of its call (R9).
    AgentAction {
        /// The agent.
        agent: AgentId,
        /// Its action.
        action: AgentActionId,
        /// The inputs that were kept.
        draft: String,
    },
}

/// A flow could not be begun.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The integration, or signing in to it, is for others.
    #[error("{0}")]
    NotAllowed(Reason),
    /// The integration has no OAuth.
    #[error("this integration does not use OAuth")]
    NoOauth,
    /// No admin has set the client yet.
    #[error("{0} is not set up yet: a workspace admin has to enter its OAuth client on the integration's page.")]
    NotSetUp(String),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The verifier could not be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(FlowError);

/// A flow under way.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = oauth_flows)]
pub struct Flow {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// Its id.
    pub id: FlowId,
    /// The browser session that it belongs to.
    pub session_id: SessionId,
    /// The person that it belongs to.
    pub user_id: UserId,
    /// What `state` is recognised by.
    pub state_hash: Vec<u8>,
    /// The integration's key.
    pub integration: String,
    /// The connection that is reconnected, if one is.
    pub reconnects: Option<ConnectionId>,
    /// What the new connection will be called.
    pub connection_name: String,
    /// The client that it goes through.
    pub client_generation: i32,
    /// The sealed PKCE verifier.
    pub verifier: Option<Sealed>,
    /// The redirect address, repeated at the token endpoint.
    pub redirect_uri: String,
    /// Where the person is sent, but for the `state`.
    pub authorize_url: String,
    /// Where the code goes: recorded, not looked up again.
    pub token_url: String,
    /// What the provider calls itself.
    pub issuer: Option<String>,
    /// What was asked for.
    pub scopes: Vec<String>,
    /// Where it ends.
    pub return_to: serde_json::Value,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// When its callback came.
    pub consumed_at: Option<Timestamp>,
}

impl Flow {
    /// Where it ends.
    pub fn return_to(&self) -> ReturnTo {
        serde_json::from_value(self.return_to.clone()).unwrap_or(ReturnTo::Connection)
    }

    /// Whether its callback may still come.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.consumed_at.is_none() && self.expires_at > now
    }

    /// The address at the provider, for whoever brings the flow's own `state` while its callback may still come.
    pub fn way(&self, state: &str, now: Timestamp) -> Option<String> {
        let is_its_own = token_hash(state) == self.state_hash;
        if is_its_own && self.is_open(now) { with_state(&self.authorize_url, state) } else { None }
    }

    /// What a secret of this flow is bound to.
    pub fn context<'a>(&'a self, purpose: Purpose, origins: &'a Origins) -> Context<'a> {
        Context {
            purpose,
            workspace: self.workspace_id,
            row: self.id.uuid(),
            version: 1,
            integration: &self.integration,
            auth_type: Some(AuthType::Oauth),
            origins,
        }
    }
}

impl Guarded for Flow {
    /// The browser session that asks, and the flow.
    type Key = (SessionId, FlowId);
    type Facts = WorkspaceFacts;

    /// It is there for its own person in its own browser session only.
    fn load(conn: &mut PgConnection, actor: &Actor, (session, id): &Self::Key) -> QueryResult<Option<Self>> {
        oauth_flows::table
            .find((actor.workspace, id))
            .filter(oauth_flows::user_id.eq(actor.user))
            .filter(oauth_flows::session_id.eq(session))
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    fn facts(&self) -> WorkspaceFacts {
        WorkspaceFacts
    }
}

/// What a flow is for.
#[derive(Debug)]
pub struct Wish {
    /// What the connection will be called.
    pub name: String,
    /// The browser session.
    pub session: SessionId,
    /// The callback address of the integration, from the public URL alone.
    pub redirect_uri: String,
    /// Where it ends.
    pub return_to: ReturnTo,
}

/// A flow that was begun, for the browser that carries it on.
#[derive(Debug)]
pub struct Begun {
    /// The flow.
    pub flow: FlowId,
    /// Its `state`, which is nowhere else.
    pub state: String,
}

/// Begins a flow to make a connection.
pub fn begin(
    conn: &mut PgConnection,
    vault: &Vault,
    proof: &Authorized<Connect, Integration>,
    definition: &Arc<Definition>,
    wish: Wish,
) -> Result<Begun, FlowError> {
    insert(conn, vault, proof.actor(), proof.resource(), definition, (None, wish))
}

/// Begins a flow to bring a connection back to life; it keeps its row, shares and bindings (R14).
pub fn begin_again(
    conn: &mut PgConnection,
    vault: &Vault,
    proof: &Authorized<Maintain, Connection>,
    integration: &Integration,
    definition: &Arc<Definition>,
    wish: Wish,
) -> Result<Begun, FlowError> {
    insert(conn, vault, proof.actor(), integration, definition, (Some(proof.resource().id), wish))
}

fn insert(
    conn: &mut PgConnection,
    vault: &Vault,
    actor: &Actor,
    integration: &Integration,
    definition: &Arc<Definition>,
    (reconnects, wish): (Option<ConnectionId>, Wish),
) -> Result<Begun, FlowError> {
    let endpoints = endpoints(definition).ok_or(FlowError::NoOauth)?;
    <Connect as Permits<MethodFacts>>::permits(actor, &integration.method_facts(AuthType::Oauth))
        .map_err(FlowError::NotAllowed)?;
    let client_id = integration.oauth_client_id.clone();
    let client_id = client_id.ok_or_else(|| FlowError::NotSetUp(definition.name.clone()))?;
    make_room(conn, actor)?;
    let id = FlowId::new();
    let state = random_token()?;
    let (verifier, challenge) = vault.new_pkce()?;
    let scopes = definition.asked_scopes();
    let origins = flow_origins(definition);
    let context = Context {
        purpose: Purpose::FlowVerifier,
        workspace: actor.workspace,
        row: id.uuid(),
        version: 1,
        integration: &integration.key,
        auth_type: Some(AuthType::Oauth),
        origins: &origins,
    };
    let verifier = if endpoints.pkce { Some(vault.seal(conn, &context, verifier)?) } else { None };
    let challenge = endpoints.pkce.then_some(challenge.as_str());
    let url = authorize_url(endpoints, &client_id, &wish.redirect_uri, &scopes, challenge);
    diesel::insert_into(oauth_flows::table)
        .values((
            (
                oauth_flows::workspace_id.eq(actor.workspace),
                oauth_flows::id.eq(id),
                oauth_flows::state_hash.eq(token_hash(&state)),
                oauth_flows::session_id.eq(wish.session),
                oauth_flows::user_id.eq(actor.user),
                oauth_flows::integration.eq(&integration.key),
                oauth_flows::reconnects.eq(reconnects),
                oauth_flows::connection_name.eq(wish.name),
                oauth_flows::client_generation.eq(integration.oauth_client_generation),
            ),
            (
                oauth_flows::verifier.eq(verifier),
                oauth_flows::redirect_uri.eq(wish.redirect_uri),
                oauth_flows::authorize_url.eq(url.as_str()),
                oauth_flows::token_url.eq(endpoints.token_url.as_str()),
                oauth_flows::issuer.eq(endpoints.issuer.as_deref()),
                oauth_flows::scopes.eq(scopes),
                oauth_flows::return_to.eq(serde_json::to_value(wish.return_to).unwrap_or_default()),
                oauth_flows::created_at.eq(actor.at),
                oauth_flows::expires_at.eq(actor.at + LIFE),
            ),
        ))
        .execute(conn)?;
    audit::record(conn, actor, audit::Event::new("oauth_flow.begun", "integration", &integration.key))?;
    Ok(Begun { flow: id, state })
}

/// At most five open flows per person: the oldest give way.
fn make_room(conn: &mut PgConnection, actor: &Actor) -> QueryResult<()> {
    diesel::sql_query(
        "DELETE FROM oauth_flows WHERE workspace_id = $1 AND user_id = $2 AND consumed_at IS NULL AND id IN (
             SELECT id FROM oauth_flows WHERE workspace_id = $1 AND user_id = $2 AND consumed_at IS NULL
             ORDER BY created_at DESC OFFSET $3)",
    )
    .bind::<diesel::sql_types::Uuid, _>(actor.workspace)
    .bind::<diesel::sql_types::Uuid, _>(actor.user)
    .bind::<diesel::sql_types::BigInt, _>(OPEN_AT_MOST - 1)
    .execute(conn)
    .map(drop)
}

/// Where a flow's own secrets may go: those of the connection that it will make.
pub(in crate::domain::oauth) fn flow_origins(definition: &Definition) -> Origins {
    definition.method(AuthType::Oauth).map(|method| secrets::origins_of(definition, method, None)).unwrap_or_default()
}

/// Uses a flow up by its `state`: of two callbacks at the same time, one gets it (D-21, step 2).
pub(in crate::domain::oauth) fn consume(
    conn: &mut PgConnection,
    state: &str,
    now: Timestamp,
) -> QueryResult<Option<Flow>> {
    diesel::update(
        oauth_flows::table
            .filter(oauth_flows::state_hash.eq(token_hash(state)))
            .filter(oauth_flows::consumed_at.is_null())
            .filter(oauth_flows::expires_at.gt(now)),
    )
    .set(oauth_flows::consumed_at.eq(Some(now)))
    .returning(Flow::as_returning())
    .get_result(conn)
    .optional()
}

/// The flow of a callback that connected nothing, for its own person in its own browser session: to lead them back.
pub fn find_ended(conn: &mut PgConnection, state: &str, user: UserId, session: SessionId) -> QueryResult<Option<Flow>> {
    oauth_flows::table
        .filter(oauth_flows::state_hash.eq(token_hash(state)))
        .filter(oauth_flows::user_id.eq(user))
        .filter(oauth_flows::session_id.eq(session))
        .select(Flow::as_select())
        .first(conn)
        .optional()
}

/// Removes what has ended.
pub fn sweep(conn: &mut PgConnection, now: Timestamp) -> QueryResult<usize> {
    diesel::delete(oauth_flows::table.filter(oauth_flows::expires_at.le(now - LIFE))).execute(conn)
}
