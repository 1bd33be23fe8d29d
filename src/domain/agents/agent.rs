//! One agent, as one actor sees it, and its life. Private to its maker until shared.

use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::query_builder::AsChangeset;
use diesel::sql_types::BigInt;
use diesel::sql_types::Bool;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actions::CreateAgent;
use crate::authz::actions::Delete;
use crate::authz::actions::Edit;
use crate::authz::actor::Actor;
use crate::authz::facts::AgentAccess;
use crate::authz::facts::AgentFacts;
use crate::authz::proof::Authorized;
use crate::authz::proof::Guarded;
use crate::database_errors;
use crate::db::DbError;
use crate::db::prepared::prepared;
use crate::db::schema::agents;
use crate::domain::agents::access::agent_share;
use crate::domain::audit;
use crate::domain::people::workspaces::Workspace;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::UserId;
use crate::kernel::text;
use crate::kernel::text::TextError;

const MAX_DESCRIPTION: usize = 500;
const MAX_INSTRUCTIONS: usize = 20_000;

/// An agent, seen by one actor.
#[derive(Clone, Debug, QueryableByName)]
pub struct Agent {
    /// Its id.
    #[diesel(sql_type = Uuid)]
    pub id: AgentId,
    /// Who made it.
    #[diesel(sql_type = Uuid)]
    pub owner: UserId,
    /// That person's name.
    #[diesel(sql_type = Text)]
    pub owner_name: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What it is for; may be empty.
    #[diesel(sql_type = Text)]
    pub description: String,
    /// How it should go about things; may be empty.
    #[diesel(sql_type = Text)]
    pub instructions: String,
    /// Whether it is switched on.
    #[diesel(sql_type = Bool)]
    pub is_enabled: bool,
    /// When it was made.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: Timestamp,
    /// When it was changed last.
    #[diesel(sql_type = Timestamptz)]
    pub updated_at: Timestamp,
    /// Whether the actor made it.
    #[diesel(sql_type = Bool)]
    pub is_owner: bool,
    /// The most that a share gives the actor.
    #[diesel(sql_type = Nullable<Text>)]
    pub shared: Option<AgentAccess>,
    /// How many actions it has.
    #[diesel(sql_type = BigInt)]
    pub actions: i64,
}

/// The columns of [`Agent`] from `agents a JOIN users o`, for workspace `$1` and user `$2`.
macro_rules! agent_columns {
    () => {
        concat!(
            "a.id, a.owner_id AS owner, o.name AS owner_name, a.name, a.description, a.instructions,
             a.enabled AS is_enabled, a.created_at, a.updated_at, a.owner_id = $2 AS is_owner, ",
            agent_share!("$1", "a.id", "$2"),
            " AS shared, (SELECT count(*) FROM agent_actions x WHERE x.workspace_id = $1 AND x.agent_id = a.id) AS actions"
        )
    };
}
pub(in crate::domain::agents) use agent_columns;

impl Guarded for Agent {
    type Key = AgentId;
    type Facts = AgentFacts;

    fn load(conn: &mut PgConnection, actor: &Actor, key: &AgentId) -> QueryResult<Option<Self>> {
        prepared(concat!(
            "SELECT ",
            agent_columns!(),
            " FROM agents a JOIN users o ON o.id = a.owner_id WHERE a.workspace_id = $1 AND a.id = $3"
        ))
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Uuid, _>(actor.user)
        .bind::<Uuid, _>(*key)
        .get_result(conn)
        .optional()
    }

    fn facts(&self) -> AgentFacts {
        AgentFacts { is_owner: self.is_owner, shared: self.shared, is_enabled: self.is_enabled }
    }
}

/// An agent could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// One of the texts cannot be used.
    #[error("{source}")]
    Text {
        /// Which: `name`, `description` or `instructions`.
        field: &'static str,
        /// What is wrong with it, for people.
        source: TextError,
    },
    /// It was deleted meanwhile.
    #[error("This agent was deleted meanwhile.")]
    Gone,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(AgentError);

