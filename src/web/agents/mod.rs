//! Agents: using them and building them. An agent's page has two faces, `use` and `build`; an action's page is its form,
//! and what comes of a call is shown where it was made.

mod action;
pub mod action_pages;
mod actions;
mod agent;
mod build;
mod deletion;
pub mod fields;
pub mod pages;
mod prompts;
mod refusal;
mod removal;
pub mod rows;
mod runs;
mod samples;
mod shares;

use actix_web::http::Method;
use actix_web::web::ServiceConfig;

use crate::http::gate::route;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/w/{workspace}/agents", agent::index);
    route(cfg, Method::POST, "/w/{workspace}/agents", agent::create);
    route(cfg, Method::GET, "/w/{workspace}/agents/new", agent::new);
    route(cfg, Method::GET, "/w/{workspace}/agents/{agent}", agent::show);
    route(cfg, Method::POST, "/w/{workspace}/agents/{agent}/edit", agent::update);
    route(cfg, Method::GET, "/w/{workspace}/agents/{agent}/deletion", deletion::new);
    route(cfg, Method::POST, "/w/{workspace}/agents/{agent}/deletion", deletion::create);
    route(cfg, Method::POST, "/w/{workspace}/agents/{agent}/shares", shares::create);
    route(cfg, Method::POST, "/w/{workspace}/agents/{agent}/shares/deletion", shares::destroy);
    route(cfg, Method::POST, "/w/{workspace}/agents/{agent}/actions", actions::create);
    route(cfg, Method::GET, "/w/{workspace}/agents/{agent}/actions/{action}", action::show);
    route(cfg, Method::GET, "/w/{workspace}/agents/{agent}/actions/{action}/edit", actions::edit);
    route(cfg, Method::POST, "/w/{workspace}/agents/{agent}/actions/{action}/edit", actions::update);
    route(cfg, Method::GET, "/w/{workspace}/agents/{agent}/actions/{action}/deletion", removal::new);
    route(cfg, Method::POST, "/w/{workspace}/agents/{agent}/actions/{action}/deletion", removal::create);
    route(cfg, Method::POST, "/w/{workspace}/agents/{agent}/actions/{action}/runs", runs::create);
}
