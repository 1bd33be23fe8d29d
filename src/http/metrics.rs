//! Counts what is answered, and shows the counters to Prometheus.

use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceRequest;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;

use crate::db::Db;
use crate::http::error::Error;
use crate::http::gate::Public;
use crate::http::gate::route;
use crate::telemetry::Metrics;

/// What stands for the pattern where no route matched.
const NO_ROUTE: &str = "none";

/// Adds the route. Left out where an address of its own shows them.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/metrics", show);
}

async fn show(_: Public, metrics: Data<Metrics>, db: Data<Db>) -> Result<HttpResponse, Error> {
    let (used, idle) = db.occupancy();
    metrics.pool(used, idle);
    let text = metrics.render().map_err(Error::internal)?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

/// Counts the answer under the pattern of its route, never under its path.
pub async fn count(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let begun = Instant::now();
    let metrics = req.app_data::<Data<Metrics>>().cloned();
    let method = req.method().clone();
    let answered = next.call(req).await.map(ServiceResponse::map_into_boxed_body);
    if let Some(metrics) = metrics {
        let (route, status) = match &answered {
            Ok(response) => (response.request().match_pattern(), response.status()),
            Err(error) => (None, error.as_response_error().status_code()),
        };
        metrics.request(route.as_deref().unwrap_or(NO_ROUTE), method.as_str(), status.as_u16(), begun.elapsed());
    }
    answered
}
