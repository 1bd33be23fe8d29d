//! Counts the calls under way, so that a process that stops can wait for them (D-29): a caller who hangs up does not end
//! a call, and so nobody else would wait.

use std::sync::Arc;

use tokio::sync::watch;

/// The count. Clones count together.
#[derive(Clone, Debug)]
pub struct UnderWay(Arc<watch::Sender<usize>>);

/// One call under way, until it is dropped.
#[derive(Debug)]
pub struct OneMore(Arc<watch::Sender<usize>>);

impl UnderWay {
    /// Nothing under way.
    #[expect(clippy::new_without_default, reason = "a new count is made once, where the runner is")]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Counts one more.
    pub fn enter(&self) -> OneMore {
        self.0.send_modify(|count| *count += 1);
        OneMore(Arc::clone(&self.0))
    }

    /// Returns once nothing is under way.
    pub async fn end(&self) {
        // The sender lives as long as `self`, so there is no error to hear of.
        self.0.subscribe().wait_for(|count| *count == 0).await.ok();
    }
}

impl Drop for OneMore {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use std::task::Context;
    use std::task::Poll;
    use std::task::Waker;

    use super::*;

    #[test]
    fn the_end_waits_for_every_call() {
        let calls = UnderWay::new();
        let (one, other) = (calls.enter(), calls.enter());
        let mut end = Box::pin(calls.end());
        let mut look = move || end.as_mut().poll(&mut Context::from_waker(Waker::noop()));

        drop(one);
        assert_eq!(look(), Poll::Pending);
        drop(other);

        assert_eq!(look(), Poll::Ready(()));
    }
}
