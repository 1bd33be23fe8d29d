//! Who is told when a share of an agent comes or goes (R7), and that whoever attached a connection is told when more people
//! act through it.

use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::dsl::exists;
use diesel::dsl::select;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Bool;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Uuid;
use serde_json::json;

use crate::authz::actions::Share;
use crate::authz::facts::AgentAccess;
use crate::authz::proof::Authorized;
use crate::db::schema::group_members;
use crate::domain::agents::agent::Agent;
use crate::domain::outbox;
use crate::domain::outbox::Kind;
use crate::domain::outbox::NewMail;
use crate::domain::outbox::fan_outs;
use crate::domain::outbox::fan_outs::BATCH;
use crate::domain::outbox::fan_outs::Candidate;
use crate::domain::outbox::fan_outs::FanOut;
use crate::domain::outbox::fan_outs::NewFanOut;
use crate::domain::outbox::fan_outs::Subject;
use crate::domain::people::grantee::Grantee;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::AgentShareId;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;

/// Those whom a share reaches are to be told that it came, or that it went.
pub(in crate::domain::agents) fn tell(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Agent>,
    kind: Kind,
    share: AgentShareId,
    grantee: Grantee,
) -> QueryResult<()> {
    let (actor, agent) = (proof.actor(), proof.resource());
    fan_outs::begin(
        conn,
        NewFanOut {
            workspace: actor.workspace,
            kind,
            subject: Subject::Agent,
            subject_id: agent.id.uuid(),
            share: share.uuid(),
            user: grantee.user(),
            group: grantee.group(),
            actor: actor.user,
            payload: json!({ "agent": agent.id, "share": share, "by": actor.user, "name": agent.name }),
            due_at: actor.at,
        },
    )
}

#[derive(QueryableByName)]
struct Attacher {
    #[diesel(sql_type = Uuid)]
    attached_by: UserId,
}

/// Whoever attached a connection to one of the agent's actions is told, once for each share, that others act through it now.
pub(in crate::domain::agents) fn tell_attachers(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Agent>,
    share: AgentShareId,
) -> QueryResult<()> {
    let (actor, agent) = (proof.actor(), proof.resource());
    let attachers: Vec<Attacher> = diesel::sql_query(
        "SELECT DISTINCT b.attached_by FROM agent_actions aa
         JOIN bindings b ON b.workspace_id = aa.workspace_id AND b.agent_action_id = aa.id
         JOIN memberships m ON m.workspace_id = b.workspace_id AND m.user_id = b.attached_by AND m.status = 'active'
         WHERE aa.workspace_id = $1 AND aa.agent_id = $2 AND b.broken_at IS NULL AND b.attached_by <> $3",
    )
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(agent.id)
    .bind::<Uuid, _>(actor.user)
    .load(conn)?;
    for Attacher { attached_by } in attachers {
        let mail = NewMail {
            workspace: Some(actor.workspace),
            user: attached_by,
            kind: Kind::AudienceGrew,
            dedupe_key: format!("{}:{share}:{attached_by}", Kind::AudienceGrew),
            payload: json!({ "agent": agent.id, "share": share, "by": actor.user }),
        };
        outbox::enqueue(conn, mail, actor.at)?;
    }
    Ok(())
}

/// The shares that reach `b.user_id` of agent `$7`; each way is an index probe.
const REACHING: &str = "SELECT id, created_at FROM agent_shares
        WHERE workspace_id = $1 AND agent_id = $7 AND grantee_user = b.user_id
    UNION ALL SELECT id, created_at FROM agent_shares WHERE workspace_id = $1 AND agent_id = $7 AND grantee_workspace
    UNION ALL SELECT c.id, c.created_at FROM group_members g JOIN agent_shares c
        ON c.workspace_id = $1 AND c.agent_id = $7 AND c.grantee_group = g.group_id
        WHERE g.workspace_id = $1 AND g.user_id = b.user_id";

