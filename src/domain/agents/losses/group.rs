//! What a group gives its members: connections, agents, integrations. And how many of them have it by this group alone,
//! who are those that lose it with the group.

use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Bool;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actions::ManagePeople;
use crate::authz::facts::AgentAccess;
use crate::authz::facts::ShareAccess;
use crate::authz::proof::Authorized;
use crate::domain::agents::access::agent_share;
use crate::domain::agents::losses::listed::Counted;
use crate::domain::agents::losses::listed::FirstOf;
use crate::domain::agents::losses::listed::NAMED_AT_MOST;
use crate::domain::people::groups::Group;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;

/// A connection that is shared with the group.
#[derive(Clone, Debug, QueryableByName)]
pub struct ReachedConnection {
    /// Its id.
    #[diesel(sql_type = Uuid)]
    pub id: ConnectionId,
    /// What its owner called it.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The integration's key.
    #[diesel(sql_type = Text)]
    pub integration: String,
    /// The owner's name.
    #[diesel(sql_type = Text)]
    pub owner_name: String,
    /// What the share allows.
    #[diesel(sql_type = Text)]
    pub access: ShareAccess,
    /// How many members have it by this group alone.
    #[diesel(sql_type = BigInt)]
    pub losing: i64,
}

/// An agent that is shared with the group.
#[derive(Clone, Debug, QueryableByName)]
pub struct ReachedAgent {
    /// Its id.
    #[diesel(sql_type = Uuid)]
    pub id: AgentId,
    /// Its name. Not for whoever may not see the agent; see [`is_visible`](Self::is_visible).
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The owner's name.
    #[diesel(sql_type = Text)]
    pub owner_name: String,
    /// What the share allows.
    #[diesel(sql_type = Text)]
    pub access: AgentAccess,
    /// Whether the actor may see it: agents are private to their makers, for admins too.
    #[diesel(sql_type = Bool)]
    pub is_visible: bool,
    /// How many members have it by this group alone.
    #[diesel(sql_type = BigInt)]
    pub losing: i64,
}

/// An integration, or an action of one, that is restricted to certain people and open to the group.
#[derive(Clone, Debug, QueryableByName)]
pub struct ReachedIntegration {
    /// Its key.
    #[diesel(sql_type = Text)]
    pub key: String,
    /// The action's key, where the grant is for one; empty for the integration as a whole.
    #[diesel(sql_type = Text)]
    pub action: String,
    /// How many members have it by this group alone.
    #[diesel(sql_type = BigInt)]
    pub losing: i64,
}

/// Everything that a group gives.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Connections, by name.
    pub connections: FirstOf<ReachedConnection>,
    /// Agents, by name.
    pub agents: FirstOf<ReachedAgent>,
    /// Integrations, by key.
    pub integrations: FirstOf<ReachedIntegration>,
    /// How many actions of agents run with a connection that whoever attached it has by this group alone: they are refused
    /// once it is gone (R12).
    pub stopping_actions: i64,
}

impl Reach {
    /// Whether the group gives nothing.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty() && self.agents.is_empty() && self.integrations.is_empty()
    }
}

/// The members of group `$2` that count.
const MEMBERS: &str = "group_members x JOIN memberships m
    ON m.workspace_id = x.workspace_id AND m.user_id = x.user_id AND m.status = 'active'
    AND x.workspace_id = $1 AND x.group_id = $2";

/// Whether another share or grant under an alias reaches the member `x` of group `$2`.
macro_rules! reaches_otherwise {
    ($alias:literal) => {
        concat!(
            $alias,
            ".grantee_user = x.user_id OR ",
            $alias,
            ".grantee_group IN (SELECT y.group_id FROM group_members y
                WHERE y.workspace_id = $1 AND y.user_id = x.user_id AND y.group_id <> $2)"
        )
    };
}

/// What the group gives its members.
pub fn reach(conn: &mut PgConnection, proof: &Authorized<ManagePeople, Group>) -> QueryResult<Reach> {
    Ok(Reach {
        connections: connections(conn, proof)?,
        agents: agents(conn, proof)?,
        integrations: integrations(conn, proof)?,
        stopping_actions: stopping_actions(conn, proof)?,
    })
}

fn connections(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Group>,
) -> QueryResult<FirstOf<ReachedConnection>> {
    let otherwise = reaches_otherwise!("o");
    let sql = format!(
        "SELECT count(*) OVER () AS total, c.id, c.name, c.integration, u.name AS owner_name, s.access, (
            SELECT count(*) FROM {MEMBERS} AND x.user_id <> c.owner_id AND NOT EXISTS (
                SELECT 1 FROM connection_shares o WHERE o.workspace_id = $1 AND o.connection_id = c.id
                AND (o.expires_at IS NULL OR o.expires_at > $3) AND (o.grantee_workspace OR {otherwise}))) AS losing
         FROM connection_shares s
         JOIN connections c ON c.workspace_id = s.workspace_id AND c.id = s.connection_id
         JOIN users u ON u.id = c.owner_id
         WHERE s.workspace_id = $1 AND s.grantee_group = $2 AND (s.expires_at IS NULL OR s.expires_at > $3)
         ORDER BY c.name, c.id LIMIT $4"
    );
    let rows: Vec<Counted<_>> = diesel::sql_query(sql)
        .bind::<Uuid, _>(proof.actor().workspace)
        .bind::<Uuid, _>(proof.resource().id)
        .bind::<Timestamptz, _>(proof.actor().at)
        .bind::<BigInt, _>(NAMED_AT_MOST)
        .load(conn)?;
    Ok(rows.into())
}

