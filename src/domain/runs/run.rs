//! The record of a run, as one actor may see it: callers see what they sent and what came back; the owner of the
//! connection sees who used it for what; whoever ran a preselected action never learns which connection it was (R11).

use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Binary;
use diesel::sql_types::Bool;
use diesel::sql_types::Int4;
use diesel::sql_types::Jsonb;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;
use serde_json::Value;

use crate::authz::actor::Actor;
use crate::authz::facts::CredentialMode;
use crate::authz::facts::RunFacts;
use crate::authz::proof::Guarded;
use crate::domain::integrations::definition::Effect;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::RunId;
use crate::kernel::ids::UserId;
use crate::words;

words! {
    /// How a run stands.
    RunStatus {
        /// Under way, or the process died and nobody has noticed yet.
        Begun = "begun",
        /// The provider did it.
        Succeeded = "succeeded",
        /// The provider said no, or could not be reached.
        Failed = "failed",
        /// A rule said no.
        Refused = "refused",
        /// There was no connection.
        NeedsConnection = "needs_connection",
        /// It waits for the caller's word.
        NeedsConfirmation = "needs_confirmation",
        /// The connection is broken.
        NeedsReconnect = "needs_reconnect",
        /// The provider took too long.
        TimedOut = "timed_out",
        /// It may have happened or not.
        Unknown = "unknown",
    }
}

/// The record of a run, seen by one actor.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Who ran it.
    pub caller: UserId,
    /// Their name.
    pub caller_name: String,
    /// Through which agent.
    pub agent: AgentId,
    /// The agent's name, while it exists.
    pub agent_name: Option<String>,
    /// Which action on it.
    pub agent_action: AgentActionId,
    /// The integration's key.
    pub integration: String,
    /// The action's key.
    pub action: String,
    /// Whether it changes something.
    pub effect: Effect,
    /// Whose credential it used.
    pub credentials: CredentialMode,
    /// How it stands.
    pub status: RunStatus,
    /// What happened and what to do, for people; nothing where all went well.
    pub detail: Option<String>,
    /// The connection it used, for those who may know.
    pub connection: Option<RunConnection>,
    /// What was sent and what came back, for the caller; nothing in lists.
    pub content: Option<RunContent>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// Whether the actor ran it.
    pub is_caller: bool,
    /// Whether it used a connection that the actor owned.
    pub owns_connection: bool,
}

/// The connection that a run used.
#[derive(Clone, Debug)]
pub struct RunConnection {
    /// Its id.
    pub id: ConnectionId,
    /// Its name, while it exists.
    pub name: Option<String>,
    /// The name of whoever owned it.
    pub owner_name: Option<String>,
}

/// What a run sent and what came back.
#[derive(Clone, Debug)]
pub struct RunContent {
    /// The input.
    pub input: Value,
    /// Method and address, without the credential.
    pub request_line: Option<String>,
    /// The answer, if there was one.
    pub response: Option<RunResponse>,
}

/// An answer, without the credential in it (D-46).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers that are handed on.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the body is only the beginning.
    pub is_cut: bool,
}

#[derive(QueryableByName)]
pub(in crate::domain::runs) struct HeadRow {
    #[diesel(sql_type = Uuid)]
    id: RunId,
    #[diesel(sql_type = Uuid)]
    user_id: UserId,
    #[diesel(sql_type = Text)]
    caller_name: String,
    #[diesel(sql_type = Uuid)]
    agent_id: AgentId,
    #[diesel(sql_type = Nullable<Text>)]
    agent_name: Option<String>,
    #[diesel(sql_type = Uuid)]
    agent_action_id: AgentActionId,
    #[diesel(sql_type = Text)]
    integration: String,
    #[diesel(sql_type = Text)]
    action: String,
    #[diesel(sql_type = Text)]
    effect: Effect,
    #[diesel(sql_type = Text)]
    credentials: CredentialMode,
    #[diesel(sql_type = Text)]
    status: RunStatus,
    #[diesel(sql_type = Nullable<Text>)]
    detail: Option<String>,
    #[diesel(sql_type = Nullable<Uuid>)]
    connection_id: Option<ConnectionId>,
    #[diesel(sql_type = Nullable<Text>)]
    connection_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    connection_owner_name: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    started_at: Timestamp,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    finished_at: Option<Timestamp>,
    #[diesel(sql_type = Nullable<BigInt>)]
    duration_ms: Option<i64>,
    #[diesel(sql_type = Bool)]
    is_caller: bool,
    #[diesel(sql_type = Bool)]
    owns_connection: bool,
}

