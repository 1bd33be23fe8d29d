//! Who may use or edit an agent.

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actions::Share;
use crate::authz::facts::AgentAccess;
use crate::authz::proof::Authorized;
use crate::database_errors;
use crate::db::DbError;
use crate::db::conflict;
use crate::db::schema::agent_shares;
use crate::domain::agents::agent::Agent;
use crate::domain::agents::told;
use crate::domain::audit;
use crate::domain::outbox::Kind;
use crate::domain::people::grantee::Grantee;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentShareId;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::UserId;

/// A share of an agent.
#[derive(Clone, Debug)]
pub struct AgentShare {
    /// Its id.
    pub id: AgentShareId,
    /// Whom it is for.
    pub grantee: Grantee,
    /// The person's or the group's name; none for the workspace.
    pub grantee_name: Option<String>,
    /// What it allows.
    pub access: AgentAccess,
    /// Who shared.
    pub created_by_name: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

/// An agent could not be shared.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// There is a share for them.
    #[error("This agent is shared with them already. Take that share away first to give another access.")]
    AlreadyShared,
    /// The person or group is not of this workspace, or not any more.
    #[error("There is no such person or group in this workspace.")]
    UnknownGrantee,
    /// The owner has it anyway.
    #[error("The agent is theirs: they made it.")]
    IsOwner,
    /// The agent was deleted meanwhile.
    #[error("This agent was deleted meanwhile.")]
    Gone,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(ShareError);

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Uuid)]
    id: AgentShareId,
    #[diesel(sql_type = Nullable<Uuid>)]
    grantee_user: Option<UserId>,
    #[diesel(sql_type = Nullable<Uuid>)]
    grantee_group: Option<GroupId>,
    #[diesel(sql_type = Nullable<Text>)]
    grantee_name: Option<String>,
    #[diesel(sql_type = Text)]
    access: AgentAccess,
    #[diesel(sql_type = Nullable<Text>)]
    created_by_name: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    created_at: Timestamp,
}

/// Every share of the agent: the workspace first, then groups, then people, by name.
pub fn list(conn: &mut PgConnection, proof: &Authorized<Share, Agent>) -> QueryResult<Vec<AgentShare>> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT s.id, s.grantee_user, s.grantee_group, coalesce(u.name, g.name) AS grantee_name, s.access,
                by.name AS created_by_name, s.created_at
         FROM agent_shares s
         LEFT JOIN users u ON u.id = s.grantee_user
         LEFT JOIN groups g ON g.workspace_id = s.workspace_id AND g.id = s.grantee_group
         LEFT JOIN users by ON by.id = s.created_by
         WHERE s.workspace_id = $1 AND s.agent_id = $2
         ORDER BY s.grantee_workspace NULLS LAST, s.grantee_group IS NULL, coalesce(u.name, g.name), s.id",
    )
    .bind::<Uuid, _>(proof.actor().workspace)
    .bind::<Uuid, _>(proof.resource().id)
    .load(conn)?;
    let share = |row: Row| AgentShare {
        id: row.id,
        grantee: Grantee::from_columns(row.grantee_user, row.grantee_group),
        grantee_name: row.grantee_name,
        access: row.access,
        created_by_name: row.created_by_name,
        created_at: row.created_at,
    };
    Ok(rows.into_iter().map(share).collect())
}

/// Shares the agent.
pub fn add(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Agent>,
    grantee: Grantee,
    access: AgentAccess,
) -> Result<AgentShareId, ShareError> {
    let (actor, agent) = (proof.actor(), proof.resource());
    if grantee == Grantee::User(agent.owner) {
        return Err(ShareError::IsOwner);
    }
    if !grantee.is_of(conn, actor.workspace)? {
        return Err(ShareError::UnknownGrantee);
    }
    let id = AgentShareId::new();
    diesel::insert_into(agent_shares::table)
        .values((
            agent_shares::workspace_id.eq(actor.workspace),
            agent_shares::id.eq(id),
            agent_shares::agent_id.eq(agent.id),
            agent_shares::grantee_user.eq(grantee.user()),
            agent_shares::grantee_group.eq(grantee.group()),
            agent_shares::grantee_workspace.eq(grantee.everyone()),
            agent_shares::access.eq(access),
            agent_shares::created_by.eq(actor.user),
            agent_shares::created_at.eq(actor.at),
        ))
        .execute(conn)
        .map_err(named)?;
    let detail = serde_json::json!({ "grantee": grantee.kind(), "grantee_id": grantee.id(), "access": access });
    audit::record(conn, actor, audit::Event::new("agent.shared", "agent", agent.id).detail(detail))?;
    told::tell(conn, proof, Kind::SharedWithYou, id, grantee)?;
    told::tell_attachers(conn, proof, id)?;
    Ok(id)
}

/// Takes a share of the agent away; false if there is none with that id.
pub fn remove(conn: &mut PgConnection, proof: &Authorized<Share, Agent>, id: AgentShareId) -> QueryResult<bool> {
    let (actor, agent) = (proof.actor(), proof.resource());
    let share = agent_shares::table.find((actor.workspace, id)).filter(agent_shares::agent_id.eq(agent.id));
    let removed: Vec<(Option<UserId>, Option<GroupId>)> =
        diesel::delete(share).returning((agent_shares::grantee_user, agent_shares::grantee_group)).get_results(conn)?;
    let Some(&(user, group)) = removed.first() else { return Ok(false) };
    let grantee = Grantee::from_columns(user, group);
    let detail = serde_json::json!({ "grantee": grantee.kind(), "grantee_id": grantee.id() });
    audit::record(conn, actor, audit::Event::new("agent.unshared", "agent", agent.id).detail(detail))?;
    told::tell(conn, proof, Kind::AccessRemoved, id, grantee)?;
    Ok(true)
}

fn named(error: diesel::result::Error) -> ShareError {
    match conflict::constraint(&error) {
        Some("agent_shares_user_once" | "agent_shares_group_once" | "agent_shares_workspace_once") => {
            ShareError::AlreadyShared
        }
        Some("agent_shares_workspace_id_agent_id_fkey") => ShareError::Gone,
        Some("agent_shares_workspace_id_grantee_user_fkey" | "agent_shares_workspace_id_grantee_group_fkey") => {
            ShareError::UnknownGrantee
        }
        Some(_) | None => error.into(),
    }
}
