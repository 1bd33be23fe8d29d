//! Sends what waits in the outbox. Three steps that never overlap: claim in a short transaction, send with no connection to
//! the database held, say how it ended. A mail can go out twice only if the process dies (or the database stays away) between
//! the last two, and then under the same `Message-ID`.

use std::iter;
use std::sync::Arc;
use std::time::Duration;

use diesel::pg::PgConnection;
use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::watch;
use tracing::info;
use tracing::warn;

use crate::db::Db;
use crate::db::DbError;
use crate::domain::outbox;
use crate::domain::outbox::Claimed;
use crate::domain::outbox::State;
use crate::kernel::clock::Clock;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids;
use crate::mail::failure::SendError;
use crate::mail::letter::LetterError;
use crate::mail::message::Message;
use crate::mail::transport::Transport;
use crate::telemetry::Metrics;

const AT_ONCE: usize = 5;
const CLAIM: i64 = 10;
const IDLE: Duration = Duration::from_secs(1);
const TRIES_TO_NOTE: u32 = 20;
const TRIES_TO_NOTE_WHEN_STOPPING: u32 = 5;

/// Why a letter was not written.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The database did not answer, or refused. Worth another try.
    #[error(transparent)]
    Database(#[from] DbError),
    /// Something else that may pass. Worth another try.
    #[error("the letter cannot be written now")]
    Delayed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The row does not hold what its letter needs. It never will.
    #[error("the mail's row does not hold what its letter needs")]
    Payload(#[from] serde_json::Error),
    /// The letter's template failed. It always will.
    #[error(transparent)]
    Letter(#[from] LetterError),
}

crate::database_errors!(ComposeError);

/// Writes the letter of a mail, inside a transaction; `None` if its cause went away. It runs again for every try, so
/// one-time links are made here and never stored.
pub type Compose =
    dyn Fn(&mut PgConnection, &Claimed, Timestamp) -> Result<Option<Message>, ComposeError> + Send + Sync;

/// All that sending needs. Cheap to clone.
#[derive(Clone)]
pub struct SendMail {
    /// Where the outbox is.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The way out.
    pub transport: Transport,
    /// Writes the letters.
    pub compose: Arc<Compose>,
    /// Counts how mails end.
    pub metrics: Metrics,
}

/// Sends mails until `stop` turns true (or its sender is gone): what is under way is finished, what was claimed but not
/// begun goes back.
pub async fn run(work: SendMail, mut stop: watch::Receiver<bool>) {
    while !is_stopping(&stop) {
        if work.pass(&stop).await == 0 {
            // Both an answer and a lost sender mean stop; the loop's head looks.
            tokio::time::timeout(IDLE, stop.wait_for(|stopping| *stopping)).await.ok();
        }
    }
}

/// Sends what is due now, once; returns how many mails were claimed.
pub async fn once(work: &SendMail) -> usize {
    let (_keep, stop) = watch::channel(false);
    work.pass(&stop).await
}

fn is_stopping(stop: &watch::Receiver<bool>) -> bool {
    *stop.borrow() || stop.has_changed().is_err()
}

/// How the try to send a mail ended.
#[derive(Clone)]
enum Outcome {
    Sent,
    Obsolete,
    Dead(Cause),
    Later(Cause),
    NotBegun,
}

/// Why a mail was not sent: for the log, and for the row, where the mail server's words may stand too.
#[derive(Clone)]
struct Cause {
    log: String,
    row: String,
}

impl Cause {
    fn said(what: &str) -> Self {
        Self { log: what.to_owned(), row: what.to_owned() }
    }

    fn of_letter(error: &ComposeError) -> Self {
        let first: &(dyn std::error::Error + 'static) = error;
        let causes = iter::successors(Some(first), |error| error.source());
        Self { log: error.to_string(), row: causes.map(ToString::to_string).collect::<Vec<_>>().join(": ") }
    }

    fn of_sending(error: &SendError) -> Self {
        let log = error.to_string();
        let row = error.failure().reply().map_or_else(|| log.clone(), |reply| format!("{log}: {reply}"));
        Self { log, row }
    }
}

impl SendMail {
    async fn pass(&self, stop: &watch::Receiver<bool>) -> usize {
        let now = self.clock.now();
        let claimed = match self.db.write(move |tx| outbox::claim(tx, now, CLAIM).map_err(DbError::from)).await {
            Ok(claimed) => claimed,
            Err(error) => {
                warn!(error = %error, "mails wait: the outbox cannot be read");
                return 0;
            }
        };
        let count = claimed.len();
        stream::iter(claimed).for_each_concurrent(AT_ONCE, |mail| self.handle(mail, stop)).await;
        count
    }

    async fn handle(&self, mail: Claimed, stop: &watch::Receiver<bool>) {
        let outcome = if is_stopping(stop) { Outcome::NotBegun } else { self.attempt(&mail).await };
        for tries in 1..=TRIES_TO_NOTE {
            match self.note(&mail, &outcome).await {
                Ok(state) => return self.report(&mail, &outcome, state),
                Err(error) => warn!(mail.id = %mail.id, error = %error, "cannot note how mail {} ended", mail.id),
            }
            if is_stopping(stop) && tries >= TRIES_TO_NOTE_WHEN_STOPPING {
                return;
            }
            tokio::time::sleep(IDLE).await;
        }
    }

    async fn attempt(&self, mail: &Claimed) -> Outcome {
        if mail.attempt > outbox::MAX_ATTEMPTS {
            return Outcome::Dead(Cause::said("the process died at the last try"));
        }
        match self.write_letter(mail.clone()).await {
            Ok(Some(message)) => match self.transport.send(&message).await {
                Ok(()) => Outcome::Sent,
                Err(error @ SendError::Permanent(_)) => Outcome::Dead(Cause::of_sending(&error)),
                Err(error @ SendError::Transient(_)) => Outcome::Later(Cause::of_sending(&error)),
            },
            Ok(None) => Outcome::Obsolete,
            Err(error @ (ComposeError::Database(_) | ComposeError::Delayed(_))) => {
                Outcome::Later(Cause::of_letter(&error))
            }
            Err(error @ (ComposeError::Payload(_) | ComposeError::Letter(_))) => {
                Outcome::Dead(Cause::of_letter(&error))
            }
        }
    }

    async fn write_letter(&self, mail: Claimed) -> Result<Option<Message>, ComposeError> {
        let compose = Arc::clone(&self.compose);
        let now = self.clock.now();
        self.db.write(move |tx| compose(tx, &mail, now)).await
    }

    async fn note(&self, mail: &Claimed, outcome: &Outcome) -> Result<Option<State>, DbError> {
        let (mail, outcome, now) = (mail.clone(), outcome.clone(), self.clock.now());
        self.db.write(move |tx| note(tx, &mail, &outcome, now).map_err(DbError::from)).await
    }

    fn report(&self, mail: &Claimed, outcome: &Outcome, state: Option<State>) {
        let word = word(outcome, state);
        self.metrics.mail(word);
        match outcome {
            Outcome::Dead(cause) | Outcome::Later(cause) => log_failure(mail, word, &cause.log),
            Outcome::Sent | Outcome::Obsolete | Outcome::NotBegun => log_end(mail, word),
        }
    }
}

fn log_failure(mail: &Claimed, outcome: &'static str, cause: &str) {
    let (id, kind, attempt) = (mail.id, mail.kind, mail.attempt);
    warn!(mail.id = %id, mail.kind = %kind, attempt, outcome, cause, "mail {id} was not sent: {outcome}");
}

fn log_end(mail: &Claimed, outcome: &'static str) {
    let (id, kind, attempt) = (mail.id, mail.kind, mail.attempt);
    info!(mail.id = %id, mail.kind = %kind, attempt, outcome, "mail {id}: {outcome}");
}

fn note(
    tx: &mut PgConnection,
    mail: &Claimed,
    outcome: &Outcome,
    now: Timestamp,
) -> diesel::QueryResult<Option<State>> {
    match outcome {
        Outcome::Sent => Ok(outbox::mark_sent(tx, mail, now)?.then_some(State::Sent)),
        Outcome::Obsolete => Ok(outbox::mark_obsolete(tx, mail)?.then_some(State::Obsolete)),
        Outcome::Dead(cause) => Ok(outbox::mark_dead(tx, mail, &cause.row)?.then_some(State::Dead)),
        Outcome::Later(cause) => outbox::retry_later(tx, mail, &cause.row, chance(), now),
        Outcome::NotBegun => Ok(outbox::release(tx, mail)?.then_some(State::Pending)),
    }
}

/// How a try ended, as the metrics have it; `lost` if the lease ran out meanwhile.
fn word(outcome: &Outcome, state: Option<State>) -> &'static str {
    match (state, outcome) {
        (None, _) => "lost",
        (Some(State::Pending), Outcome::NotBegun) => "released",
        (Some(State::Pending), _) => "retried",
        (Some(state), _) => state.as_str(),
    }
}

/// Without randomness the wait is the shortest one.
fn chance() -> u32 {
    ids::random_bytes().map(u32::from_le_bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::mail::failure::DEADLINE;

    use super::*;

    #[test]
    fn all_mails_of_a_claim_can_be_sent_within_their_lease() {
        let rounds = u32::try_from(usize::try_from(CLAIM).unwrap().div_ceil(AT_ONCE)).unwrap();
        let to_note = IDLE * TRIES_TO_NOTE;

        assert!(DEADLINE * rounds + to_note < outbox::LEASE.to_std().unwrap());
    }
}
