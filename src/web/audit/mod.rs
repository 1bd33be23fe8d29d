//! Who did what, for admins: the log, narrowed and in pages, and as a file.

mod index;
pub mod pages;

use actix_web::http::Method;
use actix_web::web::ServiceConfig;

use crate::http::gate::route;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/w/{workspace}/audit", index::index);
    route(cfg, Method::GET, "/w/{workspace}/audit.csv", index::csv);
    route(cfg, Method::GET, "/w/{workspace}/audit.jsonl", index::lines);
}