/// What a new agent is.
#[derive(Clone, Debug, Default)]
pub struct NewAgent {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How it should go about things.
    pub instructions: String,
}

/// What changes about an agent; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct AgentChanges {
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// How it should go about things.
    pub instructions: Option<String>,
    /// Whether it is switched on.
    pub is_enabled: Option<bool>,
}

#[derive(AsChangeset)]
#[diesel(table_name = agents)]
struct Changeset {
    name: Option<String>,
    description: Option<String>,
    instructions: Option<String>,
    enabled: Option<bool>,
    updated_at: Timestamp,
}

/// Makes an agent, switched on, for the actor alone.
pub fn create(
    conn: &mut PgConnection,
    proof: &Authorized<CreateAgent, Workspace>,
    new: &NewAgent,
) -> Result<AgentId, AgentError> {
    let actor = proof.actor();
    let id = AgentId::new();
    diesel::insert_into(agents::table)
        .values((
            agents::workspace_id.eq(actor.workspace),
            agents::id.eq(id),
            agents::owner_id.eq(actor.user),
            agents::name.eq(name(&new.name)?),
            agents::description.eq(description(&new.description)?),
            agents::instructions.eq(instructions(&new.instructions)?),
            agents::enabled.eq(true),
            agents::created_at.eq(actor.at),
            agents::updated_at.eq(actor.at),
        ))
        .execute(conn)?;
    audit::record(conn, actor, audit::Event::new("agent.created", "agent", id))?;
    Ok(id)
}

/// Changes an agent.
pub fn update(
    conn: &mut PgConnection,
    proof: &Authorized<Edit, Agent>,
    changes: &AgentChanges,
) -> Result<(), AgentError> {
    let (actor, agent) = (proof.actor(), proof.resource());
    let changeset = Changeset {
        name: changes.name.as_deref().map(name).transpose()?,
        description: changes.description.as_deref().map(description).transpose()?,
        instructions: changes.instructions.as_deref().map(instructions).transpose()?,
        enabled: changes.is_enabled,
        updated_at: actor.at,
    };
    let rows = diesel::update(agents::table.find((actor.workspace, agent.id))).set(changeset).execute(conn)?;
    if rows == 0 {
        return Err(AgentError::Gone);
    }
    let detail = serde_json::json!({
        "name": changes.name.is_some(), "description": changes.description.is_some(),
        "instructions": changes.instructions.is_some(), "enabled": changes.is_enabled,
    });
    audit::record(conn, actor, audit::Event::new("agent.updated", "agent", agent.id).detail(detail))?;
    Ok(())
}

/// Deletes an agent with its actions, bindings and shares. What it ran stays on record.
pub fn delete(conn: &mut PgConnection, proof: &Authorized<Delete, Agent>) -> Result<(), AgentError> {
    let (actor, agent) = (proof.actor(), proof.resource());
    let deleted = diesel::delete(agents::table.find((actor.workspace, agent.id))).execute(conn)?;
    if deleted == 0 {
        return Err(AgentError::Gone);
    }
    let detail = serde_json::json!({ "name": agent.name });
    audit::record(conn, actor, audit::Event::new("agent.deleted", "agent", agent.id).detail(detail))?;
    Ok(())
}

fn name(text: &str) -> Result<String, AgentError> {
    text::name(text).map_err(|source| AgentError::Text { field: "name", source })
}

fn description(text: &str) -> Result<String, AgentError> {
    let checked = text::paragraphs(text, MAX_DESCRIPTION);
    checked.map_err(|source| AgentError::Text { field: "description", source })
}

fn instructions(text: &str) -> Result<String, AgentError> {
    let checked = text::paragraphs(text, MAX_INSTRUCTIONS);
    checked.map_err(|source| AgentError::Text { field: "instructions", source })
}
