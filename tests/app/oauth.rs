//! The way to a provider and back, and every way in which it can go wrong (D-20, D-21).

use chrono::Duration;
use http::Method;
use odeus::authz::facts::Role;
use odeus::domain::people::members;
use odeus::kernel::clock::Clock;
use odeus::kernel::ids::AgentActionId;
use odeus::kernel::ids::AgentId;
use serde_json::json;

use crate::support::Answer;
use crate::support::Options;
use crate::support::outside::CLIENT;
use crate::support::stage::CALENDAR;
use crate::support::stage::CONNECTIONS;
use crate::support::stage::Decision;
use crate::support::stage::Stage;
use crate::support::stage::leads_to;

const EVE: &str = "eve@sandbox.example";
const TEAM: &str = "team@sandbox.example";

async fn stage() -> Stage {
    Stage::with(&["sandbox-calendar", "sandbox-crm"]).await
}

/// The end of a flow that connected nothing: its heading, in an answer that keeps its address to itself.
fn ended(answer: &Answer, status: u16) -> String {
    assert_eq!((answer.status, answer.header("referrer-policy")), (status, "no-referrer"), "{}", answer.body);
    assert!(answer.attribute("main a", "href").unwrap().contains("sandbox-calendar"));
    answer.text("h1")
}

#[tokio::test]
async fn signing_in_at_the_provider_makes_a_connection() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let begun = eve.get(CALENDAR).await.form_of("Connect").set("name", "My calendar").submit().await;
    let page = begun.follow().await;
    assert!(page.shows("Add, change and delete events in your calendar"));

    let back = stage.decide(&leads_to(&page), Decision::Allow(EVE)).await;
    let answer = eve.get(&back).await;

    assert_eq!((answer.status, answer.header("referrer-policy")), (303, "no-referrer"));
    let page = answer.follow().await;
    assert_eq!(page.text("h1"), "My calendar");
    assert!(page.shows("Connected as eve@sandbox.example.") && page.shows("calendar.write"));
    let code = back.split("code=").nth(1).unwrap().split('&').next().unwrap();
    stage.app.assert_no_canary(&[code, CLIENT.1, "sbx_at_", "sbx_rt_"]).await;
}

#[tokio::test]
async fn the_way_to_the_provider_is_its_own_browsers_alone() {
    let stage = stage().await;
    let (eve, max, other_browser) = (stage.eve().await, stage.max().await, stage.eve().await);
    let begun = eve.get(CALENDAR).await.form_of("Connect").submit().await;

    assert_eq!(eve.get(begun.location()).await.status, 200);
    assert_eq!(max.get(begun.location()).await.status, 404);
    assert_eq!(other_browser.get(begun.location()).await.status, 404);
}

#[tokio::test]
async fn of_state_only_the_hash_is_kept_and_the_browser_carries_the_rest() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let begun = eve.get(CALENDAR).await.form_of("Connect").submit().await;
    let way = leads_to(&eve.get(begun.location()).await);
    let carried = way.split("&state=").nth(1).unwrap();

    stage.app.assert_not_stored(&[carried]);
    stage.app.assert_not_logged(&[carried]);
    assert_eq!(leads_to(&eve.get(begun.location()).await), way, "looked at twice");
    let path = begun.location().split('?').next().unwrap();
    for without in [path.to_owned(), format!("{path}?state=x")] {
        assert_eq!(eve.get(&without).await.text("h1"), "This sign-in has ended");
    }
    assert_eq!(eve.get(&stage.decide(&way, Decision::Allow(EVE)).await).await.status, 303);
}

#[tokio::test]
async fn a_callback_in_another_persons_browser_connects_nothing() {
    let stage = stage().await;
    let (max, eve) = (stage.max().await, stage.eve().await);
    let back = stage.decide(&stage.set_out(&max).await, Decision::Allow("max@sandbox.example")).await;

    let answer = eve.get(&back).await;

    assert_eq!(ended(&answer, 403), "This is not your sign-in");
    assert!(eve.get(CONNECTIONS).await.shows("No connections yet"));
    assert_eq!(ended(&max.get(&back).await, 400), "This sign-in has ended");
}

#[tokio::test]
async fn a_callback_in_another_browser_of_the_same_person_connects_nothing() {
    let stage = stage().await;
    let (eve, other_browser) = (stage.eve().await, stage.eve().await);
    let back = stage.decide(&stage.set_out(&eve).await, Decision::Allow(EVE)).await;

    assert_eq!(ended(&other_browser.get(&back).await, 403), "This is not your sign-in");
}

#[tokio::test]
async fn a_callback_counts_once() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let authorize = stage.set_out(&eve).await;
    let back = stage.decide(&authorize, Decision::Allow(EVE)).await;
    assert_eq!(eve.get(&back).await.status, 303);

    assert_eq!(ended(&eve.get(&back).await, 400), "This sign-in has ended");
    assert_eq!(eve.get(CONNECTIONS).await.texts("li.row").len(), 1);
}

