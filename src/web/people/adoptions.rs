//! What leavers left behind: keys to adopt, and agents that need a new connection.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::ManagePeople;
use crate::authz::actions::Transfer;
use crate::authz::actor::Actor;
use crate::authz::proof::Authorized;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::accounts::users;
use crate::domain::agents::losses::orphans::orphans;
use crate::domain::connections::Connection;
use crate::domain::connections::transfers;
use crate::domain::connections::transfers::TransferError;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::kernel::ids::ConnectionId;
use crate::web::people::pages::AdoptionsPage;
use crate::web::people::pages::LeftRow;
use crate::web::people::pages::NeedyRow;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdoptionForm {
    email: String,
}

impl Fields for AdoptionForm {}

pub(super) async fn index(
    proof: Authorized<ManagePeople, Workspace>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    page::show(&load(&db, &registry, proof.actor().clone(), Visit::of(&session)).await?)
}

async fn load(db: &Db, registry: &Registry, actor: Actor, visit: Visit) -> Result<AdoptionsPage, Error> {
    let registry = registry.clone();
    db.read(move |conn| {
        let proof = authorize::<ManagePeople, Workspace>(conn, actor, &())?;
        let orphans = orphans(conn, &proof)?;
        let definitions = registry.list(conn, proof.actor().workspace)?;
        let me = users::find(conn, proof.actor().user)?.map(|user| user.email).unwrap_or_default();
        Ok(AdoptionsPage {
            shell: Shell::load(conn, proof.actor(), Section::People, visit)?,
            connections: orphans.connections.map(|one| LeftRow::of(one, &definitions, &me)),
            actions: orphans.actions.map(|one| NeedyRow::of(one, &definitions)),
        })
    })
    .await
}

/// Gives a key to whoever has the address: the admin's own stands there to begin with.
pub(super) async fn create(
    proof: Authorized<Transfer, Connection>,
    Form(form): Form<AdoptionForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let (actor, connection) = (proof.actor().clone(), proof.resource().clone());
    let email = form.email.clone();
    let adopted: Result<String, TransferError> = db
        .write(move |tx| {
            let user = users::find_by_email(tx, email.trim())?.ok_or(TransferError::UnknownMember)?;
            transfers::transfer(tx, &proof, user.id)?;
            Ok(user.name)
        })
        .await;
    match adopted {
        Ok(owner) => {
            page::toast(&session, &format!("{} belongs to {owner} now and works again.", connection.name))?;
            Ok(page::go(&urls.people_part("adoptions")))
        }
        Err(error @ (TransferError::UnknownMember | TransferError::SameOwner | TransferError::ChangedMeanwhile)) => {
            let mut page = load(&db, &registry, actor, Visit::of(&session)).await?;
            note(&mut page, connection.id, form.email, &error);
            page::refuse(&page)
        }
        Err(error @ TransferError::Database(_)) => Err(error.into()),
    }
}

/// Shows what is wrong beside the field, with what was typed.
fn note(page: &mut AdoptionsPage, connection: ConnectionId, typed: String, error: &TransferError) {
    if let Some(row) = page.connections.items.iter_mut().find(|row| row.left.id == connection) {
        row.email = typed;
        row.mistakes.add(row.field(), error);
    }
}
