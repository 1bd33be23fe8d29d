//! The pages people see.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use askama::Template;

use crate::sandbox::customers::CrmKey;
use crate::sandbox::people::Person;
use crate::sandbox::world::GivenAccess;

/// The first page: what this is, who lives here, and the keys to try.
#[derive(Template)]
#[template(path = "sandbox/home.html")]
pub(crate) struct Home<'a> {
    pub(crate) people: &'a [Person],
    pub(crate) grants: &'a [GivenAccess],
    pub(crate) crm_keys: &'a [CrmKey],
    pub(crate) service_account: &'a str,
    pub(crate) key_file: &'a str,
    pub(crate) documents: &'a [&'static str],
}

/// The page on which a person lets an app act for them.
#[derive(Template)]
#[template(path = "sandbox/consent.html")]
pub(crate) struct Consent<'a> {
    pub(crate) client: &'a str,
    pub(crate) host: &'a str,
    pub(crate) wishes: Vec<&'static str>,
    pub(crate) carried: Vec<(&'static str, &'a str)>,
    pub(crate) people: &'a [Person],
    pub(crate) chosen: &'a str,
}

#[derive(Template)]
#[template(path = "sandbox/problem.html")]
struct Problem<'a> {
    title: &'a str,
    why: &'a str,
}

pub(crate) fn home(page: &Home<'_>) -> HttpResponse {
    html(StatusCode::OK, page)
}

pub(crate) fn consent(page: &Consent<'_>) -> HttpResponse {
    html(StatusCode::OK, page)
}

/// The app's request cannot be shown to a person, nor sent back to the app.
pub(crate) fn refused(why: &str) -> HttpResponse {
    let title = "This request cannot be answered";
    html(StatusCode::BAD_REQUEST, &Problem { title, why })
}

pub(crate) fn nothing_here() -> HttpResponse {
    let page = Problem { title: "There is nothing here", why: "The address leads nowhere in the sandbox." };
    html(StatusCode::NOT_FOUND, &page)
}

fn html(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(text) => HttpResponse::build(status).content_type(ContentType::html()).body(text),
        Err(error) => {
            tracing::error!(%error, "a page of the sandbox cannot be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}
