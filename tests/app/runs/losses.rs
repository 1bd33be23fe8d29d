//! R6: whatever is taken away holds from the next call. Each test runs before and after, with nothing else in between.

use diesel::Connection as _;
use odeus::authz::actions::ManagePeople;
use odeus::authz::actions::Share;
use odeus::authz::actions::Transfer;
use odeus::authz::actions::View;
use odeus::authz::facts::AgentAccess;
use odeus::authz::facts::AuthType;
use odeus::authz::facts::Permission;
use odeus::authz::facts::Role;
use odeus::authz::facts::ShareAccess;
use odeus::authz::policy::Reason;
use odeus::authz::proof::Denied;
use odeus::domain::agents::Agent;
use odeus::domain::agents::shares as agent_shares;
use odeus::domain::connections;
use odeus::domain::connections::Connection;
use odeus::domain::connections::departures;
use odeus::domain::connections::departures::Leaving;
use odeus::domain::connections::transfers;
use odeus::domain::people::grantee::Grantee;
use odeus::domain::people::groups;
use odeus::domain::people::groups::Group;
use odeus::domain::people::groups::roster;
use odeus::domain::people::memberships::Membership;
use odeus::domain::people::roles;
use odeus::domain::people::standing;
use odeus::domain::people::workspaces::Workspace;
use odeus::domain::runs::Outcome;

use crate::runs::world::THINGS;
use crate::runs::world::World;
use crate::runs::world::call;

#[tokio::test]
async fn r6_whoever_is_taken_out_of_a_group_has_lost_its_shares() {
    let world = World::new().await;
    let (ada, mia) = (&world.cast.ada, &world.cast.mia);
    let sales = world.group("Sales", &[mia]);
    let key = world.api_key(&world.cast.max, "KEY-OF-MAX");
    world.share(key, Grantee::Group(sales), ShareAccess::Use);
    let action = world.own(world.agent(), "getThing");

    world.finished(mia, action, call()).await;
    let proof = world.proof::<ManagePeople, Group>(ada, &sales).unwrap();
    assert!(roster::remove(&mut world.conn(), &proof, mia.id).unwrap());
    let after = world.run(mia, action, call()).await.unwrap();

    assert!(matches!(after, Outcome::NeedsConnection { .. }), "{after:?}");
    assert_eq!(world.outside.credentials(), ["KEY-OF-MAX"]);
}

#[tokio::test]
async fn r12_a_permission_that_a_role_lost_stops_what_its_people_attached() {
    let world = World::new().await;
    let (ada, eve, mia) = (&world.cast.ada, &world.cast.eve, &world.cast.mia);
    let key = world.api_key(eve, "KEY-OF-EVE");
    let action = world.lent(world.agent(), "getThing", key);
    let switch = |permissions: &[Permission]| {
        let proof = world.proof::<ManagePeople, Workspace>(ada, &()).unwrap();
        roles::change(&mut world.conn(), &proof, Role::Editor, permissions.iter().copied().collect()).unwrap();
    };

    world.finished(mia, action, call()).await;
    switch(&[Permission::CreateAgents, Permission::CreateIntegrations]);
    let after = world.run(mia, action, call()).await.unwrap();
    switch(Permission::ALL);
    world.finished(mia, action, call()).await;

    let Outcome::Refused { reason, .. } = after else { panic!("{after:?}") };
    assert_eq!(reason, Some(Reason::AttacherNotEntitled));
    assert_eq!(world.outside.credentials(), ["KEY-OF-EVE", "KEY-OF-EVE"]);
}

#[tokio::test]
async fn r15_a_leavers_connections_stop_and_what_they_attached_with_them() {
    let world = World::new().await;
    let (ada, eve, mia) = (&world.cast.ada, &world.cast.eve, &world.cast.mia);
    let of_max = world.api_key(&world.cast.max, "KEY-OF-MAX");
    world.share(of_max, Grantee::User(mia.id), ShareAccess::Use);
    let lent = world.api_key(eve, "KEY-OF-EVE");
    let agent = world.agent();
    let (own, preselected) = (world.own(agent, "getThing"), world.lent(agent, "addThing", lent));

    world.finished(mia, own, call()).await;
    world.finished(mia, preselected, call()).await;
    for person in [&world.cast.max, eve] {
        let proof = world.proof::<ManagePeople, Membership>(ada, &person.id).unwrap();
        world.conn().transaction(|tx| departures::deactivate(tx, &world.vault, &proof, Leaving::ForNow)).unwrap();
    }
    let (_, suspended) = world.refused(mia, own).await;
    let (_, refused) = world.refused(mia, preselected).await;

    assert!(suspended.contains("suspended"), "{suspended}");
    assert!(refused.contains("no longer an active member"), "{refused}");
    assert_eq!(world.outside.credentials(), ["KEY-OF-MAX", "KEY-OF-EVE"]);
    let proof = world.proof::<ManagePeople, Membership>(ada, &world.cast.max.id).unwrap();
    world.conn().transaction(|tx| departures::reactivate(tx, &proof)).unwrap();
    world.finished(mia, own, call()).await;
}

