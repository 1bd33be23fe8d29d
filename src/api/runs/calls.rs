//! Running an agent's action. Every way it can turn out has an answer of its own; what has to come first (connect, choose,
//! confirm, reconnect) is 409 with all that is needed to do it.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::HeaderName;
use actix_web::http::header::HeaderValue;
use actix_web::web::Data;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::runs::answers::Run;
use crate::api::runs::first;
use crate::authz::actions;
use crate::authz::proof::Authorized;
use crate::authz::proof::Guarded;
use crate::db::Db;
use crate::domain::agents::AgentAction;
use crate::domain::integrations::validation::FieldError;
use crate::domain::people::workspaces::Workspace;
use crate::domain::runs::Call;
use crate::domain::runs::Outcome;
use crate::domain::runs::Runner;
use crate::domain::runs::drafts;
use crate::http::error::Error;
use crate::http::json;
use crate::http::json::Body;
use crate::http::json::Input;
use crate::http::urls::PublicUrl;
use crate::http::urls::Urls;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;

const KEY_HEADER: &str = "idempotency-key";
const REPLAY: HeaderName = HeaderName::from_static("idempotent-replay");
const MAX_KEY: usize = 255;

/// A call of an agent's action.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRun {
    /// What the action takes: an object that fits its `input_schema`.
    #[serde(default)]
    #[schema(value_type = Object)]
    input: Map<String, Value>,
    /// Which of several connections to use, from now on; see `connection_choice_required`. A preselected action takes no
    /// notice of it.
    connection_id: Option<ConnectionId>,
    /// The word from `confirmation_required`, once its preview has been agreed to.
    confirmation: Option<String>,
}

impl Input for NewRun {
    const MAX_BYTES: usize = 4 * 1024 * 1024;
}

/// Run an action
///
/// It is done once for each `Idempotency-Key`, however often it is sent within 24 hours: the same call again gets the
/// first one’s answer, marked `Idempotent-Replay: true`.
///
/// A 409 says what has to come first: `connection_required` (a person opens `connect_url`), `connection_choice_required`
/// (send one of `choices` as `connection_id`), `confirmation_required` (show `preview`, then send `confirmation` with the
/// same input), `reconnect_required` (the connection is broken; where the caller can mend it, at `connect_url`), or
/// `run_under_way` (the same call has not ended yet).
#[utoipa::path(post, path = "/api/v1/agents/{agent}/actions/{action}/runs", operation_id = "createRun", tag = "Runs",
    params(("agent" = AgentId, Path), ("action" = AgentActionId, Path),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "1 to 255 visible ASCII characters")),
    request_body = NewRun,
    responses(
        (status = 200, description = "It was sent; `status` says how it ended, and `response` is the provider’s answer, a \
            refusal included", body = Run),
        (status = 403, description = "`forbidden`: a rule refused it, and `detail` says who can help", body = json::Problem),
        (status = 409, description = "`connection_required`, `connection_choice_required`, `confirmation_required`, \
            `reconnect_required` or `run_under_way`", body = json::Problem),
        (status = 422, description = "`invalid`: the input does not fit, see `errors`; `idempotency_key_reused`: the key \
            stands for another call", body = json::Problem)))]
pub(super) async fn create(
    proof: Authorized<actions::Run, AgentAction>,
    req: HttpRequest,
    Body(new): Body<NewRun>,
    runner: Data<Runner>,
    db: Data<Db>,
    public: Data<PublicUrl>,
) -> Result<HttpResponse, Error> {
    let input = Value::Object(new.input);
    let call = Call {
        input: input.clone(),
        connection: new.connection_id,
        confirmation: new.confirmation,
        idempotency_key: key(&req)?,
    };
    match runner.run(&proof, call).await? {
        Outcome::Finished(run) => Ok(json::ok(&Run::of(*run))),
        Outcome::Replayed(run) => {
            let mut answer = json::ok(&Run::of(*run));
            answer.headers_mut().insert(REPLAY, HeaderValue::from_static("true"));
            Ok(answer)
        }
        Outcome::NeedsConnection { integration } => {
            let connect_url = keep(proof, input, &db, &public).await?;
            Err(first::connect(&integration, connect_url))
        }
        Outcome::NeedsChoice { integration, choices } => Err(first::choose(&integration, choices)),
        Outcome::NeedsConfirmation { preview, confirmation } => Err(first::confirm(preview, confirmation)),
        Outcome::NeedsReconnect { run, integration, connection, detail } => {
            let page = match connection {
                Some(id) => Some((id, public.absolute(&urls(&proof, &db).await?.connection(&id)))),
                None => None,
            };
            Err(first::reconnect(run, &integration, detail, page))
        }
        Outcome::Refused { run, detail, .. } => Err(first::refused(run, detail)),
        Outcome::Invalid(errors) => Err(Error::invalid_fields(errors.into_iter().map(of_input))),
        Outcome::UnderWay { run } => Err(first::wait(run)),
        Outcome::KeyReusedWithOtherInput => Err(first::another_key()),
    }
}

/// The key, if there is one that can be kept.
fn key(req: &HttpRequest) -> Result<Option<String>, Error> {
    let Some(value) = req.headers().get(KEY_HEADER) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| !key.is_empty() && key.len() <= MAX_KEY);
    let key = key.filter(|key| key.chars().all(|c| c.is_ascii_graphic()));
    let wrong = || Error::invalid("Idempotency-Key", "Use 1 to 255 visible ASCII characters without spaces.");
    key.map(|key| Some(key.to_owned())).ok_or_else(wrong)
}

/// Keeps the input, so that the person goes on with it once they have connected (R9); returns where that is.
async fn keep(
    proof: Authorized<actions::Run, AgentAction>,
    input: Value,
    db: &Db,
    public: &PublicUrl,
) -> Result<String, Error> {
    let urls = urls(&proof, db).await?;
    let (agent, action) = (proof.resource().agent, proof.resource().id);
    let draft = db.write(move |tx| Ok::<_, Error>(drafts::keep(tx, &proof, &input)?)).await?;
    Ok(public.absolute(&urls.agent_action_draft(&agent, &action, &draft.to_string())))
}

async fn urls(proof: &Authorized<actions::Run, AgentAction>, db: &Db) -> Result<Urls, Error> {
    let actor = proof.actor().clone();
    let workspace = db.read(move |conn| Ok::<_, Error>(Workspace::load(conn, &actor, &())?)).await?;
    Ok(Urls::of(&workspace.ok_or_else(Error::not_found)?.slug))
}

fn of_input(error: FieldError) -> (String, String) {
    let field = if error.field.is_empty() { "input".to_owned() } else { format!("input.{}", error.field) };
    (field, error.message)
}
