//! What stands on a role's right to preselect connections: the bindings of those who have the role (R12).

use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Text;
use diesel::sql_types::Uuid;

use crate::authz::actions::ManagePeople;
use crate::authz::facts::Role;
use crate::authz::proof::Authorized;
use crate::domain::people::workspaces::Workspace;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    role: Role,
    #[diesel(sql_type = BigInt)]
    actions: i64,
}

/// How many actions of agents run with a connection that somebody of a role attached, by role. Without the permission
/// `configurePreselectedConnections` the role's are refused.
pub fn attached(conn: &mut PgConnection, proof: &Authorized<ManagePeople, Workspace>) -> QueryResult<Vec<(Role, i64)>> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT m.role, count(*) AS actions FROM bindings b
         JOIN memberships m ON m.workspace_id = b.workspace_id AND m.user_id = b.attached_by AND m.status = 'active'
         WHERE b.workspace_id = $1 AND b.broken_at IS NULL GROUP BY m.role",
    )
    .bind::<Uuid, _>(proof.actor().workspace)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.role, row.actions)).collect())
}
