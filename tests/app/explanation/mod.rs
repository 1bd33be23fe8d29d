//! Explain: the answer is what a call of that person would meet, and names the rule. Each answer is held beside the call.

mod faces;
mod worlds;

use chrono::Duration;
use diesel::Connection as _;
use odeus::authz::actions;
use odeus::authz::facts::AuthType;
use odeus::authz::facts::ShareAccess;
use odeus::authz::policy::Reason;
use odeus::authz::proof::Denied;
use odeus::domain::agents::AgentActionKey;
use odeus::domain::connections::Connection;
use odeus::domain::connections::lifecycle;
use odeus::domain::people::grantee::Grantee;
use odeus::domain::runs::Outcome;
use odeus::domain::runs::explanation;
use odeus::domain::runs::explanation::ExplainError;
use odeus::domain::runs::explanation::Explanation;
use odeus::domain::runs::explanation::Rule;
use odeus::domain::runs::explanation::Standing;
use odeus::kernel::ids::AgentId;
use odeus::kernel::ids::ConnectionId;
use odeus::kernel::paging::Page;

use crate::runs::world::World;
use crate::runs::world::call;
use crate::runs::world::call_with;
use crate::support::cast::Person;

/// What `by` is told about somebody.
fn explained(world: &World, by: &Person, connection: ConnectionId, about: &Person) -> Explanation {
    let proof = world.proof(by, &connection).unwrap();
    explanation::explain(&mut world.conn(), &world.registry, &proof, about.id, &Page::default()).unwrap()
}

fn codes(rules: &[Rule]) -> Vec<&'static str> {
    rules.iter().map(|rule| rule.code).collect()
}

/// Why the person cannot use it.
fn stops(world: &World, connection: ConnectionId, about: &Person) -> Vec<&'static str> {
    codes(&explained(world, &world.cast.ada, connection, about).stopped_by)
}

/// Whether a call of theirs with this connection goes out.
async fn goes_out(world: &World, person: &Person, action: AgentActionKey, connection: ConnectionId) -> bool {
    matches!(world.run(person, action, call_with(connection)).await, Ok(Outcome::Finished(_)))
}

/// Lets nobody have the agent but its owner, then one person.
fn only_for(world: &World, agent: AgentId, person: &Person) {
    world.sql("DELETE FROM agent_shares");
    world.sql(&format!(
        "INSERT INTO agent_shares (workspace_id, id, agent_id, grantee_user, access, created_by, created_at)
         VALUES ('{}', gen_random_uuid(), '{agent}', '{}', 'use', '{}', now())",
        world.cast.acme.id, person.id, world.cast.eve.id
    ));
}

#[tokio::test]
async fn the_answer_names_the_share_or_the_rule_and_is_what_a_call_meets() {
    let world = World::new().await;
    let cast = &world.cast;
    let key = world.api_key(&cast.eve, "KEY-OF-EVE");
    let action = world.own(world.agent(), "getThing");
    let group = world.group("Sales", &[&cast.max]);
    let tomorrow = world.clock.now() + Duration::days(1);
    world.share_until(key, Grantee::Group(group), ShareAccess::Attach, Some(tomorrow));

    let max = explained(&world, &cast.eve, key, &cast.max);
    assert!(max.may_use());
    assert_eq!((max.ways.len(), max.ways[0].group_name.as_deref()), (1, Some("Sales")));
    // The share says attach; his role does not.
    assert_eq!((codes(&max.attaching_stopped_by), max.attaches_as), (vec!["permission_missing"], None));
    assert!(goes_out(&world, &cast.max, action, key).await);
    assert_eq!(stops(&world, key, &cast.mia), ["not_shared"]);
    assert!(!goes_out(&world, &cast.mia, action, key).await);
    // An admin may see, share and attach it, and does not use it.
    let ada = explained(&world, &cast.eve, key, &cast.ada);
    assert_eq!((codes(&ada.stopped_by), ada.attaches_as), (vec!["not_shared"], Some(Standing::Admin)));
    assert!(!goes_out(&world, &cast.ada, action, key).await);
    let eve = explained(&world, &cast.ada, key, &cast.eve);
    assert!(eve.may_use() && eve.is_owner && eve.attaches_as == Some(Standing::Owner));

    world.set_status(key, "disabled");
    assert_eq!(stops(&world, key, &cast.max), ["disabled"]);
    assert_eq!(stops(&world, key, &cast.mia), ["not_shared", "disabled"], "every rule, not only the first");
    assert!(!goes_out(&world, &cast.max, action, key).await);
    world.set_status(key, "active");
    world.pass(24 * 60 * 60);
    let ended = explained(&world, &cast.eve, key, &cast.max);
    assert_eq!((codes(&ended.stopped_by), ended.ended_at), (vec!["share_ended"], Some(tomorrow)));
    assert!(!goes_out(&world, &cast.max, action, key).await);
}

