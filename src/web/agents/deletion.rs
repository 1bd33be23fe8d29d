//! Deleting an agent: first what goes with it, then it goes.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::Delete;
use crate::authz::actions::Share;
use crate::authz::proof::Authorized;
use crate::authz::proof::decide;
use crate::db::Db;
use crate::domain::agents::Agent;
use crate::domain::agents::agent;
use crate::domain::agents::shares;
use crate::http::error::Error;
use crate::http::form::Form;
use crate::http::form::Nothing;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::web::agents::pages::DeletionPage;

pub(super) async fn new(
    proof: Authorized<Delete, Agent>,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let (actor, agent) = proof.into_parts();
    let loaded = db.read(move |conn| {
        let share: Authorized<Share, Agent> = decide(actor.clone(), agent.clone())?;
        let shares = shares::list(conn, &share)?.len();
        let shell = Shell::load(conn, &actor, Section::Agents, visit)?;
        let counted =
            |count: usize, one: &str, many: &str| if count == 1 { one.to_owned() } else { format!("{count} {many}") };
        let actions = usize::try_from(agent.actions).unwrap_or_default();
        let mut consequences = vec![format!(
            "{}, with what is attached to it. The connections themselves stay.",
            counted(actions, "Its one action", "actions")
        )];
        if shares > 0 {
            consequences.push(format!(
                "{}: whoever has it by a share can no longer use it.",
                counted(shares, "Its one share", "shares")
            ));
        }
        Ok::<_, Error>(DeletionPage {
            kind: "agent",
            button: "Delete agent",
            back: (agent.name.clone(), shell.urls.agent_tab(&agent.id, "build")),
            target: shell.urls.agent_part(&agent.id, "deletion"),
            name: agent.name,
            consequences,
            stays: "What it ran stays on record, under Runs.".to_owned(),
            shell,
        })
    });
    page::show(&loaded.await?)
}

pub(super) async fn create(
    proof: Authorized<Delete, Agent>,
    Form(Nothing {}): Form<Nothing>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let name = proof.resource().name.clone();
    db.write(move |tx| Ok::<_, Error>(agent::delete(tx, &proof)?)).await?;
    page::toast(&session, &format!("“{name}” is deleted."))?;
    Ok(page::go(&urls.agents()))
}
