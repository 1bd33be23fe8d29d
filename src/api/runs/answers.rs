//! Runs as programs see them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::authz::facts::CredentialMode;
use crate::domain::integrations::definition::Effect;
use crate::domain::runs::RunStatus;
use crate::domain::runs::run;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::RunId;
use crate::kernel::ids::UserId;

/// One execution of an agent’s action.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Run {
    id: RunId,
    /// How it stands. `failed` is the provider’s no; `unknown` may have happened or not.
    status: RunStatus,
    /// What happened and what to do, for people; null where all went well.
    #[schema(required)]
    detail: Option<String>,
    caller: Caller,
    agent: RunAgent,
    /// The action on the agent.
    agent_action_id: AgentActionId,
    /// The integration’s key.
    integration: String,
    /// The action’s key in the integration.
    action: String,
    effect: Effect,
    /// Whose credential it used.
    credentials: CredentialMode,
    /// The connection that it used, for those who may know.
    #[schema(required)]
    connection: Option<RunConnection>,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(required, value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    #[schema(required)]
    duration_ms: Option<i64>,
    /// What was sent, for its caller; null in lists.
    #[schema(required, value_type = Option<Object>)]
    input: Option<Value>,
    /// Method and address, for its caller; null in lists.
    #[schema(required)]
    request_line: Option<String>,
    /// What the provider answered, for its caller; null in lists, and where no answer came.
    #[schema(required)]
    response: Option<RunResponse>,
}

/// Who ran it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunCaller)]
struct Caller {
    id: UserId,
    name: String,
}

/// Through which agent.
#[derive(Debug, Serialize, ToSchema)]
struct RunAgent {
    id: AgentId,
    /// Null once it is deleted.
    #[schema(required)]
    name: Option<String>,
}

/// The connection that a run used.
#[derive(Debug, Serialize, ToSchema)]
struct RunConnection {
    id: ConnectionId,
    /// Null once it is deleted.
    #[schema(required)]
    name: Option<String>,
    #[schema(required)]
    owner_name: Option<String>,
}

/// What a provider answered, without the credential in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunResponse {
    status: u16,
    headers: BTreeMap<String, String>,
    /// JSON where the answer is JSON, else text; null where it is empty.
    #[schema(value_type = Option<Value>)]
    body: Value,
    /// Whether the body is only the beginning.
    truncated: bool,
}

impl Run {
    pub(super) fn of(run: run::Run) -> Self {
        let (input, request_line, response) = match run.content {
            Some(content) => (Some(content.input), content.request_line, content.response.map(RunResponse::of)),
            None => (None, None, None),
        };
        let connection = run.connection.map(|connection| RunConnection {
            id: connection.id,
            name: connection.name,
            owner_name: connection.owner_name,
        });
        Self {
            id: run.id,
            status: run.status,
            detail: run.detail,
            caller: Caller { id: run.caller, name: run.caller_name },
            agent: RunAgent { id: run.agent, name: run.agent_name },
            agent_action_id: run.agent_action,
            integration: run.integration,
            action: run.action,
            effect: run.effect,
            credentials: run.credentials,
            connection,
            started_at: run.started_at,
            finished_at: run.finished_at,
            duration_ms: run.duration_ms,
            input,
            request_line,
            response,
        }
    }
}

impl RunResponse {
    fn of(response: run::RunResponse) -> Self {
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in response.headers {
            headers.entry(name).and_modify(|before| *before = format!("{before}, {value}")).or_insert(value);
        }
        let is_json = headers.get("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
        let parsed = if is_json { serde_json::from_slice(&response.body).ok() } else { None };
        let text = || Some(String::from_utf8_lossy(&response.body).into_owned()).filter(|text| !text.is_empty());
        let body = parsed.unwrap_or_else(|| text().map_or(Value::Null, Value::String));
        Self { status: response.status, headers, body, truncated: response.is_cut }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(kind: &str, body: &str) -> Value {
        let headers = vec![("content-type".to_owned(), kind.to_owned()), ("x-a".to_owned(), "1".to_owned())];
        RunResponse::of(run::RunResponse { status: 200, headers, body: body.as_bytes().to_vec(), is_cut: false }).body
    }

    #[test]
    fn an_answer_is_json_where_it_is_json() {
        assert_eq!(body("application/problem+json", r#"{"a": 1}"#), json!({"a": 1}));
        assert_eq!(body("application/json", r#"{"a": "#), json!(r#"{"a": "#));
        assert_eq!(body("text/plain", "12"), json!("12"));
        assert_eq!(body("text/plain", ""), Value::Null);
    }
}
