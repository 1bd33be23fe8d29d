//! What stops when a member is deactivated: their connections, and the actions of agents that run with one of these or with
//! one that they attached; and how many people that reaches.

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
use crate::authz::proof::Authorized;
use crate::domain::agents::access::agent_share;
use crate::domain::agents::losses::listed::Counted;
use crate::domain::agents::losses::listed::FirstOf;
use crate::domain::agents::losses::listed::NAMED_AT_MOST;
use crate::domain::people::memberships::Membership;
use crate::kernel::ids::AgentId;

/// An agent with actions that stop.
#[derive(Clone, Debug, QueryableByName)]
pub struct StoppingAgent {
    /// Its id.
    #[diesel(sql_type = Uuid)]
    pub id: AgentId,
    /// Its name. Not for whoever may not see the agent.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The owner's name.
    #[diesel(sql_type = Text)]
    pub owner_name: String,
    /// Whether the actor may see it.
    #[diesel(sql_type = Bool)]
    pub is_visible: bool,
    /// How many of its actions stop.
    #[diesel(sql_type = BigInt)]
    pub actions: i64,
    /// How many other people may use it.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
}

/// What depends on a member.
#[derive(Clone, Debug, Default)]
pub struct Dependents {
    /// Their OAuth connections.
    pub sign_ins: i64,
    /// Their other connections, which an admin can adopt.
    pub keys: i64,
    /// How many other people can act through one of these by a share.
    pub sharers: i64,
    /// How many restricted integrations and actions are open to the person by name.
    pub grants: i64,
    /// The agents, by name.
    pub agents: FirstOf<StoppingAgent>,
}

impl Dependents {
    /// Whether nothing stops but the person's own doing.
    pub fn is_empty(&self) -> bool {
        self.sign_ins + self.keys + self.grants == 0 && self.agents.is_empty()
    }
}

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    sign_ins: i64,
    #[diesel(sql_type = BigInt)]
    keys: i64,
    #[diesel(sql_type = BigInt)]
    sharers: i64,
    #[diesel(sql_type = BigInt)]
    grants: i64,
}

/// What stops without the member.
pub fn dependents(conn: &mut PgConnection, proof: &Authorized<ManagePeople, Membership>) -> QueryResult<Dependents> {
    let (actor, person) = (proof.actor(), proof.resource());
    let counts: Counts = diesel::sql_query(
        "WITH own AS (SELECT id, auth_type FROM connections WHERE workspace_id = $1 AND owner_id = $2),
         given AS (SELECT s.grantee_user, s.grantee_group, s.grantee_workspace FROM connection_shares s
                   WHERE s.workspace_id = $1 AND s.connection_id IN (SELECT id FROM own)
                     AND (s.expires_at IS NULL OR s.expires_at > $3))
         SELECT (SELECT count(*) FROM own WHERE auth_type = 'oauth') AS sign_ins,
                (SELECT count(*) FROM own WHERE auth_type <> 'oauth') AS keys,
                (SELECT count(*) FROM memberships m
                 WHERE m.workspace_id = $1 AND m.status = 'active' AND m.user_id <> $2
                   AND EXISTS (SELECT 1 FROM given r
                               WHERE r.grantee_workspace OR r.grantee_user = m.user_id OR r.grantee_group IN (
                                   SELECT g.group_id FROM group_members g
                                   WHERE g.workspace_id = $1 AND g.user_id = m.user_id))) AS sharers,
                (SELECT count(*) FROM integration_grants g
                 WHERE g.workspace_id = $1 AND g.grantee_user = $2) AS grants",
    )
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(person.user)
    .bind::<Timestamptz, _>(actor.at)
    .get_result(conn)?;
    Ok(Dependents {
        sign_ins: counts.sign_ins,
        keys: counts.keys,
        sharers: counts.sharers,
        grants: counts.grants,
        agents: agents(conn, proof)?,
    })
}

fn agents(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Membership>,
) -> QueryResult<FirstOf<StoppingAgent>> {
    let seen = agent_share!("$1", "a.id", "$3");
    let sql = format!(
        "WITH stopping AS (
             SELECT aa.agent_id, count(*) AS actions FROM (
                 SELECT b.agent_action_id FROM bindings b
                     JOIN connections c ON c.workspace_id = b.workspace_id AND c.id = b.connection_id
                     WHERE c.workspace_id = $1 AND c.owner_id = $2
                 UNION SELECT b.agent_action_id FROM bindings b
                     WHERE b.workspace_id = $1 AND b.attached_by = $2 AND b.broken_at IS NULL
             ) x JOIN agent_actions aa ON aa.workspace_id = $1 AND aa.id = x.agent_action_id GROUP BY aa.agent_id)
         SELECT count(*) OVER () AS total, a.id, a.name, u.name AS owner_name, a.owner_id = $3 OR {seen} IS NOT NULL AS is_visible, s.actions, (
             SELECT count(*) FROM memberships m
             WHERE m.workspace_id = $1 AND m.status = 'active' AND m.user_id <> $2 AND (
                 m.user_id = a.owner_id OR EXISTS (
                     SELECT 1 FROM agent_shares r WHERE r.workspace_id = $1 AND r.agent_id = a.id
                     AND (r.grantee_workspace OR r.grantee_user = m.user_id OR r.grantee_group IN (
                         SELECT g.group_id FROM group_members g
                         WHERE g.workspace_id = $1 AND g.user_id = m.user_id))))) AS people
         FROM stopping s JOIN agents a ON a.workspace_id = $1 AND a.id = s.agent_id
         JOIN users u ON u.id = a.owner_id ORDER BY a.name, a.id LIMIT $4"
    );
    let rows: Vec<Counted<_>> = diesel::sql_query(sql)
        .bind::<Uuid, _>(proof.actor().workspace)
        .bind::<Uuid, _>(proof.resource().user)
        .bind::<Uuid, _>(proof.actor().user)
        .bind::<BigInt, _>(NAMED_AT_MOST)
        .load(conn)?;
    Ok(rows.into())
}
