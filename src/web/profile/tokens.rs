//! One's own API tokens. A new one is shown in the answer to its form and never again: it is stored as a hash (D-52).

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;

use crate::authz::actions::View;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::people::tokens;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Mistakes;
use crate::http::page;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::kernel::ids::TokenId;
use crate::kernel::text;
use crate::web::profile::pages::ProfilePage;
use crate::web::profile::show;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTokenForm {
    token_name: String,
}

impl Fields for NewTokenForm {}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenForm {
    token: TokenId,
}

impl Fields for TokenForm {}

pub(super) async fn create(
    proof: Authorized<View, Workspace>,
    Form(form): Form<NewTokenForm>,
    req: HttpRequest,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (visit, current) = (Visit::of(&session), show::current(&req));
    let mut token_mistakes = Mistakes::default();
    let Some(name) = token_mistakes.check("token_name", text::name(&form.token_name)) else {
        let page = show::load(&db, proof.actor(), visit, current).await?;
        return page::refuse(&ProfilePage { token_mistakes, token_name: form.token_name, ..page });
    };
    let actor = proof.actor().clone();
    let new_token = db.write(move |tx| Ok::<_, Error>(tokens::create(tx, &actor, &name)?)).await?;
    let page = show::load(&db, proof.actor(), visit, current).await?;
    page::answer(StatusCode::CREATED, &ProfilePage { new_token: Some(new_token), ..page })
}

pub(super) async fn remove(
    proof: Authorized<View, Workspace>,
    Form(form): Form<TokenForm>,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (actor, workspace) = proof.into_parts();
    db.write(move |tx| Ok::<_, Error>(tokens::remove(tx, &actor, form.token)?)).await?;
    page::toast(&session, "The token is revoked. Whatever used it is out.")?;
    Ok(page::go(&Urls::of(&workspace.slug).profile()))
}
