//! Mails waiting to be sent. A row is written in the transaction that causes it, so there is a mail exactly when there is
//! a cause; what a row holds is ids and names, and links with secrets are made when the mail is built. A mail is
//! handed out under a lease of two minutes, and whoever holds the lease alone may say how it ended: a process that dies
//! gives its mails back by doing nothing.

pub mod fan_outs;
pub mod overview;

use chrono::Duration;
use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::JoinOnDsl;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::Queryable;
use diesel::RunQueryDsl;
use diesel::Selectable;
use diesel::SelectableHelper;
use diesel::pg::Pg;
use diesel::pg::PgConnection;

use crate::db::schema::outbox;
use crate::db::schema::users;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::LeaseId;
use crate::kernel::ids::OutboxId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;
use crate::kernel::text;
use crate::mail::message::Address;
use crate::words;

/// How long a mail that was handed out is nobody else's.
pub const LEASE: Duration = Duration::minutes(2);
/// How often a mail is tried before it is given up.
pub const MAX_ATTEMPTS: i32 = 12;

const FIRST_STEP_MS: i64 = 30_000;
const LONGEST_STEP_MS: i64 = 3_600_000;
const SHORTEST_WAIT_MS: i64 = 1_000;

words! {
    /// What a mail is about. A process hands out only kinds it knows, so a newer one's wait for it.
    Kind {
        /// Someone asked to set a new password.
        PasswordReset = "password_reset",
        /// Someone was made a member of a workspace.
        Invited = "invited",
        /// A connection must be connected again by its owner.
        NeedsReconnect = "needs_reconnect",
        /// Somebody else put one's connection on an agent.
        ConnectionAttached = "connection_attached",
        /// An action of an agent that one uses needs a connection of one's own.
        AgentNeedsConnection = "agent_needs_connection",
        /// A connection or an agent was shared with someone.
        SharedWithYou = "shared_with_you",
        /// What was shared with someone is not any more.
        AccessRemoved = "access_removed",
        /// More people act through what someone attached to an agent.
        AudienceGrew = "audience_grew",
    }
}

impl Kind {
    /// Whether people can turn it off. What lets somebody in cannot be.
    pub fn is_optional(self) -> bool {
        match self {
            Self::PasswordReset | Self::Invited => false,
            Self::NeedsReconnect
            | Self::ConnectionAttached
            | Self::AgentNeedsConnection
            | Self::SharedWithYou
            | Self::AccessRemoved
            | Self::AudienceGrew => true,
        }
    }
}

words! {
    /// How far a mail is.
    State {
        /// Waiting, or being sent under a lease.
        Pending = "pending",
        /// Taken by the mail server.
        Sent = "sent",
        /// Given up.
        Dead = "dead",
        /// Its cause went away before it was sent.
        Obsolete = "obsolete",
    }
}

/// A mail to be sent.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// The workspace it is about, if it is about one.
    pub workspace: Option<WorkspaceId>,
    /// Who gets it, at the address stored for them when it is sent.
    pub user: UserId,
    /// What it is about.
    pub kind: Kind,
    /// Two mails with the same key are the same mail, for example `needs_reconnect:{connection}:{version}`.
    pub dedupe_key: String,
    /// Ids and names for the letter. Never a secret, never a link that holds one.
    pub payload: serde_json::Value,
}

/// A mail that was handed out to be sent.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The mail.
    pub id: OutboxId,
    /// The workspace it is about, if it is about one.
    pub workspace: Option<WorkspaceId>,
    /// Who gets it.
    pub user: UserId,
    /// Their name and address as they are now.
    pub to: Address,
    /// What it is about.
    pub kind: Kind,
    /// Ids and names for the letter.
    pub payload: serde_json::Value,
    /// Which try this is; the first is 1. A hand-out counts even if the process dies.
    pub attempt: i32,
    lease: LeaseId,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = outbox, check_for_backend(Pg))]
