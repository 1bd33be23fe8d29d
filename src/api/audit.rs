//! Who did what: for admins.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use utoipa::OpenApi;

use crate::authz::actions::ViewAudit;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::audit::entries;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::workspaces::Workspace;
use crate::http::audit::answer::AuditEntry;
use crate::http::audit::export;
use crate::http::audit::export::Format;
use crate::http::audit::query::Asked;
use crate::http::error::Error;
use crate::http::gate::route;
use crate::http::json;
use crate::http::json::List;
use crate::http::json::Paging;
use crate::http::query::Listing;
use crate::http::query::Narrowed;

/// The description of these calls.
#[derive(Debug, OpenApi)]
#[openapi(paths(list, csv, lines))]
pub struct Description;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/api/v1/audit", list);
    route(cfg, Method::GET, "/api/v1/audit.csv", csv);
    route(cfg, Method::GET, "/api/v1/audit.jsonl", lines);
}

/// List who did what
///
/// Newest first; for admins.
#[utoipa::path(get, path = "/api/v1/audit", operation_id = "listAudit", tag = "Audit", params(Asked, Paging),
    responses((status = 200, description = "A page of the log", body = List<AuditEntry>),
        (status = 403, description = "`forbidden`: for admins", body = json::Problem),
        (status = 422, description = "`invalid`: a filter that cannot be understood", body = json::Problem)))]
async fn list(
    proof: Authorized<ViewAudit, Workspace>,
    Listing { filter, page }: Listing<Asked>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let listed = db
        .read(move |conn| {
            let filter = filter.filter(conn, &proof)?;
            Ok::<_, Error>(entries::list(conn, &proof, &filter, &page)?)
        })
        .await?;
    Ok(json::ok(&List::of(listed, AuditEntry::of)))
}

/// Write the log to a file for spreadsheets
///
/// All of it that fits, newest first, as CSV; for admins.
#[utoipa::path(get, path = "/api/v1/audit.csv", operation_id = "exportAuditAsCsv", tag = "Audit", params(Asked),
    responses((status = 200, description = "The file, written while it is sent", content_type = "text/csv", body = String),
        (status = 403, description = "`forbidden`: for admins", body = json::Problem),
        (status = 422, description = "`invalid`: a filter that cannot be understood", body = json::Problem)))]
async fn csv(
    proof: Authorized<ViewAudit, Workspace>,
    Narrowed(asked): Narrowed<Asked>,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    export::file(proof, asked, Format::Csv, db, registry).await
}

/// Write the log to a file of JSON lines
///
/// All of it that fits, newest first, one entry on each line; for admins.
#[utoipa::path(get, path = "/api/v1/audit.jsonl", operation_id = "exportAuditAsLines", tag = "Audit", params(Asked),
    responses((status = 200, description = "The file, written while it is sent", content_type = "application/x-ndjson",
            body = String),
        (status = 403, description = "`forbidden`: for admins", body = json::Problem),
        (status = 422, description = "`invalid`: a filter that cannot be understood", body = json::Problem)))]
async fn lines(
    proof: Authorized<ViewAudit, Workspace>,
    Narrowed(asked): Narrowed<Asked>,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    export::file(proof, asked, Format::Jsonl, db, registry).await
}
