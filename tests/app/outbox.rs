//! The outbox against a real database: said once, handed out to one, given back by those who die.

use chrono::Duration;
use diesel::Connection;
use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use odeus::db::schema::outbox;
use odeus::db::schema::users;
use odeus::domain::outbox as mails;
use odeus::domain::outbox::Claimed;
use odeus::domain::outbox::Kind;
use odeus::domain::outbox::LEASE;
use odeus::domain::outbox::MAX_ATTEMPTS;
use odeus::domain::outbox::NewMail;
use odeus::domain::outbox::State;
use odeus::kernel::clock::Clock;
use odeus::kernel::clock::Timestamp;
use odeus::kernel::ids::UserId;

use crate::support::database;

/// A user to write to.
pub(crate) fn user(conn: &mut PgConnection, email: &str, now: Timestamp) -> UserId {
    let id = UserId::new();
    diesel::insert_into(users::table)
        .values((users::id.eq(id), users::email.eq(email), users::name.eq("Ada"), users::created_at.eq(now)))
        .execute(conn)
        .unwrap();
    id
}

/// A mail to that user.
pub(crate) fn mail(user: UserId, key: &str) -> NewMail {
    let payload = serde_json::json!({ "name": key });
    NewMail { workspace: None, user, kind: Kind::PasswordReset, dedupe_key: key.to_owned(), payload }
}

/// How the only mail is: its state, tries and last error.
pub(crate) fn row(conn: &mut PgConnection) -> (State, i32, Option<String>) {
    outbox::table.select((outbox::state, outbox::attempts, outbox::last_error)).get_result(conn).unwrap()
}

fn claim(conn: &mut PgConnection, now: Timestamp) -> Vec<Claimed> {
    conn.transaction(|tx| mails::claim(tx, now, 10)).unwrap()
}

fn keys(claimed: &[Claimed]) -> Vec<&str> {
    claimed.iter().map(|mail| mail.payload["name"].as_str().unwrap()).collect()
}

#[test]
fn the_same_mail_is_written_once() {
    let database = database();
    let (conn, now) = (&mut database.conn(), Clock::system().now());
    let ada = user(conn, "ada@example.com", now);

    let first = mails::enqueue(conn, mail(ada, "a"), now).unwrap();
    let again = mails::enqueue(conn, mail(ada, "a"), now).unwrap();

    assert!(first && !again);
    assert_eq!(keys(&claim(conn, now)), ["a"]);
}

#[test]
fn due_mails_are_handed_out_once_and_the_longest_waiting_first() {
    let database = database();
    let (conn, now) = (&mut database.conn(), Clock::system().now());
    let ada = user(conn, "ada@example.com", now);
    mails::enqueue(conn, mail(ada, "later"), now + Duration::seconds(60)).unwrap();
    mails::enqueue(conn, mail(ada, "second"), now - Duration::seconds(1)).unwrap();
    mails::enqueue(conn, mail(ada, "first"), now - Duration::seconds(2)).unwrap();

    let claimed = claim(conn, now);

    assert_eq!(keys(&claimed), ["first", "second"]);
    assert_eq!(claimed[0].to.email, "ada@example.com");
    assert_eq!(claimed[0].attempt, 1);
    assert!(claim(conn, now).is_empty());
}

#[test]
fn two_processes_at_the_same_moment_get_different_mails() {
    let database = database();
    let (conn, other, now) = (&mut database.conn(), &mut database.conn(), Clock::system().now());
    let ada = user(conn, "ada@example.com", now);
    mails::enqueue(conn, mail(ada, "first"), now - Duration::seconds(1)).unwrap();
    mails::enqueue(conn, mail(ada, "second"), now).unwrap();

    let (one, two) = conn
        .transaction(|tx| {
            let one = mails::claim(tx, now, 1)?;
            let two = other.transaction(|tx| mails::claim(tx, now, 1))?;
            diesel::QueryResult::Ok((one, two))
        })
        .unwrap();

    assert_eq!((keys(&one), keys(&two)), (vec!["first"], vec!["second"]));
}

