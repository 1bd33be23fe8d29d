//! One action on an agent. Whoever may see the agent sees it; whoever may run the agent runs it. Each call decides anew
//! with which credential (see `runs`).

use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
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
use crate::db::batched;
use crate::db::batched::Batched;
use crate::db::prepared::prepared;
use crate::domain::agents::access::agent_share;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;

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

/// The columns of [`AgentAction`] from `agent_actions aa JOIN agents a`, for a workspace and a user.
macro_rules! agent_action_columns {
    ($workspace:literal, $user:literal) => {
        concat!(
            "aa.id, aa.agent_id AS agent, a.name AS agent_name, aa.integration, aa.action, aa.credentials,
             aa.requires_confirmation, aa.created_at, a.enabled AS is_agent_enabled, a.owner_id = ",
            $user,
            " AS is_owner, ",
            agent_share!($workspace, "a.id", $user),
            " AS shared, (SELECT ci.digest FROM custom_integrations ci WHERE ci.workspace_id = ",
            $workspace,
            " AND ci.key = aa.integration) AS document_digest"
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

/// An action that somebody asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// Who asks.
    pub user: UserId,
    /// Which.
    pub key: AgentActionKey,
}

/// Where actions are asked for.
pub type AgentActions = Batched<Wanted, Option<AgentAction>>;

/// Each as its asker sees it; none where it is not in that workspace.
pub fn load_all(conn: &mut PgConnection, wanted: &[Wanted]) -> QueryResult<Vec<Option<AgentAction>>> {
    fn column<T>(wanted: &[Wanted], value: impl Fn(&Wanted) -> T) -> Vec<T> {
        wanted.iter().map(value).collect()
    }
    let rows: Vec<Row> = prepared(concat!(
        "SELECT q.place, t.* FROM unnest((SELECT $1), (SELECT $2), (SELECT $3), (SELECT $4))
            WITH ORDINALITY AS q (workspace, asker, agent, action, place) CROSS JOIN LATERAL (SELECT ",
        agent_action_columns!("q.workspace", "q.asker"),
        " FROM agent_actions aa JOIN agents a ON a.workspace_id = aa.workspace_id AND a.id = aa.agent_id
         WHERE aa.workspace_id = q.workspace AND aa.id = q.action AND aa.agent_id = q.agent OFFSET 0) t"
    ))
    .bind::<Array<Uuid>, _>(column(wanted, |it| it.workspace))
    .bind::<Array<Uuid>, _>(column(wanted, |it| it.user))
    .bind::<Array<Uuid>, _>(column(wanted, |it| it.key.agent))
    .bind::<Array<Uuid>, _>(column(wanted, |it| it.key.action))
    .load(conn)?;
    Ok(batched::in_order(wanted.len(), rows.into_iter().map(|row| (row.place, row.action))))
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(embed)]
    action: AgentAction,
}

impl Guarded for AgentAction {
    type Key = AgentActionKey;
    type Facts = AgentFacts;

    fn load(conn: &mut PgConnection, actor: &Actor, key: &AgentActionKey) -> QueryResult<Option<Self>> {
        Ok(load_all(conn, &[Wanted { workspace: actor.workspace, user: actor.user, key: *key }])?.pop().flatten())
    }

    fn facts(&self) -> AgentFacts {
        AgentFacts { is_owner: self.is_owner, shared: self.shared, is_enabled: self.is_agent_enabled }
    }
}
