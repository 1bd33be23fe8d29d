//! A company's space.

use diesel::ExpressionMethods;
use diesel::JoinOnDsl;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::Queryable;
use diesel::RunQueryDsl;
use diesel::Selectable;
use diesel::SelectableHelper;
use diesel::pg::PgConnection;

use crate::authz::actor::Actor;
use crate::authz::actor::Via;
use crate::authz::facts::Permission;
use crate::authz::facts::Role;
use crate::authz::facts::WorkspaceFacts;
use crate::authz::proof::Guarded;
use crate::database_errors;
use crate::db::DbError;
use crate::db::conflict;
use crate::db::schema::memberships;
use crate::db::schema::role_permissions;
use crate::db::schema::workspaces;
use crate::domain::audit;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;
use crate::vault::Vault;
use crate::vault::VaultError;

/// A workspace.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = workspaces)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
}

impl Guarded for Workspace {
    type Key = ();
    type Facts = WorkspaceFacts;

    fn load(conn: &mut PgConnection, actor: &Actor, (): &()) -> QueryResult<Option<Self>> {
        workspaces::table.find(actor.workspace).select(Self::as_select()).first(conn).optional()
    }

    fn facts(&self) -> WorkspaceFacts {
        WorkspaceFacts
    }
}

/// A workspace could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The slug is another's.
    #[error("a workspace with this slug exists already")]
    SlugTaken,
    /// Its key could not be made.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(WorkspaceError);

/// Makes a workspace with its key and what its roles hold by default. For the operator's command line.
pub fn create(
    conn: &mut PgConnection,
    vault: &Vault,
    slug: &str,
    name: &str,
    now: Timestamp,
) -> Result<Workspace, WorkspaceError> {
    let id = WorkspaceId::new();
    let taken = |error: diesel::result::Error| {
        if conflict::is(&error, "workspaces_slug_taken") { WorkspaceError::SlugTaken } else { error.into() }
    };
    let workspace = diesel::insert_into(workspaces::table)
        .values((
            workspaces::id.eq(id),
            workspaces::slug.eq(slug),
            workspaces::name.eq(name),
            workspaces::created_at.eq(now),
        ))
        .returning(Workspace::as_returning())
        .get_result(conn)
        .map_err(taken)?;
    vault.create_workspace_key(conn, id, now)?;
    let defaults: Vec<_> = [Role::Editor, Role::Member]
        .into_iter()
        .flat_map(|role| Permission::defaults_of(role).iter().map(move |permission| (role, *permission)))
        .map(|(role, permission)| {
            (
                role_permissions::workspace_id.eq(id),
                role_permissions::role.eq(role.as_str()),
                role_permissions::permission.eq(permission.as_str()),
            )
        })
        .collect();
    diesel::insert_into(role_permissions::table).values(defaults).execute(conn)?;
    let event = audit::Event::new("workspace.created", "workspace", id);
    audit::record_unattended(conn, id, Via::Command, now, event)?;
    Ok(workspace)
}

/// The workspace with this slug. For the operator's command line; pages come through an actor.
pub fn find_by_slug(conn: &mut PgConnection, slug: &str) -> QueryResult<Option<Workspace>> {
    workspaces::table.filter(workspaces::slug.eq(slug)).select(Workspace::as_select()).first(conn).optional()
}

/// The workspace with this id, if the person is an active member or invited.
pub fn open_to(conn: &mut PgConnection, id: WorkspaceId, user: UserId) -> QueryResult<Option<Workspace>> {
    workspaces::table
        .inner_join(memberships::table.on(memberships::workspace_id.eq(workspaces::id)))
        .filter(workspaces::id.eq(id))
        .filter(memberships::user_id.eq(user))
        .filter(memberships::status.eq_any(["active", "invited"]))
        .select(Workspace::as_select())
        .first(conn)
        .optional()
}

/// The workspaces where the person is an active member, by name.
pub fn of_user(conn: &mut PgConnection, user: UserId) -> QueryResult<Vec<Workspace>> {
    workspaces::table
        .inner_join(memberships::table.on(memberships::workspace_id.eq(workspaces::id)))
        .filter(memberships::user_id.eq(user))
        .filter(memberships::status.eq("active"))
        .order(workspaces::name)
        .select(Workspace::as_select())
        .load(conn)
}
