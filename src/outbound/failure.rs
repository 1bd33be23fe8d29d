//! How sending can fail. The situations are told apart by what the caller has to do next, above all by whether the
//! provider may have acted. No variant, shown or debugged, holds a path, a query, a header or a body.

use std::error::Error;
use std::io;

use crate::outbound::guard::Blocked;
use crate::outbound::resolver::NoAddress;

/// Why there is no answer to hand on.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The request is for an origin that its secret is not bound to (D-40).
    #[error("{origin} is not one of the integration's own addresses, so nothing was sent")]
    ForeignOrigin {
        /// Where it would have gone.
        origin: String,
    },
    /// The guard refuses the address.
    #[error(transparent)]
    Blocked(#[from] Blocked),
    /// The request sets a header that belongs to the connection and not to the caller.
    #[error("the header {name} cannot be set, so nothing was sent")]
    ForbiddenHeader {
        /// Its name.
        name: String,
    },
    /// The body or the address of the request is larger than allowed.
    #[error("the request is larger than {limit_bytes} bytes, so nothing was sent")]
    RequestTooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// DNS knows no address.
    #[error("{host} has no address; check its spelling")]
    Unresolvable {
        /// The host.
        host: String,
    },
    /// No connection came about.
    #[error("{host} cannot be reached")]
    Unreachable {
        /// The host.
        host: String,
        /// Why. For logs: it may name the address behind the host.
        #[source]
        source: reqwest::Error,
    },
    /// The certificate is not from an authority that this machine trusts, not for this host, or expired.
    #[error("{host} cannot prove who it is: its certificate is not trusted, so nothing was sent")]
    Untrusted {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// A deadline passed.
    #[error("{host} took too long: {phase}")]
    TimedOut {
        /// The host.
        host: String,
        /// What was being waited for.
        phase: Phase,
    },
    /// The answer is larger than allowed, packed or unpacked.
    #[error("the answer of {host} is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The host.
        host: String,
        /// The limit.
        limit_bytes: usize,
    },
    /// The answer is a compression bomb.
    #[error("the answer of {host} unpacks to more than a hundred times its size, which no honest answer does")]
    Inflated {
        /// The host.
        host: String,
    },
    /// The answer points elsewhere; it is not followed (D-44).
    #[error("{host} answered {status}, pointing to {}, and redirects are not followed", to_origin.as_deref().unwrap_or("nowhere"))]
    Redirected {
        /// The host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// The origin that it points to, without path and query.
        to_origin: Option<String>,
    },
    /// What came back breaks the rules of HTTP or of ours.
    #[error("the answer of {host} cannot be used: {problem}")]
    Malformed {
        /// The host.
        host: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The connection broke after it came about, or what came back is not HTTP.
    #[error("the connection to {host} broke off before the answer was complete")]
    Broken {
        /// The host.
        host: String,
        /// How.
        #[source]
        source: reqwest::Error,
    },
    /// The answer came from an address that is not among the checked ones.
    #[error("{host} was answered for by an address that is not its own")]
    StrayPeer {
        /// The host.
        host: String,
    },
}

/// What was being waited for when a deadline passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Phase {
    /// A free place among the requests to this origin.
    #[error("too many requests to it were under way")]
    Queue,
    /// The first line and headers of the answer.
    #[error("no answer began in time")]
    Head,
    /// The rest of the answer.
    #[error("the answer began, but did not end in time")]
    Body,
}

impl SendError {
    /// Whether the provider could have acted on the request. If not, sending it again repeats nothing.
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::ForeignOrigin { .. }
            | Self::Blocked(_)
            | Self::ForbiddenHeader { .. }
            | Self::RequestTooLarge { .. }
            | Self::Unresolvable { .. }
            | Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::TimedOut { phase: Phase::Queue, .. } => false,
            Self::TimedOut { phase: Phase::Head | Phase::Body, .. }
            | Self::TooLarge { .. }
            | Self::Inflated { .. }
            | Self::Redirected { .. }
            | Self::Malformed { .. }
            | Self::Broken { .. }
            | Self::StrayPeer { .. } => true,
        }
    }

    /// What an error of the HTTP client means.
    pub(in crate::outbound) fn of(error: reqwest::Error, host: &str) -> Self {
        // The client's errors carry the whole address, and the query may be a credential.
        let source = error.without_url();
        let host = host.to_owned();
        match find::<NoAddress>(&source) {
            Some(NoAddress::Blocked(blocked)) => return Self::Blocked(blocked.clone()),
            Some(NoAddress::Unresolvable) => return Self::Unresolvable { host },
            None => {}
        }
        if !source.is_connect() {
            return Self::Broken { host, source };
        }
        match find::<rustls::Error>(&source) {
            Some(rustls::Error::InvalidCertificate(_)) => Self::Untrusted { host, source },
            Some(_) | None => Self::Unreachable { host, source },
        }
    }
}

/// The first error of type `E` among an error and what it wraps.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |error| inner(*error)).find_map(|error| error.downcast_ref())
}

/// What an error wraps. `io::Error` hides that from `source()`, and TLS errors lie in two of them.
fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
