//! The questions between a call and its answer: connect, choose, confirm. What was filled in is kept while they are
//! asked, for the caller alone (R9).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::Value;

use crate::authz::actions::Run;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::agents::AgentAction;
use crate::domain::runs::Outcome;
use crate::domain::runs::drafts;
use crate::http::error::Error;
use crate::http::page;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::DraftId;
use crate::web::agents::action::Loaded;
use crate::web::agents::action_pages::ChoosePage;
use crate::web::agents::action_pages::ConfirmPage;
use crate::web::agents::action_pages::ConnectPage;
use crate::web::agents::fields::Fieldset;

/// A call that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) input: Value,
    /// Where the input is kept already.
    pub(super) draft: Option<DraftId>,
    /// The connection that was chosen for it.
    pub(super) connection: Option<ConnectionId>,
}

/// Keeps the input of a call that waits, under a name of its own.
pub(super) async fn keep(input: &Value, proof: Authorized<Run, AgentAction>, db: &Db) -> Result<DraftId, Error> {
    let input = input.clone();
    db.write(move |tx| Ok(drafts::keep(tx, &proof, &input)?)).await
}

/// Keeps the input and asks what has to be asked.
pub(super) async fn ask(
    loaded: Loaded,
    outcome: Outcome,
    waiting: Waiting,
    proof: Authorized<Run, AgentAction>,
    db: &Db,
) -> Result<HttpResponse, Error> {
    let Waiting { input, draft, connection } = waiting;
    let fieldset = loaded.fieldset(|action| Fieldset::filled(action, &input)).unwrap_or_default();
    let draft = match draft {
        Some(draft) => draft,
        None => keep(&input, proof, db).await?,
    };
    let (shell, frame, status) = (loaded.shell, loaded.frame, StatusCode::CONFLICT);
    match outcome {
        Outcome::NeedsConnection { .. } => page::answer(status, &ConnectPage { shell, frame, fieldset, draft }),
        Outcome::NeedsChoice { choices, .. } => {
            page::answer(status, &ChoosePage { shell, frame, fieldset, choices, draft })
        }
        Outcome::NeedsConfirmation { preview, confirmation } => {
            page::answer(status, &ConfirmPage { shell, frame, preview, confirmation, connection, draft })
        }
        Outcome::Finished(_)
        | Outcome::Replayed(_)
        | Outcome::NeedsReconnect { .. }
        | Outcome::Refused { .. }
        | Outcome::Invalid(_)
        | Outcome::UnderWay { .. }
        | Outcome::KeyReusedWithOtherInput => Err(Error::internal("this outcome asks nothing")),
    }
}
