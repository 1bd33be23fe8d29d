//! Browser sessions, kept here so that they can be seen and ended (D-50). The cookie holds 256 random bits; the table
//! holds their hash, so that a copy of the table opens no session.

use std::collections::BTreeMap;

use chrono::Duration;
use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::Queryable;
use diesel::RunQueryDsl;
use diesel::Selectable;
use diesel::SelectableHelper;
use diesel::pg::PgConnection;
use serde_json::Value;

use crate::db::schema::sessions;
use crate::domain::accounts::token_hash;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::SessionId;
use crate::kernel::ids::UserId;

/// A session ends when nobody used it for this long.
pub const IDLE: Duration = Duration::hours(12);
/// A session ends after this time, used or not.
pub const ABSOLUTE: Duration = Duration::days(7);
/// How exactly `last_seen_at` is kept: not every page view is a write.
const SEEN_EVERY: Duration = Duration::minutes(1);

/// A session as its person sees it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: Option<UserId>,
    /// What the pages keep in it.
    pub state: Value,
    /// Where it was begun.
    pub ip: Option<String>,
    /// With which browser.
    pub user_agent: Option<String>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was used last, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// What a new session begins with.
#[derive(Debug)]
pub struct NewSession {
    /// Whose it is.
    pub user: Option<UserId>,
    /// What the pages keep in it.
    pub state: BTreeMap<String, String>,
    /// The browser's address.
    pub ip: Option<String>,
    /// The browser's name of itself.
    pub user_agent: Option<String>,
}

/// Begins a session behind `key`.
pub fn begin(conn: &mut PgConnection, key: &str, session: NewSession, now: Timestamp) -> QueryResult<SessionId> {
    let id = SessionId::new();
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(id),
            sessions::key_hash.eq(token_hash(key)),
            sessions::user_id.eq(session.user),
            sessions::state.eq(Value::from_iter(session.state)),
            sessions::ip.eq(session.ip),
            sessions::user_agent.eq(session.user_agent),
            sessions::created_at.eq(now),
            sessions::last_seen_at.eq(now),
            sessions::expires_at.eq(now + ABSOLUTE),
        ))
        .execute(conn)?;
    Ok(id)
}

/// The living session behind `key`; notes that it was seen.
pub fn find(conn: &mut PgConnection, key: &str, now: Timestamp) -> QueryResult<Option<Session>> {
    let session: Option<Session> = sessions::table
        .filter(sessions::key_hash.eq(token_hash(key)))
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::last_seen_at.gt(now - IDLE))
        .select(Session::as_select())
        .first(conn)
        .optional()?;
    if let Some(session) = &session
        && session.last_seen_at < now - SEEN_EVERY
    {
        diesel::update(sessions::table.find(session.id)).set(sessions::last_seen_at.eq(now)).execute(conn)?;
    }
    Ok(session)
}

/// Keeps what the pages changed.
pub fn update(
    conn: &mut PgConnection,
    key: &str,
    user: Option<UserId>,
    state: BTreeMap<String, String>,
) -> QueryResult<bool> {
    diesel::update(sessions::table.filter(sessions::key_hash.eq(token_hash(key))))
        .set((sessions::state.eq(Value::from_iter(state)), sessions::user_id.eq(user)))
        .execute(conn)
        .map(|rows| rows > 0)
}

/// Ends the session behind `key`.
pub fn end(conn: &mut PgConnection, key: &str) -> QueryResult<()> {
    diesel::delete(sessions::table.filter(sessions::key_hash.eq(token_hash(key)))).execute(conn).map(drop)
}

/// Ends one of the person's sessions.
pub fn end_one(conn: &mut PgConnection, user: UserId, id: SessionId) -> QueryResult<bool> {
    let session = sessions::table.filter(sessions::id.eq(id)).filter(sessions::user_id.eq(user));
    diesel::delete(session).execute(conn).map(|rows| rows > 0)
}

/// Signs the person out everywhere, but for the session `except`.
pub fn end_all(conn: &mut PgConnection, user: UserId, except: Option<SessionId>) -> QueryResult<usize> {
    match except {
        Some(kept) => {
            let others = sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::id.ne(kept));
            diesel::delete(others).execute(conn)
        }
        None => diesel::delete(sessions::table.filter(sessions::user_id.eq(user))).execute(conn),
    }
}

/// The person's living sessions, the one used last first.
pub fn list(conn: &mut PgConnection, user: UserId, now: Timestamp) -> QueryResult<Vec<Session>> {
    sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::last_seen_at.gt(now - IDLE))
        .order(sessions::last_seen_at.desc())
        .limit(100)
        .select(Session::as_select())
        .load(conn)
}

/// Removes what has ended.
pub fn sweep(conn: &mut PgConnection, now: Timestamp) -> QueryResult<usize> {
    diesel::delete(sessions::table.filter(sessions::expires_at.le(now).or(sessions::last_seen_at.le(now - IDLE))))
        .execute(conn)
}
