//! Agents: the list, making one, looking at one, and changing what it says of itself.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::web::Query;

use crate::authz::actions::CreateAgent;
use crate::authz::actions::Edit;
use crate::authz::actions::View;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::agents::Agent;
use crate::domain::agents::actions;
use crate::domain::agents::agent;
use crate::domain::agents::agent::AgentChanges;
use crate::domain::agents::agent::NewAgent;
use crate::domain::agents::visible;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::workspaces::Workspace;
use crate::domain::runs::readiness::readiness;
use crate::domain::runs::visible as ran;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Mistakes;
use crate::http::look::ActionFace;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls;
use crate::http::urls::Urls;
use crate::kernel::ids::AgentId;
use crate::kernel::paging::Page;
use crate::web::agents::build;
use crate::web::agents::build::Wish;
use crate::web::agents::pages::AgentsPage;
use crate::web::agents::pages::BuildPage;
use crate::web::agents::pages::Head;
use crate::web::agents::pages::NewAgentPage;
use crate::web::agents::pages::Settings;
use crate::web::agents::pages::UsePage;
use crate::web::agents::refusal::Refusal;
use crate::web::agents::rows::UseRow;

/// How many of the person's runs an agent's page shows.
const RECENT: i64 = 5;

#[derive(Debug, serde::Deserialize)]
pub(super) struct IndexQuery {
    #[serde(default)]
    after: String,
}

pub(super) async fn index(
    proof: Authorized<View, Workspace>,
    Query(query): Query<IndexQuery>,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (actor, _) = proof.into_parts();
    let visit = Visit::of(&session);
    let loaded = db.read(move |conn| {
        let listed = visible::list(conn, &actor, &Page::new(None, query.after.parse().ok()))?;
        let shell = Shell::load(conn, &actor, Section::Agents, visit)?;
        let agents = shell.urls.agents();
        let next = listed.next.map(|cursor| urls::with_queries(&agents, [("after", &*cursor.to_string())]));
        Ok::<_, Error>(AgentsPage { agents: listed.items, next, shell })
    });
    page::show(&loaded.await?)
}

pub(super) async fn new(
    proof: Authorized<CreateAgent, Workspace>,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (actor, _) = proof.into_parts();
    let visit = Visit::of(&session);
    let shell = db.read(move |conn| Ok::<_, Error>(Shell::load(conn, &actor, Section::Agents, visit)?)).await?;
    page::show(&NewAgentPage { shell, ..NewAgentPage::default() })
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAgentForm {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    instructions: String,
}

impl Fields for NewAgentForm {
    const MAX_BYTES: usize = 256 * 1024;
}

pub(super) async fn create(
    proof: Authorized<CreateAgent, Workspace>,
    Form(form): Form<NewAgentForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let actor = proof.actor().clone();
    let new = NewAgent {
        name: form.name.clone(),
        description: form.description.clone(),
        instructions: form.instructions.clone(),
    };
    let made: Result<AgentId, Refusal> = db.write(move |tx| Ok(agent::create(tx, &proof, &new)?)).await;
    match made {
        Ok(id) => {
            page::toast(&session, "The agent is there, for you alone. Add its actions next.")?;
            Ok(page::go(&urls.agent_tab(&id, "build")))
        }
        Err(Refusal::Other(error)) => Err(error),
        Err(Refusal::Field { field, message, status }) => {
            let visit = Visit::of(&session);
            let shell = db.read(move |conn| Ok::<_, Error>(Shell::load(conn, &actor, Section::Agents, visit)?)).await?;
            let typed = Settings {
                name: form.name,
                description: form.description,
                instructions: form.instructions,
                is_enabled: true,
            };
            let mut mistakes = Mistakes::default();
            mistakes.add(field, message);
            page::answer(status, &NewAgentPage { shell, typed, mistakes })
        }
    }
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct AgentQuery {
    #[serde(default)]
    tab: String,
    #[serde(default)]
    integration: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    connection: String,
}

/// Its face for use, or, for those who may change it, its face for building.
pub(super) async fn show(
    proof: Authorized<View, Agent>,
    Query(query): Query<AgentQuery>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let may_edit = Head::of(proof.resource()).may_edit;
    if query.tab == "build" && may_edit {
        let (actor, agent) = proof.into_parts();
        let AgentQuery { integration, action, q, connection, .. } = query;
        let wish = Wish { integration, action, query: q, connection };
        let loaded = db.read(move |conn| build::load(conn, &registry, &actor, &agent, &wish, visit)).await?;
        return page::show(&loaded);
    }
    page::show(&db.read(move |conn| load_use(conn, &registry, &proof, visit)).await?)
}

fn load_use(
    conn: &mut diesel::pg::PgConnection,
    registry: &Registry,
    proof: &Authorized<View, Agent>,
    visit: Visit,
) -> Result<UsePage, Error> {
    let (actor, agent) = (proof.actor(), proof.resource());
    let listed = actions::list(conn, registry, proof)?;
    let ready = readiness(conn, proof, &listed)?;
    let filter = ran::Filter { agent: Some(agent.id), ..ran::Filter::default() };
    let recent = ran::list(conn, actor, ran::Which::Mine, &filter, &Page::new(Some(RECENT), None))?;
    let definitions = registry.list(conn, actor.workspace)?;
    let recent = recent.items.into_iter().map(|run| {
        let definition = definitions.iter().find(|it| it.key == run.integration);
        let face = ActionFace::of(definition.map(AsRef::as_ref), &run.integration, &run.action);
        (run, face)
    });
    Ok(UsePage {
        head: Head::of(agent),
        actions: listed.iter().zip(&ready).map(|(listed, ready)| UseRow::of(listed, ready)).collect(),
        recent: recent.collect(),
        shell: Shell::load(conn, actor, Section::Agents, visit)?,
    })
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsForm {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    instructions: String,
    enabled: Option<String>,
}

impl Fields for SettingsForm {
    const MAX_BYTES: usize = 256 * 1024;
}

pub(super) async fn update(
    proof: Authorized<Edit, Agent>,
    Form(form): Form<SettingsForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let (actor, agent) = (proof.actor().clone(), proof.resource().clone());
    let settings = Settings {
        name: form.name,
        description: form.description,
        instructions: form.instructions,
        is_enabled: form.enabled.is_some(),
    };
    let changes = AgentChanges {
        name: Some(settings.name.clone()),
        description: Some(settings.description.clone()),
        instructions: Some(settings.instructions.clone()),
        is_enabled: Some(settings.is_enabled),
    };
    let saved: Result<(), Refusal> = db.write(move |tx| Ok(agent::update(tx, &proof, &changes)?)).await;
    match saved {
        Ok(()) => {
            page::toast(&session, "Saved.")?;
            Ok(page::go(&urls.agent_tab(&agent.id, "build")))
        }
        Err(Refusal::Other(error)) => Err(error),
        Err(Refusal::Field { field, message, .. }) => {
            let visit = Visit::of(&session);
            let loaded = db.read(move |conn| build::load(conn, &registry, &actor, &agent, &Wish::default(), visit));
            let mut settings_mistakes = Mistakes::default();
            settings_mistakes.add(field, message);
            let page = BuildPage { settings, settings_mistakes, ..loaded.await? };
            page::answer(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}
