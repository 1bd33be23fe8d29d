//! R8, R9, R13 and R6 for actions with each caller's own credentials.

use odeus::authz::actions;
use odeus::authz::facts::AuthType;
use odeus::authz::facts::ShareAccess;
use odeus::authz::policy::Reason;
use odeus::authz::proof::Denied;
use odeus::domain::agents::AgentAction;
use odeus::domain::people::grantee::Grantee;
use odeus::domain::runs::Call;
use odeus::domain::runs::Outcome;
use odeus::domain::runs::RunError;
use odeus::domain::runs::RunStatus;
use odeus::domain::runs::drafts;
use odeus::kernel::ids::ConnectionId;
use odeus::kernel::ids::GroupId;
use serde_json::json;

use crate::runs::world::World;
use crate::runs::world::call;
use crate::runs::world::call_with;

#[tokio::test]
async fn r8_each_caller_acts_as_themselves() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    world.api_key(&world.cast.max, "KEY-OF-MAX");
    world.api_key(&world.cast.mia, "KEY-OF-MIA");

    let of_max = world.finished(&world.cast.max, action, call()).await;
    let of_mia = world.finished(&world.cast.mia, action, call()).await;

    assert_eq!(world.outside.credentials(), ["KEY-OF-MAX", "KEY-OF-MIA"]);
    assert_eq!((of_max.status, of_mia.status), (RunStatus::Succeeded, RunStatus::Succeeded));
    assert_eq!(of_max.connection.unwrap().name.unwrap(), "NAME-KEY-OF-MAX");
    let content = of_max.content.unwrap();
    assert!(content.request_line.unwrap().ends_with("/things?thing=one"));
    let response = content.response.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (200, br#"{"ok":true}"#.as_slice()));
    assert!(response.headers.iter().all(|(name, _)| name != "set-cookie"), "{:?}", response.headers);
}

#[tokio::test]
async fn r8_ones_own_connection_comes_before_one_that_is_shared() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    let shared = world.api_key(&world.cast.ada, "SHARED-KEY");
    world.share(shared, Grantee::Workspace, ShareAccess::Use);

    world.finished(&world.cast.max, action, call()).await;
    world.api_key(&world.cast.max, "KEY-OF-MAX");
    world.finished(&world.cast.max, action, call()).await;

    assert_eq!(world.outside.credentials(), ["SHARED-KEY", "KEY-OF-MAX"]);
}

#[tokio::test]
async fn r8_of_several_the_caller_chooses_once_for_the_agent() {
    let world = World::new().await;
    let (agent, other_agent) = (world.agent(), world.agent());
    let (get, add) = (world.own(agent, "getThing"), world.own(agent, "addThing"));
    let elsewhere = world.own(other_agent, "getThing");
    world.api_key(&world.cast.max, "FIRST-KEY");
    world.pass(1);
    let second = world.api_key(&world.cast.max, "SECOND-KEY");

    let asked = world.run(&world.cast.max, get, call()).await.unwrap();
    world.finished(&world.cast.max, get, call_with(second)).await;
    world.finished(&world.cast.max, get, call()).await;
    world.finished(&world.cast.max, add, call()).await;
    let asked_elsewhere = world.run(&world.cast.max, elsewhere, call()).await.unwrap();

    let Outcome::NeedsChoice { choices, integration } = asked else { panic!("{asked:?}") };
    assert_eq!(integration.key, "things");
    assert_eq!(
        choices.iter().map(|choice| choice.name.as_str()).collect::<Vec<_>>(),
        ["NAME-FIRST-KEY", "NAME-SECOND-KEY"]
    );
    assert_eq!(world.outside.credentials(), ["SECOND-KEY"; 3]);
    assert!(matches!(asked_elsewhere, Outcome::NeedsChoice { .. }));
}

#[tokio::test]
async fn r8_a_choice_that_is_gone_is_asked_for_again() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    let [first, ..] = [1, 2, 3].map(|number| world.api_key(&world.cast.max, &format!("KEY-{number}")));

    world.finished(&world.cast.max, action, call_with(first)).await;
    world.sql("DELETE FROM connections WHERE name = 'NAME-KEY-1'");
    let asked = world.run(&world.cast.max, action, call()).await.unwrap();

    assert!(matches!(asked, Outcome::NeedsChoice { choices, .. } if choices.len() == 2));
}

