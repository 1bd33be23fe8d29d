//! The list of runs, and one run.

use std::collections::HashMap;
use std::sync::Arc;

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use actix_web::web::Query;

use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::agents::visible as agents;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::workspaces::Workspace;
use crate::domain::runs::Run;
use crate::domain::runs::RunStatus;
use crate::domain::runs::visible;
use crate::domain::runs::visible::Filter;
use crate::domain::runs::visible::Which;
use crate::http::answer::Answer;
use crate::http::error::Error;
use crate::http::look::ActionFace;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::kernel::ids::DraftId;
use crate::kernel::paging::MAX_LIMIT;
use crate::kernel::paging::Page;
use crate::web::runs::pages::RunPage;
use crate::web::runs::pages::RunsPage;

#[derive(Debug, serde::Deserialize)]
pub(super) struct IndexQuery {
    #[serde(default)]
    view: String,
    #[serde(default)]
    agent: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    after: String,
}

pub(super) async fn index(
    proof: Authorized<View, Workspace>,
    Query(query): Query<IndexQuery>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let (actor, _) = proof.into_parts();
    page::show(&db.read(move |conn| load(conn, &registry, &actor, &query, visit)).await?)
}

fn load(
    conn: &mut diesel::pg::PgConnection,
    registry: &Registry,
    actor: &Actor,
    query: &IndexQuery,
    visit: Visit,
) -> Result<RunsPage, Error> {
    let asked = query.view.parse().unwrap_or(Which::Mine);
    let which = if asked == Which::All && !actor.is_admin() { Which::Mine } else { asked };
    let filter = Filter { agent: query.agent.parse().ok(), status: query.status.parse().ok(), connection: None };
    let after = query.after.parse().ok();
    let listed = visible::list(conn, actor, which, &filter, &Page::new(None, after))?;
    let known = agents::list(conn, actor, &Page::new(Some(MAX_LIMIT), None))?;
    let mut agents: Vec<(String, String)> = known.items.into_iter().map(|it| (it.id.to_string(), it.name)).collect();
    let chosen = filter.agent.map(|it| it.to_string()).unwrap_or_default();
    if !chosen.is_empty() && !agents.iter().any(|(id, _)| *id == chosen) {
        let named = listed.items.iter().find_map(|run| run.agent_name.clone());
        agents.push((chosen.clone(), named.unwrap_or_else(|| "This agent".to_owned())));
    }
    let definitions = definitions(registry.list(conn, actor.workspace)?);
    Ok(RunsPage {
        shell: Shell::load(conn, actor, Section::Runs, visit)?,
        which,
        agent: chosen,
        status: filter.status.map(|it| it.to_string()).unwrap_or_default(),
        agents,
        next: listed.next.map(|cursor| cursor.to_string()),
        is_later: after.is_some(),
        runs: listed.items.into_iter().map(|run| with_face(run, &definitions)).collect(),
    })
}

fn definitions(all: Vec<Arc<Definition>>) -> HashMap<String, Arc<Definition>> {
    all.into_iter().map(|definition| (definition.key.clone(), definition)).collect()
}

fn with_face(run: Run, definitions: &HashMap<String, Arc<Definition>>) -> (Run, ActionFace) {
    let definition = definitions.get(&run.integration).map(AsRef::as_ref);
    let face = ActionFace::of(definition, &run.integration, &run.action);
    (run, face)
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct RunQuery {
    /// The inputs that wait for the connection.
    draft: Option<DraftId>,
}

pub(super) async fn show(
    proof: Authorized<View, Run>,
    Query(query): Query<RunQuery>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let (actor, run) = proof.into_parts();
    let loaded = db.read(move |conn| {
        let definition = registry.find(conn, actor.workspace, &run.integration)?;
        let shell = Shell::load(conn, &actor, Section::Runs, visit)?;
        let content = run.content.as_ref();
        let response = content.and_then(|it| it.response.as_ref());
        let seen = run.connection.as_ref().filter(|it| it.name.is_some() && (run.owns_connection || actor.is_admin()));
        Ok::<_, Error>(RunPage {
            face: ActionFace::of(definition.as_deref(), &run.integration, &run.action),
            answer: response.map(|it| Answer::of(&it.body, it.is_cut)),
            input: content.map(|it| Answer::of_json(&it.input)),
            connection_url: seen.map(|it| shell.urls.connection(&it.id)),
            mend_url: query
                .draft
                .zip(seen)
                .filter(|_| run.status == RunStatus::NeedsReconnect && run.is_caller)
                .map(|(draft, it)| shell.urls.connection_for_call(&it.id, &run.agent, &run.agent_action, &draft)),
            shell,
            run,
        })
    });
    page::show(&loaded.await?)
}
