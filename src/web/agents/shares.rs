//! Who may use or edit an agent: giving it to a person, a group or everyone, and taking it away.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use uuid::Uuid;

use crate::authz::actions::Share;
use crate::authz::facts::AgentAccess;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::agents::Agent;
use crate::domain::agents::shares;
use crate::domain::agents::shares::ShareError;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::grantee::Grantee;
use crate::domain::people::grantee::GranteeKind;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::page;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::kernel::ids::AgentShareId;
use crate::web::agents::build;
use crate::web::agents::build::Wish;
use crate::web::agents::pages::BuildPage;
use crate::web::agents::pages::People;
use crate::web::agents::refusal::Refusal;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShareForm {
    grantee_type: GranteeKind,
    grantee_id: Option<Uuid>,
    access: AgentAccess,
    #[serde(default)]
    q: String,
}

impl Fields for ShareForm {}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnshareForm {
    share: AgentShareId,
}

impl Fields for UnshareForm {}

pub(super) async fn create(
    proof: Authorized<Share, Agent>,
    Form(form): Form<ShareForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let (actor, agent) = (proof.actor().clone(), proof.resource().clone());
    let grantee = Grantee::new(form.grantee_type, form.grantee_id);
    let shared: Result<_, Refusal> = db
        .write(move |tx| {
            let grantee = grantee.ok_or(ShareError::UnknownGrantee)?;
            Ok(shares::add(tx, &proof, grantee, form.access)?)
        })
        .await;
    match shared {
        Ok(_) => {
            page::toast(&session, "Shared. They find it on their Agents page.")?;
            Ok(page::go(&urls.agent_tab(&agent.id, "build")))
        }
        Err(Refusal::Other(error)) => Err(error),
        Err(Refusal::Field { message, status, .. }) => {
            let (visit, wish) = (Visit::of(&session), Wish { query: form.q, ..Wish::default() });
            let loaded = db.read(move |conn| build::load(conn, &registry, &actor, &agent, &wish, visit)).await?;
            let people = People { mistake: Some(message), ..loaded.people };
            page::answer(status, &BuildPage { people, ..loaded })
        }
    }
}

pub(super) async fn destroy(
    proof: Authorized<Share, Agent>,
    Form(form): Form<UnshareForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let agent = proof.resource().id;
    db.write(move |tx| Ok::<_, Error>(shares::remove(tx, &proof, form.share)?)).await?;
    page::toast(&session, "Taken away. It holds from their next call.")?;
    Ok(page::go(&urls.agent_tab(&agent, "build")))
}