struct Row {
    id: OutboxId,
    workspace_id: Option<WorkspaceId>,
    user_id: UserId,
    kind: Kind,
    payload: serde_json::Value,
    attempts: i32,
}

impl Row {
    fn claimed(self, to: Address, lease: LeaseId) -> Claimed {
        let Self { id, workspace_id: workspace, user_id: user, kind, payload, attempts: attempt } = self;
        Claimed { id, workspace, user, to, kind, payload, attempt, lease }
    }
}

/// Puts a mail into the outbox; false if it already is or was there.
pub fn enqueue(conn: &mut PgConnection, mail: NewMail, now: Timestamp) -> QueryResult<bool> {
    let rows = diesel::insert_into(outbox::table)
        .values((
            outbox::id.eq(OutboxId::new()),
            outbox::workspace_id.eq(mail.workspace),
            outbox::user_id.eq(mail.user),
            outbox::kind.eq(mail.kind),
            outbox::dedupe_key.eq(mail.dedupe_key),
            outbox::payload.eq(mail.payload),
            outbox::state.eq(State::Pending),
            outbox::attempts.eq(0),
            outbox::next_at.eq(now),
            outbox::created_at.eq(now),
        ))
        .on_conflict(outbox::dedupe_key)
        .do_nothing()
        .execute(conn)?;
    Ok(rows == 1)
}

/// Hands out at most `limit` mails whose time has come, the longest waiting first. Others can have none of them until
/// their lease ends. The rows are locked until the transaction `tx` ends, so it must be one, and short.
pub fn claim(tx: &mut PgConnection, now: Timestamp, limit: i64) -> QueryResult<Vec<Claimed>> {
    let ids: Vec<OutboxId> = outbox::table
        .filter(outbox::state.eq(State::Pending))
        .filter(outbox::kind.eq_any(Kind::ALL))
        .filter(outbox::next_at.le(now))
        .filter(outbox::lease_until.is_null().or(outbox::lease_until.le(now)))
        .order(outbox::next_at)
        .limit(limit)
        .select(outbox::id)
        .for_update()
        .skip_locked()
        .load(tx)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let lease = LeaseId::new();
    diesel::update(outbox::table.filter(outbox::id.eq_any(&ids)))
        .set((
            outbox::lease_id.eq(Some(lease)),
            outbox::lease_until.eq(Some(now + LEASE)),
            outbox::attempts.eq(outbox::attempts + 1),
        ))
        .execute(tx)?;
    load(tx, &ids, lease)
}

fn load(tx: &mut PgConnection, ids: &[OutboxId], lease: LeaseId) -> QueryResult<Vec<Claimed>> {
    let rows: Vec<(Row, String, String)> = outbox::table
        .inner_join(users::table.on(users::id.eq(outbox::user_id)))
        .filter(outbox::id.eq_any(ids))
        .order(outbox::next_at)
        .select((Row::as_select(), users::name, users::email))
        .load(tx)?;
    Ok(rows.into_iter().map(|(row, name, email)| row.claimed(Address { name, email }, lease)).collect())
}

/// The mail server took the mail. False, here and below, if the lease was no longer this claim's: nothing changed then.
pub fn mark_sent(conn: &mut PgConnection, mail: &Claimed, now: Timestamp) -> QueryResult<bool> {
    finish(conn, mail, State::Sent, Some(now), None)
}

/// The mail can never arrive.
pub fn mark_dead(conn: &mut PgConnection, mail: &Claimed, error: &str) -> QueryResult<bool> {
    finish(conn, mail, State::Dead, None, Some(error))
}

/// The mail's cause went away.
pub fn mark_obsolete(conn: &mut PgConnection, mail: &Claimed) -> QueryResult<bool> {
    finish(conn, mail, State::Obsolete, None, None)
}

