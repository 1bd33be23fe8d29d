//! The preselected connection of an action: who attached it, and exactly what they attached it to (R10, R12, D-36).

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Binary;
use diesel::sql_types::Bool;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actions::Attach;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::facts::BindingFacts;
use crate::authz::facts::ConnectionFacts;
use crate::authz::facts::Role;
use crate::authz::facts::ShareAccess;
use crate::authz::policy;
use crate::authz::policy::Permits;
use crate::authz::policy::Reason;
use crate::authz::proof::Authorized;
use crate::authz::proof::Guarded;
use crate::db::schema::bindings;
use crate::domain::connections::Connection;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::UserId;

/// A binding as its row and the attacher's rights are now.
#[derive(Clone, Debug, QueryableByName)]
pub struct BindingRow {
    #[diesel(sql_type = Nullable<Uuid>)]
    bound_connection: Option<ConnectionId>,
    #[diesel(sql_type = Bool)]
    is_whole: bool,
    #[diesel(sql_type = Nullable<Binary>)]
    approved_fingerprint: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Uuid>)]
    attached_by: Option<UserId>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    attached_at: Option<Timestamp>,
    #[diesel(sql_type = Nullable<Text>)]
    attacher_role: Option<Role>,
    #[diesel(sql_type = Bool)]
    attacher_may_configure: bool,
    #[diesel(sql_type = Nullable<Text>)]
    bound_auth_type: Option<AuthType>,
    #[diesel(sql_type = Bool)]
    attacher_owns: bool,
    #[diesel(sql_type = Nullable<Text>)]
    attacher_share: Option<ShareAccess>,
}

/// The columns of [`BindingRow`], with [`binding_joins`], for a workspace at the time given.
macro_rules! binding_columns {
    ($workspace:literal, $at:literal) => {
        concat!(
            "b.connection_id AS bound_connection, b.broken_at IS NULL AND bc.id IS NOT NULL AS is_whole,
             b.approved_fingerprint, b.attached_by, b.attached_at, bm.role AS attacher_role,
             coalesce(bm.role = 'admin' OR EXISTS (
                SELECT 1 FROM role_permissions p WHERE p.workspace_id = ",
            $workspace,
            " AND p.role = bm.role AND p.permission = 'configurePreselectedConnections'), false) AS attacher_may_configure,
             bc.auth_type AS bound_auth_type, coalesce(bc.owner_id = b.attached_by, false) AS attacher_owns, ",
            crate::domain::agents::access::connection_share!($workspace, "bc.id", "b.attached_by", $at),
            " AS attacher_share"
        )
    };
}
pub(crate) use binding_columns;

/// The joins of [`BindingRow`] onto `agent_actions aa`.
macro_rules! binding_joins {
    () => {
        "LEFT JOIN bindings b ON b.workspace_id = aa.workspace_id AND b.agent_action_id = aa.id
         LEFT JOIN connections bc ON bc.workspace_id = b.workspace_id AND bc.id = b.connection_id
         LEFT JOIN memberships bm ON bm.workspace_id = b.workspace_id AND bm.user_id = b.attached_by
            AND bm.status = 'active'"
    };
}
pub(crate) use binding_joins;

impl BindingRow {
    /// What the policy looks at. `present` is the fingerprint of the action as it is now, if it is still there.
    pub fn facts(&self, present: Option<&[u8; 32]>) -> BindingFacts {
        let approved = self.approved_fingerprint.as_deref();
        BindingFacts {
            is_whole: self.is_whole,
            is_as_approved: present.is_some_and(|present| approved == Some(present.as_slice())),
            attacher: self.attacher_role,
            attacher_may_configure: self.attacher_may_configure,
            connection: ConnectionFacts {
                is_owner: self.attacher_owns,
                // Without a connection the binding is not whole, and nothing else is looked at.
                auth_type: self.bound_auth_type.unwrap_or(AuthType::Oauth),
                shared: self.attacher_share,
            },
        }
    }
}

/// A binding as one actor may see it.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Why it does not hold, if it does not (R12).
    pub trouble: Option<Reason>,
    /// When it was attached.
    pub attached_at: Timestamp,
    /// Whether the actor attached it.
    pub is_attached_by_actor: bool,
    /// The connection, if the actor may see it. Others know only that one is preselected (R11).
    pub connection: Option<Connection>,
}

/// What `actor` may see of a binding; `None` if there is none.
pub(in crate::domain::agents) fn seen(
    conn: &mut PgConnection,
    actor: &Actor,
    row: &BindingRow,
    present: Option<&[u8; 32]>,
) -> QueryResult<Option<Binding>> {
    let (Some(attached_by), Some(attached_at)) = (row.attached_by, row.attached_at) else { return Ok(None) };
    let connection = match row.bound_connection {
        Some(id) => Connection::load(conn, actor, &id)?,
        None => None,
    };
    let may_see = |it: &Connection| <View as Permits<ConnectionFacts>>::permits(actor, &it.facts()).is_ok();
    Ok(Some(Binding {
        trouble: policy::holds(&row.facts(present)).err(),
        attached_at,
        is_attached_by_actor: attached_by == actor.user,
        connection: connection.filter(may_see),
    }))
}

/// Puts a connection on an action, in place of the one before; `fingerprint` is what is approved by it.
pub(in crate::domain::agents) fn attach(
    conn: &mut PgConnection,
    action: AgentActionId,
    proof: &Authorized<Attach, Connection>,
    fingerprint: &[u8; 32],
) -> QueryResult<()> {
    let (actor, connection) = (proof.actor(), proof.resource());
    let whole = (
        bindings::connection_id.eq(Some(connection.id)),
        bindings::connection_auth.eq(Some(connection.auth_type)),
        bindings::connection_owner.eq(Some(connection.owner)),
        bindings::attached_by.eq(actor.user),
        bindings::attached_at.eq(actor.at),
        bindings::approved_fingerprint.eq(fingerprint.as_slice()),
        bindings::broken_at.eq(None::<Timestamp>),
    );
    diesel::insert_into(bindings::table)
        .values((bindings::workspace_id.eq(actor.workspace), bindings::agent_action_id.eq(action), whole))
        .on_conflict((bindings::workspace_id, bindings::agent_action_id))
        .do_update()
        .set(whole)
        .execute(conn)
        .map(drop)
}

/// Takes the connection of an action off.
pub(in crate::domain::agents) fn detach(
    conn: &mut PgConnection,
    actor: &Actor,
    action: AgentActionId,
) -> QueryResult<()> {
    diesel::delete(bindings::table.find((actor.workspace, action))).execute(conn).map(drop)
}
