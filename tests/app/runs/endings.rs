//! How runs end: what the provider says, what gets lost, and what a crash leaves.

use odeus::authz::facts::AuthType;
use odeus::domain::runs::Outcome;
use odeus::domain::runs::RunStatus;
use odeus::domain::runs::sweep;

use crate::runs::outside::Answer;
use crate::runs::world::World;
use crate::runs::world::call;

#[tokio::test]
async fn a_refusal_of_the_provider_is_kept_with_its_answer() {
    let world = World::new().await;
    let action = world.own(world.agent(), "addThing");
    world.api_key(&world.cast.max, "KEY-OF-MAX");

    world.outside.answer(Answer::Status(422, r#"{"message":"no such thing"}"#.to_owned()));
    let said_no = world.finished(&world.cast.max, action, call()).await;
    world.outside.answer(Answer::Status(200, r#"{"ok":false,"error":"is_archived"}"#.to_owned()));
    let said_no_nicely = world.finished(&world.cast.max, action, call()).await;

    assert_eq!(said_no.status, RunStatus::Failed);
    assert_eq!(said_no.content.unwrap().response.unwrap().status, 422);
    assert_eq!(said_no_nicely.detail.as_deref(), Some("Things said that it did not work: is_archived."));
    let stored = world.seen(&world.cast.max, said_no_nicely.id).unwrap();
    assert_eq!((stored.status, stored.detail), (said_no_nicely.status, said_no_nicely.detail));
    assert_eq!(stored.finished_at, Some(world.clock.now()));
}

#[tokio::test]
async fn the_credential_is_not_in_what_is_given_back_or_kept() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    world.api_key(&world.cast.max, "CANARY-KEY-OF-MAX");

    world.outside.answer(Answer::Status(200, r#"{"you_sent":"CANARY-KEY-OF-MAX"}"#.to_owned()));
    let run = world.finished(&world.cast.max, action, call()).await;

    let body = |run: &odeus::domain::runs::Run| {
        String::from_utf8(run.content.clone().unwrap().response.unwrap().body).unwrap()
    };
    assert!(body(&run).contains("you_sent") && !body(&run).contains("CANARY"));
    assert_eq!(body(&world.seen(&world.cast.max, run.id).unwrap()), body(&run));
}

#[tokio::test]
async fn a_long_answer_is_given_whole_and_kept_in_part() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    world.api_key(&world.cast.max, "KEY-OF-MAX");
    let long = format!("{:?}", "x".repeat(300 * 1024));

    world.outside.answer(Answer::Status(200, long.clone()));
    let run = world.finished(&world.cast.max, action, call()).await;
    let stored = world.seen(&world.cast.max, run.id).unwrap().content.unwrap().response.unwrap();

    let given = run.content.unwrap().response.unwrap();
    assert_eq!((given.body.len(), given.is_cut), (long.len(), false));
    assert_eq!((stored.body.len(), stored.is_cut), (256 * 1024, true));
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_unknown_and_not_repeated() {
    let world = World::new().await;
    let action = world.own(world.agent(), "addThing");
    world.api_key(&world.cast.max, "KEY-OF-MAX");

    world.outside.answer(Answer::CutOff);
    let run = world.finished(&world.cast.max, action, call()).await;

    assert_eq!(run.status, RunStatus::Unknown);
    assert!(run.detail.unwrap().contains("look in Things"));
    assert_eq!(world.outside.seen().len(), 1);
}

#[tokio::test]
async fn a_look_whose_answer_was_lost_is_repeated() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    world.api_key(&world.cast.max, "KEY-OF-MAX");

    world.outside.answer(Answer::CutOff);
    let run = world.finished(&world.cast.max, action, call()).await;

    assert_eq!(run.status, RunStatus::Succeeded);
    assert_eq!(world.outside.seen().len(), 2);
}

#[tokio::test]
async fn r14_access_that_the_provider_rejects_is_renewed_once_and_tried_once_more() {
    let world = World::new().await;
    world.set_oauth_client();
    let action = world.own(world.agent(), "addThing");
    world.connect(&world.cast.max, AuthType::Oauth, "STALE-TOKEN");

    world.outside.answer(Answer::Status(401, "{}".to_owned()));
    let renewed = world.finished(&world.cast.max, action, call()).await;
    world.outside.answer(Answer::Status(401, "{}".to_owned()));
    world.outside.answer(Answer::Status(401, "{}".to_owned()));
    let rejected = world.finished(&world.cast.max, action, call()).await;

    assert_eq!((renewed.status, rejected.status), (RunStatus::Succeeded, RunStatus::Failed));
    assert_eq!(world.outside.credentials(), ["STALE-TOKEN", "RENEWED-TOKEN", "RENEWED-TOKEN", "RENEWED-TOKEN"]);
    let tokens = world.outside.seen().iter().filter(|request| request.starts_with("POST /token")).count();
    assert_eq!(tokens, 2);
}

#[tokio::test]
async fn a_key_that_the_provider_rejects_is_not_tried_again() {
    let world = World::new().await;
    let action = world.own(world.agent(), "addThing");
    world.api_key(&world.cast.max, "KEY-OF-MAX");

    world.outside.answer(Answer::Status(401, "{}".to_owned()));
    let run = world.finished(&world.cast.max, action, call()).await;

    assert_eq!(run.status, RunStatus::Failed);
    assert_eq!(world.outside.seen().len(), 1);
}

#[tokio::test]
async fn a_secret_goes_nowhere_but_to_the_origins_it_was_sealed_for() {
    let world = World::new().await;
    let action = world.own(world.agent(), "addThing");
    let own = world.api_key(&world.cast.max, "KEY-OF-MAX");

    world.sql("UPDATE connections SET origins = '{https://elsewhere.example}'");
    let refused = world.run(&world.cast.max, action, call()).await.unwrap();
    world.sql(&format!("DELETE FROM connection_secrets WHERE connection_id = '{own}'"));
    let without = world.run(&world.cast.max, action, call()).await.unwrap();

    assert!(matches!(refused, Outcome::Refused { .. }), "{refused:?}");
    assert!(matches!(without, Outcome::NeedsReconnect { connection, .. } if connection == Some(own)));
    assert!(world.outside.seen().is_empty());
}

#[tokio::test]
async fn what_a_crash_left_is_closed_as_unknown_and_not_sooner() {
    let world = World::new().await;
    let action = world.own(world.agent(), "addThing");
    world.api_key(&world.cast.max, "KEY-OF-MAX");
    let run = world.finished(&world.cast.max, action, call()).await;
    world.sql("UPDATE runs SET status = 'begun', finished_at = NULL");
    let sweep = || sweep::sweep(&mut world.conn(), world.clock.now()).unwrap();

    let too_soon = sweep();
    world.pass(66);
    let in_time = sweep();

    assert_eq!((too_soon, in_time, sweep()), (0, 1, 0));
    let seen = world.seen(&world.cast.max, run.id).unwrap();
    assert_eq!((seen.status, seen.finished_at), (RunStatus::Unknown, Some(world.clock.now())));
    assert_eq!(world.sql("SELECT 1 FROM audit_events WHERE action = 'run.lost' AND via = 'system'"), 1);
}

#[tokio::test]
async fn a_use_is_noted_to_the_minute() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    world.api_key(&world.cast.max, "KEY-OF-MAX");
    let used_now = || {
        let now = world.clock.now().to_rfc3339();
        world.sql(&format!("SELECT 1 FROM connections WHERE last_used_at = '{now}'")) == 1
    };

    world.finished(&world.cast.max, action, call()).await;
    assert!(used_now());
    world.pass(59);
    world.finished(&world.cast.max, action, call()).await;
    assert!(!used_now());
    world.pass(2);
    world.finished(&world.cast.max, action, call()).await;
    assert!(used_now());
}
