//! Groups: the list, one group with its people and what it gives them, and what goes when it goes. Every member may look;
//! admins change.

mod deletions;
mod index;
mod names;
pub mod pages;
mod roster;
mod samples;
mod show;

use actix_web::http::Method;
use actix_web::web::ServiceConfig;

use crate::http::gate::route;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/w/{workspace}/groups", index::index);
    route(cfg, Method::POST, "/w/{workspace}/groups", index::create);
    route(cfg, Method::GET, "/w/{workspace}/groups/{group}", show::show);
    route(cfg, Method::POST, "/w/{workspace}/groups/{group}/name", names::update);
    route(cfg, Method::POST, "/w/{workspace}/groups/{group}/members", roster::create);
    route(cfg, Method::POST, "/w/{workspace}/groups/{group}/members/deletion", roster::destroy);
    route(cfg, Method::POST, "/w/{workspace}/groups/{group}/addresses", roster::paste);
    route(cfg, Method::GET, "/w/{workspace}/groups/{group}/deletion", deletions::new);
    route(cfg, Method::POST, "/w/{workspace}/groups/{group}/deletion", deletions::create);
}
