//! Static files, in the binary, under an address that changes with their content, so that browsers may keep them for
//! good.

use std::sync::LazyLock;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header;
use actix_web::web::ServiceConfig;
use ring::digest::Context;
use ring::digest::SHA256;

use crate::http::error::Error;
use crate::http::gate::Public;
use crate::http::gate::route;
use crate::kernel::text;

macro_rules! assets {
    ($($name:literal),+ $(,)?) => {
        /// Every static file by its name below `static/`.
        const ASSETS: &[(&str, &[u8])] = &[$(($name, include_bytes!(concat!("../../static/", $name)))),+];
    };
}

assets!(
    "app.css",
    "app.js",
    "favicon.svg",
    "htmx.min.js",
    "icons/ui.svg",
    "icons/airtable.svg",
    "icons/anthropic.svg",
    "icons/asana.svg",
    "icons/calendly.svg",
    "icons/confluence.svg",
    "icons/deepl.svg",
    "icons/dropbox.svg",
    "icons/github.svg",
    "icons/gitlab.svg",
    "icons/gmail.svg",
    "icons/googlebigquery.svg",
    "icons/googlecalendar.svg",
    "icons/googledocs.svg",
    "icons/googledrive.svg",
    "icons/googlesheets.svg",
    "icons/googletasks.svg",
    "icons/hubspot.svg",
    "icons/intercom.svg",
    "icons/jira.svg",
    "icons/linear.svg",
    "icons/microsoftonedrive.svg",
    "icons/microsoftoutlook.svg",
    "icons/microsoftteams.svg",
    "icons/mistralai.svg",
    "icons/notion.svg",
    "icons/openai.svg",
    "icons/salesforce.svg",
    "icons/sendgrid.svg",
    "icons/slack.svg",
    "icons/stripe.svg",
    "icons/wikipedia.svg",
    "icons/zendesk.svg",
    "icons/zoom.svg",
);

/// One digest over all of them: they change together, with a release.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut context = Context::new(&SHA256);
    for (name, bytes) in ASSETS {
        context.update(name.as_bytes());
        context.update(bytes);
    }
    text::hex(context.finish().as_ref()).chars().take(12).collect()
});

/// The address of a static file.
pub fn url(name: &str) -> String {
    format!("/static/{}/{name}", *VERSION)
}

/// The address of a brand's icon.
pub fn icon_url(name: &str) -> String {
    url(&format!("icons/{name}.svg"))
}

/// Whether there is an icon of that name.
pub fn has_icon(name: &str) -> bool {
    let file = format!("icons/{name}.svg");
    ASSETS.iter().any(|(asset, _)| *asset == file)
}

/// Adds the route.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/static/{version}/{name:.+}", show);
}

async fn show(_: Public, req: HttpRequest) -> Result<HttpResponse, Error> {
    let name = req.match_info().query("name");
    let (_, bytes) = ASSETS.iter().find(|(asset, _)| *asset == name).ok_or_else(Error::not_found)?;
    let is_current = req.match_info().query("version") == *VERSION;
    let caching = if is_current { "public, max-age=31536000, immutable" } else { "no-cache" };
    Ok(HttpResponse::Ok().content_type(content_type(name)).insert_header((header::CACHE_CONTROL, caching)).body(*bytes))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
