//! The mails of a workspace, for admins: what waits, what was sent, what failed and why.

mod index;
pub mod pages;

use actix_web::http::Method;
use actix_web::web::ServiceConfig;

use crate::http::gate::route;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/w/{workspace}/mails", index::index);
    route(cfg, Method::POST, "/w/{workspace}/mails/{mail}/retries", index::retry);
}
