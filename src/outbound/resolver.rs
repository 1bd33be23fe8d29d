//! DNS for the client. What a name leads to is checked in the step that hands it to the connector, so there is no moment
//! in between in which the answer could change (D-43).

use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::Addrs;
use reqwest::dns::Name;
use reqwest::dns::Resolve;
use reqwest::dns::Resolving;

use crate::outbound::guard::Blocked;
use crate::outbound::guard::Egress;

type Finding = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// The function that asks DNS, as a value.
pub(in crate::outbound) type Lookup = Arc<dyn Fn(String) -> Finding + Send + Sync>;

/// Why a name gave no address to call.
#[derive(Clone, Debug, thiserror::Error)]
pub(in crate::outbound) enum NoAddress {
    #[error(transparent)]
    Blocked(#[from] Blocked),
    #[error("the name has no address")]
    Unresolvable,
}

/// The machine's own resolver.
pub(in crate::outbound) fn system() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// A resolver for the calls to one port, or to all ports that no rule of the guard mentions: reqwest asks with the name
/// alone, and an allowed address may be called on its own port only.
pub(in crate::outbound) struct Resolver {
    pub(in crate::outbound) egress: Egress,
    pub(in crate::outbound) port: Option<u16>,
    pub(in crate::outbound) lookup: Lookup,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let finding = (self.lookup)(host.clone());
        let egress = self.egress.clone();
        let port = self.port;
        Box::pin(async move {
            let addresses = match finding.await {
                Ok(addresses) if !addresses.is_empty() => addresses,
                Ok(_) => return Err(NoAddress::Unresolvable.into()),
                Err(error) => {
                    tracing::debug!(host, %error, "looking up {host} failed");
                    return Err(NoAddress::Unresolvable.into());
                }
            };
            egress.check_resolved(&host, port, &addresses).map_err(NoAddress::Blocked)?;
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}
