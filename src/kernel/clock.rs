//! The time, as an argument, so that a test can hold it still or move it.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::DateTime;
use chrono::Duration;
use chrono::SubsecRound;
use chrono::Utc;

/// A moment, in UTC, to the microsecond (what Postgres keeps).
pub type Timestamp = DateTime<Utc>;

/// Where the time comes from. Cheap to clone; clones of a frozen clock move together.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Frozen(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `at` until it is moved.
    pub fn frozen(at: Timestamp) -> Self {
        Self(Source::Frozen(Arc::new(Mutex::new(at))))
    }

    /// The present moment, cut to microseconds.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine for the time")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Utc::now().trunc_subsecs(6),
            Source::Frozen(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a frozen clock on; the machine's clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Source::Frozen(at) = &self.0 {
            *at.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }
}
