//! The agents that a person may see: the policy's `View` as SQL. A property test holds the two equal.

use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actions::Delete;
use crate::authz::actor::Actor;
use crate::authz::proof::Authorized;
use crate::db::prepared::prepared;
use crate::domain::agents::access::agent_share;
use crate::domain::agents::agent::Agent;
use crate::domain::agents::agent::agent_columns;
use crate::domain::connections::Connection;
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

/// An agent by its name.
#[derive(Clone, Debug, QueryableByName)]
pub struct AgentName {
    /// Its id.
    #[diesel(sql_type = Uuid)]
    pub id: AgentId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
}

/// The agents that a connection is preselected on, by name. Whoever may delete the connection is told of them all, their
/// own or not: they stop working with it (R15).
pub fn depending_on(conn: &mut PgConnection, proof: &Authorized<Delete, Connection>) -> QueryResult<Vec<AgentName>> {
    diesel::sql_query(
        "SELECT a.id, a.name FROM agents a WHERE a.workspace_id = $1 AND a.id IN (
             SELECT aa.agent_id FROM bindings b
             JOIN agent_actions aa ON aa.workspace_id = b.workspace_id AND aa.id = b.agent_action_id
             WHERE b.workspace_id = $1 AND b.connection_id = $2)
         ORDER BY a.name, a.id",
    )
    .bind::<Uuid, _>(proof.actor().workspace)
    .bind::<Uuid, _>(proof.resource().id)
    .load(conn)
}
