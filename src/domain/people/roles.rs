//! What the three roles may do. Admins switch permissions per role; an admin holds every one, always, without a row in the
//! table. What a role lost holds from the next call, for bindings too (R12): nobody keeps an actor between requests.

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Text;
use diesel::sql_types::Uuid;

use crate::authz::actions::ManagePeople;
use crate::authz::actor::Actor;
use crate::authz::actor::Permissions;
use crate::authz::facts::Permission;
use crate::authz::facts::Role;
use crate::authz::proof::Authorized;
use crate::database_errors;
use crate::db::DbError;
use crate::db::schema::role_permissions;
use crate::domain::audit;
use crate::domain::people::workspaces::Workspace;

/// A role in a workspace.
#[derive(Clone, Copy, Debug)]
pub struct HeldRole {
    /// Which.
    pub role: Role,
    /// What it may do beyond its name.
    pub permissions: Permissions,
    /// How many active members have it.
    pub members: i64,
}

/// A role could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// Nobody could give it back to them.
    #[error("Admins hold every permission, always. It cannot be taken from them.")]
    AdminHoldsAll,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(RoleError);

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    role: Role,
    #[diesel(sql_type = Array<Text>)]
    permissions: Vec<String>,
    #[diesel(sql_type = BigInt)]
    members: i64,
}

/// The three roles, the most powerful first.
pub fn list(conn: &mut PgConnection, actor: &Actor) -> QueryResult<Vec<HeldRole>> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT r.role, ARRAY(SELECT p.permission FROM role_permissions p
                              WHERE p.workspace_id = $1 AND p.role = r.role) AS permissions,
                (SELECT count(*) FROM memberships m
                 WHERE m.workspace_id = $1 AND m.role = r.role AND m.status = 'active') AS members
         FROM unnest($2) WITH ORDINALITY AS r(role, place) ORDER BY r.place",
    )
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Array<Text>, _>(Role::ALL)
    .load(conn)?;
    Ok(rows.into_iter().map(HeldRole::from).collect())
}

impl From<Row> for HeldRole {
    fn from(row: Row) -> Self {
        // A permission that a newer version knows is none here.
        let switched_on = row.permissions.iter().filter_map(|word| word.parse::<Permission>().ok());
        Self { role: row.role, permissions: Permissions::of(row.role, switched_on), members: row.members }
    }
}

/// Decides what a role may do: these permissions, and no others.
pub fn change(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Workspace>,
    role: Role,
    permissions: Permissions,
) -> Result<(), RoleError> {
    let actor = proof.actor();
    if role == Role::Admin {
        let has_all = Permission::ALL.iter().all(|permission| permissions.contains(*permission));
        return if has_all { Ok(()) } else { Err(RoleError::AdminHoldsAll) };
    }
    // What a newer version knows, and this one does not, stays.
    let known = role_permissions::table
        .filter(role_permissions::workspace_id.eq(actor.workspace))
        .filter(role_permissions::role.eq(role.as_str()))
        .filter(role_permissions::permission.eq_any(Permission::ALL));
    let before: Vec<String> = known.clone().select(role_permissions::permission).load(conn)?;
    let before: Permissions = before.iter().filter_map(|word| word.parse::<Permission>().ok()).collect();
    if before == permissions {
        return Ok(());
    }
    diesel::delete(known).execute(conn)?;
    let rows: Vec<_> = permissions
        .iter()
        .map(|permission| {
            (
                role_permissions::workspace_id.eq(actor.workspace),
                role_permissions::role.eq(role.as_str()),
                role_permissions::permission.eq(permission.as_str()),
            )
        })
        .collect();
    diesel::insert_into(role_permissions::table).values(rows).on_conflict_do_nothing().execute(conn)?;
    let detail = serde_json::json!({
        "before": before.iter().collect::<Vec<_>>(), "after": permissions.iter().collect::<Vec<_>>(),
    });
    audit::record(conn, actor, audit::Event::new("role.changed", "role", role).detail(detail))?;
    Ok(())
}
