//! Whether an integration is switched on.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::Configure;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::integrations::access;
use crate::domain::integrations::access::AccessChanges;
use crate::domain::integrations::access::Switch;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::registry::Registry;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::page;
use crate::http::urls::Urls;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsForm {
    enabled: bool,
}

impl Fields for SettingsForm {}

pub(super) async fn update(
    proof: Authorized<Configure, Integration>,
    Form(form): Form<SettingsForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let to = if form.enabled { Switch::On } else { Switch::Off };
    let back = urls.integration(&proof.resource().key);
    let changes = AccessChanges { switch: Some(to), ..AccessChanges::default() };
    db.write(move |tx| {
        let (workspace, key) = (proof.actor().workspace, &proof.resource().key);
        let definition = registry.find(tx, workspace, key)?.ok_or_else(Error::not_found)?;
        Ok::<_, Error>(access::change(tx, &proof, &definition, &changes)?)
    })
    .await?;
    let said = if form.enabled { "Switched on." } else { "Switched off. Only admins can use it now." };
    page::toast(&session, said)?;
    Ok(page::go(&back))
}
