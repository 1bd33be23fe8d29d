//! Writes down what a flow brought (D-21, step 10): the connection, its secrets and the audit event in one transaction; or,
//! for another account than the one that was to be reconnected, the tokens held until the owner decides.

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use serde_json::json;

use crate::authz::actions::Connect;
use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::proof::Authorized;
use crate::db::schema::connections;
use crate::db::schema::oauth_flows;
use crate::domain::audit;
use crate::domain::connections::connection::ConnectionStatus;
use crate::domain::connections::lifetime::renew_at;
use crate::domain::connections::revocations;
use crate::domain::connections::revocations::Due;
use crate::domain::connections::secrets;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::settings;
use crate::domain::oauth::callback::CallbackError;
use crate::domain::oauth::callback::Fresh;
use crate::domain::oauth::callback::Landed;
use crate::domain::oauth::flows::Flow;
use crate::kernel::clock::Timestamp;
use crate::vault::Vault;
use crate::vault::sealed::Purpose;

/// Stores the connection, or holds the tokens of another account.
pub(in crate::domain::oauth::callback) fn store(
    tx: &mut PgConnection,
    vault: &Vault,
    proof: &Authorized<Connect, Integration>,
    flow: &Flow,
    fresh: &Fresh,
    generation: i32,
) -> Result<Landed, CallbackError> {
    let (actor, secret) = (proof.actor(), &fresh.secret);
    settings::clear_misconfigured(tx, actor.workspace, &flow.integration)?;
    let id = secret.connection;
    if flow.reconnects.is_none() {
        insert(tx, actor, flow, fresh, generation)?;
        let detail = json!({ "integration": flow.integration, "auth_type": AuthType::Oauth });
        audit::record(
            tx,
            actor,
            audit::Event::new("connection.created", "connection", id).connection(id).detail(detail),
        )?;
        return Ok(Landed::Connected { connection: id, return_to: flow.return_to() });
    }
    let before: Option<String> =
        connections::table.find((actor.workspace, id)).select(connections::account).for_update().first(tx)?;
    if before.is_some() && before != fresh.account {
        hold(tx, vault, flow, fresh, actor.at)?;
        let event = audit::Event::new("connection.other_account_held", "connection", id).connection(id);
        audit::record(tx, actor, event)?;
        return Ok(Landed::Held { connection: id, flow: flow.id });
    }
    update(tx, actor, fresh, generation)?;
    audit::record(tx, actor, audit::Event::new("connection.reconnected", "connection", id).connection(id))?;
    Ok(Landed::Connected { connection: id, return_to: flow.return_to() })
}

fn insert(
    tx: &mut PgConnection,
    actor: &Actor,
    flow: &Flow,
    fresh: &Fresh,
    generation: i32,
) -> Result<(), CallbackError> {
    let secret = &fresh.secret;
    diesel::insert_into(connections::table)
        .values((
            connections::workspace_id.eq(actor.workspace),
            connections::id.eq(secret.connection),
            connections::owner_id.eq(actor.user),
            connections::integration.eq(&flow.integration),
            connections::auth_type.eq(AuthType::Oauth),
            connections::name.eq(&flow.connection_name),
            connections::status.eq(ConnectionStatus::Active),
            connections::account.eq(fresh.account.as_deref()),
            connections::scopes.eq(&fresh.scopes),
            connections::origins.eq(secret.origins.iter().map(ToString::to_string).collect::<Vec<_>>()),
            connections::token_version.eq(secret.version),
            connections::access_expires_at.eq(secret.expires_at),
            connections::renew_at.eq(secret.expires_at.map(|ends| renew_at(actor.at, ends))),
            connections::client_generation.eq(generation),
            connections::created_at.eq(actor.at),
        ))
        .execute(tx)?;
    store_secrets(tx, fresh)
}

fn update(tx: &mut PgConnection, actor: &Actor, fresh: &Fresh, generation: i32) -> Result<(), CallbackError> {
    let secret = &fresh.secret;
    let row = connections::table
        .find((actor.workspace, secret.connection))
        .filter(connections::owner_id.eq(actor.user))
        .filter(connections::token_version.eq(secret.version - 1));
    let changed = diesel::update(row)
        .set((
            connections::status.eq(ConnectionStatus::Active),
            connections::status_reason.eq(None::<String>),
            connections::account.eq(fresh.account.as_deref()),
            connections::scopes.eq(&fresh.scopes),
            connections::origins.eq(secret.origins.iter().map(ToString::to_string).collect::<Vec<_>>()),
            connections::token_version.eq(secret.version),
            connections::access_expires_at.eq(secret.expires_at),
            connections::renew_at.eq(secret.expires_at.map(|ends| renew_at(actor.at, ends))),
            connections::client_generation.eq(generation),
            connections::refresh_lease.eq(None::<uuid::Uuid>),
        ))
        .execute(tx)?;
    if changed == 0 {
        return Err(CallbackError::Gone);
    }
    store_secrets(tx, fresh)
}

fn store_secrets(tx: &mut PgConnection, fresh: &Fresh) -> Result<(), CallbackError> {
    let secret = &fresh.secret;
    for (purpose, sealed) in [(Purpose::Access, secret.sealed.as_ref()), (Purpose::Grant, fresh.grant.as_ref())] {
        if let Some(sealed) = sealed {
            secrets::store(tx, secret.workspace, secret.connection, purpose, secret.version, sealed)?;
        }
    }
    Ok(())
}

/// Keeps the new tokens, still sealed for the connection's next version, in the flow's row. From this moment they are also
/// queued to be taken back, due when the owner can accept them no more.
fn hold(tx: &mut PgConnection, vault: &Vault, flow: &Flow, fresh: &Fresh, now: Timestamp) -> Result<(), CallbackError> {
    let due = Due { at: flow.expires_at, now, held_by: Some(flow.id), account: fresh.account.as_deref() };
    for (purpose, sealed) in [(Purpose::Grant, fresh.grant.as_ref()), (Purpose::Access, fresh.secret.sealed.as_ref())] {
        if let Some(sealed) = sealed {
            revocations::queue(tx, vault, &fresh.secret, (purpose, sealed), &due)?;
        }
    }
    diesel::update(oauth_flows::table.find((flow.workspace_id, flow.id)))
        .set((
            oauth_flows::held_account.eq(fresh.account.as_deref()),
            oauth_flows::held_access.eq(fresh.secret.sealed.as_ref()),
            oauth_flows::held_grant.eq(fresh.grant.as_ref()),
            oauth_flows::held_expires_at.eq(fresh.secret.expires_at),
            oauth_flows::held_scopes.eq(Some(&fresh.scopes)),
        ))
        .execute(tx)?;
    Ok(())
}
