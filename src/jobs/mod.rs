//! Work that no browser waits for. Each job is safe to run in several processes at once: what must happen once is decided
//! in Postgres.

pub mod compose;
pub mod fan_out;
pub mod hold_keys;
pub mod refresh_tokens;
pub mod send_mail;
pub mod sweep;

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

/// The jobs of one process, under way.
pub struct Jobs {
    stop: watch::Sender<bool>,
    running: JoinSet<()>,
}

impl Jobs {
    /// None yet.
    pub fn new() -> Self {
        Self { stop: watch::Sender::new(false), running: JoinSet::new() }
    }

    /// Starts one; it is told when to stop.
    pub fn start<F>(&mut self, job: impl FnOnce(watch::Receiver<bool>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.running.spawn(job(self.stop.subscribe()));
    }

    /// Lets each finish what it has begun, for as long as `within`.
    pub async fn finish(self, within: Duration) {
        let Self { stop, mut running } = self;
        stop.send_replace(true);
        let all = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(within, all).await.is_err() {
            tracing::warn!(
                "stopped before every job had finished; what they had begun is taken up by the next process"
            );
        }
    }
}

impl Default for Jobs {
    fn default() -> Self {
        Self::new()
    }
}
