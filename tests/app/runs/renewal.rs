//! Access that renews itself: ahead of its end, once between all processes, and never against the wish of a token endpoint
//! that is busy or down (R14, D-25, D-26).

use std::sync::Arc;
use std::time::Duration;

use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use diesel::sql_types::Text;
use odeus::authz::facts::AuthType;
use odeus::db::Db;
use odeus::db::DbError;
use odeus::domain::agents::AgentActionKey;
use odeus::domain::oauth::renewal::ahead::Pass;
use odeus::domain::runs::Run;
use odeus::domain::runs::RunStatus;
use odeus::jobs::refresh_tokens;
use odeus::kernel::ids::ConnectionId;
use tokio::sync::Semaphore;
use tokio::sync::watch;

use crate::runs::outside::Answer;
use crate::runs::world::World;
use crate::runs::world::call;

/// A provider that is too busy, and one that is broken.
const BUSY: Answer = Answer::With(503, "retry-after: 90", "{}");
const BROKEN: Answer = Answer::With(500, "x-answer: broken", "{}");
const DEAD: Answer = Answer::With(400, "x-answer: dead", r#"{"error":"invalid_grant"}"#);

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

/// Max, whose access has ended; and an action that everyone runs as themselves.
async fn ended() -> (World, AgentActionKey, ConnectionId) {
    let world = World::new().await;
    world.set_oauth_client();
    let action = world.own(world.agent(), "getThing");
    let connection = world.connect(&world.cast.max, AuthType::Oauth, "OLD-TOKEN");
    ends_in(&world, connection, -60);
    (world, action, connection)
}

/// When access ends; the job's turn has come.
fn ends_in(world: &World, connection: ConnectionId, seconds: i64) {
    let (ends, now) = (world.clock.now() + chrono::Duration::seconds(seconds), world.clock.now());
    let sql = "UPDATE connections SET access_expires_at = $1, renew_at = $2, last_used_at = $2 WHERE id = $3";
    let changed = sql_query(sql)
        .bind::<diesel::sql_types::Timestamptz, _>(ends)
        .bind::<diesel::sql_types::Timestamptz, _>(now)
        .bind::<diesel::sql_types::Uuid, _>(connection)
        .execute(&mut world.conn())
        .unwrap();
    assert_eq!(changed, 1);
}

fn count(world: &World, sql: &str) -> i64 {
    sql_query(format!("SELECT count(*) FROM {sql}")).get_result::<Count>(&mut world.conn()).unwrap().count
}

fn word(world: &World, sql: &str) -> String {
    sql_query(format!("SELECT (SELECT {sql}) AS word")).get_result::<Word>(&mut world.conn()).unwrap().word
}

fn failed_with(run: &Run, words: &str) {
    let detail = run.detail.as_deref().unwrap_or_default();
    assert_eq!(run.status, RunStatus::Failed, "{detail}");
    assert!(detail.contains(words) && detail.contains("Nothing was sent"), "{detail}");
}

async fn ahead(world: &World) -> Pass {
    world.renewer.renew_ahead(&world.registry).await.unwrap()
}

/// Waits until the provider was asked for tokens so often.
async fn asked(world: &World, times: usize) {
    for _ in 0..400 {
        if world.outside.token_calls() == times {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("asked {} times", world.outside.token_calls());
}

#[tokio::test]
async fn a_token_endpoint_that_asks_for_a_pause_gets_it_from_every_run_in_every_process() {
    let (world, action, _) = ended().await;
    let others = world.connect(&world.cast.mia, AuthType::Oauth, "OLD-TOKEN-OF-MIA");
    ends_in(&world, others, -60);
    world.outside.answer_token(BUSY);
    failed_with(&world.finished(&world.cast.max, action, call()).await, "cannot be reached");

    let (_, runner) = world.process(world.database.db());
    let proof = world.proof(&world.cast.max, &action).unwrap();
    for _ in 0..5 {
        let elsewhere = runner.run(&proof, call()).await.unwrap();
        let odeus::domain::runs::Outcome::Finished(run) = elsewhere else { panic!("{elsewhere:?}") };
        failed_with(&run, " seconds.");
    }
    failed_with(&world.finished(&world.cast.mia, action, call()).await, "is left alone for now");
    ends_in(&world, others, -60);
    ahead(&world).await;

    assert_eq!(world.outside.token_calls(), 1);
    assert!(world.outside.credentials().is_empty());
    world.sql("UPDATE refresh_pauses SET until = clock_timestamp()");
    assert_eq!(world.finished(&world.cast.max, action, call()).await.status, RunStatus::Succeeded);
    assert_eq!(world.outside.token_calls(), 2);
}

#[tokio::test]
async fn trouble_with_one_grant_holds_only_its_own_connection_up_and_longer_each_time() {
    let (world, action, _) = ended().await;
    let others = world.connect(&world.cast.mia, AuthType::Oauth, "OLD-TOKEN-OF-MIA");
    ends_in(&world, others, -60);
    let wait = "round(extract(epoch FROM max(until) - clock_timestamp()) * 1000)::text FROM refresh_pauses";
    let failing = async || {
        world.outside.answer_token(BROKEN);
        failed_with(&world.finished(&world.cast.max, action, call()).await, "cannot be reached");
        word(&world, wait).parse::<i64>().unwrap()
    };

    let first = failing().await;
    world.sql("UPDATE refresh_pauses SET until = clock_timestamp() + interval '3 minutes'");
    failed_with(&world.finished(&world.cast.max, action, call()).await, "try again in 3 minutes");
    let mia = world.finished(&world.cast.mia, action, call()).await;
    world.sql("UPDATE refresh_pauses SET until = clock_timestamp(), failures = 6");
    let seventh = failing().await;

    assert_eq!((mia.status, world.outside.token_calls()), (RunStatus::Succeeded, 3));
    assert!(first <= 1000, "{first} ms");
    assert!((20_000..=64_000).contains(&seventh), "{seventh} ms");
}

#[tokio::test]
async fn access_that_still_lives_is_used_while_its_token_endpoint_has_a_pause() {
    let (world, action, connection) = ended().await;
    ends_in(&world, connection, 20);
    world.outside.answer_token(BUSY);

    for _ in 0..3 {
        assert_eq!(world.finished(&world.cast.max, action, call()).await.status, RunStatus::Succeeded);
    }

    assert_eq!(world.outside.token_calls(), 1);
    assert_eq!(world.outside.credentials(), ["OLD-TOKEN"; 3]);
}

#[tokio::test]
async fn a_new_grant_is_not_held_up_by_the_trouble_of_the_one_before() {
    let (world, action, connection) = ended().await;
    world.outside.answer_token(BROKEN);
    world.finished(&world.cast.max, action, call()).await;

    world.sql("UPDATE refresh_pauses SET bucket = replace(bucket, ':1', ':0')");
    ends_in(&world, connection, -60);

    assert_eq!(world.finished(&world.cast.max, action, call()).await.status, RunStatus::Succeeded);
}

#[tokio::test]
async fn access_in_use_is_renewed_ahead_of_its_end_and_then_left_alone() {
    let (world, action, connection) = ended().await;
    ends_in(&world, connection, 240);

    assert_eq!(ahead(&world).await, Pass { tried: 1, is_full: false });
    assert_eq!(ahead(&world).await, Pass { tried: 0, is_full: false });

    assert_eq!(world.outside.token_calls(), 1);
    world.finished(&world.cast.max, action, call()).await;
    assert_eq!(world.outside.credentials(), ["RENEWED-TOKEN"]);
    world.pass(50 * 60);
    assert_eq!(ahead(&world).await.tried, 0, "an hour is left, less ten minutes");
    world.pass(6 * 60);
    assert_eq!(ahead(&world).await.tried, 1);
}

#[tokio::test]
async fn processes_that_renew_ahead_while_others_run_ask_the_provider_once() {
    let (world, action, _) = ended().await;
    let (second, runner) = world.process(world.database.db());
    let proof = world.proof(&world.cast.max, &action).unwrap();
    let gate = Arc::new(Semaphore::new(0));
    world.outside.answer_token(Answer::Held(Arc::clone(&gate)));

    let (one, two, run, ()) = tokio::join!(
        world.renewer.renew_ahead(&world.registry),
        second.renew_ahead(&world.registry),
        runner.run(&proof, call()),
        async {
            asked(&world, 1).await;
            gate.add_permits(1);
        }
    );

    assert_eq!(one.unwrap().tried + two.unwrap().tried, 1);
    assert!(matches!(run.unwrap(), odeus::domain::runs::Outcome::Finished(run) if run.status == RunStatus::Succeeded));
    assert_eq!(world.outside.token_calls(), 1);
    assert_eq!(world.outside.credentials(), ["RENEWED-TOKEN"]);
}

#[tokio::test]
async fn a_dead_grant_that_the_job_finds_is_told_to_its_owner_once() {
    let (world, action, connection) = ended().await;
    world.outside.answer_token(DEAD);

    ahead(&world).await;
    world.pass(120);
    assert_eq!(ahead(&world).await.tried, 0);
    let outcome = world.run(&world.cast.max, action, call()).await.unwrap();

    assert!(matches!(outcome, odeus::domain::runs::Outcome::NeedsReconnect { .. }), "{outcome:?}");
    assert_eq!(word(&world, &format!("status FROM connections WHERE id = '{connection}'")), "needs_reconnect");
    assert_eq!(count(&world, "outbox WHERE kind = 'needs_reconnect'"), 1);
    assert_eq!(count(&world, "audit_events WHERE action = 'connection.needs_reconnect'"), 1);
    assert_eq!(world.outside.token_calls(), 1);
}

#[tokio::test]
async fn what_nobody_uses_is_renewed_once_a_week_and_what_is_switched_off_never() {
    let (world, _, connection) = ended().await;
    let off = world.connect(&world.cast.mia, AuthType::Oauth, "TOKEN-OF-MIA");
    ends_in(&world, off, -60);
    world.set_status(off, "disabled");
    let unused =
        format!("UPDATE connections SET last_used_at = last_used_at - interval '3 days' WHERE id = '{connection}'");
    world.sql(&unused);

    assert_eq!(ahead(&world).await.tried, 0);
    world.pass(6 * 24 * 3600);
    assert_eq!(ahead(&world).await.tried, 0);
    world.pass(24 * 3600);
    assert_eq!(ahead(&world).await.tried, 1);

    assert_eq!(world.outside.token_calls(), 1);
}

#[tokio::test]
async fn a_pass_is_bounded_and_says_that_there_is_more() {
    let (world, _, _) = ended().await;
    for n in 0..11 {
        let connection = world.connect(&world.cast.mia, AuthType::Oauth, &format!("TOKEN-{n}"));
        ends_in(&world, connection, 100);
    }

    assert_eq!(ahead(&world).await, Pass { tried: 10, is_full: true });
    assert_eq!(ahead(&world).await, Pass { tried: 2, is_full: false });
}

#[tokio::test]
async fn no_connection_to_the_database_is_held_while_the_provider_is_asked() {
    let (world, _, _) = ended().await;
    let only = Db::connect(world.database.url(), 1).unwrap();
    let (renewer, _) = world.process(only.clone());
    let gate = Arc::new(Semaphore::new(0));
    world.outside.answer_token(Answer::Held(Arc::clone(&gate)));

    let (registry, renewing) = (world.registry.clone(), renewer);
    let pass = tokio::spawn(async move { renewing.renew_ahead(&registry).await });
    asked(&world, 1).await;
    let free = only.read(|conn| Ok::<_, DbError>(sql_query("SELECT 1").execute(conn)?)).await;
    gate.add_permits(1);

    assert!(free.is_ok(), "{free:?}");
    assert_eq!(pass.await.unwrap().unwrap().tried, 1);
}

#[tokio::test]
async fn a_job_that_is_stopped_finishes_what_it_has_begun() {
    let (world, _, connection) = ended().await;
    let gate = Arc::new(Semaphore::new(0));
    world.outside.answer_token(Answer::Held(Arc::clone(&gate)));
    let (stop, stopping) = watch::channel(false);
    let job = tokio::spawn(refresh_tokens::run(world.renewer.clone(), world.registry.clone(), stopping));
    asked(&world, 1).await;

    stop.send(true).unwrap();
    gate.add_permits(1);
    tokio::time::timeout(Duration::from_secs(10), job).await.unwrap().unwrap();

    assert_eq!(word(&world, &format!("token_version::text FROM connections WHERE id = '{connection}'")), "2");
}

#[tokio::test]
async fn a_grant_of_another_client_is_not_shown_to_the_provider() {
    let (world, action, _) = ended().await;
    world.sql("UPDATE integration_settings SET oauth_client_generation = 7");

    let outcome = world.run(&world.cast.max, action, call()).await.unwrap();

    assert!(matches!(outcome, odeus::domain::runs::Outcome::NeedsReconnect { .. }), "{outcome:?}");
    assert_eq!(world.outside.token_calls(), 0);
}

#[tokio::test]
async fn tokens_for_a_version_that_is_not_there_any_more_are_not_kept() {
    let (world, _, connection) = ended().await;
    let gate = Arc::new(Semaphore::new(0));
    world.outside.answer_token(Answer::Held(Arc::clone(&gate)));
    let (renewer, registry) = (world.renewer.clone(), world.registry.clone());
    let pass = tokio::spawn(async move { renewer.renew_ahead(&registry).await });
    asked(&world, 1).await;

    world.sql("UPDATE connections SET token_version = 5");
    gate.add_permits(1);
    pass.await.unwrap().unwrap();

    assert_eq!(word(&world, &format!("token_version::text FROM connections WHERE id = '{connection}'")), "5");
    assert_eq!(count(&world, "connection_secrets WHERE version <> 1"), 0);
}

#[tokio::test]
async fn who_has_the_lease_is_waited_for() {
    let (world, action, _) = ended().await;
    let taken = "UPDATE connections SET refresh_lease = gen_random_uuid(),
        refresh_lease_until = clock_timestamp() + interval '60 seconds'";
    world.sql(taken);

    let (run, ()) = tokio::join!(world.finished(&world.cast.max, action, call()), async {
        tokio::time::sleep(Duration::from_millis(900)).await;
        assert_eq!(world.outside.token_calls(), 0);
        world.sql("UPDATE connections SET refresh_lease_until = clock_timestamp() - interval '1 second'");
    });

    assert_eq!((run.status, world.outside.token_calls()), (RunStatus::Succeeded, 1));
}
