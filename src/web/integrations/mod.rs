//! What can be connected: the grid, one integration with its ways to connect and its settings, and bringing in one's own.

mod access;
mod clients;
mod connections;
mod imports;
mod index;
pub mod pages;
mod settings;
mod show;

use actix_web::http::Method;
use actix_web::web::ServiceConfig;

use crate::http::gate::route;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/w/{workspace}/integrations", index::index);
    // Before the page of one integration, whose key this would be.
    route(cfg, Method::GET, "/w/{workspace}/integrations/import", imports::new);
    route(cfg, Method::POST, "/w/{workspace}/integrations/import", imports::create);
    route(cfg, Method::GET, "/w/{workspace}/integrations/{integration}", show::show);
    // A form that was refused leaves its own address in the browser; whoever loads that again gets the page.
    route(cfg, Method::GET, "/w/{workspace}/integrations/{integration}/connections", show::back);
    route(cfg, Method::POST, "/w/{workspace}/integrations/{integration}/connections", connections::create);
    route(cfg, Method::POST, "/w/{workspace}/integrations/{integration}/settings", settings::update);
    route(cfg, Method::GET, "/w/{workspace}/integrations/{integration}/access", access::edit);
    route(cfg, Method::POST, "/w/{workspace}/integrations/{integration}/access", access::update);
    route(cfg, Method::GET, "/w/{workspace}/integrations/{integration}/access/review", access::review);
    route(cfg, Method::GET, "/w/{workspace}/integrations/{integration}/oauth-client", show::back);
    route(cfg, Method::POST, "/w/{workspace}/integrations/{integration}/oauth-client", clients::update);
}