#[tokio::test]
async fn d38_a_leavers_sign_in_is_kept_a_day_and_then_deleted_and_an_adopted_key_works_for_its_new_owner() {
    let world = World::new().await;
    let (ada, max, mia) = (&world.cast.ada, &world.cast.max, &world.cast.mia);
    let sign_in = world.connect(max, AuthType::Oauth, "TOKEN-OF-MAX");
    let key = world.api_key(max, "KEY-OF-MAX");
    let action = world.own(world.agent(), "getThing");
    let proof = world.proof::<ManagePeople, Membership>(ada, &max.id).unwrap();
    let sweep = || world.conn().transaction(|tx| departures::sweep(tx, &world.vault, world.clock.now())).unwrap();

    world.conn().transaction(|tx| departures::deactivate(tx, &world.vault, &proof, Leaving::ForNow)).unwrap();
    let denied = world.proof::<Transfer, Connection>(ada, &sign_in).map(drop).unwrap_err();
    let proof = world.proof::<Transfer, Connection>(ada, &key).unwrap();
    world.conn().transaction(|tx| transfers::transfer(tx, &proof, mia.id)).unwrap();
    let early = sweep();
    world.pass(24 * 60 * 60);
    let late = sweep();
    world.finished(mia, action, call()).await;

    assert!(matches!(denied, Denied::Forbidden(Reason::OauthIsNeverShared)), "{denied}");
    assert_eq!((early, late, sweep()), (0, 1, 0));
    assert!(matches!(world.proof::<View, Connection>(ada, &sign_in), Err(Denied::Hidden)));
    assert_eq!(world.sql("SELECT 1 FROM revocations"), 2, "its tokens wait to be revoked");
    assert_eq!(world.outside.credentials(), ["KEY-OF-MAX"]);
}

#[tokio::test]
async fn r6_a_deleted_group_takes_its_shares_with_it_and_the_bindings_that_stood_on_them() {
    let world = World::new().await;
    let (ada, eve, mia) = (&world.cast.ada, &world.cast.eve, &world.cast.mia);
    let builders = world.group("Builders", &[eve]);
    let key = world.api_key(&world.cast.max, "KEY-OF-MAX");
    world.share(key, Grantee::Group(builders), ShareAccess::Attach);
    let action = world.lent(world.agent(), "getThing", key);

    world.finished(mia, action, call()).await;
    let proof = world.proof::<ManagePeople, Group>(ada, &builders).unwrap();
    groups::remove(&mut world.conn(), &proof).unwrap();
    let after = world.run(mia, action, call()).await.unwrap();

    let Outcome::Refused { reason, .. } = after else { panic!("{after:?}") };
    assert_eq!(reason, Some(Reason::AttacherNotEntitled));
    assert_eq!(world.outside.credentials(), ["KEY-OF-MAX"]);
}

#[tokio::test]
async fn r12_a_role_that_its_attacher_lost_stops_what_they_attached_by_it() {
    let world = World::new().await;
    let (ada, eve, mia) = (&world.cast.ada, &world.cast.eve, &world.cast.mia);
    let cast_as = |role| {
        let proof = world.proof::<ManagePeople, Membership>(ada, &eve.id).unwrap();
        standing::change_role(&mut world.conn(), &proof, role).unwrap();
    };
    let of_max = world.api_key(&world.cast.max, "KEY-OF-MAX");
    cast_as(Role::Admin);
    let action = world.lent(world.agent(), "getThing", of_max);

    world.finished(mia, action, call()).await;
    for (role, why) in [(Role::Editor, "an admin's right to any key"), (Role::Member, "the permission as well")] {
        cast_as(role);
        let after = world.run(mia, action, call()).await.unwrap();
        let Outcome::Refused { reason, .. } = after else { panic!("{why}: {after:?}") };
        assert_eq!(reason, Some(Reason::AttacherNotEntitled), "{why}");
    }
    cast_as(Role::Admin);
    world.finished(mia, action, call()).await;

    assert_eq!(world.outside.credentials(), ["KEY-OF-MAX", "KEY-OF-MAX"]);
}

#[tokio::test]
async fn r15_whoever_left_for_good_and_is_taken_up_again_has_nothing_of_what_was_given_to_them() {
    let world = World::new().await;
    let (ada, eve, max) = (&world.cast.ada, &world.cast.eve, &world.cast.max);
    let sales = world.group("Sales", &[max]);
    world.share(world.api_key(ada, "KEY-OF-ADA"), Grantee::User(max.id), ShareAccess::Use);
    world.share(world.api_key(eve, "KEY-OF-EVE"), Grantee::Group(sales), ShareAccess::Use);
    let agent = world.agent();
    let proof = world.proof::<Share, Agent>(eve, &agent).unwrap();
    let everyone = agent_shares::list(&mut world.conn(), &proof).unwrap().remove(0).id;
    agent_shares::remove(&mut world.conn(), &proof, everyone).unwrap();
    agent_shares::add(&mut world.conn(), &proof, Grantee::User(max.id), AgentAccess::Use).unwrap();
    let has = || {
        let usable = connections::usable(&mut world.conn(), &world.actor(max), THINGS).unwrap();
        (usable.len(), world.proof::<View, Agent>(max, &agent).is_ok())
    };

    let before = has();
    let proof = world.proof::<ManagePeople, Membership>(ada, &max.id).unwrap();
    world.conn().transaction(|tx| departures::deactivate(tx, &world.vault, &proof, Leaving::ForGood)).unwrap();
    let proof = world.proof::<ManagePeople, Membership>(ada, &max.id).unwrap();
    world.conn().transaction(|tx| departures::reactivate(tx, &proof)).unwrap();

    assert_eq!((before, has()), ((2, true), (0, false)));
}
