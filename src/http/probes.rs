//! For load balancers: whether the process lives, and whether it can serve. The answers say no more than that; the
//! reason is in the log.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;

use crate::db;
use crate::db::Db;
use crate::db::DbError;
use crate::db::SchemaError;
use crate::http::gate::Public;
use crate::http::gate::route;
use crate::kernel::clock::Clock;
use crate::vault::Vault;
use crate::vault::VaultError;

/// Longer than this is no answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How soon to ask again.
const AGAIN_SECONDS: u32 = 2;

/// Whether the process still takes new requests. Clones say the same.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on it says no: the process is about to stop.
    pub fn drain(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the process is about to stop.
    pub fn is_draining(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/healthz", live);
    route(cfg, Method::GET, "/readyz", ready);
}

async fn live(_: Public) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

async fn ready(
    _: Public,
    readiness: Data<Readiness>,
    db: Data<Db>,
    vault: Data<Vault>,
    clock: Data<Clock>,
) -> HttpResponse {
    if readiness.is_draining() {
        return not_ready();
    }
    let checked = tokio::time::timeout(PATIENCE, check(&db, &vault, &clock)).await;
    let Err(reason) = checked.unwrap_or(Err(NotReady::Slow)) else {
        return HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n");
    };
    tracing::warn!(%reason, "not ready to serve");
    not_ready()
}

fn not_ready() -> HttpResponse {
    HttpResponse::ServiceUnavailable()
        .insert_header((header::RETRY_AFTER, AGAIN_SECONDS))
        .content_type("text/plain; charset=utf-8")
        .body("not ready\n")
}

#[derive(Debug, thiserror::Error)]
enum NotReady {
    #[error("the database takes longer than {} s", PATIENCE.as_secs())]
    Slow,
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Schema(#[from] SchemaError),
    #[error(transparent)]
    Key(#[from] VaultError),
}

async fn check(db: &Db, vault: &Vault, clock: &Clock) -> Result<(), NotReady> {
    let (vault, now) = (vault.clone(), clock.now());
    db.read(move |conn| {
        db::verify_schema(conn)?;
        Ok(vault.verify(conn, now)?)
    })
    .await
}
