//! One person: their role, their state, and what an admin can do about them.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::ManagePeople;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::Role;
use crate::authz::proof::Authorized;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::people::memberships::Membership;
use crate::domain::people::standing;
use crate::domain::people::standing::StandingError;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::kernel::ids::UserId;
use crate::web::people::pages::PersonPage;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleForm {
    role: Role,
}

impl Fields for RoleForm {}

pub(super) async fn show(
    proof: Authorized<View, Membership>,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (actor, person) = proof.into_parts();
    page::show(&load(&db, actor, person.user, Visit::of(&session)).await?)
}

/// The page as it is now, for whoever may see it.
pub(super) async fn load(db: &Db, actor: Actor, user: UserId, visit: Visit) -> Result<PersonPage, Error> {
    db.read(move |conn| {
        let (actor, person) = authorize::<View, Membership>(conn, actor, &user)?.into_parts();
        let shell = Shell::load(conn, &actor, Section::People, visit)?;
        let is_self = person.user == actor.user;
        Ok(PersonPage { shell, is_self, person: Some(person), ..PersonPage::default() })
    })
    .await
}

pub(super) async fn change_role(
    proof: Authorized<ManagePeople, Membership>,
    Form(form): Form<RoleForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (actor, user) = (proof.actor().clone(), proof.resource().user);
    let changed: Result<(), StandingError> = db.write(move |tx| standing::change_role(tx, &proof, form.role)).await;
    match changed {
        Ok(()) => {
            page::toast(&session, "Saved. It holds from their next call.")?;
            Ok(page::go(&urls.person(&user)))
        }
        Err(error @ (StandingError::LastAdmin | StandingError::NotAccepted | StandingError::ChangedMeanwhile)) => {
            let page = load(&db, actor, user, Visit::of(&session)).await?;
            page::refuse(&PersonPage { refusal: Some(error.to_string()), ..page })
        }
        Err(error @ StandingError::Database(_)) => Err(error.into()),
    }
}
