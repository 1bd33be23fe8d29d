//! Tokens that nobody here needs any more are taken back at their provider: those of a deleted connection, and those of
//! another account that its owner did not accept (D-27, R14).

use chrono::Duration;
use http::Method;
use odeus::kernel::clock::Clock;

use crate::support::Client;
use crate::support::Options;
use crate::support::stage::Decision;
use crate::support::stage::Stage;
use crate::support::stage::leads_to;

const EVE: &str = "eve@sandbox.example";
const TEAM: &str = "team@sandbox.example";

async fn stage(clock: &Clock) -> Stage {
    let options = Options { clock: Some(clock.clone()), ..Options::default() };
    Stage::with_options(&["sandbox-calendar"], options).await
}

fn clock() -> Clock {
    Clock::frozen(Clock::system().now())
}

/// Reconnects as somebody; where that leads.
async fn reconnect(stage: &Stage, client: &Client, connection: &str, person: &'static str) -> String {
    let page = client.get(connection).await.form_of("Reconnect").submit().await.follow().await;
    client.get(&stage.decide(&leads_to(&page), Decision::Allow(person)).await).await.location().to_owned()
}

/// Lets the job work; how many tokens the provider was asked to forget so far.
async fn revoked(stage: &Stage) -> usize {
    stage.app.parts.revoker().run_once().await.unwrap();
    stage.outside.received_at("/oauth/revoke").len()
}

async fn works(client: &Client, connection: &str) -> bool {
    client.get(connection).await.form_of("Test").submit().await.shows("It works")
}

#[tokio::test]
async fn a_deleted_connections_tokens_are_taken_back() {
    let stage = stage(&clock()).await;
    let eve = stage.eve().await;
    let connection = stage.connect_calendar(&eve, EVE).await;
    assert_eq!(revoked(&stage).await, 0);

    let page = eve.get(&format!("{connection}/deletion")).await;
    assert_eq!(page.form("form[action$='/deletion']").submit().await.status, 303);

    assert_eq!(revoked(&stage).await, 2);
    assert_eq!(revoked(&stage).await, 2, "once");
}

#[tokio::test]
async fn another_account_that_is_declined_is_taken_back_and_nothing_else_changes() {
    let clock = clock();
    let stage = stage(&clock).await;
    let (eve, max) = (stage.eve().await, stage.max().await);
    let connection = stage.connect_calendar(&eve, EVE).await;
    let question = reconnect(&stage, &eve, &connection, TEAM).await;
    assert_eq!(revoked(&stage).await, 0, "the question is open");
    let page = eve.get(&question).await;
    let token = max.get("/w/acme/profile").await.attribute("input[name=csrf]", "value").unwrap();
    let by_another = max.call(Method::POST, &format!("{question}/deletion")).header("x-csrf", &token).fields(&[]);
    assert_eq!(by_another.send().await.status, 404);

    let answer = page.form_of("Keep it as it is").submit().await;

    assert_eq!(answer.location(), connection);
    assert!(answer.follow().await.shows("Nothing has changed."));
    assert_eq!(revoked(&stage).await, 2);
    assert_eq!(eve.get(&question).await.status, 404);
    assert!(eve.get(&connection).await.shows(EVE) && works(&eve, &connection).await);
    stage.app.assert_not_stored(&["sbx_at_", "sbx_rt_"]);
}

#[tokio::test]
async fn another_account_that_nobody_answered_for_is_taken_back_when_its_time_is_up() {
    let clock = clock();
    let stage = stage(&clock).await;
    let eve = stage.eve().await;
    let connection = stage.connect_calendar(&eve, EVE).await;
    let question = reconnect(&stage, &eve, &connection, TEAM).await;

    clock.advance(Duration::minutes(9));
    assert_eq!(revoked(&stage).await, 0);
    clock.advance(Duration::minutes(1));

    assert_eq!(revoked(&stage).await, 2);
    assert_eq!(eve.get(&question).await.status, 404);
}

#[tokio::test]
async fn another_account_of_a_connection_that_is_deleted_meanwhile_is_taken_back_too() {
    let clock = clock();
    let stage = stage(&clock).await;
    let eve = stage.eve().await;
    let connection = stage.connect_calendar(&eve, EVE).await;
    reconnect(&stage, &eve, &connection, TEAM).await;

    eve.get(&format!("{connection}/deletion")).await.form("form[action$='/deletion']").submit().await;
    clock.advance(Duration::minutes(10));

    assert_eq!(revoked(&stage).await, 4);
}

#[tokio::test]
async fn another_account_that_is_accepted_is_not_taken_back() {
    let clock = clock();
    let stage = stage(&clock).await;
    let eve = stage.eve().await;
    let connection = stage.connect_calendar(&eve, EVE).await;
    let question = reconnect(&stage, &eve, &connection, TEAM).await;

    eve.get(&question).await.form_of("Replace it").submit().await;
    clock.advance(Duration::minutes(20));

    assert_eq!(revoked(&stage).await, 0);
}

#[tokio::test]
async fn an_acceptance_that_comes_while_the_tokens_are_taken_back_changes_nothing() {
    let clock = clock();
    let stage = stage(&clock).await;
    let eve = stage.eve().await;
    let connection = stage.connect_calendar(&eve, EVE).await;
    let question = reconnect(&stage, &eve, &connection, TEAM).await;
    let page = eve.get(&question).await;
    let claimed = "UPDATE revocations SET attempts = 1 WHERE id = (SELECT min(id::text)::uuid FROM revocations)";
    diesel::RunQueryDsl::execute(diesel::sql_query(claimed), &mut stage.app.conn()).unwrap();

    let answer = page.form_of("Replace it").submit().await;

    assert_ne!(answer.status, 303);
    assert!(eve.get(&connection).await.shows(EVE) && !eve.get(&connection).await.shows(TEAM));
}

/// Some providers end everything that an account has given together with one of its tokens.
#[tokio::test]
async fn another_account_that_has_a_connection_of_its_own_keeps_it() {
    let stage = stage(&clock()).await;
    let eve = stage.eve().await;
    let (mine, team) = (stage.connect_calendar(&eve, EVE).await, stage.connect_calendar(&eve, TEAM).await);
    let question = reconnect(&stage, &eve, &mine, TEAM).await;

    eve.get(&question).await.form_of("Keep it as it is").submit().await;

    assert_eq!(revoked(&stage).await, 0);
    assert!(works(&eve, &team).await);
}
