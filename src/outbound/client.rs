//! The one HTTP client to the outside. Everything that leaves passes the same checks in the same order: is it one of the
//! integration's own origins, may that address be called, is there a free place, is the answer within its limits.
//!
//! reqwest asks its resolver with the name alone, but an allowed address may be called on its own port only. So there is
//! one connection pool for each port that a rule of the guard mentions, and one for all others; each has a resolver that
//! knows its port.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::header;
use rustls::RootCertStore;
use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;
use tokio::time::Instant;
use tokio::time::timeout_at;

pub use crate::outbound::failure::Phase;
pub use crate::outbound::failure::SendError;

use crate::outbound::answer::Answer;
use crate::outbound::guard::Egress;
use crate::outbound::origin::Origin;
use crate::outbound::origin::OriginError;
use crate::outbound::origin::Origins;
use crate::outbound::queue::Queues;
use crate::outbound::request::Headers;
use crate::outbound::request::Request;
use crate::outbound::request::Response;
use crate::outbound::resolver;
use crate::outbound::resolver::Lookup;
use crate::outbound::resolver::Resolver;

const USER_AGENT: &str = concat!("Odeus/", env!("CARGO_PKG_VERSION"));
const ACCEPT_ENCODING: HeaderValue = HeaderValue::from_static("gzip, br");

/// Addresses longer than this cannot be written in HTTP by the client.
const MOST_ADDRESS_BYTES: usize = 60 * 1024;

/// Shorter than the patience of common servers, so that a request seldom meets a connection that is being closed.
const IDLE_CONNECTION: Duration = Duration::from_secs(20);

/// How long and how large a call may be (D-45).
#[derive(Clone, Debug)]
pub struct Limits {
    /// Until a connection stands, DNS and TLS included.
    pub connect: Duration,
    /// From the call of [`Client::send`] to the last byte, waiting for a free place included.
    pub total: Duration,
    /// Between two pieces of an answer, and from the connection to the end of its headers.
    pub idle_read: Duration,
    /// Body of a request.
    pub request_bytes: usize,
    /// Body of an answer, after unpacking.
    pub response_bytes: usize,
    /// Requests to one origin at a time; the rest wait.
    pub per_origin: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(30),
            idle_read: Duration::from_secs(10),
            request_bytes: 1024 * 1024,
            response_bytes: 5 * 1024 * 1024,
            per_origin: 20,
        }
    }
}

/// The client cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS cannot be set up, neither with the machine's authorities nor with those that Odeus carries.
    #[error("the HTTP client cannot be set up")]
    Setup(#[from] reqwest::Error),
}

/// The client. Clones share connections, queues and rules.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    egress: Egress,
    limits: Limits,
    queues: Queues,
    by_port: BTreeMap<u16, reqwest::Client>,
    other_ports: reqwest::Client,
}

impl Client {
    /// A client that asks the machine's DNS.
    pub fn new(egress: Egress, limits: Limits) -> Result<Self, ClientError> {
        Self::with_lookup(egress, limits, &resolver::system())
    }

    /// A client that asks `lookup` for the addresses of a name.
    pub(in crate::outbound) fn with_lookup(
        egress: Egress,
        limits: Limits,
        lookup: &Lookup,
    ) -> Result<Self, ClientError> {
        let pool = |port| {
            let resolver = Resolver { egress: egress.clone(), port, lookup: Arc::clone(lookup) };
            build(resolver, &limits)
        };
        let by_port = egress.ports().into_iter().map(|port| Ok((port, pool(Some(port))?)));
        let by_port = by_port.collect::<Result<_, ClientError>>()?;
        let other_ports = pool(None)?;
        let queues = Queues::new(limits.per_origin);
        Ok(Self(Arc::new(Inner { egress, limits, queues, by_port, other_ports })))
    }

    /// The rules that it keeps to, for checks ahead of time.
    pub fn egress(&self) -> &Egress {
        &self.0.egress
    }

    /// Sends a request to one of `origins`, and nowhere else.
    pub async fn send(&self, request: Request, origins: &Origins) -> Result<Response, SendError> {
        let inner = &*self.0;
        let deadline = Instant::now() + inner.limits.total;
        let origin = Origin::of(request.url()).map_err(|error| foreign(&error, request.url()))?;
        if !origins.contains_origin(&origin) {
            return Err(SendError::ForeignOrigin { origin: origin.to_string() });
        }
        inner.egress.check_url(request.url())?;
        let outgoing = write(request, &inner.limits)?;

        let queue = inner.queues.of(&origin);
        let place = wait_for_place(&queue, deadline, &origin).await?;
        let result = inner.exchange(outgoing, &origin, deadline).await;
        drop(place);
        result
    }
}

impl Inner {
    async fn exchange(
        &self,
        outgoing: reqwest::Request,
        origin: &Origin,
        deadline: Instant,
    ) -> Result<Response, SendError> {
        let pool = self.by_port.get(&origin.port()).unwrap_or(&self.other_ports);
        let host = origin.host();
        let started = Instant::now();
        let patience = deadline.min(started + self.limits.connect + self.limits.idle_read);
        let response = match timeout_at(patience, pool.execute(outgoing)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(SendError::of(error, host)),
            Err(_elapsed) => return Err(SendError::TimedOut { host: host.to_owned(), phase: Phase::Head }),
        };
        let answer = Answer { host, port: origin.port(), started, deadline, response };
        answer.read(&self.egress, &self.limits).await
    }
}

