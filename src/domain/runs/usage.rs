//! What would stop if a connection went away (R15): how many people, agents and runs depend on it, and which of these
//! agents the person who asks may see.

use chrono::Duration;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::proof::Denied;
use crate::authz::proof::authorize;
use crate::domain::agents::Agent;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;

/// How far back runs are counted.
const RECENT: Duration = Duration::days(30);

/// How many agents are looked at for their names.
pub const NAMED_AT_MOST: i64 = 50;

/// What depends on a connection, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub struct Usage {
    /// How often it is shared.
    #[diesel(sql_type = BigInt)]
    pub shares: i64,
    /// How many agents have it preselected.
    #[diesel(sql_type = BigInt)]
    pub agents: i64,
    /// On how many actions.
    #[diesel(sql_type = BigInt)]
    pub actions: i64,
    /// How many other people can act through it, by a share or by one of these agents.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// How many runs used it in the last 30 days.
    #[diesel(sql_type = BigInt)]
    pub recent_runs: i64,
}

/// What depends on a connection of the actor's workspace.
pub fn usage(conn: &mut PgConnection, actor: &Actor, connection: ConnectionId) -> QueryResult<Usage> {
    diesel::sql_query(
        "WITH bound AS (
             SELECT a.agent_id, a.id FROM bindings b
             JOIN agent_actions a ON a.workspace_id = b.workspace_id AND a.id = b.agent_action_id
             WHERE b.workspace_id = $1 AND b.connection_id = $2),
         shared AS (
             SELECT grantee_user, grantee_group, grantee_workspace FROM connection_shares
             WHERE workspace_id = $1 AND connection_id = $2 AND (expires_at IS NULL OR expires_at > $3)),
         reached AS (
             SELECT * FROM shared
             UNION ALL SELECT grantee_user, grantee_group, grantee_workspace FROM agent_shares
                 WHERE workspace_id = $1 AND agent_id IN (SELECT agent_id FROM bound)
             UNION ALL SELECT owner_id, NULL, NULL FROM agents
                 WHERE workspace_id = $1 AND id IN (SELECT agent_id FROM bound)),
         named AS (
             SELECT grantee_user AS user_id FROM reached WHERE grantee_user IS NOT NULL
             UNION SELECT g.user_id FROM reached r
                 JOIN group_members g ON g.workspace_id = $1 AND g.group_id = r.grantee_group),
         owner AS (SELECT owner_id FROM connections WHERE workspace_id = $1 AND id = $2)
         SELECT (SELECT count(*) FROM shared) AS shares,
                (SELECT count(DISTINCT agent_id) FROM bound) AS agents,
                (SELECT count(*) FROM bound) AS actions,
                CASE WHEN EXISTS (SELECT 1 FROM reached WHERE grantee_workspace)
                    THEN (SELECT count(*) FROM memberships m
                          WHERE m.workspace_id = $1 AND m.status = 'active' AND m.user_id NOT IN (SELECT * FROM owner))
                    ELSE (SELECT count(*) FROM named n
                          JOIN memberships m ON m.workspace_id = $1 AND m.user_id = n.user_id AND m.status = 'active'
                          WHERE n.user_id NOT IN (SELECT * FROM owner))
                    END AS people,
                (SELECT count(*) FROM runs
                 WHERE workspace_id = $1 AND connection_id = $2 AND started_at > $4) AS recent_runs",
    )
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(connection)
    .bind::<Timestamptz, _>(actor.at)
    .bind::<Timestamptz, _>(actor.at - RECENT)
    .get_result(conn)
}

#[derive(QueryableByName)]
struct Bound {
    #[diesel(sql_type = Uuid)]
    agent_id: AgentId,
}

/// The agents that have the connection preselected and that the actor may see.
pub fn agents(conn: &mut PgConnection, actor: &Actor, connection: ConnectionId) -> QueryResult<Vec<Agent>> {
    let bound: Vec<Bound> = diesel::sql_query(
        "SELECT DISTINCT a.agent_id FROM bindings b
         JOIN agent_actions a ON a.workspace_id = b.workspace_id AND a.id = b.agent_action_id
         WHERE b.workspace_id = $1 AND b.connection_id = $2 ORDER BY a.agent_id LIMIT $3",
    )
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(connection)
    .bind::<BigInt, _>(NAMED_AT_MOST)
    .load(conn)?;
    let mut visible = Vec::new();
    for Bound { agent_id } in bound {
        match authorize::<View, Agent>(conn, actor.clone(), &agent_id) {
            Ok(proof) => visible.push(proof.into_parts().1),
            Err(Denied::Hidden | Denied::Forbidden(_)) => {}
            Err(Denied::Database(error)) => return Err(error),
        }
    }
    Ok(visible)
}
