//! A reconnect that came back as another account (R14): its tokens wait in the flow's row until the owner decides, for as
//! long as the flow is good. They are queued to be revoked from the moment they are held; accepting them takes them out of
//! the queue, and whoever does not find them there any more comes too late (D-27).

use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Uuid;

use crate::authz::actions::Maintain;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::WorkspaceFacts;
use crate::authz::proof::Authorized;
use crate::authz::proof::Guarded;
use crate::authz::proof::authorize;
use crate::db::schema::connections;
use crate::db::schema::oauth_flows;
use crate::domain::audit;
use crate::domain::connections::connection::Connection;
use crate::domain::connections::connection::ConnectionStatus;
use crate::domain::connections::lifetime::renew_at;
use crate::domain::connections::revocations;
use crate::domain::connections::secrets;
use crate::domain::integrations::registry::Registry;
use crate::domain::oauth::callback::CallbackError;
use crate::domain::oauth::flows;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::FlowId;
use crate::kernel::ids::SessionId;
use crate::vault::Vault;
use crate::vault::sealed::Purpose;
use crate::vault::sealed::Sealed;

/// What the owner decides about.
#[derive(Debug)]
pub struct Held {
    /// The flow that holds the tokens.
    pub flow: FlowId,
    /// The browser session that it belongs to.
    pub session: SessionId,
    /// The connection.
    pub connection: ConnectionId,
    /// The integration's key.
    pub integration: String,
    /// The account that came back.
    pub account: Option<String>,
}

impl Guarded for Held {
    /// The browser session that asks, and the flow.
    type Key = (SessionId, FlowId);
    type Facts = WorkspaceFacts;

    /// It is there for its own person in its own browser session only, while the flow is good.
    fn load(conn: &mut PgConnection, actor: &Actor, (session, flow): &Self::Key) -> QueryResult<Option<Self>> {
        find(conn, actor, *session, *flow)
    }

    fn facts(&self) -> WorkspaceFacts {
        WorkspaceFacts
    }
}

fn find(conn: &mut PgConnection, actor: &Actor, session: SessionId, flow: FlowId) -> QueryResult<Option<Held>> {
    let row: Option<(Option<ConnectionId>, String, Option<String>)> = oauth_flows::table
        .find((actor.workspace, flow))
        .filter(oauth_flows::user_id.eq(actor.user))
        .filter(oauth_flows::session_id.eq(session))
        .filter(oauth_flows::held_access.is_not_null())
        .filter(oauth_flows::expires_at.gt(actor.at))
        .select((oauth_flows::reconnects, oauth_flows::integration, oauth_flows::held_account))
        .first(conn)
        .optional()?;
    Ok(row.and_then(|(connection, integration, account)| {
        Some(Held { flow, session, connection: connection?, integration, account })
    }))
}

/// The owner keeps the connection as it was: what came back is forgotten here and due to be revoked at the provider, both in
/// this transaction.
pub fn decline(tx: &mut PgConnection, proof: &Authorized<View, Held>) -> Result<(), CallbackError> {
    let (actor, held) = (proof.actor(), proof.resource());
    revocations::hasten(tx, actor.workspace, held.flow, actor.at)?;
    if diesel::delete(oauth_flows::table.find((actor.workspace, held.flow))).execute(tx)? == 0 {
        return Err(CallbackError::StateUnknown);
    }
    let event = audit::Event::new("connection.other_account_declined", "connection", held.connection);
    audit::record(tx, actor, event.connection(held.connection))?;
    Ok(())
}

type Tokens = (Option<Sealed>, Option<Sealed>, Option<Timestamp>, Option<Vec<String>>, i32);

pub(in crate::domain::oauth::callback) fn accept(
    tx: &mut PgConnection,
    vault: &Vault,
    registry: &Registry,
    actor: &Actor,
    session: SessionId,
    flow: FlowId,
) -> Result<ConnectionId, CallbackError> {
    let held = find(tx, actor, session, flow)?.ok_or(CallbackError::StateUnknown)?;
    let proof = authorize::<Maintain, Connection>(tx, actor.clone(), &held.connection)?;
    let definition = registry.find(tx, actor.workspace, &held.integration)?.ok_or(CallbackError::NotAvailable)?;
    let (access, grant, expires_at, scopes, generation): Tokens = oauth_flows::table
        .find((actor.workspace, flow))
        .select((
            oauth_flows::held_access,
            oauth_flows::held_grant,
            oauth_flows::held_expires_at,
            oauth_flows::held_scopes,
            oauth_flows::client_generation,
        ))
        .for_update()
        .first(tx)?;
    let access = access.ok_or(CallbackError::StateUnknown)?;
    if revocations::keep(tx, actor.workspace, flow)? < 1 + usize::from(grant.is_some()) {
        return Err(CallbackError::StateUnknown);
    }
    let id = proof.resource().id;
    let mut secret = secrets::load(tx, actor.workspace, id)?.ok_or(CallbackError::Gone)?;
    let version = secret.version + 1;
    secret.origins = flows::flow_origins(&definition);
    // Opens only if the connection is still at the version that the tokens were held for.
    let context = secret.context_for(Purpose::Access, version);
    vault.reseal(tx, &access, &context, &context).map_err(|_outdated| CallbackError::StateUnknown)?;
    let changed = diesel::update(connections::table.find((actor.workspace, id)))
        .set((
            connections::status.eq(ConnectionStatus::Active),
            connections::status_reason.eq(None::<String>),
            connections::account.eq(held.account.as_deref()),
            connections::scopes.eq(scopes.unwrap_or_default()),
            connections::origins.eq(secret.origins.iter().map(ToString::to_string).collect::<Vec<_>>()),
            connections::token_version.eq(version),
            connections::access_expires_at.eq(expires_at),
            connections::renew_at.eq(expires_at.map(|ends| renew_at(actor.at, ends))),
            connections::client_generation.eq(generation),
        ))
        .execute(tx)?;
    if changed == 0 {
        return Err(CallbackError::Gone);
    }
    secrets::store(tx, actor.workspace, id, Purpose::Access, version, &access)?;
    if let Some(grant) = &grant {
        secrets::store(tx, actor.workspace, id, Purpose::Grant, version, grant)?;
    }
    // What was attached was another account: nobody has approved this one (D-21, step 9).
    diesel::sql_query(
        "UPDATE bindings SET approved_fingerprint = ''::bytea WHERE workspace_id = $1 AND connection_id = $2",
    )
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(id)
    .execute(tx)?;
    diesel::delete(oauth_flows::table.find((actor.workspace, flow))).execute(tx)?;
    let event = audit::Event::new("connection.account_changed", "connection", id).connection(id);
    audit::record(tx, actor, event)?;
    Ok(id)
}