#[test]
fn a_lease_that_ran_out_gives_the_mail_to_another_and_binds_the_first() {
    let database = database();
    let (conn, now) = (&mut database.conn(), Clock::system().now());
    let ada = user(conn, "ada@example.com", now);
    mails::enqueue(conn, mail(ada, "a"), now).unwrap();
    let dead = claim(conn, now).remove(0);

    assert!(claim(conn, now + LEASE - Duration::seconds(1)).is_empty());
    let alive = claim(conn, now + LEASE).remove(0);

    assert_eq!(alive.attempt, 2);
    assert!(!mails::mark_sent(conn, &dead, now).unwrap());
    assert!(!mails::mark_dead(conn, &dead, "x").unwrap());
    assert!(!mails::mark_obsolete(conn, &dead).unwrap());
    assert!(!mails::release(conn, &dead).unwrap());
    assert_eq!(mails::retry_later(conn, &dead, "x", 0, now).unwrap(), None);
    assert!(mails::mark_sent(conn, &alive, now).unwrap());
    assert_eq!(row(conn), (State::Sent, 2, None));
}

#[test]
fn a_mail_that_failed_comes_back_within_a_minute() {
    let database = database();
    let (conn, now) = (&mut database.conn(), Clock::system().now());
    let ada = user(conn, "ada@example.com", now);
    mails::enqueue(conn, mail(ada, "a"), now).unwrap();
    let first = claim(conn, now).remove(0);

    let state = mails::retry_later(conn, &first, "no answer", u32::MAX, now).unwrap();

    assert_eq!(state, Some(State::Pending));
    assert!(claim(conn, now).is_empty());
    assert_eq!(keys(&claim(conn, now + Duration::seconds(60))), ["a"]);
}

#[test]
fn after_twelve_tries_a_mail_is_dead() {
    let database = database();
    let (conn, mut now) = (&mut database.conn(), Clock::system().now());
    let ada = user(conn, "ada@example.com", now);
    mails::enqueue(conn, mail(ada, "a"), now).unwrap();

    for _ in 0..MAX_ATTEMPTS {
        let claimed = claim(conn, now).remove(0);
        mails::retry_later(conn, &claimed, "no answer", u32::MAX, now).unwrap();
        now += Duration::hours(1);
    }

    assert!(claim(conn, now).is_empty());
    assert_eq!(row(conn), (State::Dead, 12, Some("no answer".to_owned())));
}

#[test]
fn a_mail_given_back_unsent_counts_no_try() {
    let database = database();
    let (conn, now) = (&mut database.conn(), Clock::system().now());
    let ada = user(conn, "ada@example.com", now);
    mails::enqueue(conn, mail(ada, "a"), now).unwrap();
    let claimed = claim(conn, now).remove(0);

    assert!(mails::release(conn, &claimed).unwrap());

    assert_eq!(claim(conn, now)[0].attempt, 1);
}

#[test]
fn an_obsolete_mail_is_not_handed_out_again() {
    let database = database();
    let (conn, now) = (&mut database.conn(), Clock::system().now());
    let ada = user(conn, "ada@example.com", now);
    mails::enqueue(conn, mail(ada, "a"), now).unwrap();
    let claimed = claim(conn, now).remove(0);

    assert!(mails::mark_obsolete(conn, &claimed).unwrap());

    assert!(claim(conn, now + Duration::hours(1)).is_empty());
    assert_eq!(row(conn).0, State::Obsolete);
}

#[test]
fn a_kind_that_this_version_does_not_know_waits_and_holds_nobody_up() {
    let database = database();
    let (conn, now) = (&mut database.conn(), Clock::system().now());
    let ada = user(conn, "ada@example.com", now);
    mails::enqueue(conn, mail(ada, "new"), now - Duration::seconds(1)).unwrap();
    diesel::update(outbox::table).set(outbox::kind.eq("from_tomorrow")).execute(conn).unwrap();
    mails::enqueue(conn, mail(ada, "known"), now).unwrap();

    assert_eq!(keys(&claim(conn, now)), ["known"]);
}

#[test]
fn a_mail_goes_to_the_address_stored_when_it_is_sent() {
    let database = database();
    let (conn, now) = (&mut database.conn(), Clock::system().now());
    let ada = user(conn, "ada@example.com", now);
    mails::enqueue(conn, mail(ada, "a"), now).unwrap();
    diesel::update(users::table).set(users::email.eq("ada@example.org")).execute(conn).unwrap();

    assert_eq!(claim(conn, now)[0].to.email, "ada@example.org");
}