#[tokio::test]
async fn r9_without_a_connection_the_caller_connects_and_goes_on_with_the_same_input() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    let max = &world.cast.max;
    let proof = world.proof::<actions::Run, AgentAction>(max, &action).unwrap();

    let asked = world.runner.run(&proof, call()).await.unwrap();
    let draft = drafts::keep(&mut world.conn(), &proof, &call().input).unwrap();
    world.api_key(max, "KEY-OF-MAX");
    let of_others = world.proof::<actions::Run, AgentAction>(&world.cast.mia, &action).unwrap();
    let seen_by_others = drafts::find(&mut world.conn(), &of_others, draft).unwrap();
    let input = drafts::take(&mut world.conn(), &proof, draft).unwrap().unwrap();
    let taken_again = drafts::take(&mut world.conn(), &proof, draft).unwrap();
    world.finished(max, action, Call { input, ..Call::default() }).await;

    assert!(matches!(asked, Outcome::NeedsConnection { integration } if integration.name == "Things"));
    assert_eq!((seen_by_others, taken_again), (None, None));
    assert!(world.outside.seen()[0].starts_with("GET /things?thing=one "));
}

#[tokio::test]
async fn r9_a_draft_is_kept_for_an_hour() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    let proof = || world.proof::<actions::Run, AgentAction>(&world.cast.max, &action).unwrap();
    let draft = drafts::keep(&mut world.conn(), &proof(), &json!({})).unwrap();

    world.pass(3_601);

    assert_eq!(drafts::find(&mut world.conn(), &proof(), draft).unwrap(), None);
    assert_eq!(drafts::sweep(&mut world.conn(), world.clock.now()).unwrap(), 1);
}

#[tokio::test]
async fn r13_a_broken_connection_is_not_passed_over() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    let shared = world.api_key(&world.cast.ada, "SHARED-KEY");
    world.share(shared, Grantee::Workspace, ShareAccess::Use);
    let own = world.api_key(&world.cast.max, "KEY-OF-MAX");
    world.set_status(own, "needs_reconnect");

    let broken = world.run(&world.cast.max, action, call()).await.unwrap();
    world.set_status(own, "disabled");
    let (_, disabled) = world.refused(&world.cast.max, action).await;

    let Outcome::NeedsReconnect { run, connection, detail, .. } = broken else { panic!("{broken:?}") };
    assert_eq!(connection, Some(own));
    assert!(detail.contains("NAME-KEY-OF-MAX"), "{detail}");
    assert_eq!(world.seen(&world.cast.max, run).unwrap().status, RunStatus::NeedsReconnect);
    assert!(disabled.contains("switched off"), "{disabled}");
    assert!(world.outside.seen().is_empty());
}

#[tokio::test]
async fn rights_that_the_connection_was_not_given_are_named() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    let own = world.connect(&world.cast.max, AuthType::Oauth, "TOKEN-OF-MAX");
    world.grant(own, &["read"]);

    let held = world.run(&world.cast.max, action, call()).await.unwrap();
    world.grant(own, &["read", "write"]);
    world.finished(&world.cast.max, action, call()).await;

    assert!(matches!(held, Outcome::NeedsReconnect { detail, .. } if detail.contains("(write)")));
    assert_eq!(world.outside.credentials(), ["TOKEN-OF-MAX"]);
}

#[tokio::test]
async fn somebody_elses_connection_is_as_good_as_none() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    let of_mia = world.api_key(&world.cast.mia, "KEY-OF-MIA");
    world.api_key(&world.cast.max, "KEY-OF-MAX");

    for connection in [of_mia, ConnectionId::new()] {
        let denied = world.run(&world.cast.max, action, call_with(connection)).await;

        assert!(matches!(denied, Err(RunError::Denied(Denied::Hidden))), "{denied:?}");
    }
    // An admin sees it, in order to share it; that is not to use it.
    let admin = world.run(&world.cast.ada, action, call_with(of_mia)).await.unwrap();
    assert!(matches!(admin, Outcome::Refused { reason: Some(Reason::OwnerOnly), .. }), "{admin:?}");
    assert!(world.outside.seen().is_empty());
}

