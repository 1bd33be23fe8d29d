//! Taking an action off an agent: first what goes with it, then it goes.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::Edit;
use crate::authz::actions::View;
use crate::authz::facts::CredentialMode;
use crate::authz::proof::Authorized;
use crate::authz::proof::decide;
use crate::db::Db;
use crate::domain::agents::AgentAction;
use crate::domain::agents::actions;
use crate::domain::integrations::registry::Registry;
use crate::http::error::Error;
use crate::http::form::Form;
use crate::http::form::Nothing;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::web::agents::pages::DeletionPage;
use crate::web::agents::rows::face;

pub(super) async fn new(
    proof: Authorized<Edit, AgentAction>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let (actor, action) = proof.into_parts();
    let loaded = db.read(move |conn| {
        let view: Authorized<View, AgentAction> = decide(actor.clone(), action.clone())?;
        let listed = actions::describe(conn, &registry, &view)?;
        let shell = Shell::load(conn, &actor, Section::Agents, visit)?;
        let face = face(&listed);
        let mut consequences = vec![format!("Nobody can run it through “{}” any more.", action.agent_name)];
        if action.credentials == CredentialMode::Preselected {
            consequences.push("Its preselected connection is detached. The connection itself stays.".to_owned());
        }
        Ok::<_, Error>(DeletionPage {
            name: face.name,
            kind: "action",
            button: "Remove action",
            back: (action.agent_name.clone(), shell.urls.agent_tab(&action.agent, "build")),
            target: shell.urls.agent_action_part(&action.agent, &action.id, "deletion"),
            consequences,
            stays: "What it ran stays on record, under Runs.".to_owned(),
            shell,
        })
    });
    page::show(&loaded.await?)
}

pub(super) async fn create(
    proof: Authorized<Edit, AgentAction>,
    Form(Nothing {}): Form<Nothing>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let agent = proof.resource().agent;
    db.write(move |tx| Ok::<_, Error>(actions::remove(tx, &proof)?)).await?;
    page::toast(&session, "The action is off the agent.")?;
    Ok(page::go(&urls.agent_tab(&agent, "build")))
}
