//! Renews access ahead of its end, a bounded piece at a time (D-26). It stops between two pieces, and a piece is no longer
//! than one renewal; renewals themselves are tasks of their own, which nothing cuts off.

use std::time::Duration;

use tokio::sync::watch;

use crate::domain::integrations::registry::Registry;
use crate::domain::oauth::renewal::Renewer;

const EVERY: Duration = Duration::from_secs(15);
/// The pause between two pieces while more is due.
const SOON: Duration = Duration::from_millis(100);

/// Renews until `stop` turns true, or its sender is gone.
pub async fn run(renewer: Renewer, registry: Registry, mut stop: watch::Receiver<bool>) {
    loop {
        let wait = match renewer.renew_ahead(&registry).await {
            Ok(pass) if pass.is_full => SOON,
            Ok(_) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "access could not be renewed ahead of time; the next pass tries again");
                EVERY
            }
        };
        // Stopped, or nobody is left to say so: the end, either way.
        if tokio::time::timeout(wait, stop.wait_for(|stopping| *stopping)).await.is_ok() {
            return;
        }
    }
}
