//! Servers that answer until they are told how to end: readiness says no first, so that load balancers look
//! elsewhere; then nothing new is taken; then what is under way is finished.

use std::io;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::dev::ServerHandle;
use tokio::task::JoinSet;

use crate::http::probes::Readiness;

/// How to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// What is under way is finished, after load balancers had this long to notice.
    After(Duration),
    /// At once, whatever is under way.
    AtOnce,
}

/// Servers on their sockets. They answer once they run.
pub struct Servers {
    servers: Vec<Server>,
    readiness: Readiness,
}

impl Servers {
    /// These, with one word on whether they take new requests.
    pub fn new(servers: Vec<Server>, readiness: Readiness) -> Self {
        Self { servers, readiness }
    }

    /// Answers until `stop` says how to end, and ends so; `finish` runs beside the end of the servers.
    pub async fn run<F: Future<Output = ()>>(
        self,
        stop: impl Future<Output = Ending>,
        finish: impl FnOnce(Ending) -> F,
    ) -> io::Result<()> {
        let handles: Vec<ServerHandle> = self.servers.iter().map(Server::handle).collect();
        let mut serving = JoinSet::new();
        for server in self.servers {
            serving.spawn(server);
        }
        let ending = tokio::select! {
            ending = stop => ending,
            Some(ended) = serving.join_next() => return ended.unwrap_or_else(|panicked| Err(io::Error::other(panicked))),
        };
        self.readiness.drain();
        if let Ending::After(settle) = ending {
            tokio::time::sleep(settle).await;
        }
        let is_graceful = ending != Ending::AtOnce;
        let closing = futures_util::future::join_all(handles.iter().map(|handle| handle.stop(is_graceful)));
        tokio::join!(closing, finish(ending));
        Ok(())
    }
}
