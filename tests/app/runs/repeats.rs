//! Calls that are sent twice, and calls that are agreed to first (R-40, D-41).

use std::sync::Arc;

use odeus::authz::proof::Denied;
use odeus::domain::runs::Call;
use odeus::domain::runs::Outcome;
use odeus::domain::runs::RunError;
use odeus::domain::runs::RunStatus;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::runs::outside::Answer;
use crate::runs::world::World;
use crate::runs::world::call;
use crate::runs::world::call_keyed;

#[tokio::test]
async fn the_same_key_sends_once_and_gives_the_same_result() {
    let world = World::new().await;
    let action = world.own(world.agent(), "addThing");
    let max = &world.cast.max;
    world.api_key(max, "KEY-OF-MAX");
    let keyed = || call_keyed("key-1", json!({"thing": "one"}));

    let first = world.finished(max, action, keyed()).await;
    let second = world.run(max, action, keyed()).await.unwrap();
    let other = world.run(max, action, call_keyed("key-1", json!({"thing": "two"}))).await.unwrap();

    let Outcome::Replayed(second) = second else { panic!("{second:?}") };
    assert_eq!((second.id, second.status), (first.id, RunStatus::Succeeded));
    assert_eq!(second.content.unwrap().response, first.content.unwrap().response);
    assert!(matches!(other, Outcome::KeyReusedWithOtherInput));
    assert_eq!(world.outside.seen().len(), 1);
}

#[tokio::test]
async fn while_it_runs_the_same_key_is_told_so() {
    let world = World::new().await;
    let action = world.own(world.agent(), "addThing");
    let max = &world.cast.max;
    world.api_key(max, "KEY-OF-MAX");
    let gate = Arc::new(Semaphore::new(0));
    world.outside.answer(Answer::Held(Arc::clone(&gate)));
    let keyed = || call_keyed("key-1", json!({"thing": "one"}));

    let first = world.run(max, action, keyed());
    let second = async {
        while world.outside.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        let second = world.run(max, action, keyed()).await;
        gate.add_permits(1);
        second
    };
    let (first, second) = tokio::join!(first, second);

    let Outcome::Finished(first) = first.unwrap() else { panic!("not finished") };
    assert!(matches!(second.unwrap(), Outcome::UnderWay { run } if run == first.id));
    assert_eq!(world.outside.seen().len(), 1);
}

#[tokio::test]
async fn a_key_stands_for_its_call_for_a_day() {
    let world = World::new().await;
    let action = world.own(world.agent(), "addThing");
    let max = &world.cast.max;
    world.api_key(max, "KEY-OF-MAX");

    world.finished(max, action, call_keyed("key-1", json!({"thing": "one"}))).await;
    world.pass(24 * 3_600 + 1);
    world.finished(max, action, call_keyed("key-1", json!({"thing": "two"}))).await;

    assert_eq!(world.outside.seen().len(), 2);
}

#[tokio::test]
async fn a_stored_result_is_given_only_to_who_may_still_run_the_action() {
    let world = World::new().await;
    let action = world.own(world.agent(), "addThing");
    let max = &world.cast.max;
    world.api_key(max, "KEY-OF-MAX");
    let keyed = || call_keyed("key-1", json!({"thing": "one"}));

    world.finished(max, action, keyed()).await;
    world.sql("DELETE FROM agent_shares");
    let denied = world.run(max, action, keyed()).await;

    assert!(matches!(denied, Err(RunError::Denied(Denied::Hidden))));
}

#[tokio::test]
async fn a_call_that_never_left_gives_its_key_back() {
    let world = World::new().await;
    let action = world.own(world.agent(), "addThing");
    let max = &world.cast.max;
    let own = world.api_key(max, "KEY-OF-MAX");
    let keyed = || call_keyed("key-1", json!({"thing": "one"}));

    world.set_status(own, "disabled");
    let refused = world.run(max, action, keyed()).await.unwrap();
    world.set_status(own, "active");
    let run = world.finished(max, action, keyed()).await;

    assert!(matches!(refused, Outcome::Refused { .. }));
    assert_eq!(run.status, RunStatus::Succeeded);
}

#[tokio::test]
async fn an_action_that_changes_something_is_shown_first_and_agreed_to_as_shown() {
    let world = World::new().await;
    let action = world.own(world.agent(), "removeThing");
    let max = &world.cast.max;
    world.api_key(max, "KEY-OF-MAX");

    let shown = world.run(max, action, call()).await.unwrap();
    let Outcome::NeedsConfirmation { preview, confirmation } = shown else { panic!("{shown:?}") };
    let edited = Call { input: json!({"thing": "all"}), confirmation: Some(confirmation.clone()), ..Call::default() };
    let edited = world.run(max, action, edited).await.unwrap();
    let nothing_left = world.outside.seen().is_empty();
    let run = world.finished(max, action, Call { confirmation: Some(confirmation.clone()), ..call() }).await;

    assert_eq!(preview.method, "DELETE");
    assert!(preview.url.ends_with("/things?thing=one"));
    assert!(!format!("{preview:?}").contains("KEY-OF-MAX"));
    assert!(matches!(edited, Outcome::NeedsConfirmation { confirmation: other, .. } if other != confirmation));
    assert!(nothing_left);
    assert_eq!(run.status, RunStatus::Succeeded);
}

#[tokio::test]
async fn what_one_agreed_to_is_not_agreed_to_by_another() {
    let world = World::new().await;
    let lent = world.api_key(&world.cast.eve, "KEY-OF-EVE");
    let action = world.lent(world.agent(), "removeThing", lent);

    let shown = world.run(&world.cast.max, action, call()).await.unwrap();
    let Outcome::NeedsConfirmation { preview, confirmation } = shown else { panic!("{shown:?}") };
    let by_mia = world.run(&world.cast.mia, action, Call { confirmation: Some(confirmation), ..call() }).await.unwrap();

    assert!(matches!(by_mia, Outcome::NeedsConfirmation { .. }));
    assert!(!format!("{preview:?}").contains("EVE"));
}

#[tokio::test]
async fn an_input_that_does_not_fit_is_told_field_by_field_and_leaves_no_trace() {
    let world = World::new().await;
    let action = world.own(world.agent(), "addThing");
    let max = &world.cast.max;
    world.api_key(max, "KEY-OF-MAX");

    let missing = world.run(max, action, Call { input: json!({}), ..Call::default() }).await.unwrap();
    let unstorable = world.run(max, action, Call { input: json!({"thing": "a\0"}), ..Call::default() }).await.unwrap();

    assert!(matches!(missing, Outcome::Invalid(errors) if errors[0].field == "thing"));
    assert!(matches!(unstorable, Outcome::Invalid(_)));
    assert_eq!(world.sql("SELECT 1 FROM runs"), 0);
}