#[tokio::test]
async fn each_state_of_connection_integration_and_person_is_named() {
    let world = World::new().await;
    let cast = &world.cast;
    let key = world.api_key(&cast.eve, "KEY-OF-EVE");
    world.share(key, Grantee::Workspace, ShareAccess::Use);
    let settings = |enabled: bool, for_everyone: bool| {
        world.sql("DELETE FROM integration_settings");
        world.sql(&format!(
            "INSERT INTO integration_settings (workspace_id, integration, enabled, for_everyone, oauth_client_generation,
                 updated_at) VALUES ('{}', 'things', {enabled}, {for_everyone}, 0, now())",
            cast.acme.id
        ))
    };
    assert_eq!(stops(&world, key, &cast.max), [""; 0]);

    for status in ["needs_reconnect", "misconfigured", "suspended", "disabled"] {
        world.set_status(key, status);
        assert_eq!(stops(&world, key, &cast.max), [status]);
    }
    world.set_status(key, "active");
    settings(false, true);
    assert_eq!(stops(&world, key, &cast.max), ["integration_disabled"]);
    settings(true, false);
    assert_eq!(stops(&world, key, &cast.max), ["integration_restricted"]);
    assert_eq!(stops(&world, key, &cast.ada), [""; 0], "admins keep access");
    settings(true, true);
    world.sql("DELETE FROM custom_integrations");
    assert_eq!(stops(&world, key, &cast.max), ["integration_gone"]);
    world.sql(&format!("UPDATE memberships SET status = 'deactivated' WHERE user_id = '{}'", cast.max.id));
    assert_eq!(stops(&world, key, &cast.max), ["deactivated"]);
    world.sql(&format!("UPDATE memberships SET status = 'deactivated' WHERE user_id = '{}'", cast.eve.id));
    assert_eq!(stops(&world, key, &cast.mia), ["integration_gone", "suspended"], "its owner left");
}

#[tokio::test]
async fn by_an_agent_people_act_through_it_without_a_share_until_a_rule_stops_them() {
    let world = World::new().await;
    let cast = &world.cast;
    let key = world.api_key(&cast.ada, "COMPANY-KEY");
    let share = world.share(key, Grantee::User(cast.eve.id), ShareAccess::Attach);
    let agent = world.agent();
    let lent = world.lent(agent, "getThing", key);
    let of_mia = || explained(&world, &cast.ada, key, &cast.mia).agents.items;

    assert!(!explained(&world, &cast.ada, key, &cast.mia).may_use());
    let before = of_mia();
    assert_eq!((before.len(), before[0].action.as_str(), codes(&before[0].stopped_by).len()), (1, "getThing", 0));
    assert_eq!(before[0].agent, Some((agent, "Helper".to_owned())));
    assert!(matches!(world.run(&cast.mia, lent, call()).await.unwrap(), Outcome::Finished(_)));
    world.sql("UPDATE agents SET enabled = false");
    assert_eq!(codes(&of_mia()[0].stopped_by), ["agent_disabled"]);
    world.sql("UPDATE agents SET enabled = true");
    world.unshare(key, share);
    assert_eq!(codes(&of_mia()[0].stopped_by), ["attacher_not_entitled"]);
    assert!(matches!(world.run(&cast.mia, lent, call()).await.unwrap(), Outcome::Refused { .. }));
    world.share(key, Grantee::User(cast.eve.id), ShareAccess::Attach);
    world.change_integration();
    assert_eq!(codes(&of_mia()[0].stopped_by), ["binding_changed"]);
    world.sql("UPDATE agent_actions SET action = 'noSuchThing'");
    assert_eq!(codes(&of_mia()[0].stopped_by), ["action_gone"]);
    world.sql(&format!("UPDATE memberships SET status = 'deactivated' WHERE user_id = '{}'", cast.eve.id));
    only_for(&world, agent, &cast.ada);
    assert_eq!(codes(&of_mia()[0].stopped_by), ["action_gone"]);
}

#[tokio::test]
async fn an_agent_that_is_not_shared_with_the_person_stops_them_and_is_shown_to_those_who_see_it() {
    let world = World::new().await;
    let cast = &world.cast;
    let key = world.api_key(&cast.eve, "KEY-OF-EVE");
    let agent = world.agent();
    world.lent(agent, "getThing", key);
    only_for(&world, agent, &cast.mia);
    let through = |by: &Person, about: &Person| explained(&world, by, key, about).agents.items;

    let max = through(&cast.eve, &cast.max);
    assert_eq!(codes(&max[0].stopped_by), ["agent_not_shared"]);
    // Ada cannot open the agent: that Mia acts through it is told without its name, and of Max nothing.
    let mia = through(&cast.ada, &cast.mia);
    assert!(mia.len() == 1 && mia[0].agent.is_none() && mia[0].stopped_by.is_empty(), "{mia:?}");
    assert!(through(&cast.ada, &cast.max).is_empty());
}

