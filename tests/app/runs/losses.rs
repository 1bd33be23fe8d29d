//! R6: whatever is taken away holds from the next call. Each test runs before and after, with nothing else in between.

use odeus::authz::actions::ManagePeople;
use odeus::authz::facts::Permission;
use odeus::authz::facts::Role;
use odeus::authz::facts::ShareAccess;
use odeus::authz::policy::Reason;
use odeus::domain::people::grantee::Grantee;
use odeus::domain::people::groups;
use odeus::domain::people::groups::Group;
use odeus::domain::people::groups::roster;
use odeus::domain::people::roles;
use odeus::domain::people::workspaces::Workspace;
use odeus::domain::runs::Outcome;

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
