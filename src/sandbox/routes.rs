//! Which address is answered by which function.
//!
//! Handlers are plain functions of a [`Call`]: nothing here waits, so nothing here is async.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::Responder;
use actix_web::Route;
use actix_web::http::Method;
use actix_web::web;
use actix_web::web::Bytes;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use std::future::ready;

use crate::sandbox::calendar;
use crate::sandbox::call::Call;
use crate::sandbox::controls;
use crate::sandbox::crm;
use crate::sandbox::holidays;
use crate::sandbox::home;
use crate::sandbox::oauth::authorize;
use crate::sandbox::oauth::metadata;
use crate::sandbox::oauth::revoke;
use crate::sandbox::oauth::token;
use crate::sandbox::pages;
use crate::sandbox::refusal::ApiError;
use crate::sandbox::warehouse;
use crate::sandbox::world::World;

/// Adds every route of the sandbox; those under `/control` only where the options allow them.
pub(crate) fn add(config: &mut ServiceConfig, world: &World) {
    add_pages(config);
    add_oauth(config);
    add_apis(config);
    if world.controls {
        add_controls(config);
    }
    config.default_service(answer(web::route(), nothing_here));
}

fn add_pages(config: &mut ServiceConfig) {
    mount(config, Method::GET, "/", home::show);
    mount(config, Method::GET, "/sandbox.css", home::stylesheet);
    mount(config, Method::GET, "/service-account.json", home::key_file);
    mount(config, Method::GET, "/documents/{key}.yaml", home::document);
    mount(config, Method::POST, "/removals", home::remove_access);
}

fn add_oauth(config: &mut ServiceConfig) {
    mount(config, Method::GET, "/.well-known/oauth-authorization-server", metadata::show);
    mount(config, Method::GET, "/oauth/authorize", authorize::ask);
    mount(config, Method::POST, "/oauth/authorize", authorize::decide);
    mount(config, Method::POST, "/oauth/token", token::exchange);
    mount(config, Method::POST, "/oauth/revoke", revoke::revoke);
}

fn add_apis(config: &mut ServiceConfig) {
    mount(config, Method::GET, "/calendar/v1/me", calendar::me);
    mount(config, Method::GET, "/calendar/v1/events", calendar::list);
    mount(config, Method::POST, "/calendar/v1/events", calendar::create);
    let event = "/calendar/v1/events/{event_id}";
    mount(config, Method::GET, event, calendar::show);
    mount(config, Method::PATCH, event, calendar::update);
    mount(config, Method::DELETE, event, calendar::remove);

    mount(config, Method::GET, "/crm/v1/me", crm::me);
    mount(config, Method::GET, "/crm/v1/contacts", crm::list_contacts);
    mount(config, Method::POST, "/crm/v1/contacts", crm::create_contact);
    let contact = "/crm/v1/contacts/{contact_id}";
    mount(config, Method::GET, contact, crm::show_contact);
    mount(config, Method::GET, "/crm/v1/deals", crm::list_deals);
    mount(config, Method::POST, "/crm/v1/deals", crm::create_deal);

    mount(config, Method::GET, "/warehouse/v1/me", warehouse::me);
    mount(config, Method::GET, "/warehouse/v1/tables", warehouse::list_tables);
    mount(config, Method::POST, "/warehouse/v1/query", warehouse::query);

    mount(config, Method::GET, "/holidays/v1/countries", holidays::list_countries);
    mount(config, Method::GET, "/holidays/v1/{country}/{year}", holidays::list);
}

fn add_controls(config: &mut ServiceConfig) {
    mount(config, Method::POST, "/control/expire-tokens", controls::expire_tokens);
    mount(config, Method::POST, "/control/revoke/{email}", controls::revoke);
    mount(config, Method::POST, "/control/slow", controls::slow);
    mount(config, Method::POST, "/control/fail", controls::fail);
    mount(config, Method::GET, "/control/log", controls::show_log);
    mount(config, Method::DELETE, "/control/log", controls::clear_log);
}

#[expect(clippy::disallowed_methods, reason = "the sandbox is another origin; it has no gate of ours")]
fn mount<R>(config: &mut ServiceConfig, method: Method, path: &str, handler: fn(&Call) -> R)
where
    R: Responder + 'static,
{
    config.route(path, answer(web::method(method), handler));
}

#[expect(clippy::disallowed_methods, reason = "the sandbox is another origin; it has no gate of ours")]
fn answer<R>(route: Route, handler: fn(&Call) -> R) -> Route
where
    R: Responder + 'static,
{
    route.to(move |request: HttpRequest, world: Data<World>, body: Bytes| {
        ready(handler(&Call::new(request, world, body)))
    })
}

fn nothing_here(call: &Call) -> Result<HttpResponse, ApiError> {
    if call.request.path().contains("/v1/") {
        return Err(ApiError::NotFound("address"));
    }
    Ok(pages::nothing_here())
}
