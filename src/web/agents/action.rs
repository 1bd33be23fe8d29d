//! The form of an action. With `?draft=` it comes back from connecting and the call goes on (R9); with `?inputs=` it is
//! filled in again, to be changed, and with `?run=` as it was for a run of one's own. Looking at it changes nothing.

use std::sync::Arc;

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use actix_web::web::Query;
use diesel::pg::PgConnection;
use serde_json::Value;

use crate::authz::actions::Run;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::proof::Authorized;
use crate::authz::proof::Denied;
use crate::authz::proof::authorize;
use crate::authz::proof::decide;
use crate::db::Db;
use crate::domain::agents::AgentAction;
use crate::domain::agents::actions;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::registry::Registry;
use crate::domain::runs::drafts;
use crate::domain::runs::readiness::Readiness;
use crate::domain::runs::readiness::readiness_of;
use crate::domain::runs::run;
use crate::http::error::Error;
use crate::http::help;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::kernel::ids::DraftId;
use crate::kernel::ids::RunId;
use crate::web::agents::action_pages::ActionPage;
use crate::web::agents::action_pages::ConnectPage;
use crate::web::agents::action_pages::Frame;
use crate::web::agents::action_pages::GoingOnPage;
use crate::web::agents::action_pages::Notice;
use crate::web::agents::fields::Fieldset;
use crate::web::agents::rows::face;
use crate::web::agents::rows::words;

#[derive(Debug, serde::Deserialize)]
pub(super) struct ActionQuery {
    draft: Option<DraftId>,
    inputs: Option<DraftId>,
    run: Option<RunId>,
}

/// An action, loaded for one of its pages.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) shell: Shell,
    pub(super) frame: Frame,
    /// The integration, while it has the action.
    pub(super) definition: Option<Arc<Definition>>,
    /// The action's key there.
    pub(super) key: String,
}

impl Loaded {
    /// The form with nothing but the document's defaults.
    pub(super) fn fresh(&self) -> Option<Fieldset> {
        self.fieldset(Fieldset::fresh)
    }

    /// The form, made by `make`; none if the integration does not have the action any more.
    pub(super) fn fieldset(&self, make: impl FnOnce(&ActionDefinition) -> Fieldset) -> Option<Fieldset> {
        self.definition.as_deref()?.action(&self.key).map(make)
    }

    /// The page with this form.
    pub(super) fn into_page(self, fieldset: Option<Fieldset>, notice: Option<Notice>) -> ActionPage {
        let key = DraftId::new().to_string();
        ActionPage { shell: self.shell, frame: self.frame, fieldset, key, notice, result: None }
    }
}

pub(super) async fn show(
    proof: Authorized<View, AgentAction>,
    Query(query): Query<ActionQuery>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let wanted = query.draft.or(query.inputs);
    let (loaded, input) = db
        .read(move |conn| {
            let loaded = load(conn, &registry, proof.actor(), proof.resource(), visit)?;
            let input = match (wanted, query.run, may_run(&proof)?) {
                (Some(draft), _, Some(may_run)) => drafts::find(conn, &may_run, draft)?,
                (None, Some(run), _) => input_of(conn, proof.actor(), &run)?,
                (Some(_) | None, _, _) => None,
            };
            Ok::<_, Error>((loaded, input))
        })
        .await?;
    let filled = input.as_ref().and_then(|input| loaded.fieldset(|action| Fieldset::filled(action, input)));
    match (filled, query.draft) {
        (Some(fieldset), Some(draft)) if loaded.frame.trouble.is_none() => {
            let (shell, frame) = (loaded.shell, loaded.frame);
            if frame.needs_connection {
                return page::show(&ConnectPage { shell, frame, fieldset, draft });
            }
            page::show(&GoingOnPage { shell, frame, fieldset, draft })
        }
        (Some(fieldset), _) => page::show(&loaded.into_page(Some(fieldset), None)),
        (None, _) => {
            let fresh = loaded.fresh();
            let notice = wanted.map(|_| forgotten());
            page::show(&loaded.into_page(fresh, notice))
        }
    }
}

/// What was kept is not there any more.
pub(super) fn forgotten() -> Notice {
    Notice {
        tone: "warning",
        title: "What you had filled in is not kept any more.".to_owned(),
        text: "It is kept for an hour, for you alone. Please fill it in again.".to_owned(),
        link: None,
    }
}

/// What a run was given, for whoever ran it.
fn input_of(conn: &mut PgConnection, actor: &Actor, run: &RunId) -> Result<Option<Value>, Error> {
    match authorize::<View, run::Run>(conn, actor.clone(), run) {
        Ok(proof) => Ok(proof.into_parts().1.content.map(|content| content.input)),
        Err(Denied::Hidden | Denied::Forbidden(_)) => Ok(None),
        Err(Denied::Database(error)) => Err(error.into()),
    }
}

fn may_run(proof: &Authorized<View, AgentAction>) -> Result<Option<Authorized<Run, AgentAction>>, Error> {
    match decide(proof.actor().clone(), proof.resource().clone()) {
        Ok(proof) => Ok(Some(proof)),
        Err(Denied::Hidden | Denied::Forbidden(_)) => Ok(None),
        Err(Denied::Database(error)) => Err(error.into()),
    }
}

/// Loads what every page about an action shows.
pub(super) fn load(
    conn: &mut PgConnection,
    registry: &Registry,
    actor: &Actor,
    action: &AgentAction,
    visit: Visit,
) -> Result<Loaded, Error> {
    let view: Authorized<View, AgentAction> = decide(actor.clone(), action.clone())?;
    let listed = actions::describe(conn, registry, &view)?;
    let ready = readiness_of(conn, actor, &listed)?;
    let face = face(&listed);
    let (as_whom, need) = words(&ready, &face.integration, action.credentials);
    let defined = listed.definition();
    let frame = Frame {
        agent: action.agent,
        agent_name: action.agent_name.clone(),
        action: action.id,
        description: defined.map(|it| it.description.clone()).unwrap_or_default(),
        effect: defined.map(|it| it.effect),
        credentials: action.credentials,
        asks_first: action.requires_confirmation,
        as_whom,
        need,
        needs_connection: matches!(ready, Readiness::Connect),
        trouble: trouble(conn, actor, &ready)?,
        face,
    };
    let shell = Shell::load(conn, actor, Section::Agents, visit)?;
    Ok(Loaded { shell, frame, definition: listed.integration, key: action.action.clone() })
}

fn trouble(conn: &mut PgConnection, actor: &Actor, ready: &Readiness) -> Result<Option<String>, Error> {
    Ok(match ready {
        Readiness::Refused(reason) => Some(help::sentence(conn, actor, *reason)?),
        Readiness::Gone => {
            Some("The integration does not have this action any more. An editor of the agent can remove it.".to_owned())
        }
        Readiness::Preselected | Readiness::As(_) | Readiness::Connect | Readiness::Choose(_) => None,
    })
}