/// The columns of [`HeadRow`], with [`run_joins`], for user `$2`.
macro_rules! run_columns {
    () => {
        "r.id, r.user_id, coalesce(ru.name, '') AS caller_name, r.agent_id, ra.name AS agent_name, r.agent_action_id,
         r.integration, r.action, r.effect, r.credentials, r.status, r.detail, r.connection_id,
         rc.name AS connection_name, ro.name AS connection_owner_name, r.started_at, r.finished_at, r.duration_ms,
         r.user_id = $2 AS is_caller, coalesce(r.connection_owner = $2, false) AS owns_connection"
    };
}
pub(in crate::domain::runs) use run_columns;

/// The joins of [`HeadRow`] onto `runs r`.
macro_rules! run_joins {
    () => {
        " LEFT JOIN users ru ON ru.id = r.user_id
          LEFT JOIN agents ra ON ra.workspace_id = r.workspace_id AND ra.id = r.agent_id
          LEFT JOIN connections rc ON rc.workspace_id = r.workspace_id AND rc.id = r.connection_id
          LEFT JOIN users ro ON ro.id = r.connection_owner "
    };
}
pub(in crate::domain::runs) use run_joins;

impl HeadRow {
    /// The run without its content.
    pub(in crate::domain::runs) fn into_run(self) -> Run {
        let connection = self.connection_id.map(|id| RunConnection {
            id,
            name: self.connection_name,
            owner_name: self.connection_owner_name,
        });
        let may_know = may_know_connection(self.credentials, self.is_caller, self.owns_connection);
        Run {
            id: self.id,
            caller: self.user_id,
            caller_name: self.caller_name,
            agent: self.agent_id,
            agent_name: self.agent_name,
            agent_action: self.agent_action_id,
            integration: self.integration,
            action: self.action,
            effect: self.effect,
            credentials: self.credentials,
            status: self.status,
            detail: self.detail,
            connection: connection.filter(|_| may_know),
            content: None,
            started_at: self.started_at,
            finished_at: self.finished_at,
            duration_ms: self.duration_ms,
            is_caller: self.is_caller,
            owns_connection: self.owns_connection,
        }
    }
}

/// R11. Whoever sees the run without being its caller is an admin or the connection's owner.
fn may_know_connection(credentials: CredentialMode, is_caller: bool, owns_connection: bool) -> bool {
    owns_connection || !is_caller || credentials == CredentialMode::Own
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(embed)]
    head: HeadRow,
    #[diesel(sql_type = Jsonb)]
    input: Value,
    #[diesel(sql_type = Nullable<Text>)]
    request_line: Option<String>,
    #[diesel(sql_type = Nullable<Int4>)]
    response_status: Option<i32>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    response_headers: Option<Value>,
    #[diesel(sql_type = Nullable<Binary>)]
    response_body: Option<Vec<u8>>,
    #[diesel(sql_type = Bool)]
    response_cut: bool,
}

impl Row {
    fn into_run(self) -> Run {
        let response = self.response_status.and_then(|status| u16::try_from(status).ok()).map(|status| RunResponse {
            status,
            headers: self.response_headers.and_then(|it| serde_json::from_value(it).ok()).unwrap_or_default(),
            body: self.response_body.unwrap_or_default(),
            is_cut: self.response_cut,
        });
        let content = RunContent { input: self.input, request_line: self.request_line, response };
        let run = self.head.into_run();
        Run { content: Some(content).filter(|_| run.is_caller), ..run }
    }
}

impl Guarded for Run {
    type Key = RunId;
    type Facts = RunFacts;

    fn load(conn: &mut PgConnection, actor: &Actor, key: &RunId) -> QueryResult<Option<Self>> {
        let row: Option<Row> = diesel::sql_query(concat!(
            "SELECT ",
            run_columns!(),
            ", r.input, r.request_line, r.response_status, r.response_headers, r.response_body, r.response_cut
             FROM runs r ",
            run_joins!(),
            " WHERE r.workspace_id = $1 AND r.id = $3"
        ))
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Uuid, _>(actor.user)
        .bind::<Uuid, _>(*key)
        .get_result(conn)
        .optional()?;
        Ok(row.map(Row::into_run))
    }

    fn facts(&self) -> RunFacts {
        RunFacts { is_caller: self.is_caller, owns_connection: self.owns_connection }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_of_a_preselected_action_never_learns_the_connection() {
        assert!(!may_know_connection(CredentialMode::Preselected, true, false));

        assert!(may_know_connection(CredentialMode::Preselected, true, true));
        assert!(may_know_connection(CredentialMode::Preselected, false, false));
        assert!(may_know_connection(CredentialMode::Own, true, false));
    }
}
