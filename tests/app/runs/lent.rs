//! R10 to R12 for actions with a preselected connection.

use diesel::Connection as _;
use odeus::authz::actions;
use odeus::authz::facts::AuthType;
use odeus::authz::facts::ShareAccess;
use odeus::authz::policy::Reason;
use odeus::authz::proof::Denied;
use odeus::domain::agents::AgentAction;
use odeus::domain::agents::AgentActionKey;
use odeus::domain::agents::actions as agent_actions;
use odeus::domain::agents::actions::ActionChanges;
use odeus::domain::agents::actions::Credentials;
use odeus::domain::agents::agent::Agent;
use odeus::domain::connections::Connection;
use odeus::domain::connections::lifecycle;
use odeus::domain::people::grantee::Grantee;
use odeus::domain::runs::Outcome;
use odeus::domain::runs::RunStatus;

use crate::runs::world::World;
use crate::runs::world::call;
use crate::runs::world::call_with;
use crate::support::cast::Person;

async fn reason(world: &World, person: &Person, action: AgentActionKey) -> Reason {
    let outcome = world.run(person, action, call()).await.unwrap();
    let Outcome::Refused { reason: Some(reason), .. } = outcome else { panic!("{outcome:?}") };
    reason
}

#[tokio::test]
async fn r11_a_preselected_action_runs_as_that_connection_whatever_the_caller_has() {
    let world = World::new().await;
    let lent = world.api_key(&world.cast.eve, "KEY-OF-EVE");
    let action = world.lent(world.agent(), "getThing", lent);
    let own = world.api_key(&world.cast.max, "KEY-OF-MAX");

    let run = world.finished(&world.cast.max, action, call()).await;
    let with_own = world.finished(&world.cast.max, action, call_with(own)).await;

    assert_eq!(world.outside.credentials(), ["KEY-OF-EVE", "KEY-OF-EVE"]);
    for run in [run, with_own] {
        let seen = world.seen(&world.cast.max, run.id).unwrap();
        for shown in [format!("{run:?}"), format!("{seen:?}")] {
            assert!(!shown.contains(&lent.to_string()) && !shown.contains("NAME-KEY-OF-EVE"), "{shown}");
            assert!(!shown.contains(&world.cast.eve.id.to_string()), "{shown}");
        }
    }
}

#[tokio::test]
async fn r11_the_owner_sees_who_used_it_for_what_but_not_what_was_sent() {
    let world = World::new().await;
    let lent = world.api_key(&world.cast.eve, "KEY-OF-EVE");
    let action = world.lent(world.agent(), "getThing", lent);

    let run = world.finished(&world.cast.max, action, call()).await;
    let seen = world.seen(&world.cast.eve, run.id).unwrap();

    assert_eq!((seen.caller_name.as_str(), seen.agent_name.as_deref()), ("Max Member", Some("Helper")));
    assert_eq!(seen.connection.unwrap().id, lent);
    assert!(seen.content.is_none());
    assert!(matches!(world.seen(&world.cast.mia, run.id), Err(Denied::Hidden)));
    assert!(world.seen(&world.cast.ada, run.id).unwrap().content.is_none());
}

#[tokio::test]
async fn r12_a_deleted_connection_breaks_the_action() {
    let world = World::new().await;
    let lent = world.api_key(&world.cast.eve, "KEY-OF-EVE");
    let action = world.lent(world.agent(), "getThing", lent);
    world.api_key(&world.cast.max, "KEY-OF-MAX");

    let proof = world.proof::<actions::Delete, Connection>(&world.cast.eve, &lent).unwrap();
    world.conn().transaction(|tx| lifecycle::remove(tx, &world.vault, &proof)).unwrap();

    assert_eq!(reason(&world, &world.cast.max, action).await, Reason::BindingBroken);
    assert!(world.outside.seen().is_empty());
}

#[tokio::test]
async fn r12_an_action_that_changed_waits_until_someone_entitled_approves_it_again() {
    let world = World::new().await;
    let lent = world.api_key(&world.cast.eve, "KEY-OF-EVE");
    let action = world.lent(world.agent(), "getThing", lent);

    world.change_integration();
    let refused = reason(&world, &world.cast.max, action).await;
    let edit = world.proof::<actions::Edit, AgentAction>(&world.cast.eve, &action).unwrap();
    let attach = world.proof::<actions::Attach, Connection>(&world.cast.eve, &lent).unwrap();
    let again = ActionChanges { credentials: Some(Credentials::Preselected(&attach)), ..ActionChanges::default() };
    world.conn().transaction(|tx| agent_actions::change(tx, &world.registry, &edit, again)).unwrap();
    world.finished(&world.cast.max, action, call()).await;

    assert_eq!(refused, Reason::BindingChanged);
    assert!(world.outside.seen()[0].starts_with("GET /other?"));
}

