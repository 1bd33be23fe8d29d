//! What can be connected, what it can do, and what admins decide about it.

mod answers;
mod documents;
mod losses;
mod settings;
mod shown;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use serde::Deserialize;
use utoipa::OpenApi;

use crate::api::integrations::answers::Detail;
use crate::api::integrations::answers::Summary;
use crate::api::integrations::shown::Shown;
use crate::authz::actions::View;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::integration;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::gate::route;
use crate::http::json;
use crate::http::json::List;
use crate::http::json::Paging;
use crate::http::query::Listing;
use crate::http::urls::PublicUrl;
use crate::kernel::paging::Listed;

/// The description of these calls.
#[derive(Debug, OpenApi)]
#[openapi(paths(list, show, documents::create, settings::update), components(schemas(losses::Losses)))]
pub struct Description;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/api/v1/integrations", list);
    route(cfg, Method::POST, "/api/v1/integrations", documents::create);
    route(cfg, Method::GET, "/api/v1/integrations/{integration}", show);
    route(cfg, Method::PATCH, "/api/v1/integrations/{integration}", settings::update);
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Text that the name, key, category or description has in it.
    q: Option<String>,
    /// A category, by its name.
    category: Option<String>,
}

impl Filter {
    fn takes(&self, definition: &Definition) -> bool {
        self.q.as_deref().is_none_or(|text| definition.mentions(text))
            && self.category.as_deref().is_none_or(|category| category.eq_ignore_ascii_case(&definition.category))
    }
}

/// List the integrations
///
/// By name. Those that are restricted and not for the caller are among them, with `usable: false`; those that are switched
/// off are for admins alone.
#[utoipa::path(get, path = "/api/v1/integrations", operation_id = "listIntegrations", tag = "Integrations",
    params(Filter, Paging),
    responses((status = 200, description = "A page of them", body = List<Summary>)))]
async fn list(
    proof: Authorized<View, Workspace>,
    Listing { filter, page }: Listing<Filter>,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let actor = proof.actor().clone();
    let by = actor.clone();
    let visible = db.read(move |conn| Ok::<_, Error>(integration::list(conn, &registry, &by)?)).await?;
    let wanted = visible.into_iter().filter(|(_, definition)| filter.takes(definition)).collect();
    let page = List::of(Listed::slice(wanted, &page), |(integration, definition)| {
        Summary::of(&actor, &integration, &definition)
    });
    Ok(json::ok(&page))
}

/// Show an integration
///
/// With the fields of each way to connect, and with the input schema of each action. Admins see its settings, too.
#[utoipa::path(get, path = "/api/v1/integrations/{integration}", operation_id = "getIntegration", tag = "Integrations",
    params(("integration" = String, Path, description = "Its key")),
    responses((status = 200, description = "The integration", body = Detail<'_>)))]
async fn show(
    proof: Authorized<View, Integration>,
    db: Data<Db>,
    registry: Data<Registry>,
    public: Data<PublicUrl>,
) -> Result<HttpResponse, Error> {
    let (actor, integration) = proof.into_parts();
    let shown = db.read(move |conn| Shown::load(conn, &registry, &public, &actor, &integration.key)).await?;
    Ok(json::ok(&shown.detail()))
}