#[tokio::test]
async fn a_callback_at_another_integrations_address_connects_nothing() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let back = stage.decide(&stage.set_out(&eve).await, Decision::Allow(EVE)).await;

    let answer = eve.get(&back.replace("sandbox-calendar", "sandbox-crm")).await;

    assert_eq!((answer.status, answer.text("h1")), (400, "This answer is for another integration".to_owned()));
    assert!(eve.get(CONNECTIONS).await.shows("No connections yet"));
}

#[tokio::test]
async fn a_callback_at_another_workspaces_address_connects_nothing() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let back = stage.decide(&stage.set_out(&eve).await, Decision::Allow(EVE)).await;

    let answer = eve.get(&back.replace("/acme/", "/globex/")).await;

    assert_eq!(answer.status, 403);
    assert!(eve.get(CONNECTIONS).await.shows("No connections yet"));
}

#[tokio::test]
async fn an_answer_from_another_issuer_connects_nothing() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let back = stage.decide(&stage.set_out(&eve).await, Decision::Allow(EVE)).await;
    let issuer = back.split_once("iss=").unwrap().0;

    let answer = eve.get(&format!("{issuer}iss=https%3A%2F%2Fevil.test")).await;

    assert_eq!(ended(&answer, 400), "This answer is from somebody else");
    assert!(!answer.body.contains("evil.test"));
}

#[tokio::test]
async fn an_answer_that_says_something_twice_leaves_the_flow_as_it_was() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let back = stage.decide(&stage.set_out(&eve).await, Decision::Allow(EVE)).await;

    for wrong in [format!("{back}&code=other"), format!("{back}&state=other"), format!("{back}&error=x")] {
        assert_eq!(ended(&eve.get(&wrong).await, 400), "This answer makes no sense");
    }
    assert_eq!(eve.get(&back).await.status, 303);
}

#[tokio::test]
async fn whoever_says_no_at_the_provider_reads_that_nothing_was_connected() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let back = stage.decide(&stage.set_out(&eve).await, Decision::Deny).await;

    let answer = eve.get(&back).await;

    assert_eq!(ended(&answer, 200), "You did not agree");
    assert!(answer.shows("Nothing was connected"));
}

#[tokio::test]
async fn whoever_says_no_for_an_agents_action_goes_back_to_what_they_filled_in() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let (agent, action) = (AgentId::new(), AgentActionId::new());
    let page = eve.get(&format!("{CALENDAR}?agent={agent}&action={action}&draft=d1")).await;
    let page = page.form_of("Connect").submit().await.follow().await;
    let form = format!("/w/acme/agents/{agent}/actions/{action}?inputs=d1");
    assert_eq!(page.attribute("a.btn--quiet", "href").as_ref(), Some(&form), "Not now");

    let answer = eve.get(&stage.decide(&leads_to(&page), Decision::Deny).await).await;

    assert_eq!(
        (answer.text("h1"), answer.text("main a")),
        ("You did not agree".to_owned(), "Back to the action".to_owned())
    );
    assert_eq!(answer.attribute("main a", "href"), Some(form));
}

#[tokio::test]
async fn a_flow_ends_after_ten_minutes() {
    let clock = Clock::frozen(chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    let options = Options { clock: Some(clock.clone()), ..Options::default() };
    let stage = Stage::with_options(&["sandbox-calendar"], options).await;
    let eve = stage.eve().await;
    let begun = eve.get(CALENDAR).await.form_of("Connect").submit().await;
    let back = stage.decide(&leads_to(&eve.get(begun.location()).await), Decision::Allow(EVE)).await;

    clock.advance(Duration::minutes(11));

    let page = eve.get(begun.location()).await;
    assert_eq!((page.status, page.text("h1")), (200, "This sign-in has ended".to_owned()));
    assert_eq!(ended(&eve.get(&back).await, 400), "This sign-in has ended");
}

#[tokio::test]
async fn whoever_was_signed_out_meanwhile_starts_again() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let back = stage.decide(&stage.set_out(&eve).await, Decision::Allow(EVE)).await;

    let answer = stage.app.anon().get(&back).await;

    assert_eq!(ended(&answer, 403), "Sign in and start again");
    let way = answer.attribute("main a", "href").unwrap();
    assert_eq!(way, "/sign-in?next=%2Fw%2Facme%2Fintegrations%2Fsandbox-calendar");
    assert_eq!(eve.get(&back).await.status, 303, "the flow was left as it was");
}

#[tokio::test]
async fn a_client_that_the_provider_refuses_is_the_admins_to_correct() {
    let stage = stage().await;
    let (ada, eve) = (stage.ada().await, stage.eve().await);
    let form = ada.get(CALENDAR).await.form_of("Save client");
    form.set("client_secret", "no longer right").submit().await;
    let back = stage.decide(&stage.set_out(&eve).await, Decision::Allow(EVE)).await;

    let answer = eve.get(&back).await;

    assert_eq!(ended(&answer, 400), "The OAuth client is not accepted");
    assert!(answer.shows("A workspace admin has to correct it"));
}

