//! Deactivating somebody: first what stops, then it stops. And taking them up again.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::ManagePeople;
use crate::authz::proof::Authorized;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::agents::losses::member::dependents;
use crate::domain::connections::departures;
use crate::domain::connections::departures::DepartureError;
use crate::domain::connections::departures::Leaving;
use crate::domain::people::memberships::Membership;
use crate::domain::people::standing::StandingError;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Nothing;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::vault::Vault;
use crate::web::people::pages::DeactivationPage;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeactivationForm {
    #[serde(default)]
    for_good: bool,
}

impl Fields for DeactivationForm {}

pub(super) async fn new(
    proof: Authorized<ManagePeople, Membership>,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    page::show(&load(&db, proof, visit, None).await?)
}

async fn load(
    db: &Db,
    proof: Authorized<ManagePeople, Membership>,
    visit: Visit,
    refusal: Option<String>,
) -> Result<DeactivationPage, Error> {
    db.read(move |conn| {
        let dependents = dependents(conn, &proof)?;
        let shell = Shell::load(conn, proof.actor(), Section::People, visit)?;
        let person = Some(proof.resource().clone());
        Ok(DeactivationPage { shell, person, dependents, refusal })
    })
    .await
}

pub(super) async fn create(
    proof: Authorized<ManagePeople, Membership>,
    Form(form): Form<DeactivationForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
    vault: Data<Vault>,
) -> Result<HttpResponse, Error> {
    let (actor, person) = (proof.actor().clone(), proof.resource().clone());
    let leaving = if form.for_good { Leaving::ForGood } else { Leaving::ForNow };
    let done: Result<(), DepartureError> =
        db.write(move |tx| departures::deactivate(tx, &vault, &proof, leaving)).await;
    match done {
        Ok(()) => {
            page::toast(&session, &format!("{} is out. It holds from now.", person.name))?;
            Ok(page::go(&urls.person(&person.user)))
        }
        Err(DepartureError::Standing(
            error @ (StandingError::LastAdmin | StandingError::NotAccepted | StandingError::ChangedMeanwhile),
        )) => {
            let proof = db
                .read(move |conn| Ok::<_, Error>(authorize::<ManagePeople, Membership>(conn, actor, &person.user)?))
                .await?;
            page::refuse(&load(&db, proof, Visit::of(&session), Some(error.to_string())).await?)
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn undo(
    proof: Authorized<ManagePeople, Membership>,
    Form(Nothing {}): Form<Nothing>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (user, name) = (proof.resource().user, proof.resource().name.clone());
    db.write(move |tx| Ok::<_, Error>(departures::reactivate(tx, &proof)?)).await?;
    page::toast(&session, &format!("{name} is back. API tokens have to be made anew."))?;
    Ok(page::go(&urls.person(&user)))
}