/// The next people whom a fan-out looks at, as for a connection.
pub fn step(tx: &mut PgConnection, fan_out: &FanOut) -> QueryResult<Vec<Candidate>> {
    let condition = if fan_out.kind == Kind::AccessRemoved {
        format!("$9 IS NOT NULL AND NOT EXISTS ({REACHING})")
    } else {
        format!(
            "EXISTS (SELECT 1 FROM agent_shares own WHERE own.workspace_id = $1 AND own.id = $9
                AND NOT EXISTS (SELECT 1 FROM ({REACHING}) r WHERE (r.created_at, r.id) < (own.created_at, own.id)))"
        )
    };
    let sql = format!(
        "SELECT b.user_id, b.user_id <> $8 AND NOT EXISTS (
                SELECT 1 FROM agents o WHERE o.workspace_id = $1 AND o.id = $7 AND o.owner_id = b.user_id)
             AND {condition} AS is_told
         FROM ({BATCH}) b ORDER BY b.user_id"
    );
    diesel::sql_query(sql)
        .bind::<Uuid, _>(fan_out.workspace_id)
        .bind::<Nullable<Uuid>, _>(fan_out.after_user)
        .bind::<Nullable<Uuid>, _>(fan_out.grantee_user)
        .bind::<Nullable<Uuid>, _>(fan_out.grantee_group)
        .bind::<Bool, _>(fan_out.grantee_workspace == Some(true))
        .bind::<BigInt, _>(fan_outs::STEP)
        .bind::<Uuid, _>(fan_out.subject_id)
        .bind::<Uuid, _>(fan_out.actor_id)
        .bind::<Uuid, _>(fan_out.share_id)
        .load(tx)
}

/// A share of an agent, for a letter about it.
#[derive(Clone, Debug)]
pub struct ToldShare {
    /// Whom it is for.
    pub grantee: Grantee,
    /// The person's or the group's name.
    pub grantee_name: Option<String>,
    /// What it allows.
    pub access: AgentAccess,
    /// The agent's name.
    pub agent_name: String,
}

#[derive(QueryableByName)]
struct ShareRow {
    #[diesel(sql_type = Nullable<Uuid>)]
    grantee_user: Option<UserId>,
    #[diesel(sql_type = Nullable<Uuid>)]
    grantee_group: Option<GroupId>,
    #[diesel(sql_type = Nullable<Text>)]
    grantee_name: Option<String>,
    #[diesel(sql_type = Text)]
    access: AgentAccess,
    #[diesel(sql_type = Text)]
    agent_name: String,
}

/// The share with this id, if it is still there.
pub fn share(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    agent: AgentId,
    share: AgentShareId,
) -> QueryResult<Option<ToldShare>> {
    let row: Option<ShareRow> = diesel::sql_query(
        "SELECT s.grantee_user, s.grantee_group, coalesce(u.name, g.name) AS grantee_name, s.access, a.name AS agent_name
         FROM agent_shares s JOIN agents a ON a.workspace_id = s.workspace_id AND a.id = s.agent_id
         LEFT JOIN users u ON u.id = s.grantee_user
         LEFT JOIN groups g ON g.workspace_id = s.workspace_id AND g.id = s.grantee_group
         WHERE s.workspace_id = $1 AND s.agent_id = $2 AND s.id = $3",
    )
    .bind::<Uuid, _>(workspace)
    .bind::<Uuid, _>(agent)
    .bind::<Uuid, _>(share)
    .get_result(conn)
    .optional()?;
    Ok(row.map(|row| ToldShare {
        grantee: Grantee::from_columns(row.grantee_user, row.grantee_group),
        grantee_name: row.grantee_name,
        access: row.access,
        agent_name: row.agent_name,
    }))
}

/// The share with this id, if it is still there and reaches this person.
pub fn way(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    agent: AgentId,
    id: AgentShareId,
    user: UserId,
) -> QueryResult<Option<ToldShare>> {
    let Some(found) = share(conn, workspace, agent, id)? else { return Ok(None) };
    let reaches = match found.grantee {
        Grantee::User(one) => one == user,
        Grantee::Group(group) => {
            select(exists(group_members::table.find((workspace, group, user)))).get_result(conn)?
        }
        Grantee::Workspace => true,
    };
    Ok(Some(found).filter(|_| reaches))
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The names of the connections that a person attached to an agent's actions, each once.
pub fn attached(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    agent: AgentId,
    user: UserId,
) -> QueryResult<Vec<String>> {
    let rows: Vec<Named> = diesel::sql_query(
        "SELECT DISTINCT c.name FROM agent_actions aa
         JOIN bindings b ON b.workspace_id = aa.workspace_id AND b.agent_action_id = aa.id AND b.broken_at IS NULL
         JOIN connections c ON c.workspace_id = b.workspace_id AND c.id = b.connection_id
         WHERE aa.workspace_id = $1 AND aa.agent_id = $2 AND b.attached_by = $3 ORDER BY c.name",
    )
    .bind::<Uuid, _>(workspace)
    .bind::<Uuid, _>(agent)
    .bind::<Uuid, _>(user)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}
