//! The face for people: one folder for each noun, with its routes, forms and pages. None names another.

pub mod accounts;
pub mod agents;
pub mod audit;
pub mod connections;
pub mod groups;
pub mod integrations;
pub mod mails;
pub mod oauth;
pub mod people;
pub mod profile;
pub mod roles;
pub mod runs;

use actix_web::web::ServiceConfig;

/// Adds every route.
pub fn routes(cfg: &mut ServiceConfig) {
    accounts::routes(cfg);
    agents::routes(cfg);
    audit::routes(cfg);
    connections::routes(cfg);
    groups::routes(cfg);
    integrations::routes(cfg);
    mails::routes(cfg);
    oauth::routes(cfg);
    people::routes(cfg);
    profile::routes(cfg);
    roles::routes(cfg);
    runs::routes(cfg);
}
