//! The actions of an agent, for those who build it: adding one, changing whose credentials it uses and whether it asks
//! first.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use diesel::pg::PgConnection;

use crate::authz::actions::Attach;
use crate::authz::actions::Edit;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::CredentialMode;
use crate::authz::proof::Authorized;
use crate::authz::proof::authorize;
use crate::authz::proof::decide;
use crate::db::Db;
use crate::domain::agents::Agent;
use crate::domain::agents::AgentAction;
use crate::domain::agents::actions;
use crate::domain::agents::actions::ActionChanges;
use crate::domain::agents::actions::Credentials;
use crate::domain::agents::actions::NewAction;
use crate::domain::connections::Connection;
use crate::domain::integrations::registry::Registry;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Mistakes;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::kernel::ids::ConnectionId;
use crate::web::agents::build;
use crate::web::agents::build::Choice;
use crate::web::agents::build::Picker;
use crate::web::agents::build::Wish;
use crate::web::agents::pages::ActionEditPage;
use crate::web::agents::pages::BuildPage;
use crate::web::agents::refusal::Refusal;
use crate::web::agents::rows::BuildRow;

/// Whose credentials, as a form says it.
#[derive(Clone, Debug)]
enum Mode {
    Keep,
    Own,
    Preselected(ConnectionId),
}

impl Mode {
    fn of(credentials: &str, connection: &str) -> Result<Self, Refusal> {
        match credentials.parse() {
            Ok(CredentialMode::Own) => Ok(Self::Own),
            Ok(CredentialMode::Preselected) => match connection.parse() {
                Ok(id) => Ok(Self::Preselected(id)),
                Err(_) => Err(Refusal::field("connection_id", "Choose the connection that everyone is to act as.")),
            },
            Err(_) if credentials == "keep" => Ok(Self::Keep),
            Err(_) => Err(Refusal::field("credentials", "Choose whose credentials this action uses.")),
        }
    }

    /// The proof that the actor may attach the connection, if one is to be attached (R10).
    fn proof(&self, tx: &mut PgConnection, actor: &Actor) -> Result<Option<Authorized<Attach, Connection>>, Refusal> {
        match self {
            Self::Keep | Self::Own => Ok(None),
            Self::Preselected(id) => authorize(tx, actor.clone(), id).map(Some).map_err(Refusal::attaching),
        }
    }
}

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddForm {
    integration: String,
    action: String,
    #[serde(default)]
    credentials: String,
    #[serde(default)]
    connection_id: String,
    requires_confirmation: Option<String>,
}

impl Fields for AddForm {}

pub(super) async fn create(
    proof: Authorized<Edit, Agent>,
    Form(form): Form<AddForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let (actor, agent) = (proof.actor().clone(), proof.resource().clone());
    let (asked, known) = (form.clone(), registry.clone());
    let added: Result<(), Refusal> = db.write(move |tx| add(tx, &known, &proof, asked)).await;
    match added {
        Ok(()) => {
            page::toast(&session, "The action is on the agent.")?;
            Ok(page::go(&urls.agent_tab(&agent.id, "build")))
        }
        Err(Refusal::Other(error)) => Err(error),
        Err(Refusal::Field { field, message, status }) => {
            let visit = Visit::of(&session);
            let wish = Wish { integration: form.integration, action: form.action, ..Wish::default() };
            let loaded = db.read(move |conn| build::load(conn, &registry, &actor, &agent, &wish, visit)).await?;
            let mut mistakes = Mistakes::default();
            mistakes.add(field, message);
            let choice = Choice {
                credentials: form.credentials,
                connection: form.connection_id,
                asks_first: form.requires_confirmation.is_some(),
                ..loaded.picker.choice
            };
            let picker = Picker { choice, mistakes, ..loaded.picker };
            page::answer(status, &BuildPage { picker, ..loaded })
        }
    }
}

fn add(
    tx: &mut PgConnection,
    registry: &Registry,
    proof: &Authorized<Edit, Agent>,
    form: AddForm,
) -> Result<(), Refusal> {
    let mode = Mode::of(&form.credentials, &form.connection_id)?;
    let attach = mode.proof(tx, proof.actor())?;
    let new = NewAction {
        integration: form.integration,
        action: form.action,
        requires_confirmation: Some(form.requires_confirmation.is_some()),
    };
    let credentials = attach.as_ref().map_or(Credentials::Own, Credentials::Preselected);
    actions::add(tx, registry, proof, &new, credentials)?;
    Ok(())
}

pub(super) async fn edit(
    proof: Authorized<Edit, AgentAction>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let (actor, action) = proof.into_parts();
    page::show(&db.read(move |conn| load(conn, &registry, &actor, &action, visit)).await?)
}

fn load(
    conn: &mut PgConnection,
    registry: &Registry,
    actor: &Actor,
    action: &AgentAction,
    visit: Visit,
) -> Result<ActionEditPage, Error> {
    let view: Authorized<View, AgentAction> = decide(actor.clone(), action.clone())?;
    let listed = actions::describe(conn, registry, &view)?;
    let shell = Shell::load(conn, actor, Section::Agents, visit)?;
    Ok(ActionEditPage {
        agent: action.agent,
        agent_name: action.agent_name.clone(),
        row: BuildRow::of(&listed),
        description: listed.definition().map(|it| it.description.clone()).unwrap_or_default(),
        choice: build::choice_of(conn, actor, &shell, &listed)?,
        mistakes: Mistakes::default(),
        shell,
    })
}

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EditForm {
    #[serde(default)]
    credentials: String,
    #[serde(default)]
    connection_id: String,
    requires_confirmation: Option<String>,
}

impl Fields for EditForm {}

pub(super) async fn update(
    proof: Authorized<Edit, AgentAction>,
    Form(form): Form<EditForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let (actor, action) = (proof.actor().clone(), proof.resource().clone());
    let (asked, known) = (form.clone(), registry.clone());
    let changed: Result<(), Refusal> = db.write(move |tx| change(tx, &known, &proof, &asked)).await;
    match changed {
        Ok(()) => {
            page::toast(&session, "Saved. It holds from the next call.")?;
            Ok(page::go(&urls.agent_tab(&action.agent, "build")))
        }
        Err(Refusal::Other(error)) => Err(error),
        Err(Refusal::Field { field, message, status }) => {
            let visit = Visit::of(&session);
            let loaded = db.read(move |conn| load(conn, &registry, &actor, &action, visit)).await?;
            let mut mistakes = Mistakes::default();
            mistakes.add(field, message);
            let choice = Choice {
                credentials: form.credentials,
                connection: form.connection_id,
                asks_first: form.requires_confirmation.is_some(),
                ..loaded.choice
            };
            page::answer(status, &ActionEditPage { choice, mistakes, ..loaded })
        }
    }
}

fn change(
    tx: &mut PgConnection,
    registry: &Registry,
    proof: &Authorized<Edit, AgentAction>,
    form: &EditForm,
) -> Result<(), Refusal> {
    let mode = Mode::of(&form.credentials, &form.connection_id)?;
    let attach = mode.proof(tx, proof.actor())?;
    let credentials = match (&mode, &attach) {
        (Mode::Keep, _) => None,
        (_, Some(attach)) => Some(Credentials::Preselected(attach)),
        (Mode::Own | Mode::Preselected(_), None) => Some(Credentials::Own),
    };
    let requires_confirmation = Some(form.requires_confirmation.is_some());
    actions::change(tx, registry, proof, ActionChanges { credentials, requires_confirmation })?;
    Ok(())
}
