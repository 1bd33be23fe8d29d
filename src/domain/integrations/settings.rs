//! What admins decide on an integration: the OAuth client that its connections are made with. Who may use it stands in
//! [`access`](crate::domain::integrations::access).

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use crate::authz::actions::Configure;
use crate::authz::facts::AuthType;
use crate::authz::proof::Authorized;
use crate::database_errors;
use crate::db::DbError;
use crate::db::schema::integration_settings;
use crate::domain::audit;
use crate::domain::integrations::access::GRANTED_AT_MOST;
use crate::domain::integrations::access::Scope;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::definition::OAuthEndpoints;
use crate::domain::integrations::integration::Integration;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::WorkspaceId;
use crate::outbound::origin::Origin;
use crate::outbound::origin::Origins;
use crate::vault::Vault;
use crate::vault::VaultError;
use crate::vault::input::SecretInput;
use crate::vault::sealed::Context;
use crate::vault::sealed::Purpose;

/// A setting could not be saved.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The integration has no OAuth.
    #[error("this integration does not use OAuth")]
    NoOauth,
    /// The client's id is missing.
    #[error("the client id is missing")]
    ClientIdMissing,
    /// Somebody named is not in the workspace.
    #[error("Somebody named here is not in the workspace.")]
    UnknownGrantee(Scope),
    /// A list is too long.
    #[error("A list has at most {GRANTED_AT_MOST} people and groups. Make a group of them.")]
    TooManyGrantees(Scope),
    /// The integration has no such action.
    #[error("The integration has no action “{0}”.")]
    UnknownAction(String),
    /// The integration does not connect that way.
    #[error("The integration does not connect by `{0}`.")]
    NotOffered(AuthType),
    /// The secret could not be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(SettingsError);

/// Makes sure there is a row to change.
pub(in crate::domain::integrations) fn ensure(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    key: &str,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::insert_into(integration_settings::table)
        .values((
            integration_settings::workspace_id.eq(workspace),
            integration_settings::integration.eq(key),
            integration_settings::enabled.eq(true),
            integration_settings::for_everyone.eq(true),
            integration_settings::oauth_client_generation.eq(0),
            integration_settings::updated_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .map(drop)
}

/// Where an integration's client secret may go: its token and revocation addresses.
pub fn client_origins(endpoints: &OAuthEndpoints) -> Origins {
    let urls: Vec<&Url> = [Some(&endpoints.token_url), endpoints.revoke_url.as_ref()].into_iter().flatten().collect();
    urls.into_iter().filter_map(|url| Origin::of(url).ok()).collect()
}

/// What the client secret of an integration is bound to.
pub fn client_context<'a>(workspace: WorkspaceId, key: &'a str, generation: i32, origins: &'a Origins) -> Context<'a> {
    Context {
        purpose: Purpose::ClientSecret,
        workspace,
        row: Uuid::nil(),
        version: i64::from(generation),
        integration: key,
        auth_type: Some(AuthType::Oauth),
        origins,
    }
}

/// Sets the OAuth client that connections are made with. Grants of the client before are not refreshed any more; their
/// owners reconnect (D-25).
pub fn set_oauth_client(
    conn: &mut PgConnection,
    vault: &Vault,
    proof: &Authorized<Configure, Integration>,
    definition: &Definition,
    client_id: &str,
    client_secret: SecretInput,
) -> Result<(), SettingsError> {
    let (actor, integration) = (proof.actor(), proof.resource());
    let method = definition.method(AuthType::Oauth).ok_or(SettingsError::NoOauth)?;
    let endpoints = method.oauth.as_ref().ok_or(SettingsError::NoOauth)?;
    if client_id.is_empty() {
        return Err(SettingsError::ClientIdMissing);
    }
    ensure(conn, actor.workspace, &integration.key, actor.at)?;
    let row = integration_settings::table.find((actor.workspace, &integration.key));
    let before: i32 = row.select(integration_settings::oauth_client_generation).for_update().first(conn)?;
    let generation = before + 1;
    let origins = client_origins(endpoints);
    let context = client_context(actor.workspace, &integration.key, generation, &origins);
    let sealed = if client_secret.is_empty() { None } else { Some(vault.seal(conn, &context, client_secret)?) };
    diesel::update(row)
        .set((
            integration_settings::oauth_client_id.eq(Some(client_id)),
            integration_settings::oauth_client_secret.eq(sealed),
            integration_settings::oauth_client_generation.eq(generation),
            integration_settings::misconfigured_reason.eq(None::<String>),
            integration_settings::updated_at.eq(actor.at),
        ))
        .execute(conn)?;
    let event = audit::Event::new("integration.oauth_client_set", "integration", &integration.key);
    audit::record(conn, actor, event.detail(json!({ "generation": generation })))?;
    Ok(())
}

/// Notes that the provider refuses the client: the connections are fine, the integration is not (D-25).
pub fn mark_misconfigured(conn: &mut PgConnection, workspace: WorkspaceId, key: &str, reason: &str) -> QueryResult<()> {
    diesel::update(integration_settings::table.find((workspace, key)))
        .set(integration_settings::misconfigured_reason.eq(Some(reason)))
        .execute(conn)
        .map(drop)
}

/// Takes that back: the provider accepted the client again.
pub fn clear_misconfigured(conn: &mut PgConnection, workspace: WorkspaceId, key: &str) -> QueryResult<()> {
    let marked = integration_settings::table
        .find((workspace, key))
        .filter(integration_settings::misconfigured_reason.is_not_null());
    diesel::update(marked).set(integration_settings::misconfigured_reason.eq(None::<String>)).execute(conn).map(drop)
}
