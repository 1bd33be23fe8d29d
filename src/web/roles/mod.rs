//! The three roles and what each may do, on one page. Every member may look; admins switch.

mod index;
pub mod pages;

use actix_web::http::Method;
use actix_web::web::ServiceConfig;

use crate::http::gate::route;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/w/{workspace}/roles", index::index);
    route(cfg, Method::POST, "/w/{workspace}/roles", index::update);
}
