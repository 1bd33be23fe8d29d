//! Guessing is slowed, per account and per address, in the database because there are several processes (D-57). Only
//! failures count, and nobody is locked out for good.

use std::net::IpAddr;

use chrono::Duration;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;

use crate::db::schema::throttles;
use crate::domain::accounts::token_hash;
use crate::kernel::clock::Timestamp;
use crate::kernel::text;

const WINDOW: Duration = Duration::minutes(10);
const LONGEST: Duration = Duration::minutes(15);

/// What is counted, and how much of it is too much.
#[derive(Clone, Debug)]
pub struct Bucket {
    name: String,
    allowed: i32,
    window: Duration,
}

impl Bucket {
    /// Sign-ins to one account: five failures, then a delay that doubles up to 15 minutes.
    pub fn account(email: &str) -> Self {
        Self { name: format!("account:{}", digest(email)), allowed: 5, window: LONGEST }
    }

    /// Sign-ins from one IPv4 address or IPv6 /64: thirty failures in ten minutes.
    pub fn address(ip: IpAddr) -> Self {
        let network = match ip.to_canonical() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("{:x}", u128::from(ip) >> 64),
        };
        Self { name: format!("address:{network}"), allowed: 30, window: WINDOW }
    }

    /// Mails with a link to one account: three an hour.
    pub fn mails(email: &str) -> Self {
        Self { name: format!("mails:{}", digest(email)), allowed: 3, window: Duration::hours(1) }
    }
}

/// What is counted for one try to sign in: the account that is tried, and where the try comes from.
#[derive(Clone, Debug)]
pub struct Guesses {
    account: Bucket,
    address: Option<Bucket>,
}

impl Guesses {
    /// Those at the password of `email`, known or not.
    pub fn at(email: &str, from: Option<IpAddr>) -> Self {
        Self { account: Bucket::account(email), address: from.map(Bucket::address) }
    }

    /// How long to wait before the next one, if at all.
    pub fn wait(&self, conn: &mut PgConnection, now: Timestamp) -> QueryResult<Option<Duration>> {
        let of_account = wait(conn, &self.account, now)?;
        let of_address = self.address.as_ref().map(|bucket| wait(conn, bucket, now)).transpose()?;
        Ok(of_account.max(of_address.flatten()))
    }

    /// Counts one that was wrong.
    pub fn count(&self, conn: &mut PgConnection, now: Timestamp) -> QueryResult<()> {
        count(conn, &self.account, now)?;
        self.address.as_ref().map_or(Ok(()), |bucket| count(conn, bucket, now))
    }

    /// Forgets those at the account: the right password was given. Those from the address stay, or an attacker with an
    /// account of their own could begin afresh whenever they like.
    pub fn clear(&self, conn: &mut PgConnection) -> QueryResult<()> {
        clear(conn, &self.account)
    }
}

/// The table need not know who tries to sign in.
fn digest(email: &str) -> String {
    text::hex(&token_hash(&email.to_ascii_lowercase()))
}

/// How long to wait before the next try, if at all.
pub fn wait(conn: &mut PgConnection, bucket: &Bucket, now: Timestamp) -> QueryResult<Option<Duration>> {
    let blocked: Option<Option<Timestamp>> =
        throttles::table.find(&bucket.name).select(throttles::blocked_until).first(conn).optional()?;
    Ok(blocked.flatten().filter(|until| *until > now).map(|until| until - now))
}

/// Counts a failure (or a mail). From the bucket's limit on, each one doubles the delay.
pub fn count(conn: &mut PgConnection, bucket: &Bucket, now: Timestamp) -> QueryResult<()> {
    let counted: (i32, Timestamp) = diesel::sql_query(
        "INSERT INTO throttles AS t (bucket, failures, since) VALUES ($1, 1, $2)
         ON CONFLICT (bucket) DO UPDATE SET
             failures = CASE WHEN t.since > $3 OR t.blocked_until > $3 THEN t.failures + 1 ELSE 1 END,
             since = CASE WHEN t.since > $3 OR t.blocked_until > $3 THEN t.since ELSE $2 END
         RETURNING failures, since",
    )
    .bind::<diesel::sql_types::Text, _>(&bucket.name)
    .bind::<diesel::sql_types::Timestamptz, _>(now)
    .bind::<diesel::sql_types::Timestamptz, _>(now - bucket.window)
    .get_result::<Counted>(conn)
    .map(|row| (row.failures, row.since))?;
    let (failures, since) = counted;
    if failures < bucket.allowed {
        return Ok(());
    }
    let until = if bucket.window == LONGEST {
        let doublings = u32::try_from(failures - bucket.allowed).unwrap_or(0).min(10);
        now + Duration::seconds(i64::from(2_u32.saturating_pow(doublings))).min(LONGEST)
    } else {
        since + bucket.window
    };
    diesel::update(throttles::table.find(&bucket.name))
        .set(throttles::blocked_until.eq(Some(until)))
        .execute(conn)
        .map(drop)
}

/// Forgets the failures: the right password was given.
pub fn clear(conn: &mut PgConnection, bucket: &Bucket) -> QueryResult<()> {
    diesel::delete(throttles::table.find(&bucket.name)).execute(conn).map(drop)
}

/// Removes what is old.
pub fn sweep(conn: &mut PgConnection, now: Timestamp) -> QueryResult<usize> {
    diesel::delete(throttles::table.filter(throttles::since.lt(now - Duration::days(1)))).execute(conn)
}

#[derive(diesel::QueryableByName)]
struct Counted {
    #[diesel(sql_type = diesel::sql_types::Int4)]
    failures: i32,
    #[diesel(sql_type = diesel::sql_types::Timestamptz)]
    since: Timestamp,
}
