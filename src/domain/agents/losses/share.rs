//! What goes with a share of a connection: who has no other way to it, who could attach it by this share alone, and which
//! agents stop because whoever attached it had that right by this share.

use std::collections::HashMap;

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

use crate::authz::actions::Share;
use crate::authz::proof::Authorized;
use crate::domain::agents::access::agent_share;
use crate::domain::connections::Connection;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ShareId;
use crate::kernel::ids::UserId;

/// How many people of each share are looked at. Of a share with more, the numbers say “at least”.
pub const LOOKED_AT_MOST: i64 = 200;

/// What goes with one share.
#[derive(Clone, Debug, Default)]
pub struct Loss {
    /// How many people lose the connection.
    pub people: i64,
    /// The first of their names.
    pub names: Vec<String>,
    /// How many keep the use of it and lose the right to attach it.
    pub weaker: i64,
    /// Whether there are more people than were looked at.
    pub is_more: bool,
    /// The agents that stop and that the actor may see.
    pub agents: Vec<(AgentId, String)>,
    /// How many others stop.
    pub hidden_agents: i64,
}

#[derive(QueryableByName)]
struct PeopleRow {
    #[diesel(sql_type = Uuid)]
    share: ShareId,
    #[diesel(sql_type = BigInt)]
    looked: i64,
    #[diesel(sql_type = BigInt)]
    people: i64,
    #[diesel(sql_type = BigInt)]
    weaker: i64,
    #[diesel(sql_type = Array<Text>)]
    names: Vec<String>,
}

#[derive(QueryableByName)]
struct AgentRow {
    #[diesel(sql_type = Uuid)]
    share: ShareId,
    #[diesel(sql_type = Uuid)]
    agent: AgentId,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_visible: bool,
}

/// The most that the other living shares give a user: `$1` is the workspace, `$3` the time, `s` the share that goes.
macro_rules! rest {
    ($user:literal) => {
        concat!(
            "(SELECT min(o.access) FROM (
                SELECT id, access, expires_at FROM connection_shares
                    WHERE workspace_id = $1 AND connection_id = s.connection_id AND grantee_user = ",
            $user,
            " UNION ALL SELECT id, access, expires_at FROM connection_shares
                    WHERE workspace_id = $1 AND connection_id = s.connection_id AND grantee_workspace
                UNION ALL SELECT c.id, c.access, c.expires_at FROM group_members g JOIN connection_shares c
                    ON c.workspace_id = $1 AND c.connection_id = s.connection_id AND c.grantee_group = g.group_id
                    WHERE g.workspace_id = $1 AND g.user_id = ",
            $user,
            ") o WHERE o.id <> s.id AND (o.expires_at IS NULL OR o.expires_at > $3))"
        )
    };
}

/// What goes with each of these shares of the connection. One that has ended takes nothing with it.
pub fn losses(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Connection>,
    shares: &[ShareId],
) -> QueryResult<HashMap<ShareId, Loss>> {
    let mut losses: HashMap<ShareId, Loss> = HashMap::new();
    for row in people(conn, proof, shares)? {
        let loss = losses.entry(row.share).or_default();
        *loss = Loss {
            people: row.people,
            names: row.names,
            weaker: row.weaker,
            is_more: row.looked == LOOKED_AT_MOST,
            ..Loss::default()
        };
    }
    for row in agents(conn, proof, shares)? {
        let loss = losses.entry(row.share).or_default();
        if row.is_visible {
            loss.agents.push((row.agent, row.name));
        } else {
            loss.hidden_agents += 1;
        }
    }
    Ok(losses)
}

fn people(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Connection>,
    shares: &[ShareId],
) -> QueryResult<Vec<PeopleRow>> {
    diesel::sql_query(concat!(
        "SELECT s.id AS share, p.looked, p.people, p.weaker, coalesce(p.names, '{}') AS names
         FROM connection_shares s CROSS JOIN LATERAL (
             SELECT count(*) AS looked, count(*) FILTER (WHERE x.rest IS NULL) AS people,
                    count(*) FILTER (WHERE x.rest = 'use' AND s.access = 'attach') AS weaker,
                    (array_agg(x.name ORDER BY x.name) FILTER (WHERE x.rest IS NULL))[1:3] AS names
             FROM (
                 SELECT u.name, ",
        rest!("k.user_id"),
        " AS rest FROM (
                     SELECT s.grantee_user AS user_id WHERE s.grantee_user IS NOT NULL
                     UNION ALL SELECT g.user_id FROM group_members g
                         WHERE g.workspace_id = $1 AND g.group_id = s.grantee_group
                     UNION ALL SELECT a.user_id FROM memberships a WHERE a.workspace_id = $1 AND s.grantee_workspace
                 ) k
                 JOIN memberships m ON m.workspace_id = $1 AND m.user_id = k.user_id AND m.status = 'active'
                 JOIN users u ON u.id = k.user_id
                 WHERE k.user_id <> $5 LIMIT $6
             ) x
         ) p
         WHERE s.workspace_id = $1 AND s.connection_id = $2 AND s.id = ANY ($4)
           AND (s.expires_at IS NULL OR s.expires_at > $3)"
    ))
    .bind::<Uuid, _>(proof.actor().workspace)
    .bind::<Uuid, _>(proof.resource().id)
    .bind::<Timestamptz, _>(proof.actor().at)
    .bind::<Array<Uuid>, _>(shares)
    .bind::<Uuid, UserId>(proof.resource().owner)
    .bind::<BigInt, _>(LOOKED_AT_MOST)
    .load(conn)
}

/// Agents whose binding stood on the share (R12): its attacher neither owns the connection nor is an admin.
fn agents(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Connection>,
    shares: &[ShareId],
) -> QueryResult<Vec<AgentRow>> {
    diesel::sql_query(concat!(
        "SELECT DISTINCT s.id AS share, a.id AS agent, a.name, a.owner_id = $5 OR ",
        agent_share!("$1", "a.id", "$5"),
        " IS NOT NULL AS is_visible
         FROM connection_shares s
         JOIN bindings b ON b.workspace_id = $1 AND b.connection_id = s.connection_id AND b.broken_at IS NULL
             AND b.attached_by <> b.connection_owner
         JOIN memberships m ON m.workspace_id = $1 AND m.user_id = b.attached_by AND m.status = 'active'
             AND m.role <> 'admin'
         JOIN agent_actions x ON x.workspace_id = $1 AND x.id = b.agent_action_id
         JOIN agents a ON a.workspace_id = $1 AND a.id = x.agent_id
         WHERE s.workspace_id = $1 AND s.connection_id = $2 AND s.id = ANY ($4) AND s.access = 'attach'
           AND (s.expires_at IS NULL OR s.expires_at > $3)
           AND (s.grantee_workspace OR s.grantee_user = b.attached_by OR s.grantee_group IN (
                SELECT g.group_id FROM group_members g WHERE g.workspace_id = $1 AND g.user_id = b.attached_by))
           AND ",
        rest!("b.attached_by"),
        " IS DISTINCT FROM 'attach'
         ORDER BY a.name LIMIT $6"
    ))
    .bind::<Uuid, _>(proof.actor().workspace)
    .bind::<Uuid, _>(proof.resource().id)
    .bind::<Timestamptz, _>(proof.actor().at)
    .bind::<Array<Uuid>, _>(shares)
    .bind::<Uuid, _>(proof.actor().user)
    .bind::<BigInt, _>(LOOKED_AT_MOST)
    .load(conn)
}
