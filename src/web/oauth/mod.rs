//! The way to a provider and back: the page that says where one is going, the callback, and the question about another
//! account.

mod accounts;
mod callbacks;
mod flows;
pub mod pages;

use actix_web::http::Method;
use actix_web::web::ServiceConfig;

use crate::http::gate::route;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/w/{workspace}/oauth/{flow}", flows::show);
    route(cfg, Method::GET, "/w/{workspace}/oauth/{flow}/account", accounts::edit);
    route(cfg, Method::POST, "/w/{workspace}/oauth/{flow}/account", accounts::update);
    route(cfg, Method::POST, "/w/{workspace}/oauth/{flow}/account/deletion", accounts::destroy);
    route(cfg, Method::GET, "/oauth/callback/{workspace}/{integration}", callbacks::show);
}
