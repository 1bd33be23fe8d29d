//! The agents that a person may see: the policy's `View` as SQL. A property test holds the two equal.

use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Nullable;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actor::Actor;
use crate::db::prepared::prepared;
use crate::domain::agents::access::agent_share;
use crate::domain::agents::agent::Agent;
use crate::domain::agents::agent::agent_columns;
use crate::kernel::ids::AgentId;
use crate::kernel::paging::Listed;
use crate::kernel::paging::Page;

/// A page of the agents that the actor may see, newest first: their own, and those shared with them.
pub fn list(conn: &mut PgConnection, actor: &Actor, page: &Page) -> QueryResult<Listed<Agent>> {
    let rows: Vec<Agent> = prepared(concat!(
        "SELECT ",
        agent_columns!(),
        " FROM agents a JOIN users o ON o.id = a.owner_id
         WHERE a.workspace_id = $1 AND (a.owner_id = $2 OR a.id IN (
                SELECT s.agent_id FROM agent_shares s WHERE s.workspace_id = $1 AND s.grantee_user = $2
                UNION ALL
                SELECT s.agent_id FROM group_members g JOIN agent_shares s
                    ON s.workspace_id = g.workspace_id AND s.grantee_group = g.group_id
                    WHERE g.workspace_id = $1 AND g.user_id = $2
                UNION ALL
                SELECT s.agent_id FROM agent_shares s WHERE s.workspace_id = $1 AND s.grantee_workspace))
           AND ($3 IS NULL OR (a.created_at, a.id) < ($3, $4))
         ORDER BY a.created_at DESC, a.id DESC LIMIT $5"
    ))
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(actor.user)
    .bind::<Nullable<Timestamptz>, _>(page.after.map(|cursor| cursor.at))
    .bind::<Nullable<Uuid>, _>(page.after.map(|cursor| cursor.id))
    .bind::<BigInt, _>(page.fetch())
    .load(conn)?;
    Ok(Listed::cut(rows, page, |agent| (agent.created_at, agent.id.uuid())))
}

/// The agents that the actor may change, the latest changed first; at most `limit`. The policy's `Edit` as SQL.
pub fn editable(conn: &mut PgConnection, actor: &Actor, limit: i64) -> QueryResult<Vec<Agent>> {
    prepared(concat!(
        "SELECT ",
        agent_columns!(),
        " FROM agents a JOIN users o ON o.id = a.owner_id
         WHERE a.workspace_id = $1 AND (a.owner_id = $2 OR a.id IN (
                SELECT s.agent_id FROM agent_shares s
                    WHERE s.workspace_id = $1 AND s.grantee_user = $2 AND s.access = 'edit'
                UNION ALL
                SELECT s.agent_id FROM group_members g JOIN agent_shares s
                    ON s.workspace_id = g.workspace_id AND s.grantee_group = g.group_id AND s.access = 'edit'
                    WHERE g.workspace_id = $1 AND g.user_id = $2
                UNION ALL
                SELECT s.agent_id FROM agent_shares s
                    WHERE s.workspace_id = $1 AND s.grantee_workspace AND s.access = 'edit'))
         ORDER BY a.updated_at DESC, a.id DESC LIMIT $3"
    ))
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(actor.user)
    .bind::<BigInt, _>(limit)
    .load(conn)
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = Uuid)]
    id: AgentId,
}

/// Those of `agents` that the actor may see, for a page that links to them.
pub fn among(conn: &mut PgConnection, actor: &Actor, agents: &[AgentId]) -> QueryResult<Vec<AgentId>> {
    let rows: Vec<Id> = prepared(concat!(
        "SELECT a.id FROM agents a WHERE a.workspace_id = $1 AND a.id = ANY ($3) AND (a.owner_id = $2 OR ",
        agent_share!("$1", "a.id", "$2"),
        " IS NOT NULL)"
    ))
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(actor.user)
    .bind::<Array<Uuid>, _>(agents)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}
