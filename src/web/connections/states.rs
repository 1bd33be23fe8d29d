//! Whether a connection is switched on.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::Disable;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::connections::Connection;
use crate::domain::connections::lifecycle;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::page;
use crate::http::urls::Urls;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StateForm {
    enabled: bool,
}

impl Fields for StateForm {}

pub(super) async fn update(
    proof: Authorized<Disable, Connection>,
    Form(form): Form<StateForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let back = urls.connection(&proof.resource().id);
    db.write(move |tx| {
        if form.enabled {
            lifecycle::enable(tx, &proof)?;
        } else {
            lifecycle::disable(tx, &proof)?;
        }
        Ok::<_, Error>(())
    })
    .await?;
    page::toast(&session, if form.enabled { "Enabled." } else { "Disabled. Nothing uses it from now on." })?;
    Ok(page::go(&back))
}
