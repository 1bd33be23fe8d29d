//! Sealed credentials in their rows. `access` goes onto requests; `grant` only brings new access.

use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Binary;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::facts::AuthType;
use crate::db::schema::connection_secrets;
use crate::domain::connections::connection::ConnectionStatus;
use crate::domain::integrations::definition::AuthMethod;
use crate::domain::integrations::definition::Definition;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::WorkspaceId;
use crate::outbound::label::Label;
use crate::outbound::origin::Origin;
use crate::outbound::origin::Origins;
use crate::vault::sealed::Context;
use crate::vault::sealed::Purpose;
use crate::vault::sealed::Sealed;

/// The sealed access of a connection, with all that is needed to use it or to get new access.
#[derive(Debug)]
pub struct AccessSecret {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The connection.
    pub connection: ConnectionId,
    /// The integration's key.
    pub integration: String,
    /// How it authenticates.
    pub auth_type: AuthType,
    /// Whether it works.
    pub status: ConnectionStatus,
    /// Which version of the secret this is.
    pub version: i64,
    /// Where it may go, fixed when it was stored (D-40).
    pub origins: Origins,
    /// The name that the connection has in its provider's addresses, where each has one of its own.
    pub tenant: Option<Label>,
    /// The credential; none where there is none to send, or none yet.
    pub sealed: Option<Sealed>,
    /// When it ends, if that is known.
    pub expires_at: Option<Timestamp>,
}

impl AccessSecret {
    /// What it is bound to.
    pub fn context(&self) -> Context<'_> {
        self.context_for(Purpose::Access, self.version)
    }

    /// What another secret of the same connection is bound to.
    pub fn context_for(&self, purpose: Purpose, version: i64) -> Context<'_> {
        Context {
            purpose,
            workspace: self.workspace,
            row: self.connection.uuid(),
            version,
            integration: &self.integration,
            auth_type: Some(self.auth_type),
            origins: &self.origins,
        }
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    integration: String,
    #[diesel(sql_type = Text)]
    auth_type: AuthType,
    #[diesel(sql_type = Text)]
    status: ConnectionStatus,
    #[diesel(sql_type = BigInt)]
    token_version: i64,
    #[diesel(sql_type = Array<Text>)]
    origins: Vec<String>,
    #[diesel(sql_type = Nullable<Text>)]
    tenant: Option<String>,
    #[diesel(sql_type = Nullable<Binary>)]
    sealed: Option<Sealed>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    access_expires_at: Option<Timestamp>,
}

/// The access of a connection. Authorizing its use is the caller's, in the same transaction.
pub fn load(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    connection: ConnectionId,
) -> QueryResult<Option<AccessSecret>> {
    load_for(conn, workspace, connection, Purpose::Access)
}

/// The grant of a connection, in the shape of an access secret: `sealed` is the grant.
pub fn load_grant(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    connection: ConnectionId,
) -> QueryResult<Option<AccessSecret>> {
    load_for(conn, workspace, connection, Purpose::Grant)
}

fn load_for(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    connection: ConnectionId,
    purpose: Purpose,
) -> QueryResult<Option<AccessSecret>> {
    let row: Option<Row> = diesel::sql_query(
        "SELECT c.integration, c.auth_type, c.status, c.token_version, c.origins, c.tenant, s.sealed, c.access_expires_at
         FROM connections c LEFT JOIN connection_secrets s
           ON s.workspace_id = c.workspace_id AND s.connection_id = c.id AND s.purpose = $3
         WHERE c.workspace_id = $1 AND c.id = $2",
    )
    .bind::<Uuid, _>(workspace)
    .bind::<Uuid, _>(connection)
    .bind::<Text, _>(word(purpose))
    .get_result(conn)
    .optional()?;
    Ok(row.map(|row| AccessSecret {
        workspace,
        connection,
        integration: row.integration,
        auth_type: row.auth_type,
        status: row.status,
        version: row.token_version,
        origins: parse_origins(&row.origins),
        tenant: parse_tenant(row.tenant),
        sealed: row.sealed,
        expires_at: row.access_expires_at,
    }))
}

/// Stores a sealed secret in place of the one before.
pub fn store(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    connection: ConnectionId,
    purpose: Purpose,
    version: i64,
    sealed: &Sealed,
) -> QueryResult<()> {
    diesel::insert_into(connection_secrets::table)
        .values((
            connection_secrets::workspace_id.eq(workspace),
            connection_secrets::connection_id.eq(connection),
            connection_secrets::purpose.eq(word(purpose)),
            connection_secrets::version.eq(version),
            connection_secrets::sealed.eq(sealed),
        ))
        .on_conflict((connection_secrets::workspace_id, connection_secrets::connection_id, connection_secrets::purpose))
        .do_update()
        .set((connection_secrets::version.eq(version), connection_secrets::sealed.eq(sealed)))
        .execute(conn)
        .map(drop)
}

/// The word in the table; only access and grant stand there.
fn word(purpose: Purpose) -> &'static str {
    if purpose == Purpose::Access { "access" } else { "grant" }
}

/// Stored origins back as a set. One that no longer parses is left out, and then nothing opens.
pub fn parse_origins(stored: &[String]) -> Origins {
    stored.iter().filter_map(|origin| origin.parse::<Origin>().ok()).collect()
}

/// A stored tenant back as what it is. What no longer parses is none, and then nothing is sent.
pub fn parse_tenant(stored: Option<String>) -> Option<Label> {
    stored?.parse().ok()
}

/// Where a connection's secrets may go: the integration's servers, and the addresses that renew and revoke them.
///
/// For a tenant where each has an address of its own: without one there is none.
pub fn origins_of(definition: &Definition, method: &AuthMethod, tenant: Option<&Label>) -> Origins {
    let oauth = method.oauth.iter().flat_map(|oauth| [Some(&oauth.token_url), oauth.revoke_url.as_ref()]);
    let service = method.service_account.iter().map(|endpoint| Some(&endpoint.token_url));
    let renewing = oauth.chain(service).flatten().filter_map(|url| Origin::of(url).ok());
    let servers = definition.api_origins_of(tenant).unwrap_or_default();
    servers.iter().cloned().chain(renewing).collect()
}
