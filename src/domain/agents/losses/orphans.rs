//! What leavers left behind: connections that an admin can adopt, and actions of agents that need a new connection, each
//! with who could supply one.

use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Bool;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actions::ManagePeople;
use crate::authz::facts::AuthType;
use crate::authz::proof::Authorized;
use crate::domain::agents::access::agent_share;
use crate::domain::agents::losses::listed::Counted;
use crate::domain::agents::losses::listed::FirstOf;
use crate::domain::agents::losses::listed::NAMED_AT_MOST;
use crate::domain::people::workspaces::Workspace;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;

/// A connection without an active owner.
#[derive(Clone, Debug, QueryableByName)]
pub struct LeftConnection {
    /// Its id.
    #[diesel(sql_type = Uuid)]
    pub id: ConnectionId,
    /// What its owner called it.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The integration's key.
    #[diesel(sql_type = Text)]
    pub integration: String,
    /// How it authenticates; never by OAuth.
    #[diesel(sql_type = Text)]
    pub auth_type: AuthType,
    /// Whose it was.
    #[diesel(sql_type = Text)]
    pub owner_name: String,
    /// When they went.
    #[diesel(sql_type = Timestamptz)]
    pub left_at: Timestamp,
    /// On how many actions of agents it is preselected.
    #[diesel(sql_type = BigInt)]
    pub actions: i64,
}

/// An action of an agent whose preselected connection does not work, because somebody went or it was deleted.
#[derive(Clone, Debug, QueryableByName)]
pub struct NeedyAction {
    /// The action.
    #[diesel(sql_type = Uuid)]
    pub id: AgentActionId,
    /// Its key within the integration.
    #[diesel(sql_type = Text)]
    pub action: String,
    /// The integration's key.
    #[diesel(sql_type = Text)]
    pub integration: String,
    /// The agent.
    #[diesel(sql_type = Uuid)]
    pub agent: AgentId,
    /// The agent's name. Not for whoever may not see it.
    #[diesel(sql_type = Text)]
    pub agent_name: String,
    /// Whether the actor may see the agent.
    #[diesel(sql_type = Bool)]
    pub is_visible: bool,
    /// The name of the agent's owner, who can choose another connection.
    #[diesel(sql_type = Text)]
    pub owner_name: String,
    /// Some of the people who own a working connection to the integration and may preselect it.
    #[diesel(sql_type = Array<Text>)]
    pub suppliers: Vec<String>,
}

/// Both.
#[derive(Clone, Debug, Default)]
pub struct Orphans {
    /// Connections to adopt, those of whoever went last first.
    pub connections: FirstOf<LeftConnection>,
    /// Actions that need a connection.
    pub actions: FirstOf<NeedyAction>,
}

/// What is left behind in the workspace.
pub fn orphans(conn: &mut PgConnection, proof: &Authorized<ManagePeople, Workspace>) -> QueryResult<Orphans> {
    Ok(Orphans { connections: connections(conn, proof)?, actions: actions(conn, proof)? })
}

fn connections(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Workspace>,
) -> QueryResult<FirstOf<LeftConnection>> {
    let rows: Vec<Counted<_>> = diesel::sql_query(
        "SELECT count(*) OVER () AS total, c.id, c.name, c.integration, c.auth_type, u.name AS owner_name,
                coalesce(m.deactivated_at, m.created_at) AS left_at,
                (SELECT count(*) FROM bindings b
                 WHERE b.workspace_id = c.workspace_id AND b.connection_id = c.id) AS actions
         FROM memberships m
         JOIN connections c ON c.workspace_id = m.workspace_id AND c.owner_id = m.user_id AND c.auth_type <> 'oauth'
         JOIN users u ON u.id = m.user_id
         WHERE m.workspace_id = $1 AND m.status = 'deactivated'
         ORDER BY left_at DESC, c.name, c.id LIMIT $2",
    )
    .bind::<Uuid, _>(proof.actor().workspace)
    .bind::<BigInt, _>(NAMED_AT_MOST)
    .load(conn)?;
    Ok(rows.into())
}

fn actions(conn: &mut PgConnection, proof: &Authorized<ManagePeople, Workspace>) -> QueryResult<FirstOf<NeedyAction>> {
    let seen = agent_share!("$1", "a.id", "$2");
    let sql = format!(
        "SELECT count(*) OVER () AS total, aa.id, aa.action, aa.integration, a.id AS agent, a.name AS agent_name,
                a.owner_id = $2 OR {seen} IS NOT NULL AS is_visible, u.name AS owner_name,
                ARRAY(SELECT DISTINCT s.name FROM connections k
                      JOIN memberships km ON km.workspace_id = k.workspace_id AND km.user_id = k.owner_id
                          AND km.status = 'active' AND (km.role = 'admin' OR EXISTS (
                              SELECT 1 FROM role_permissions p WHERE p.workspace_id = $1 AND p.role = km.role
                              AND p.permission = 'configurePreselectedConnections'))
                      JOIN users s ON s.id = k.owner_id
                      WHERE k.workspace_id = $1 AND k.integration = aa.integration AND k.status = 'active'
                      ORDER BY s.name LIMIT 3) AS suppliers
         FROM bindings b
         JOIN agent_actions aa ON aa.workspace_id = b.workspace_id AND aa.id = b.agent_action_id
             AND aa.credentials = 'preselected'
         JOIN agents a ON a.workspace_id = b.workspace_id AND a.id = aa.agent_id
         JOIN users u ON u.id = a.owner_id
         LEFT JOIN memberships bm ON bm.workspace_id = b.workspace_id AND bm.user_id = b.attached_by
             AND bm.status = 'active'
         LEFT JOIN memberships om ON om.workspace_id = b.workspace_id AND om.user_id = b.connection_owner
             AND om.status = 'active'
         WHERE b.workspace_id = $1 AND (b.broken_at IS NOT NULL OR bm.user_id IS NULL OR om.user_id IS NULL)
         ORDER BY a.name, a.id, aa.id LIMIT $3"
    );
    let rows: Vec<Counted<_>> = diesel::sql_query(sql)
        .bind::<Uuid, _>(proof.actor().workspace)
        .bind::<Uuid, _>(proof.actor().user)
        .bind::<BigInt, _>(NAMED_AT_MOST)
        .load(conn)?;
    Ok(rows.into())
}