fn agents(conn: &mut PgConnection, proof: &Authorized<ManagePeople, Group>) -> QueryResult<FirstOf<ReachedAgent>> {
    let (otherwise, seen) = (reaches_otherwise!("o"), agent_share!("$1", "a.id", "$3"));
    let sql = format!(
        "SELECT count(*) OVER () AS total, a.id, a.name, u.name AS owner_name, s.access, a.owner_id = $3 OR {seen} IS NOT NULL AS is_visible, (
            SELECT count(*) FROM {MEMBERS} AND x.user_id <> a.owner_id AND NOT EXISTS (
                SELECT 1 FROM agent_shares o WHERE o.workspace_id = $1 AND o.agent_id = a.id
                AND (o.grantee_workspace OR {otherwise}))) AS losing
         FROM agent_shares s
         JOIN agents a ON a.workspace_id = s.workspace_id AND a.id = s.agent_id
         JOIN users u ON u.id = a.owner_id
         WHERE s.workspace_id = $1 AND s.grantee_group = $2 ORDER BY a.name, a.id LIMIT $4"
    );
    let rows: Vec<Counted<_>> = diesel::sql_query(sql)
        .bind::<Uuid, _>(proof.actor().workspace)
        .bind::<Uuid, _>(proof.resource().id)
        .bind::<Uuid, _>(proof.actor().user)
        .bind::<BigInt, _>(NAMED_AT_MOST)
        .load(conn)?;
    Ok(rows.into())
}

/// Admins keep every integration, whatever their groups (see the policy).
fn integrations(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Group>,
) -> QueryResult<FirstOf<ReachedIntegration>> {
    let otherwise = reaches_otherwise!("o");
    let sql = format!(
        "SELECT count(*) OVER () AS total, g.integration AS key, g.action, (
            SELECT count(*) FROM {MEMBERS} AND m.role <> 'admin' AND NOT EXISTS (
                SELECT 1 FROM integration_grants o WHERE o.workspace_id = $1 AND o.integration = g.integration
                AND o.action = g.action AND ({otherwise}))) AS losing
         FROM integration_grants g
         JOIN integration_settings s ON s.workspace_id = g.workspace_id AND s.integration = g.integration
         WHERE g.workspace_id = $1 AND g.grantee_group = $2
           AND CASE WHEN g.action = '' THEN NOT s.for_everyone ELSE g.action = ANY (s.restricted_actions) END
         ORDER BY g.integration, g.action LIMIT $3"
    );
    let rows: Vec<Counted<_>> = diesel::sql_query(sql)
        .bind::<Uuid, _>(proof.actor().workspace)
        .bind::<Uuid, _>(proof.resource().id)
        .bind::<BigInt, _>(NAMED_AT_MOST)
        .load(conn)?;
    Ok(rows.into())
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn stopping_actions(conn: &mut PgConnection, proof: &Authorized<ManagePeople, Group>) -> QueryResult<i64> {
    let otherwise = reaches_otherwise!("o");
    let sql = format!(
        "SELECT count(*) AS count FROM connection_shares s
         JOIN connections c ON c.workspace_id = s.workspace_id AND c.id = s.connection_id
         JOIN bindings b ON b.workspace_id = s.workspace_id AND b.connection_id = s.connection_id
         JOIN (SELECT x.user_id FROM {MEMBERS} AND m.role <> 'admin') x ON x.user_id = b.attached_by
         WHERE s.workspace_id = $1 AND s.grantee_group = $2 AND s.access = 'attach'
           AND (s.expires_at IS NULL OR s.expires_at > $3) AND c.owner_id <> b.attached_by
           AND NOT EXISTS (
                SELECT 1 FROM connection_shares o WHERE o.workspace_id = $1 AND o.connection_id = c.id
                AND o.access = 'attach' AND (o.expires_at IS NULL OR o.expires_at > $3)
                AND (o.grantee_workspace OR {otherwise}))"
    );
    let counted: Count = diesel::sql_query(sql)
        .bind::<Uuid, _>(proof.actor().workspace)
        .bind::<Uuid, _>(proof.resource().id)
        .bind::<Timestamptz, _>(proof.actor().at)
        .get_result(conn)?;
    Ok(counted.count)
}
