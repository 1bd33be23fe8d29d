//! A mail server that is away holds nobody up, and a process that dies loses no mail.

use std::time::Duration;
use std::time::Instant;

use chrono::Duration as Span;
use odeus::domain::outbox as mails;
use odeus::jobs::send_mail;
use odeus::kernel::clock::Clock;
use odeus::mail::transport::MailSettings;
use odeus::mail::transport::Memory;
use odeus::mail::transport::Transport;
use odeus::mail::transport::Way;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::agent_pages::stage::CRM;
use crate::agent_pages::stage::Stage;
use crate::agent_pages::stage::add_preselected;
use crate::agent_pages::stage::agent;
use crate::agent_pages::stage::connect_crm;
use crate::mails::break_connections;
use crate::mails::broken_calendar;

/// Far under the 45 s after which a mail server that says nothing is left.
const AT_ONCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn whoever_causes_a_mail_does_not_wait_for_a_mail_server_that_says_nothing() {
    let stage = Stage::start().await;
    let (max, ada) = (stage.max().await, stage.ada().await);
    connect_crm(&max, "Max’s key").await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let way = Way::Smtp(format!("smtp://{}", silent.local_addr().unwrap()));
    let mut work = stage.app.parts.mail_job();
    work.transport = Transport::new(MailSettings { from: "odeus@odeus.example".to_owned(), way }).unwrap();
    let (stop, stopping) = watch::channel(false);
    let job = tokio::spawn(send_mail::run(work, stopping));
    let begun = Instant::now();

    let helper = agent(&ada, "Admin helper").await;
    add_preselected(&ada, &helper, CRM, "getContact").await;
    let (_line, _) = silent.accept().await.unwrap();
    add_preselected(&ada, &helper, CRM, "listContacts").await;

    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    // The first is in the hands of the job, which dies here; the second waits. Neither is lost.
    job.abort();
    drop(stop);
    let sent = stage.app.mails().await.len();
    let conn = &mut stage.app.conn();
    let later = stage.app.clock.now() + mails::LEASE + Span::seconds(1);
    let left = diesel::Connection::transaction(conn, |tx| mails::claim(tx, later, 10)).unwrap();
    assert_eq!(sent + left.len(), 2);
    for mail in left {
        mails::mark_dead(conn, &mail, "the test is over").unwrap();
    }
}

#[tokio::test]
async fn a_process_that_dies_between_claim_and_sent_loses_no_mail_and_doubles_only_what_it_held() {
    let stage = Stage::start().await;
    broken_calendar(&stage).await;
    let clock = Clock::frozen(stage.app.clock.now() + Span::seconds(1));
    let memory = Memory::default();
    let way = Way::Memory(memory.clone());
    let mut work = stage.app.parts.mail_job();
    work.clock = clock.clone();
    work.transport = Transport::new(MailSettings { from: "odeus@odeus.example".to_owned(), way }).unwrap();

    // It claims, hands the mail over, and dies before it can write that down.
    let conn = &mut stage.app.conn();
    let claimed = diesel::Connection::transaction(conn, |tx| mails::claim(tx, clock.now(), 10)).unwrap();
    let [lost] = claimed.as_slice() else { panic!("{claimed:?}") };
    let letter = (work.compose)(conn, lost, clock.now()).unwrap().unwrap();
    work.transport.send(&letter).await.unwrap();

    clock.advance(mails::LEASE - Span::seconds(1));
    assert_eq!(send_mail::once(&work).await, 0, "as long as the lease lasts it is nobody else's");
    clock.advance(Span::seconds(2));
    assert_eq!(send_mail::once(&work).await, 1);
    clock.advance(Span::hours(2));
    assert_eq!(send_mail::once(&work).await, 0, "and then it is done");

    let sent = memory.take();
    assert_eq!(sent.len(), 2, "the one mail that was under way is doubled, and no other");
    assert_eq!(sent[0].message_id, sent[1].message_id);
    assert_eq!(sent[0].list_unsubscribe, sent[1].list_unsubscribe);
}

#[tokio::test]
async fn a_name_with_line_ends_adds_no_header_to_a_real_letter() {
    use diesel::RunQueryDsl;

    let stage = Stage::start().await;
    broken_calendar(&stage).await;
    let folder = std::env::temp_dir().join(format!("odeus-hostile-{}", odeus::kernel::ids::OutboxId::new()));
    // Behind the back of the checks at the door.
    for sql in [
        "UPDATE users SET name = E'Max\\r\\nBcc: eve@evil.example'",
        "UPDATE connections SET name = E'x\\r\\nBcc: eve@evil.example'",
    ] {
        diesel::sql_query(sql).execute(&mut stage.app.conn()).unwrap();
    }
    let mut work = stage.app.parts.mail_job();
    let way = Way::Files(folder.clone());
    work.transport = Transport::new(MailSettings { from: "odeus@odeus.example".to_owned(), way }).unwrap();

    assert_eq!(send_mail::once(&work).await, 1);

    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let mail = std::fs::read_to_string(file).unwrap();
    let head = mail.split("\r\n\r\n").next().unwrap();
    assert!(head.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{head}");
    assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc:")), "{head}");
    assert_eq!(head.lines().filter(|line| line.starts_with("To:")).count(), 1, "{head}");
    std::fs::remove_dir_all(folder).unwrap();
    break_connections(&stage);
    stage.app.mails().await;
}
