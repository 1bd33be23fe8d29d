//! Adding people to a group, as it touches agents: whoever attached a connection to an agent that the group may use is told
//! that more people act through it (D-36), once for each time that people are added. A share tells it in `told`.

use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;
use serde_json::json;

use crate::authz::actions::ManagePeople;
use crate::authz::proof::Authorized;
use crate::domain::outbox;
use crate::domain::outbox::Kind;
use crate::domain::outbox::NewMail;
use crate::domain::people::groups::Group;
use crate::domain::people::groups::GroupError;
use crate::domain::people::groups::roster;
use crate::domain::people::groups::roster::Added;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;

/// Adds an active member to the group; false if there is no such member here.
pub fn add(conn: &mut PgConnection, proof: &Authorized<ManagePeople, Group>, user: UserId) -> Result<bool, GroupError> {
    let is_known = roster::add(conn, proof, user)?;
    tell_attachers(conn, proof)?;
    Ok(is_known)
}

/// Adds the active members with these addresses, and names the addresses that are nobody's here.
pub fn add_by_address(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Group>,
    addresses: &[String],
) -> Result<Added, GroupError> {
    let added = roster::add_by_address(conn, proof, addresses)?;
    tell_attachers(conn, proof)?;
    Ok(added)
}

#[derive(QueryableByName)]
struct GrownRow {
    #[diesel(sql_type = Uuid)]
    attached_by: UserId,
    #[diesel(sql_type = Array<Uuid>)]
    agents: Vec<AgentId>,
    #[diesel(sql_type = Array<Uuid>)]
    joined: Vec<UserId>,
}

/// Who joined is whoever has the time of this act on their seat. Somebody who had the agent by another way makes it no wider.
fn tell_attachers(conn: &mut PgConnection, proof: &Authorized<ManagePeople, Group>) -> QueryResult<()> {
    let (actor, group) = (proof.actor(), proof.resource());
    let grown: Vec<GrownRow> = diesel::sql_query(
        "SELECT b.attached_by, array_agg(DISTINCT aa.agent_id) AS agents, array_agg(DISTINCT j.user_id) AS joined
         FROM agent_shares s
         JOIN agents a ON a.workspace_id = s.workspace_id AND a.id = s.agent_id
         JOIN agent_actions aa ON aa.workspace_id = s.workspace_id AND aa.agent_id = s.agent_id
         JOIN bindings b ON b.workspace_id = aa.workspace_id AND b.agent_action_id = aa.id AND b.broken_at IS NULL
         JOIN memberships m ON m.workspace_id = b.workspace_id AND m.user_id = b.attached_by AND m.status = 'active'
         JOIN group_members j ON j.workspace_id = s.workspace_id AND j.group_id = s.grantee_group AND j.created_at = $3
         WHERE s.workspace_id = $1 AND s.grantee_group = $2 AND b.attached_by <> $4 AND b.attached_by <> j.user_id
           AND a.owner_id <> j.user_id AND NOT EXISTS (
               SELECT 1 FROM agent_shares o WHERE o.workspace_id = $1 AND o.agent_id = s.agent_id AND o.id <> s.id
               AND (o.grantee_workspace OR o.grantee_user = j.user_id OR o.grantee_group IN (
                   SELECT g.group_id FROM group_members g WHERE g.workspace_id = $1 AND g.user_id = j.user_id)))
         GROUP BY b.attached_by",
    )
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(group.id)
    .bind::<Timestamptz, _>(actor.at)
    .bind::<Uuid, _>(actor.user)
    .load(conn)?;
    for GrownRow { attached_by, agents, joined } in grown {
        let kind = Kind::AudienceGrew;
        let mail = NewMail {
            workspace: Some(actor.workspace),
            user: attached_by,
            kind,
            dedupe_key: format!("{kind}:{}:{}:{attached_by}", group.id, actor.at.timestamp_micros()),
            payload: json!({ "group": group.id, "by": actor.user, "agents": agents, "joined": joined }),
        };
        outbox::enqueue(conn, mail, actor.at)?;
    }
    Ok(())
}

/// What a letter says of people who joined, as it is now.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The group's name.
    pub group: String,
    /// Those of the people who are still in it: their names.
    pub people: Vec<String>,
    /// Those of the agents that the group still may use and that act through what the person attached.
    pub agents: Vec<(AgentId, String)>,
}

#[derive(QueryableByName)]
struct JoinedRow {
    #[diesel(sql_type = Text)]
    group: String,
    #[diesel(sql_type = Array<Text>)]
    people: Vec<String>,
}

#[derive(QueryableByName)]
struct AgentRow {
    #[diesel(sql_type = Uuid)]
    id: AgentId,
    #[diesel(sql_type = Text)]
    name: String,
}

/// Who of `people` is still in the group, and by which of `agents` they act through what `attacher` attached.
pub fn find(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    group: GroupId,
    (people, agents): (&[UserId], &[AgentId]),
    attacher: UserId,
) -> QueryResult<Option<Joined>> {
    let found: Option<JoinedRow> = diesel::sql_query(
        "SELECT g.name AS group, ARRAY(
                SELECT u.name FROM group_members m JOIN users u ON u.id = m.user_id
                WHERE m.workspace_id = $1 AND m.group_id = $2 AND m.user_id = ANY ($3) ORDER BY u.name) AS people
         FROM groups g WHERE g.workspace_id = $1 AND g.id = $2",
    )
    .bind::<Uuid, _>(workspace)
    .bind::<Uuid, _>(group)
    .bind::<Array<Uuid>, _>(people)
    .get_result(conn)
    .optional()?;
    let Some(JoinedRow { group: name, people }) = found.filter(|found| !found.people.is_empty()) else {
        return Ok(None);
    };
    let rows: Vec<AgentRow> = diesel::sql_query(
        "SELECT a.id, a.name FROM agents a
         WHERE a.workspace_id = $1 AND a.id = ANY ($3)
           AND EXISTS (SELECT 1 FROM agent_shares s
                       WHERE s.workspace_id = $1 AND s.agent_id = a.id AND s.grantee_group = $2)
           AND EXISTS (SELECT 1 FROM agent_actions aa JOIN bindings b
                           ON b.workspace_id = aa.workspace_id AND b.agent_action_id = aa.id
                       WHERE aa.workspace_id = $1 AND aa.agent_id = a.id AND b.attached_by = $4 AND b.broken_at IS NULL)
         ORDER BY a.name, a.id",
    )
    .bind::<Uuid, _>(workspace)
    .bind::<Uuid, _>(group)
    .bind::<Array<Uuid>, _>(agents)
    .bind::<Uuid, _>(attacher)
    .load(conn)?;
    let agents: Vec<(AgentId, String)> = rows.into_iter().map(|row| (row.id, row.name)).collect();
    Ok(Some(Joined { group: name, people, agents }).filter(|joined| !joined.agents.is_empty()))
}
