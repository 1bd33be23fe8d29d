//! Coming in and going out: sign-in, one-time links, passwords, and the way to the first workspace.
//!
//! Nothing here tells a stranger whether an address has an account: a known and an unknown one get the same answer after
//! the same work (D-51, D-57).

mod home;
mod invitations;
mod links;
pub mod pages;
mod passwords;
mod reset_mails;
mod sign_ins;

use actix_web::http::Method;
use actix_web::web::ServiceConfig;

use crate::http::gate::route;
use crate::http::urls;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, urls::HOME, home::show);
    route(cfg, Method::GET, "/w/{workspace}", home::workspace);
    route(cfg, Method::GET, urls::SIGN_IN, sign_ins::new);
    route(cfg, Method::POST, urls::SIGN_IN, sign_ins::create);
    route(cfg, Method::POST, urls::SIGN_OUT, sign_ins::end);
    route(cfg, Method::GET, urls::SIGN_IN_LINK, links::show);
    route(cfg, Method::POST, urls::SIGN_IN_LINK, links::redeem);
    route(cfg, Method::GET, urls::INVITATIONS, invitations::index);
    route(cfg, Method::POST, urls::INVITATIONS, invitations::answer);
    route(cfg, Method::GET, urls::FORGOT, reset_mails::new);
    route(cfg, Method::POST, urls::FORGOT, reset_mails::create);
    route(cfg, Method::GET, urls::SET_PASSWORD, passwords::edit);
    route(cfg, Method::POST, urls::SET_PASSWORD, passwords::update);
}
