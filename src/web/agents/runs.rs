//! Running an action: reads the form, hands the call to the runner, and shows what came of it. A call that was sent is
//! answered by its record's page, so that reloading sends nothing again; with a script the result appears beside the form.

use actix_htmx::Htmx;
use actix_htmx::SwapType;
use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use serde_json::Value;

use crate::authz::actions::Run;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::agents::AgentAction;
use crate::domain::integrations::form;
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::validation::FieldError;
use crate::domain::runs::Call;
use crate::domain::runs::Outcome;
use crate::domain::runs::Runner;
use crate::domain::runs::drafts;
use crate::http::error::Error;
use crate::http::form::Form;
use crate::http::form::Pairs;
use crate::http::page;
use crate::http::page::Visit;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::DraftId;
use crate::kernel::ids::RunId;
use crate::web::agents::action;
use crate::web::agents::action::Loaded;
use crate::web::agents::action_pages::ActionPage;
use crate::web::agents::action_pages::Notice;
use crate::web::agents::action_pages::Shown;
use crate::web::agents::fields;
use crate::web::agents::fields::Fieldset;
use crate::web::agents::prompts;
use crate::web::agents::prompts::Waiting;

/// What the form says beside the inputs.
#[derive(Debug)]
struct Controls {
    key: Option<String>,
    confirmation: Option<String>,
    connection: Option<ConnectionId>,
    draft: Option<DraftId>,
}

impl Controls {
    fn take(pairs: &mut Pairs) -> Self {
        let mut said = |name: &str| pairs.take(name).filter(|it| !it.is_empty());
        Self {
            key: said(fields::KEY),
            confirmation: said(fields::CONFIRMATION),
            connection: said(fields::CONNECTION).and_then(|it| it.parse().ok()),
            draft: said(fields::DRAFT).and_then(|it| it.parse().ok()),
        }
    }
}

pub(super) async fn create(
    proof: Authorized<Run, AgentAction>,
    Form(mut pairs): Form<Pairs>,
    htmx: Htmx,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
    runner: Data<Runner>,
) -> Result<HttpResponse, Error> {
    let controls = Controls::take(&mut pairs);
    let (actor, resource) = (proof.actor().clone(), proof.resource().clone());
    let (visit, draft) = (Visit::of(&session), controls.draft);
    let (proof, loaded, kept) = db
        .read(move |conn| {
            let loaded = action::load(conn, &registry, &actor, &resource, visit)?;
            let kept = draft.map_or(Ok(None), |draft| drafts::find(conn, &proof, draft))?;
            Ok::<_, Error>((proof, loaded, kept))
        })
        .await?;
    let desk = Desk { loaded, htmx };
    let input = match (controls.draft, kept) {
        (Some(_), Some(kept)) => kept,
        (Some(_), None) => {
            let fresh = desk.loaded.fresh();
            return desk.say(StatusCode::CONFLICT, fresh, action::forgotten());
        }
        (None, _) => match desk.read(&pairs) {
            Ok(input) => input,
            Err(errors) => {
                let typed = desk.loaded.fieldset(|action| Fieldset::typed(action, &pairs.0).refused(errors));
                return desk.answer(StatusCode::UNPROCESSABLE_ENTITY, typed, None);
            }
        },
    };
    let call = Call {
        input: input.clone(),
        connection: controls.connection,
        confirmation: controls.confirmation,
        idempotency_key: controls.key.or_else(|| controls.draft.map(|draft| draft.to_string())),
    };
    let outcome = runner.run(&proof, call).await?;
    let waiting = Waiting { input, draft: controls.draft, connection: controls.connection };
    finish(desk, outcome, waiting, proof, &db).await
}

