//! The person's own page: how they sign in, where they are signed in, which programs act as them, and which mails they get.

pub mod mail_pages;
mod mails;
pub mod pages;
mod passwords;
mod sessions;
mod show;
mod tokens;
mod unsubscriptions;

use actix_web::http::Method;
use actix_web::web::ServiceConfig;

use crate::http::gate::route;
use crate::http::urls;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/w/{workspace}/profile", show::show);
    route(cfg, Method::POST, "/w/{workspace}/profile/password", passwords::update);
    route(cfg, Method::POST, "/w/{workspace}/profile/sessions/deletion", sessions::end);
    route(cfg, Method::POST, "/w/{workspace}/profile/other-sessions/deletion", sessions::end_others);
    route(cfg, Method::GET, "/w/{workspace}/profile/mails", mails::show);
    route(cfg, Method::POST, "/w/{workspace}/profile/mails", mails::update);
    route(cfg, Method::GET, urls::UNSUBSCRIBE, unsubscriptions::show);
    route(cfg, Method::POST, urls::UNSUBSCRIBE, unsubscriptions::create);
    route(cfg, Method::POST, "/w/{workspace}/profile/tokens", tokens::create);
    route(cfg, Method::POST, "/w/{workspace}/profile/tokens/deletion", tokens::remove);
}