#[tokio::test]
async fn r6_whatever_is_taken_away_is_gone_with_the_next_call() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    let shared = world.api_key(&world.cast.ada, "SHARED-KEY");
    let group = GroupId::new();
    world.sql(&format!(
        "INSERT INTO groups VALUES ('{acme}', '{group}', 'Support', now());
         ",
        acme = world.cast.acme.id
    ));
    world.sql(&format!(
        "INSERT INTO group_members VALUES ('{acme}', '{group}', '{max}', now())",
        acme = world.cast.acme.id,
        max = world.cast.max.id
    ));
    let max = &world.cast.max;
    let needs_connection = async || matches!(world.run(max, action, call()).await, Ok(Outcome::NeedsConnection { .. }));

    for with in [Grantee::User(max.id), Grantee::Workspace] {
        let share = world.share(shared, with, ShareAccess::Use);
        world.finished(max, action, call()).await;
        world.sql(&format!("DELETE FROM connection_shares WHERE id = '{share}'"));
        assert!(needs_connection().await, "{with:?}");
    }
    let share = world.share(shared, Grantee::Group(group), ShareAccess::Use);
    world.finished(max, action, call()).await;
    world.sql("DELETE FROM group_members");
    assert!(needs_connection().await);
    world.sql(&format!(
        "UPDATE connection_shares SET grantee_group = NULL, grantee_workspace = true WHERE id = '{share}'"
    ));
    world.finished(max, action, call()).await;
    world.sql("UPDATE connection_shares SET expires_at = created_at");
    assert!(needs_connection().await);

    assert_eq!(world.outside.credentials(), ["SHARED-KEY"; 4]);
}

#[tokio::test]
async fn r6_losing_the_agent_the_integration_or_the_membership_holds_from_the_next_call() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    let max = &world.cast.max;
    world.api_key(max, "KEY-OF-MAX");
    world.set_oauth_client();
    let denied = async || world.run(max, action, call()).await;

    world.finished(max, action, call()).await;
    world.sql("UPDATE integration_settings SET enabled = false");
    assert!(matches!(denied().await, Ok(Outcome::Refused { reason: Some(Reason::IntegrationDisabled), .. })));
    world.sql("UPDATE integration_settings SET enabled = true, for_everyone = false");
    assert!(matches!(denied().await, Ok(Outcome::Refused { reason: Some(Reason::IntegrationRestricted), .. })));
    world.sql("UPDATE integration_settings SET for_everyone = true");
    world.finished(max, action, call()).await;
    world.sql("UPDATE agents SET enabled = false");
    assert!(matches!(denied().await, Err(RunError::Denied(Denied::Forbidden(Reason::AgentDisabled)))));
    world.sql("UPDATE agents SET enabled = true");
    world.sql("DELETE FROM agent_shares");
    assert!(matches!(denied().await, Err(RunError::Denied(Denied::Hidden))));

    assert_eq!(world.outside.credentials().len(), 2);
}

#[tokio::test]
async fn what_was_lost_since_the_door_counts_when_the_run_begins() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    world.api_key(&world.cast.max, "KEY-OF-MAX");
    let proof = || world.proof::<actions::Run, AgentAction>(&world.cast.max, &action).unwrap();

    let (before_the_agent, before_the_membership) = (proof(), proof());
    world.sql("UPDATE memberships SET status = 'deactivated' WHERE role <> 'admin'");
    let as_nobody = world.runner.run(&before_the_membership, call()).await;
    world.sql("UPDATE memberships SET status = 'active'");
    world.sql("DELETE FROM agent_shares");
    let without_agent = world.runner.run(&before_the_agent, call()).await;

    assert!(matches!(as_nobody, Err(RunError::Denied(Denied::Hidden))), "{as_nobody:?}");
    assert!(matches!(without_agent, Err(RunError::Denied(Denied::Hidden))), "{without_agent:?}");
    assert!(world.outside.seen().is_empty());
}
