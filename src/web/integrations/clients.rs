//! The OAuth client that an integration's connections are made with.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::Configure;
use crate::authz::proof::Authorized;
use crate::domain::connections::connecting::Connecting;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::settings;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Mistakes;
use crate::http::page;
use crate::http::page::Visit;
use crate::http::urls::PublicUrl;
use crate::http::urls::Urls;
use crate::kernel::text;
use crate::vault::input::SecretInput;
use crate::web::integrations::pages::show::Client;
use crate::web::integrations::show;

/// Providers' ids are shorter by far.
const ID: usize = 500;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientForm {
    client_id: String,
    client_secret: SecretInput,
    #[serde(default)]
    without_secret: bool,
}

impl Fields for ClientForm {}

pub(super) async fn update(
    proof: Authorized<Configure, Integration>,
    Form(form): Form<ClientForm>,
    session: Session,
    urls: Urls,
    connecting: Data<Connecting>,
    registry: Data<Registry>,
    public: Data<PublicUrl>,
) -> Result<HttpResponse, Error> {
    let (db, vault) = (&connecting.db, connecting.checker.vault.clone());
    let mistakes = mistakes(&form);
    let (actor, key) = (proof.actor().clone(), proof.resource().key.clone());
    let back = urls.integration(&key);
    if !mistakes.is_empty() {
        let mut page = show::load(db, &registry, &public, actor, key, Visit::of(&session)).await?;
        page.client = page.client.map(|client| Client { id: form.client_id, mistakes, ..client });
        return page::refuse(&page);
    }
    db.write(move |tx| {
        let definition = registry.find(tx, actor.workspace, &key)?.ok_or_else(Error::not_found)?;
        let (id, secret) = (form.client_id.trim(), form.client_secret.trimmed());
        Ok::<_, Error>(settings::set_oauth_client(tx, &vault, &proof, &definition, id, secret)?)
    })
    .await?;
    page::toast(&session, "The OAuth client is saved. Everybody who may use the integration can sign in now.")?;
    Ok(page::go(&back))
}

/// A missing secret is more often forgotten than meant, and saving nothing would lose the one before.
fn mistakes(form: &ClientForm) -> Mistakes {
    let mut mistakes = Mistakes::default();
    match text::line(&form.client_id, ID) {
        Ok(id) if id.is_empty() => mistakes.add("client_id", "The client id is missing."),
        Ok(_) => {}
        Err(error) => mistakes.add("client_id", error),
    }
    if form.client_secret.is_empty() && !form.without_secret {
        mistakes.add(
            "client_secret",
            "The client secret is missing. Type it, also if it is the one saved before, or say that the client has none.",
        );
    }
    mistakes
}