#[tokio::test]
async fn r1_of_anothers_oauth_connection_an_admin_reads_whose_it_is_and_nothing_of_agents_they_cannot_open() {
    let world = World::new().await;
    let cast = &world.cast;
    let oauth = world.connect(&cast.eve, AuthType::Oauth, "EVES-TOKEN");
    let agent = world.agent();
    world.lent(agent, "getThing", oauth);
    only_for(&world, agent, &cast.mia);

    let mia = explained(&world, &cast.ada, oauth, &cast.mia);

    assert_eq!(
        (codes(&mia.stopped_by), codes(&mia.attaching_stopped_by)),
        (vec!["oauth_owner_only"], vec!["permission_missing"])
    );
    assert!(mia.stopped_by[0].detail.contains("acts as Eve Editor"), "{:?}", mia.stopped_by);
    assert!(mia.agents.items.is_empty() && mia.agents.next.is_none(), "{:?}", mia.agents);
    assert!(!format!("{mia:?}").contains("EVES-TOKEN"), "neither name nor account: {mia:?}");
    let ada = explained(&world, &cast.ada, oauth, &cast.ada);
    assert_eq!((codes(&ada.stopped_by), ada.attaches_as), (vec!["oauth_owner_only"], None));
    // Its owner reads all of it.
    let mia = explained(&world, &cast.eve, oauth, &cast.mia);
    assert_eq!(mia.agents.items.len(), 1);
    world.grant(oauth, &["read"]);
    let mia = explained(&world, &cast.eve, oauth, &cast.mia);
    assert_eq!(codes(&mia.agents.items[0].stopped_by), ["scopes_missing"]);
}

#[tokio::test]
async fn only_the_owner_and_admins_ask_and_only_about_people_whom_they_see() {
    let world = World::new().await;
    let cast = &world.cast;
    let key = world.api_key(&cast.eve, "KEY-OF-EVE");
    let ask = |by: &Person| world.proof::<actions::Explain, Connection>(by, &key);
    let about = |by: &Person, person: &Person| {
        explanation::explain(&mut world.conn(), &world.registry, &ask(by).unwrap(), person.id, &Page::default())
    };

    assert!(matches!(ask(&cast.mia).unwrap_err(), Denied::Hidden));
    world.share(key, Grantee::User(cast.mia.id), ShareAccess::Attach);
    assert!(matches!(ask(&cast.mia).unwrap_err(), Denied::Forbidden(Reason::OwnerOrAdmin)));
    assert!(matches!(about(&cast.ada, &cast.mallory), Err(ExplainError::NoSuchPerson)));
    world.sql(&format!("UPDATE memberships SET status = 'deactivated' WHERE user_id = '{}'", cast.max.id));
    assert!(
        matches!(about(&cast.eve, &cast.max), Err(ExplainError::NoSuchPerson)),
        "hidden from her, as in the directory"
    );
    assert_eq!(codes(&about(&cast.ada, &cast.max).unwrap().stopped_by), ["deactivated"]);
    let gone = ask(&cast.ada).unwrap();
    let delete = world.proof::<actions::Delete, Connection>(&cast.eve, &key).unwrap();
    world.conn().transaction(|tx| lifecycle::remove(tx, &world.vault, &delete)).unwrap();
    let answer = explanation::explain(&mut world.conn(), &world.registry, &gone, cast.mia.id, &Page::default());
    assert!(matches!(answer, Err(ExplainError::Gone)));
}

#[tokio::test]
async fn agents_are_told_page_by_page() {
    let world = World::new().await;
    let cast = &world.cast;
    let key = world.api_key(&cast.eve, "KEY-OF-EVE");
    for action in ["getThing", "addThing", "removeThing"] {
        world.lent(world.agent(), action, key);
    }
    let proof = world.proof(&cast.eve, &key).unwrap();
    let page = |after| {
        let page = Page::new(Some(2), after);
        explanation::explain(&mut world.conn(), &world.registry, &proof, cast.mia.id, &page).unwrap().agents
    };

    let first = page(None);
    let second = page(first.next);

    let names = |items: &[explanation::ThroughAgent]| items.iter().map(|it| it.action.clone()).collect::<Vec<_>>();
    assert_eq!(names(&first.items), ["getThing", "addThing"]);
    assert_eq!((names(&second.items), second.next), (vec!["removeThing".to_owned()], None));
}