#[tokio::test]
async fn reconnecting_keeps_the_connection() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let connection = stage.connect_calendar(&eve, EVE).await;

    let page = eve.get(&connection).await.form_of("Reconnect").submit().await.follow().await;
    assert!(page.shows("Sign in as eve@sandbox.example."));
    let answer = eve.get(&stage.decide(&leads_to(&page), Decision::Allow(EVE)).await).await;

    assert_eq!((answer.status, answer.location()), (303, connection.as_str()));
    assert_eq!(eve.get(CONNECTIONS).await.texts("li.row").len(), 1);
}

#[tokio::test]
async fn another_account_waits_for_its_owners_word() {
    let stage = stage().await;
    let (eve, max) = (stage.eve().await, stage.max().await);
    let connection = stage.connect_calendar(&eve, EVE).await;
    let reconnect = async || {
        let page = eve.get(&connection).await.form_of("Reconnect").submit().await.follow().await;
        eve.get(&stage.decide(&leads_to(&page), Decision::Allow(TEAM)).await).await.location().to_owned()
    };

    let question = reconnect().await;
    let page = eve.get(&question).await;
    assert_eq!(page.text("h1"), "This is another account");
    assert!(page.shows("as team@sandbox.example. This connection was eve@sandbox.example. Replace it?"));
    assert_eq!(max.get(&question).await.status, 404);
    assert!(eve.get(&connection).await.shows(EVE) && !eve.get(&connection).await.shows(TEAM));

    let answer = page.form_of("Replace it").submit().await;

    assert_eq!(answer.location(), connection);
    assert!(eve.get(&connection).await.shows("Connected as team@sandbox.example."));
    assert_eq!(eve.get(&question).await.status, 404);
    let tested = eve.get(&connection).await.form_of("Test").submit().await;
    assert!(tested.shows("It works, as team@sandbox.example."));
}

#[tokio::test]
async fn a_code_for_a_client_that_was_changed_meanwhile_connects_nothing() {
    let stage = stage().await;
    let (ada, eve) = (stage.ada().await, stage.eve().await);
    let back = stage.decide(&stage.set_out(&eve).await, Decision::Allow(EVE)).await;

    ada.get(CALENDAR).await.form_of("Save client").set("client_secret", CLIENT.1).submit().await;

    assert_eq!(ended(&eve.get(&back).await, 400), "This sign-in has ended");
    assert!(eve.get(CONNECTIONS).await.shows("No connections yet"));
}

#[tokio::test]
async fn of_more_than_five_flows_under_way_the_oldest_gives_way() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let mut ways = Vec::new();
    for _ in 0..6 {
        ways.push(eve.get(CALENDAR).await.form_of("Connect").submit().await.location().to_owned());
    }

    assert_eq!(eve.get(&ways[0]).await.status, 404);
    for way in &ways[1..] {
        assert_eq!(eve.get(way).await.status, 200);
    }
}

#[tokio::test]
async fn whoever_attached_a_connection_approves_another_account_of_it_before_it_runs() {
    let stage = stage().await;
    let eve = stage.eve().await;
    let program = stage.app.token(&stage.app.cast.eve);
    let connection = stage.connect_calendar(&eve, EVE).await;
    let made = program.json(Method::POST, "/api/v1/agents", &json!({ "name": "Helper" })).await.json();
    let base = format!("/api/v1/agents/{}/actions", made["id"].as_str().unwrap());
    let body = json!({
        "integration": "sandbox-calendar", "action": "listEvents", "credentials": "preselected",
        "connection_id": connection.rsplit('/').next().unwrap(), "requires_confirmation": false,
    });
    let action = program.json(Method::POST, &base, &body).await.json();
    let path = format!("{base}/{}/runs", action["id"].as_str().unwrap());
    let run = async || program.json(Method::POST, &path, &json!({ "input": {} })).await;
    assert_eq!(run().await.status, 200);

    let page = eve.get(&connection).await.form_of("Reconnect").submit().await.follow().await;
    let question = eve.get(&stage.decide(&leads_to(&page), Decision::Allow(TEAM)).await).await;
    question.follow().await.form_of("Replace it").submit().await;

    let refused = run().await;
    assert_eq!(refused.status, 403, "{}", refused.body);
}

#[tokio::test]
async fn a_flow_that_was_under_way_when_its_person_left_connects_nothing_when_they_are_back() {
    let stage = stage().await;
    let (cast, now) = (&stage.app.cast, stage.app.clock.now());
    // In another workspace as well, so that the session goes on.
    members::add(&mut stage.app.conn(), cast.mallory.workspace.id, cast.eve.id, Role::Member, now).unwrap();
    let eve = stage.eve().await;
    let back = stage.decide(&stage.set_out(&eve).await, Decision::Allow(EVE)).await;
    let (ada, member) = (stage.app.token(&cast.ada), format!("/api/v1/members/{}", cast.eve.id));
    for status in ["deactivated", "active"] {
        let changed = ada.json(Method::PATCH, &member, &json!({ "status": status })).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
    }

    let landed = eve.get(&back).await;

    assert_eq!(eve.get("/w/acme/connections").await.status, 200, "the session is there");
    assert_ne!(landed.status, 303, "{}", landed.body);
    assert!(!eve.get("/w/acme/connections").await.shows(EVE));
}
