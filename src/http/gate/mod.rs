//! Lock 1: no route without a gate. Routes are added by [`route`] alone, whose bound wants a handler whose first
//! argument is a [`Proof`]. The proof is drawn before anything else is read: actix draws a tuple's members side by side,
//! and a stranger with a bad form must be told 404, not 415.

mod actors;
mod addressed;
mod gated;
mod part;

use std::future::Future;
use std::sync::Mutex;
use std::sync::PoisonError;

use actix_web::Handler;
use actix_web::HttpRequest;
use actix_web::Responder;
use actix_web::http::Method;
use actix_web::web;
use actix_web::web::ServiceConfig;
use diesel::pg::PgConnection;

use crate::authz::actions::View;
use crate::authz::policy::Permits;
use crate::authz::proof::Authorized;
use crate::authz::proof::Denied;
use crate::authz::proof::decide;
use crate::db::Db;
use crate::http::csrf;
use crate::http::error::Error;
use crate::http::gate::addressed::part;
use crate::http::gate::gated::InOrder;
use crate::http::help;
use crate::http::session;
use crate::kernel::ids::SessionId;
use crate::kernel::ids::UserId;

pub use crate::http::gate::addressed::Addressed;
pub use crate::http::gate::gated::Gated;
pub use crate::http::gate::part::Part;
pub use crate::http::gate::part::PartId;

mod sealed {
    pub trait Sealed {}
}

/// What a handler's first argument must be: the reason why this request may come in. Nobody else makes one of their own:
///
/// ```compile_fail,E0277
/// struct Mine;
///
/// impl odeus::http::gate::Proof for Mine {
///     async fn draw(_: &actix_web::HttpRequest) -> Result<Self, odeus::http::error::Error> {
///         Ok(Self)
///     }
/// }
/// ```
pub trait Proof: sealed::Sealed + Sized {
    /// Draws it from the request's head, before the body is read.
    fn draw(req: &HttpRequest) -> impl Future<Output = Result<Self, Error>>;
}

/// Anyone. A word in a signature, so that open doors can be listed. It is drawn from a request, never made:
///
/// ```compile_fail,E0603
/// let forged = odeus::http::gate::Public(());
/// ```
#[derive(Debug)]
pub struct Public(());

/// Whoever holds a link, coming from anywhere: a mail program that turns a kind of mail off has neither cookies nor an origin
/// of ours (RFC 8058). The secret in the address is all that it acts by, so there is nobody whose name could be abused by a
/// forged request.
#[derive(Debug)]
pub struct LinkHolder(());

/// Somebody who is signed in, in no workspace in particular.
#[derive(Debug)]
pub struct SignedIn {
    user: UserId,
    session: SessionId,
}

impl SignedIn {
    /// Who.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// In which session.
    pub fn session(&self) -> SessionId {
        self.session
    }
}

impl sealed::Sealed for Public {}
impl sealed::Sealed for LinkHolder {}
impl sealed::Sealed for SignedIn {}
impl<A, R> sealed::Sealed for Authorized<A, R> {}

impl Proof for Public {
    async fn draw(req: &HttpRequest) -> Result<Self, Error> {
        csrf::check_origin(req)?;
        Ok(Self(()))
    }
}

impl Proof for LinkHolder {
    async fn draw(_: &HttpRequest) -> Result<Self, Error> {
        Ok(Self(()))
    }
}

impl Proof for SignedIn {
    async fn draw(req: &HttpRequest) -> Result<Self, Error> {
        csrf::check_origin(req)?;
        let (user, session) = session::signed_in(req).ok_or_else(|| Error::sign_in_first(req))?;
        Ok(Self { user, session })
    }
}

impl<A, R> Proof for Authorized<A, R>
where
    R: Addressed + Send + 'static,
    R::Key: Send + 'static,
    A: Permits<R::Facts>,
    View: Permits<R::Facts>,
{
    async fn draw(req: &HttpRequest) -> Result<Self, Error> {
        let claim = actors::claim(req)?;
        let key = R::key(req).ok_or_else(Error::not_found)?;
        let actor = claim.resolve(req).await?;
        let resource = R::fetch(req, actor.clone(), key).await?.ok_or_else(Error::not_found)?;
        match decide(actor.clone(), resource) {
            Ok(proof) => Ok(proof),
            Err(Denied::Forbidden(reason)) => {
                let said = move |conn: &mut PgConnection| Ok::<_, Error>(help::forbidden(conn, &actor, reason)?);
                Err(part::<Db>(req)?.read(said).await?)
            }
            Err(denied @ (Denied::Hidden | Denied::Database(_))) => Err(denied.into()),
        }
    }
}

/// A route as it was added: for the tests that walk them all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The pattern.
    pub path: String,
    /// The method.
    pub method: String,
    /// The proof's type.
    pub proof: &'static str,
}

static ROUTES: Mutex<Vec<Route>> = Mutex::new(Vec::new());

/// Every route that was added in this process, sorted, each once.
pub fn routes() -> Vec<Route> {
    let mut routes = ROUTES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    routes.sort();
    routes.dedup();
    routes
}

/// The methods that an address has, for saying so where it was asked for another.
pub fn methods_at(path: &str) -> Vec<String> {
    let asked: Vec<&str> = path.split('/').collect();
    let fits = |route: &Route| {
        let pattern: Vec<&str> = route.path.split('/').collect();
        let mut steps = pattern.iter().zip(&asked);
        pattern.len() == asked.len()
            && steps.all(|(step, asked)| step == asked || (step.starts_with('{') && !asked.is_empty()))
    };
    routes().into_iter().filter(fits).map(|route| route.method).collect()
}

/// Adds a route. The only way to do so. It takes handlers whose first argument is a [`Proof`]:
///
/// ```
/// # use actix_web::{HttpRequest, HttpResponse, http::Method, web::ServiceConfig};
/// # use odeus::http::gate::{Public, route};
/// async fn show(_: Public, _: HttpRequest) -> HttpResponse {
///     HttpResponse::Ok().finish()
/// }
/// fn routes(cfg: &mut ServiceConfig) {
///     route(cfg, Method::GET, "/here", show);
/// }
/// ```
///
/// No others:
///
/// ```compile_fail,E0277
/// # use actix_web::{HttpRequest, HttpResponse, http::Method, web::ServiceConfig};
/// # use odeus::http::gate::{Public, route};
/// async fn show(_: HttpRequest, _: Public) -> HttpResponse {
///     HttpResponse::Ok().finish()
/// }
/// fn routes(cfg: &mut ServiceConfig) {
///     route(cfg, Method::GET, "/here", show);
/// }
/// ```
/// ```compile_fail,E0277
/// # use actix_web::{HttpResponse, http::Method, web::ServiceConfig};
/// # use odeus::http::gate::route;
/// async fn show() -> HttpResponse {
///     HttpResponse::Ok().finish()
/// }
/// fn routes(cfg: &mut ServiceConfig) {
///     route(cfg, Method::GET, "/here", show);
/// }
/// ```
#[expect(clippy::disallowed_methods, reason = "this is the one place that adds routes")]
pub fn route<F, Args>(cfg: &mut ServiceConfig, method: Method, path: &str, handler: F)
where
    F: Handler<Args>,
    Args: Gated + 'static,
    F::Output: Responder + 'static,
{
    let added = Route { path: path.to_owned(), method: method.to_string(), proof: Args::proof_name() };
    ROUTES.lock().unwrap_or_else(PoisonError::into_inner).push(added);
    cfg.route(path, web::method(method).to(move |InOrder(args): InOrder<Args>| handler.call(args)));
}