fn finish(
    conn: &mut PgConnection,
    mail: &Claimed,
    state: State,
    sent_at: Option<Timestamp>,
    error: Option<&str>,
) -> QueryResult<bool> {
    let rows = diesel::update(outbox::table.filter(outbox::id.eq(mail.id)).filter(outbox::lease_id.eq(mail.lease)))
        .set((
            outbox::state.eq(state),
            outbox::lease_id.eq(None::<LeaseId>),
            outbox::lease_until.eq(None::<Timestamp>),
            outbox::sent_at.eq(sent_at),
            outbox::last_error.eq(error.map(|error| text::cut(error, 400))),
        ))
        .execute(conn)?;
    Ok(rows == 1)
}

/// The mail goes back and is tried again at [`next_try`]'s moment; after the last try it is dead. Returns which of the two
/// it is now. `chance` is any random number.
pub fn retry_later(
    conn: &mut PgConnection,
    mail: &Claimed,
    error: &str,
    chance: u32,
    now: Timestamp,
) -> QueryResult<Option<State>> {
    let Some(next_at) = next_try(mail.attempt, chance, now) else {
        return Ok(mark_dead(conn, mail, error)?.then_some(State::Dead));
    };
    let rows = diesel::update(outbox::table.filter(outbox::id.eq(mail.id)).filter(outbox::lease_id.eq(mail.lease)))
        .set((
            outbox::lease_id.eq(None::<LeaseId>),
            outbox::lease_until.eq(None::<Timestamp>),
            outbox::next_at.eq(next_at),
            outbox::last_error.eq(Some(text::cut(error, 400))),
        ))
        .execute(conn)?;
    Ok((rows == 1).then_some(State::Pending))
}

/// The mail goes back as if it had not been handed out: the process stops before it was tried.
pub fn release(conn: &mut PgConnection, mail: &Claimed) -> QueryResult<bool> {
    let rows = diesel::update(outbox::table.filter(outbox::id.eq(mail.id)).filter(outbox::lease_id.eq(mail.lease)))
        .set((
            outbox::lease_id.eq(None::<LeaseId>),
            outbox::lease_until.eq(None::<Timestamp>),
            outbox::attempts.eq(outbox::attempts - 1),
        ))
        .execute(conn)?;
    Ok(rows == 1)
}

/// When a mail whose try number `attempt` failed is tried again; never after the last. The step doubles from 30 s to an
/// hour, and the wait is any part of it, so that mails held up together do not come back together.
pub fn next_try(attempt: i32, chance: u32, now: Timestamp) -> Option<Timestamp> {
    if attempt >= MAX_ATTEMPTS {
        return None;
    }
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0);
    let step = FIRST_STEP_MS.saturating_mul(2_i64.saturating_pow(doublings)).min(LONGEST_STEP_MS);
    let wait = SHORTEST_WAIT_MS + i64::from(chance) % (step - SHORTEST_WAIT_MS + 1);
    Some(now + Duration::milliseconds(wait))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn wait(attempt: i32, chance: u32) -> Option<i64> {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        next_try(attempt, chance, now).map(|at| (at - now).num_milliseconds())
    }

    #[test]
    fn the_first_retry_comes_within_half_a_minute() {
        for chance in [0, 1, 28_999, 29_000, 29_001, u32::MAX / 2, u32::MAX] {
            let wait = wait(1, chance).unwrap();
            assert!((1_000..=30_000).contains(&wait), "{wait}");
        }
    }

    #[test]
    fn the_step_doubles_up_to_an_hour() {
        let longest: Vec<i64> = (1..MAX_ATTEMPTS)
            .map(|attempt| {
                let step = (30_000_i64 << (attempt - 1)).min(3_600_000);
                wait(attempt, u32::try_from(step - 1_000).unwrap()).unwrap() / 1_000
            })
            .collect();

        assert_eq!(longest, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600, 3_600]);
    }

    #[test]
    fn after_twelve_tries_there_is_no_other() {
        assert!(wait(11, 0).is_some());
        assert_eq!(wait(12, 0), None);
        assert_eq!(wait(i32::MAX, 0), None);
    }
}
