//! Runs: what ran, by whom, as whom, and how it ended. Nobody runs anything here.

pub mod pages;
mod response;
mod run;

use actix_web::http::Method;
use actix_web::web::ServiceConfig;

use crate::http::gate::route;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/w/{workspace}/runs", run::index);
    route(cfg, Method::GET, "/w/{workspace}/runs/{run}", run::show);
    route(cfg, Method::GET, "/w/{workspace}/runs/{run}/response", response::show);
}
