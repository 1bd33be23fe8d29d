//! The mail job, from the outbox to the mail in memory.

use std::sync::Arc;

use chrono::Duration;
use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use odeus::db::schema::outbox;
use odeus::domain::outbox as mails;
use odeus::domain::outbox::Claimed;
use odeus::domain::outbox::State;
use odeus::jobs::send_mail;
use odeus::jobs::send_mail::ComposeError;
use odeus::jobs::send_mail::SendMail;
use odeus::kernel::clock::Clock;
use odeus::kernel::clock::Timestamp;
use odeus::mail::letter::Heading;
use odeus::mail::letter::PasswordReset;
use odeus::mail::message::Message;
use odeus::mail::transport::MailSettings;
use odeus::mail::transport::Memory;
use odeus::mail::transport::Transport;
use odeus::mail::transport::Way;
use odeus::telemetry::Metrics;
use tokio::sync::watch;

use crate::outbox::mail;
use crate::outbox::row;
use crate::outbox::user;
use crate::support::TestDatabase;
use crate::support::database;

type Letter = Result<Option<Message>, ComposeError>;

fn letter(_conn: &mut PgConnection, mail: &Claimed, at: Timestamp) -> Letter {
    let host = "odeus.example".to_owned();
    let heading = Heading { id: mail.id, to: mail.to.clone(), host, at, list_unsubscribe: None };
    Ok(Some(PasswordReset { link: "https://odeus.example/links/x".to_owned() }.message(heading)?))
}

fn work(database: &TestDatabase, way: Way, compose: fn(&mut PgConnection, &Claimed, Timestamp) -> Letter) -> SendMail {
    SendMail {
        db: database.db(),
        clock: Clock::frozen(Clock::system().now()),
        transport: Transport::new(MailSettings { from: "odeus@example.com".to_owned(), way }).unwrap(),
        compose: Arc::new(compose),
        metrics: Metrics::new().unwrap(),
    }
}

fn enqueue(database: &TestDatabase, work: &SendMail, email: &str) {
    let (conn, now) = (&mut database.conn(), work.clock.now());
    let user = user(conn, email, now);
    mails::enqueue(conn, mail(user, email), now).unwrap();
}

#[tokio::test]
async fn a_waiting_mail_is_sent_once() {
    let (database, memory) = (database(), Memory::default());
    let work = work(&database, Way::Memory(memory.clone()), letter);
    enqueue(&database, &work, "ada@example.com");

    assert_eq!(send_mail::once(&work).await, 1);
    assert_eq!(send_mail::once(&work).await, 0);

    assert_eq!(memory.take().first().unwrap().to.email, "ada@example.com");
    assert_eq!(row(&mut database.conn()).0, State::Sent);
    assert!(work.metrics.render().unwrap().contains(r#"odeus_mails_total{outcome="sent"} 1"#));
}

#[tokio::test]
async fn a_mail_without_a_cause_is_not_sent() {
    let (database, memory) = (database(), Memory::default());
    let work = work(&database, Way::Memory(memory.clone()), |_, _, _| Ok(None));
    enqueue(&database, &work, "ada@example.com");

    send_mail::once(&work).await;

    assert!(memory.take().is_empty());
    assert_eq!(row(&mut database.conn()).0, State::Obsolete);
}

#[tokio::test]
async fn a_mail_that_can_never_be_built_is_dead_at_once() {
    let (database, memory) = (database(), Memory::default());
    let work = work(&database, Way::Memory(memory.clone()), letter);
    enqueue(&database, &work, "not an address");

    send_mail::once(&work).await;

    assert_eq!(row(&mut database.conn()).0, State::Dead);
}

#[tokio::test]
async fn a_mail_server_that_is_away_gets_the_mail_later() {
    let database = database();
    let work = work(&database, Way::Smtp("smtp://127.0.0.1:1".to_owned()), letter);
    enqueue(&database, &work, "ada@example.com");

    send_mail::once(&work).await;
    let (state, attempts, error) = row(&mut database.conn());
    work.clock.advance(Duration::seconds(60));

    assert_eq!((state, attempts), (State::Pending, 1));
    assert!(error.unwrap().contains("refused"));
    assert_eq!(send_mail::once(&work).await, 1, "the first retry comes within a minute");
}

#[tokio::test]
async fn a_letter_that_panics_holds_nobody_up() {
    let (database, memory) = (database(), Memory::default());
    let work = work(&database, Way::Memory(memory.clone()), |conn, mail, at| {
        assert_ne!(mail.to.email, "bob@example.com", "the planted panic");
        letter(conn, mail, at)
    });
    enqueue(&database, &work, "bob@example.com");
    enqueue(&database, &work, "ada@example.com");

    assert_eq!(send_mail::once(&work).await, 2);

    assert_eq!(memory.take().len(), 1);
}

#[tokio::test]
async fn the_job_sends_while_it_runs_and_ends_when_told() {
    let (database, memory) = (database(), Memory::default());
    let work = work(&database, Way::Memory(memory.clone()), letter);
    for number in 0..25 {
        enqueue(&database, &work, &format!("ada{number}@example.com"));
    }
    let (stop, stopping) = watch::channel(false);
    let metrics = work.metrics.clone();
    let job = tokio::spawn(send_mail::run(work, stopping));

    while !metrics.render().unwrap().contains(r#"outcome="sent"} 25"#) {
        tokio::task::yield_now().await;
    }
    stop.send(true).unwrap();
    job.await.unwrap();

    assert_eq!(memory.take().len(), 25);
}

#[tokio::test]
async fn a_job_told_to_end_gives_back_what_it_has_not_begun() {
    let (database, memory) = (database(), Memory::default());
    let mut work = work(&database, Way::Memory(memory.clone()), letter);
    for number in 0..10 {
        enqueue(&database, &work, &format!("ada{number}@example.com"));
    }
    let (stop, stopping) = watch::channel(false);
    work.compose = Arc::new(move |conn, mail, at| {
        stop.send_replace(true);
        letter(conn, mail, at)
    });

    send_mail::run(work, stopping).await;

    let sent = memory.take().len();
    let conn = &mut database.conn();
    let waiting: i64 = outbox::table
        .filter(outbox::state.eq(State::Pending))
        .filter(outbox::attempts.eq(0))
        .filter(outbox::lease_until.is_null())
        .count()
        .get_result(conn)
        .unwrap();
    assert!((1..10).contains(&sent), "{sent}");
    assert_eq!(usize::try_from(waiting).unwrap() + sent, 10);
}

#[tokio::test]
async fn a_job_whose_owner_is_gone_ends() {
    let database = database();
    let work = work(&database, Way::Memory(Memory::default()), letter);
    let (stop, stopping) = watch::channel(false);

    drop(stop);

    send_mail::run(work, stopping).await;
}
