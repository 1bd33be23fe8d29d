//! Bringing a sign-in back to life: the same way as making one, but the connection keeps its row, shares and agents (R14).

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::Connect;
use crate::authz::actions::Maintain;
use crate::authz::proof::Authorized;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::connections::Connection;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::registry::Registry;
use crate::domain::oauth::flows;
use crate::domain::oauth::flows::Wish;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::page;
use crate::http::pending::Pending;
use crate::http::pending::PendingFields;
use crate::http::session;
use crate::http::urls::PublicUrl;
use crate::http::urls::Urls;
use crate::vault::Vault;

/// The call that waits for it, if one does.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Waiting {
    agent: Option<String>,
    action: Option<String>,
    draft: Option<String>,
}

impl Fields for Waiting {}

pub(super) async fn create(
    proof: Authorized<Maintain, Connection>,
    (Form(Waiting { agent, action, draft }), req): (Form<Waiting>, HttpRequest),
    urls: Urls,
    db: Data<Db>,
    vault: Data<Vault>,
    registry: Data<Registry>,
    public: Data<PublicUrl>,
) -> Result<HttpResponse, Error> {
    let (_, session) = session::signed_in(&req).ok_or_else(|| Error::sign_in_first(&req))?;
    let redirect_uri = public.absolute(&urls.oauth_callback(&proof.resource().integration));
    let name = proof.resource().name.clone();
    let wish = Wish {
        name,
        session,
        redirect_uri,
        return_to: Pending::return_to(Pending::read(PendingFields { agent, action, draft })),
    };
    let begun = db
        .write(move |tx| {
            let (actor, key) = (proof.actor(), &proof.resource().integration);
            // Whoever may not connect it may not reconnect it either, and reads why before they go there.
            let reached = authorize::<Connect, Integration>(tx, actor.clone(), key)?;
            let definition = registry.find(tx, actor.workspace, key)?.ok_or_else(Error::not_found)?;
            Ok::<_, Error>(flows::begin_again(tx, &vault, &proof, reached.resource(), &definition, wish)?)
        })
        .await?;
    Ok(page::go(&urls.oauth_flow(&begun)))
}
