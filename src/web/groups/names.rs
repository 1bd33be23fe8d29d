//! A group's name.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::ManagePeople;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::groups;
use crate::domain::people::groups::Group;
use crate::domain::people::groups::GroupError;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Mistakes;
use crate::http::page;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::web::groups::pages::ShowPage;
use crate::web::groups::show;
use crate::web::groups::show::Asked;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NameForm {
    name: String,
}

impl Fields for NameForm {}

pub(super) async fn update(
    proof: Authorized<ManagePeople, Group>,
    Form(form): Form<NameForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let (actor, id, name) = (proof.actor().clone(), proof.resource().id, form.name.clone());
    let renamed: Result<(), GroupError> = db.write(move |tx| groups::rename(tx, &proof, &name)).await;
    match renamed {
        Ok(()) => {
            page::toast(&session, "Renamed. Whom it gives access to what stays.")?;
            Ok(page::go(&urls.group(&id)))
        }
        Err(error @ (GroupError::Name(_) | GroupError::NameTaken)) => {
            let page = show::load(&db, &registry, actor, id, Asked::default(), Visit::of(&session)).await?;
            let mut name_mistakes = Mistakes::default();
            name_mistakes.add("name", error);
            page::refuse(&ShowPage { name: form.name, name_mistakes, ..page })
        }
        Err(error @ (GroupError::Gone | GroupError::Database(_))) => Err(error.into()),
    }
}
