//! One action on an agent. Whoever may see the agent sees it; whoever may run the agent runs it. Each call decides anew
//! with which credential (see `runs`).

use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Binary;
use diesel::sql_types::Bool;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actor::Actor;
use crate::authz::facts::AgentAccess;
use crate::authz::facts::AgentFacts;
use crate::authz::facts::CredentialMode;
use crate::authz::proof::Guarded;
use crate::db::prepared::prepared;
use crate::domain::agents::access::agent_share;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;

/// Which action on which agent: an address names both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentActionKey {
    /// The agent.
    pub agent: AgentId,
    /// The action on it.
    pub action: AgentActionId,
}

/// An action on an agent, seen by one actor.
#[derive(Clone, Debug, QueryableByName)]
pub struct AgentAction {
    /// Its id.
    #[diesel(sql_type = Uuid)]
    pub id: AgentActionId,
    /// The agent.
    #[diesel(sql_type = Uuid)]
    pub agent: AgentId,
    /// The agent's name.
    #[diesel(sql_type = Text)]
    pub agent_name: String,
    /// The integration's key.
    #[diesel(sql_type = Text)]
    pub integration: String,
    /// The action's key within the integration.
    #[diesel(sql_type = Text)]
    pub action: String,
    /// Whose credential it uses.
    #[diesel(sql_type = Text)]
    pub credentials: CredentialMode,
    /// Whether each call is shown before it is sent.
    #[diesel(sql_type = Bool)]
    pub requires_confirmation: bool,
    /// When it was put on the agent.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: Timestamp,
    /// Whether the agent is switched on.
    #[diesel(sql_type = Bool)]
    pub is_agent_enabled: bool,
    /// Whether the actor made the agent.
    #[diesel(sql_type = Bool)]
    pub is_owner: bool,
    /// The most that a share of the agent gives the actor.
    #[diesel(sql_type = Nullable<Text>)]
    pub shared: Option<AgentAccess>,
    /// Which document the integration has at present, if the workspace brought it in.
    #[diesel(sql_type = Nullable<Binary>)]
    pub document_digest: Option<Vec<u8>>,
}

/// The columns of [`AgentAction`] from `agent_actions aa JOIN agents a`, for workspace `$1` and user `$2`.
macro_rules! agent_action_columns {
    () => {
        concat!(
            "aa.id, aa.agent_id AS agent, a.name AS agent_name, aa.integration, aa.action, aa.credentials,
             aa.requires_confirmation, aa.created_at, a.enabled AS is_agent_enabled, a.owner_id = $2 AS is_owner, ",
            agent_share!("$1", "a.id", "$2"),
            " AS shared,
             (SELECT ci.digest FROM custom_integrations ci WHERE ci.workspace_id = $1 AND ci.key = aa.integration)
                AS document_digest"
        )
    };
}
pub(in crate::domain::agents) use agent_action_columns;

impl AgentAction {
    /// What names it.
    pub fn key(&self) -> AgentActionKey {
        AgentActionKey { agent: self.agent, action: self.id }
    }
}

impl Guarded for AgentAction {
    type Key = AgentActionKey;
    type Facts = AgentFacts;

    fn load(conn: &mut PgConnection, actor: &Actor, key: &AgentActionKey) -> QueryResult<Option<Self>> {
        prepared(concat!(
            "SELECT ",
            agent_action_columns!(),
            " FROM agent_actions aa JOIN agents a ON a.workspace_id = aa.workspace_id AND a.id = aa.agent_id
             WHERE aa.workspace_id = $1 AND aa.id = $3 AND aa.agent_id = $4"
        ))
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Uuid, _>(actor.user)
        .bind::<Uuid, _>(key.action)
        .bind::<Uuid, _>(key.agent)
        .get_result(conn)
        .optional()
    }

    fn facts(&self) -> AgentFacts {
        AgentFacts { is_owner: self.is_owner, shared: self.shared, is_enabled: self.is_agent_enabled }
    }
}