fn foreign(error: &OriginError, url: &url::Url) -> SendError {
    let host = url.host_str().unwrap_or_default();
    tracing::debug!(host, "an address without an origin was refused");
    match error {
        OriginError::NotAnAddress(_) | OriginError::Scheme(_) | OriginError::UserInfo(_) => {
            SendError::ForeignOrigin { origin: format!("{}://{host}", url.scheme()) }
        }
    }
}

/// The request as reqwest takes it.
fn write(request: Request, limits: &Limits) -> Result<reqwest::Request, SendError> {
    let (method, url, headers, body) = request.into_parts();
    if body.as_ref().is_some_and(|body| body.len() > limits.request_bytes) {
        return Err(SendError::RequestTooLarge { limit_bytes: limits.request_bytes });
    }
    if url.as_str().len() > MOST_ADDRESS_BYTES {
        return Err(SendError::RequestTooLarge { limit_bytes: MOST_ADDRESS_BYTES });
    }
    let mut outgoing = reqwest::Request::new(method, url);
    write_headers(headers, outgoing.headers_mut())?;
    *outgoing.body_mut() = body.map(Into::into);
    Ok(outgoing)
}

fn write_headers(headers: Headers, into: &mut HeaderMap) -> Result<(), SendError> {
    for (name, value) in headers {
        if belongs_to_connection(&name) {
            return Err(SendError::ForbiddenHeader { name: name.as_str().to_owned() });
        }
        into.append(name, value);
    }
    into.insert(header::ACCEPT_ENCODING, ACCEPT_ENCODING);
    Ok(())
}

/// `Host` would lead a shared front server to someone else's service; the others would let a request be read as two.
fn belongs_to_connection(name: &HeaderName) -> bool {
    let name = name.as_str();
    let names = ["host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect"];
    names.contains(&name) || name == "keep-alive" || name.starts_with("proxy-")
}

async fn wait_for_place<'a>(
    queue: &'a Semaphore,
    deadline: Instant,
    origin: &Origin,
) -> Result<SemaphorePermit<'a>, SendError> {
    if let Ok(place) = queue.try_acquire() {
        return Ok(place);
    }
    let timed_out = || SendError::TimedOut { host: origin.host().to_owned(), phase: Phase::Queue };
    timeout_at(deadline, queue.acquire()).await.ok().and_then(Result::ok).ok_or_else(timed_out)
}

/// One pool of connections.
fn build(resolver: Resolver, limits: &Limits) -> Result<reqwest::Client, ClientError> {
    // reqwest panics where no provider is installed. A second installation fails, and that is fine.
    rustls::crypto::ring::default_provider().install_default().ok();
    let resolver = Arc::new(resolver);
    match settings(Arc::clone(&resolver), limits).build() {
        Ok(client) => Ok(client),
        Err(error) => {
            tracing::warn!(%error, "the machine has no certificate authorities, so Odeus uses the ones it carries");
            with_own_authorities(resolver, limits)
        }
    }
}

fn with_own_authorities(resolver: Arc<Resolver>, limits: &Limits) -> Result<reqwest::Client, ClientError> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(settings(resolver, limits).tls_backend_preconfigured(tls).build()?)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that builds clients")]
fn settings(resolver: Arc<Resolver>, limits: &Limits) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .dns_resolver(resolver)
        .connect_timeout(limits.connect)
        .pool_idle_timeout(IDLE_CONNECTION)
        .pool_max_idle_per_host(limits.per_origin)
        .http2_max_header_list_size(32 * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_deadline_covers_the_wait_for_a_place() {
        let limits = Limits { total: Duration::from_millis(50), per_origin: 1, ..Limits::default() };
        let client = Client::new(Egress::allowing("127.0.0.1:1").unwrap(), limits).unwrap();
        let url: url::Url = "http://127.0.0.1:1/".parse().unwrap();
        let origin = Origin::of(&url).unwrap();
        let queue = client.0.queues.of(&origin);
        let taken = queue.try_acquire().unwrap();

        let origins: Origins = [origin].into_iter().collect();
        let request = || Request::new(http::Method::GET, url.clone());
        let waited = client.send(request(), &origins).await.unwrap_err();
        drop(taken);
        let sent = client.send(request(), &origins).await.unwrap_err();

        assert!(matches!(waited, SendError::TimedOut { phase: Phase::Queue, .. }), "{waited:?}");
        assert!(!waited.may_have_arrived());
        assert!(matches!(sent, SendError::Unreachable { .. }), "{sent:?}");
        assert!(!sent.may_have_arrived());
    }

    #[test]
    fn the_authorities_that_odeus_carries_make_a_client() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let lookup = resolver::system();
        let resolver = Arc::new(Resolver { egress: Egress::strict(), port: None, lookup });

        assert!(with_own_authorities(resolver, &Limits::default()).is_ok());
    }

    #[test]
    fn the_bounds_are_those_that_were_decided() {
        let limits = Limits::default();

        let seconds = [limits.connect, limits.idle_read, limits.total].map(|limit| limit.as_secs());
        assert_eq!(seconds, [5, 10, 30]);
        assert_eq!([limits.request_bytes, limits.response_bytes, limits.per_origin], [1 << 20, 5 << 20, 20]);
    }
}
