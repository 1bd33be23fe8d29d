//! People: who is in the workspace, inviting, roles, deactivating with what that stops, and what leavers left behind.

mod adoptions;
mod deactivations;
mod index;
mod invitations;
pub mod pages;
mod person;
mod samples;

use actix_web::http::Method;
use actix_web::web::ServiceConfig;

use crate::http::gate::route;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/w/{workspace}/people", index::index);
    // Before the page of one person, whose id these would be.
    route(cfg, Method::GET, "/w/{workspace}/people/adoptions", adoptions::index);
    route(cfg, Method::POST, "/w/{workspace}/people/adoptions/{connection}", adoptions::create);
    route(cfg, Method::GET, "/w/{workspace}/people/invitations", invitations::back);
    route(cfg, Method::POST, "/w/{workspace}/people/invitations", invitations::create);
    route(cfg, Method::GET, "/w/{workspace}/people/{user}", person::show);
    route(cfg, Method::POST, "/w/{workspace}/people/{user}/role", person::change_role);
    route(cfg, Method::POST, "/w/{workspace}/people/{user}/invitation", invitations::again);
    route(cfg, Method::POST, "/w/{workspace}/people/{user}/withdrawal", invitations::withdraw);
    route(cfg, Method::GET, "/w/{workspace}/people/{user}/deactivation", deactivations::new);
    route(cfg, Method::POST, "/w/{workspace}/people/{user}/deactivation", deactivations::create);
    route(cfg, Method::POST, "/w/{workspace}/people/{user}/reactivation", deactivations::undo);
}