#[tokio::test]
async fn r12_the_binding_ends_with_each_right_of_whoever_attached_it() {
    let world = World::new().await;
    let lent = world.api_key(&world.cast.ada, "KEY-OF-ADA");
    let share = world.share(lent, Grantee::User(world.cast.eve.id), ShareAccess::Attach);
    let action = world.lent(world.agent(), "getThing", lent);
    let (eve, max) = (world.cast.eve.id, &world.cast.max);

    world.finished(max, action, call()).await;
    world.sql("DELETE FROM role_permissions WHERE permission = 'configurePreselectedConnections'");
    assert_eq!(reason(&world, max, action).await, Reason::AttacherNotEntitled);
    world.sql(&format!(
        "INSERT INTO role_permissions VALUES ('{}', 'editor', 'configurePreselectedConnections')",
        world.cast.acme.id
    ));
    world.finished(max, action, call()).await;
    world.sql(&format!("UPDATE connection_shares SET access = 'use' WHERE id = '{share}'"));
    assert_eq!(reason(&world, max, action).await, Reason::AttacherNotEntitled);
    world.sql(&format!("UPDATE connection_shares SET access = 'attach' WHERE id = '{share}'"));
    world.finished(max, action, call()).await;
    world.sql(&format!("UPDATE memberships SET status = 'deactivated' WHERE user_id = '{eve}'"));
    assert_eq!(reason(&world, max, action).await, Reason::AttacherGone);

    assert_eq!(world.outside.credentials(), ["KEY-OF-ADA"; 3]);
}

#[tokio::test]
async fn r12_a_refusal_is_recorded_and_names_no_connection() {
    let world = World::new().await;
    let lent = world.api_key(&world.cast.eve, "KEY-OF-EVE");
    let action = world.lent(world.agent(), "getThing", lent);

    world.set_status(lent, "needs_reconnect");
    let broken = world.run(&world.cast.max, action, call()).await.unwrap();
    world.set_status(lent, "suspended");
    let (run, suspended) = world.refused(&world.cast.max, action).await;

    let Outcome::NeedsReconnect { connection, detail, .. } = broken else { panic!("{broken:?}") };
    assert_eq!(connection, None);
    for said in [detail, suspended] {
        assert!(!said.contains("NAME-KEY-OF-EVE") && !said.contains("Eve"), "{said}");
    }
    let seen = world.seen(&world.cast.max, run).unwrap();
    assert_eq!((seen.status, seen.connection.is_none()), (RunStatus::Refused, true));
    assert!(world.outside.seen().is_empty());
}

#[tokio::test]
async fn r15_a_connection_whose_owner_left_stops_at_once() {
    let world = World::new().await;
    let lent = world.api_key(&world.cast.ada, "KEY-OF-ADA");
    world.share(lent, Grantee::User(world.cast.eve.id), ShareAccess::Attach);
    let action = world.lent(world.agent(), "getThing", lent);

    world.sql(&format!("UPDATE memberships SET role = 'admin' WHERE user_id = '{}'", world.cast.mia.id));
    world.sql(&format!("UPDATE memberships SET status = 'deactivated' WHERE user_id = '{}'", world.cast.ada.id));
    let (_, detail) = world.refused(&world.cast.max, action).await;

    assert!(detail.contains("suspended"), "{detail}");
    assert!(world.outside.seen().is_empty());
}

#[tokio::test]
async fn r10_only_who_may_attaches() {
    let world = World::new().await;
    let of_max = world.api_key(&world.cast.max, "KEY-OF-MAX");
    let oauth = world.connect(&world.cast.max, AuthType::Oauth, "TOKEN-OF-MAX");
    let attach =
        |person: &Person, connection| world.proof::<actions::Attach, Connection>(person, &connection).map(drop);

    assert!(matches!(attach(&world.cast.max, of_max), Err(Denied::Forbidden(Reason::PermissionMissing(_)))));
    assert!(matches!(attach(&world.cast.eve, of_max), Err(Denied::Hidden)));
    assert!(attach(&world.cast.ada, of_max).is_ok());
    assert!(matches!(attach(&world.cast.ada, oauth), Err(Denied::Forbidden(Reason::OauthByOwnerAlone))));
    world.share(of_max, Grantee::User(world.cast.eve.id), ShareAccess::Use);
    assert!(matches!(attach(&world.cast.eve, of_max), Err(Denied::Forbidden(Reason::ShareSaysUse))));
}

#[tokio::test]
async fn r10_an_editor_can_take_a_connection_off_but_sees_only_that_there_is_one() {
    let world = World::new().await;
    let lent = world.api_key(&world.cast.ada, "KEY-OF-ADA");
    let share = world.share(lent, Grantee::User(world.cast.eve.id), ShareAccess::Attach);
    let action = world.lent(world.agent(), "getThing", lent);
    world.sql(&format!("DELETE FROM connection_shares WHERE id = '{share}'"));
    let (eve, ada) = (&world.cast.eve, &world.cast.ada);
    let list = |person| {
        let proof = world.proof::<actions::View, Agent>(person, &action.agent).unwrap();
        agent_actions::list(&mut world.conn(), &world.registry, &proof).unwrap().remove(0)
    };

    let (for_editor, for_owner) = (list(eve).binding.unwrap(), list(ada).binding.unwrap());
    let edit = world.proof::<actions::Edit, AgentAction>(eve, &action).unwrap();
    let own = ActionChanges { credentials: Some(Credentials::Own), ..ActionChanges::default() };
    world.conn().transaction(|tx| agent_actions::change(tx, &world.registry, &edit, own)).unwrap();

    assert_eq!(for_editor.trouble, Some(Reason::AttacherNotEntitled));
    assert!(for_editor.connection.is_none() && for_editor.is_attached_by_actor);
    assert_eq!(for_owner.connection.unwrap().id, lent);
    assert!(list(eve).binding.is_none());
    assert!(matches!(world.run(&world.cast.max, action, call()).await, Ok(Outcome::NeedsConnection { .. })));
}
