//! Which mails the holder of a token wants.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use serde::Deserialize;
use serde::Serialize;
use utoipa::OpenApi;
use utoipa::ToSchema;

use crate::authz::actions::View;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::outbox::Kind;
use crate::domain::people::mail_preferences;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::gate::route;
use crate::http::json;
use crate::http::json::Body;
use crate::http::json::Input;
use crate::http::look;

/// The description of these calls.
#[derive(Debug, OpenApi)]
#[openapi(paths(show, update))]
pub struct Description;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/api/v1/me/mails", show);
    route(cfg, Method::PUT, "/api/v1/me/mails", update);
}

/// The kinds of mail that Odeus sends.
#[derive(Debug, Serialize, ToSchema)]
struct Mails {
    items: Vec<MailKind>,
}

/// A kind of mail, and whether the caller gets it.
#[derive(Debug, Serialize, ToSchema)]
struct MailKind {
    kind: Kind,
    name: &'static str,
    description: &'static str,
    /// Whether it can be turned off.
    optional: bool,
    /// Whether it is sent.
    on: bool,
}

/// The kinds that are not wanted; all others are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MailChoice {
    off: Vec<Kind>,
}

impl Input for MailChoice {}

/// Show which mails the caller gets
///
/// From the workspace of the token.
#[utoipa::path(get, path = "/api/v1/me/mails", operation_id = "getMyMails", tag = "Me",
    responses((status = 200, description = "Every kind", body = Mails)))]
async fn show(proof: Authorized<View, Workspace>, db: Data<Db>) -> Result<HttpResponse, Error> {
    let (actor, _) = proof.into_parts();
    let off = db.read(move |conn| Ok::<_, Error>(mail_preferences::off(conn, actor.workspace, actor.user)?)).await?;
    Ok(json::ok(&Mails::of(&off)))
}

/// Choose which mails the caller gets
#[utoipa::path(put, path = "/api/v1/me/mails", operation_id = "chooseMyMails", tag = "Me", request_body = MailChoice,
    responses((status = 200, description = "Every kind, as it is now", body = Mails),
        (status = 422, description = "`invalid`: a kind that cannot be turned off", body = json::Problem)))]
async fn update(
    proof: Authorized<View, Workspace>,
    Body(MailChoice { off }): Body<MailChoice>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    if let Some(index) = off.iter().position(|kind| !kind.is_optional()) {
        return Err(Error::invalid(format!("off[{index}]"), "Mails of this kind are always sent."));
    }
    let (actor, _) = proof.into_parts();
    let off: BTreeSet<Kind> = off.into_iter().collect();
    let chosen = off.clone();
    db.write(move |tx| Ok::<_, Error>(mail_preferences::save(tx, &actor, &chosen)?)).await?;
    Ok(json::ok(&Mails::of(&off)))
}

impl Mails {
    fn of(off: &BTreeSet<Kind>) -> Self {
        let every = Kind::ALL.iter().map(|kind| {
            let (name, description) = look::mail(kind);
            MailKind { kind: *kind, name, description, optional: kind.is_optional(), on: !off.contains(kind) }
        });
        Self { items: every.collect() }
    }
}
