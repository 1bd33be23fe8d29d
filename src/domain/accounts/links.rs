//! One-time links: to set a first password, to set a new one, and (for the demo) to sign in. 256 random bits in the
//! address, their hash in the table, good for one use (D-52).

use chrono::Duration;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;

use crate::database_errors;
use crate::db::DbError;
use crate::db::schema::one_time_links;
use crate::domain::accounts::token_hash;
use crate::domain::accounts::users;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::NoRandomness;
use crate::kernel::ids::UserId;
use crate::kernel::ids::random_token;
use crate::words;

words! {
    /// What a link is for.
    Purpose {
        /// A first password, for somebody who was invited.
        SetPassword = "set_password",
        /// A new password, for somebody who forgot theirs.
        ResetPassword = "reset_password",
        /// Signing in without a password: the demo's links.
        SignIn = "sign_in",
    }
}

impl Purpose {
    fn life(self) -> Duration {
        match self {
            Self::SetPassword => Duration::hours(72),
            Self::ResetPassword => Duration::minutes(30),
            Self::SignIn => Duration::hours(24),
        }
    }
}

/// A link could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(LinkError);

/// Makes a link that somebody else hands over, and returns its token, which is stored nowhere.
pub fn create(conn: &mut PgConnection, user: UserId, purpose: Purpose, now: Timestamp) -> Result<String, LinkError> {
    insert(conn, user, purpose, now, false)
}

/// Makes a link that goes into a mail to the person: whoever redeems it reads that mail.
pub fn create_mailed(
    conn: &mut PgConnection,
    user: UserId,
    purpose: Purpose,
    now: Timestamp,
) -> Result<String, LinkError> {
    insert(conn, user, purpose, now, true)
}

fn insert(
    conn: &mut PgConnection,
    user: UserId,
    purpose: Purpose,
    now: Timestamp,
    mailed: bool,
) -> Result<String, LinkError> {
    let token = random_token()?;
    diesel::insert_into(one_time_links::table)
        .values((
            one_time_links::token_hash.eq(token_hash(&token)),
            one_time_links::user_id.eq(user),
            one_time_links::purpose.eq(purpose.as_str()),
            one_time_links::created_at.eq(now),
            one_time_links::expires_at.eq(now + purpose.life()),
            one_time_links::mailed.eq(mailed),
        ))
        .execute(conn)?;
    Ok(token)
}

/// Whose link it is and what for, if it is still good. Looking does not use it up.
pub fn find(conn: &mut PgConnection, token: &str, now: Timestamp) -> QueryResult<Option<(UserId, Purpose)>> {
    one_time_links::table
        .find(token_hash(token))
        .filter(one_time_links::used_at.is_null())
        .filter(one_time_links::expires_at.gt(now))
        .select((one_time_links::user_id, one_time_links::purpose))
        .first(conn)
        .optional()
}

/// Uses the link up: of two at the same time, one gets it. The person's other links end with it.
pub fn redeem(conn: &mut PgConnection, token: &str, now: Timestamp) -> QueryResult<Option<(UserId, Purpose)>> {
    let redeemed: Option<(UserId, Purpose, bool)> = diesel::update(
        one_time_links::table
            .filter(one_time_links::token_hash.eq(token_hash(token)))
            .filter(one_time_links::used_at.is_null())
            .filter(one_time_links::expires_at.gt(now)),
    )
    .set(one_time_links::used_at.eq(Some(now)))
    .returning((one_time_links::user_id, one_time_links::purpose, one_time_links::mailed))
    .get_result(conn)
    .optional()?;
    let Some((user, purpose, mailed)) = redeemed else { return Ok(None) };
    end_all(conn, user, now)?;
    if mailed {
        users::verify(conn, user, now)?;
    }
    Ok(Some((user, purpose)))
}

/// Ends every link of the person's.
pub(in crate::domain::accounts) fn end_all(conn: &mut PgConnection, user: UserId, now: Timestamp) -> QueryResult<()> {
    let unused =
        one_time_links::table.filter(one_time_links::user_id.eq(user)).filter(one_time_links::used_at.is_null());
    diesel::update(unused).set(one_time_links::used_at.eq(Some(now))).execute(conn).map(drop)
}

/// Removes what has ended.
pub fn sweep(conn: &mut PgConnection, now: Timestamp) -> QueryResult<usize> {
    diesel::delete(one_time_links::table.filter(one_time_links::expires_at.le(now))).execute(conn)
}
