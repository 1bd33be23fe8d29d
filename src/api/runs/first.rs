//! What has to come first before an action runs, each as a problem with all that is needed to do it.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use serde_json::Value;
use serde_json::json;

use crate::domain::connections::Connection;
use crate::domain::runs::IntegrationName;
use crate::domain::runs::Preview;
use crate::http::error::Error;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::RunId;

/// R9.
pub(super) fn connect(integration: &IntegrationName, connect_url: String) -> Error {
    let detail = format!(
        "This action needs your {}. Connect it at “connect_url”, which then goes on with the same input; or send the \
         call again afterwards.",
        integration.name
    );
    Error::conflict("connection_required", "Connect first", detail)
        .with("connect_url", connect_url)
        .with("integration", integration.key.as_str())
}

/// R8.
pub(super) fn choose(integration: &IntegrationName, choices: Vec<Connection>) -> Error {
    let detail = format!(
        "You have several connections to {}. Send one of “choices” as “connection_id”; it is remembered for this agent.",
        integration.name
    );
    let choice = |connection: Connection| {
        json!({
            "id": connection.id,
            "name": connection.name,
            "account": connection.account,
            "status": connection.status,
            "owner": { "id": connection.owner, "name": connection.owner_name },
            "access": connection.shared,
            "access_until": connection.shared_until,
        })
    };
    Error::conflict("connection_choice_required", "Choose a connection", detail)
        .with("choices", choices.into_iter().map(choice).collect::<Value>())
        .with("integration", integration.key.as_str())
}

/// What would be sent, and the word that agrees to it.
pub(super) fn confirm(preview: Preview, confirmation: String) -> Error {
    let body = preview.body.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
    let preview = json!({
        "method": preview.method,
        "url": preview.url,
        "headers": preview.headers.into_iter().collect::<BTreeMap<_, _>>(),
        "body": body,
    });
    let detail = "This action changes something. Show “preview” to whoever decides; if they agree, send the same call \
                  again with “confirmation”.";
    Error::conflict("confirmation_required", "Confirm first", detail)
        .with("preview", preview)
        .with("confirmation", confirmation)
}

/// R13. The page is there where the caller can mend it.
pub(super) fn reconnect(
    run: RunId,
    integration: &IntegrationName,
    detail: String,
    page: Option<(ConnectionId, String)>,
) -> Error {
    let (connection, connect_url) = page.unzip();
    Error::conflict("reconnect_required", "Reconnect first", detail)
        .with("run_id", run.to_string())
        .with("integration", integration.key.as_str())
        .with("connection_id", connection.map(|id| id.to_string()))
        .with("connect_url", connect_url)
}

/// A rule said no.
pub(super) fn refused(run: RunId, detail: String) -> Error {
    Error::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail).with("run_id", run.to_string())
}

/// the same call has not ended yet.
pub(super) fn wait(run: RunId) -> Error {
    let detail = "The same call is under way. Look at the run, or send it again in a while to get its result.";
    Error::conflict("run_under_way", "Under way", detail).with("run_id", run.to_string())
}

/// one key, two calls.
pub(super) fn another_key() -> Error {
    let detail = "This Idempotency-Key stands for another call. Use a fresh key for each new call.";
    Error::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", "Key used already", detail)
}
