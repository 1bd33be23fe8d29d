//! Saved connections: the lists, one connection, and what its owner and admins do with it.

mod access;
mod deletions;
mod index;
mod names;
pub mod pages;
mod reconnections;
mod secrets;
mod shares;
mod show;
mod states;
mod trials;

use actix_web::http::Method;
use actix_web::web::ServiceConfig;

use crate::http::gate::route;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/w/{workspace}/connections", index::index);
    route(cfg, Method::GET, "/w/{workspace}/connections/{connection}", show::show);
    route(cfg, Method::GET, "/w/{workspace}/connections/{connection}/name", names::edit);
    route(cfg, Method::POST, "/w/{workspace}/connections/{connection}/name", names::update);
    route(cfg, Method::GET, "/w/{workspace}/connections/{connection}/secret", secrets::edit);
    route(cfg, Method::POST, "/w/{workspace}/connections/{connection}/secret", secrets::update);
    // The answer to a test leaves its address in the browser; whoever loads that again gets the page.
    route(cfg, Method::GET, "/w/{workspace}/connections/{connection}/tests", show::back);
    route(cfg, Method::POST, "/w/{workspace}/connections/{connection}/tests", trials::create);
    route(cfg, Method::POST, "/w/{workspace}/connections/{connection}/reconnect", reconnections::create);
    route(cfg, Method::GET, "/w/{workspace}/connections/{connection}/access", access::show);
    route(cfg, Method::GET, "/w/{workspace}/connections/{connection}/shares", shares::index);
    route(cfg, Method::POST, "/w/{workspace}/connections/{connection}/shares", shares::create);
    route(cfg, Method::POST, "/w/{workspace}/connections/{connection}/shares/change", shares::update);
    route(cfg, Method::POST, "/w/{workspace}/connections/{connection}/shares/deletion", shares::destroy);
    route(cfg, Method::POST, "/w/{workspace}/connections/{connection}/shares/restoration", shares::restore);
    route(cfg, Method::POST, "/w/{workspace}/connections/{connection}/state", states::update);
    route(cfg, Method::GET, "/w/{workspace}/connections/{connection}/deletion", deletions::new);
    route(cfg, Method::POST, "/w/{workspace}/connections/{connection}/deletion", deletions::create);
}