async fn finish(
    desk: Desk,
    outcome: Outcome,
    waiting: Waiting,
    proof: Authorized<Run, AgentAction>,
    db: &Db,
) -> Result<HttpResponse, Error> {
    let filled = desk.loaded.fieldset(|action| Fieldset::filled(action, &waiting.input));
    match outcome {
        Outcome::Finished(run) | Outcome::Replayed(run) if desk.htmx.is_htmx => {
            let page = desk.loaded.into_page(filled, None);
            page::show(&ActionPage { result: Some(Shown::of(*run)), ..page })
        }
        Outcome::Finished(run) | Outcome::Replayed(run) => Ok(page::go(&desk.loaded.shell.urls.run(&run.id))),
        Outcome::NeedsReconnect { run, connection, detail, .. } => {
            let mendable = match connection {
                Some(id) => Some((id, prompts::keep(&waiting.input, proof, db).await?)),
                None => None,
            };
            desk.reconnect(run, mendable, filled, detail)
        }
        Outcome::Refused { run, .. } if !desk.htmx.is_htmx => Ok(page::go(&desk.loaded.shell.urls.run(&run))),
        Outcome::Refused { detail, .. } => {
            let title = "Not sent".to_owned();
            desk.say(StatusCode::CONFLICT, filled, Notice { tone: "danger", title, text: detail, link: None })
        }
        Outcome::Invalid(errors) => {
            desk.answer(StatusCode::UNPROCESSABLE_ENTITY, filled.map(|form| form.refused(errors)), None)
        }
        Outcome::UnderWay { run } => {
            let link = Some(("Look at it", desk.loaded.shell.urls.run(&run)));
            let title = "This call is under way already".to_owned();
            let text = "It was sent once and is not sent again. Its page shows how it ends.".to_owned();
            desk.say(StatusCode::CONFLICT, filled, Notice { tone: "info", title, text, link })
        }
        Outcome::KeyReusedWithOtherInput => {
            let title = "Not sent: this page had sent another call before".to_owned();
            let text = "Look under Runs at how that one ended. To send this one as well, press Run again.".to_owned();
            desk.say(StatusCode::CONFLICT, filled, Notice { tone: "warning", title, text, link: None })
        }
        Outcome::NeedsConnection { .. } | Outcome::NeedsChoice { .. } | Outcome::NeedsConfirmation { .. } => {
            desk.whole();
            prompts::ask(desk.loaded, outcome, waiting, proof, db).await
        }
    }
}

/// The page that the call was made from.
struct Desk {
    loaded: Loaded,
    htmx: Htmx,
}

impl Desk {
    fn read(&self, pairs: &Pairs) -> Result<Value, Vec<FieldError>> {
        match self.loaded.definition.as_deref().and_then(|it| it.action(&self.loaded.key)) {
            Some(action) => form::input_from_form(action, &pairs.0),
            // Without a definition nothing can be read; the runner says so, and writes it down.
            None => Ok(Value::Object(serde_json::Map::new())),
        }
    }

    fn say(self, status: StatusCode, fieldset: Option<Fieldset>, notice: Notice) -> Result<HttpResponse, Error> {
        self.answer(status, fieldset, Some(notice))
    }

    fn answer(
        self,
        status: StatusCode,
        fieldset: Option<Fieldset>,
        notice: Option<Notice>,
    ) -> Result<HttpResponse, Error> {
        page::answer(status, &self.loaded.into_page(fieldset, notice))
    }

    /// The connection is broken. Whoever can mend it is led there, and from there back to the call (R9).
    fn reconnect(
        self,
        run: RunId,
        mendable: Option<(ConnectionId, DraftId)>,
        filled: Option<Fieldset>,
        detail: String,
    ) -> Result<HttpResponse, Error> {
        let (urls, frame) = (&self.loaded.shell.urls, &self.loaded.frame);
        if !self.htmx.is_htmx {
            return Ok(page::go(
                &mendable.map_or_else(|| urls.run(&run), |(_, draft)| urls.run_with_draft(&run, &draft)),
            ));
        }
        let link = mendable.map(|(id, draft)| {
            ("Open the connection", urls.connection_for_call(&id, &frame.agent, &frame.action, &draft))
        });
        let title = "Not sent: the connection has to be connected again".to_owned();
        self.say(StatusCode::CONFLICT, filled, Notice { tone: "warning", title, text: detail, link })
    }

    /// What comes is another page: it takes the place of all of this one.
    fn whole(&self) {
        if self.htmx.is_htmx {
            self.htmx.retarget("#main");
            self.htmx.reselect("#main");
            self.htmx.reswap(SwapType::OuterHtml);
        }
    }
}
