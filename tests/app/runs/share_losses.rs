//! R6: whatever is taken away is taken away from the next call on. Each loss with a run before and a run after it, for a
//! caller who uses a shared connection and for an agent whose builder attached one.

use chrono::Duration;
use diesel::Connection as _;
use odeus::authz::actions;
use odeus::authz::facts::AuthType;
use odeus::authz::facts::ShareAccess;
use odeus::domain::agents::AgentActionKey;
use odeus::domain::connections::Connection;
use odeus::domain::connections::lifecycle;
use odeus::domain::connections::shares;
use odeus::domain::connections::transfers;
use odeus::domain::people::grantee::Grantee;
use odeus::domain::runs::Outcome;
use odeus::kernel::ids::ConnectionId;
use odeus::kernel::ids::GroupId;
use odeus::kernel::ids::ShareId;

use crate::runs::world::World;
use crate::runs::world::call;
use crate::runs::world::call_with;
use crate::support::cast;
use crate::support::cast::Person;

/// Whether a call goes through to the provider, with this key.
async fn works(world: &World, person: &Person, action: AgentActionKey) -> bool {
    let before = world.outside.credentials().len();
    let outcome = world.run(person, action, call()).await.unwrap();
    let sent = world.outside.credentials().len() - before;
    assert_eq!(matches!(outcome, Outcome::Finished(_)), sent == 1, "{outcome:?}");
    sent == 1
}

/// Ada's key, an action with each caller's own credentials, one that Eve attaches it to as soon as she may, and a group.
struct Stage {
    world: World,
    key: ConnectionId,
    own: AgentActionKey,
    group: GroupId,
}

impl Stage {
    async fn set() -> Self {
        let world = World::new().await;
        let key = world.api_key(&world.cast.ada, "COMPANY-KEY");
        let own = world.own(world.agent(), "getThing");
        let group = world.group("Sales", &[&world.cast.max, &world.cast.eve]);
        Self { world, key, own, group }
    }

    /// Max uses it, and through Eve's agent Mia, to whom it is not shared; then neither.
    async fn lose(self, with: Grantee, loss: impl AsyncFnOnce(&World, Lost)) {
        let Self { world, key, own, group } = self;
        let share = world.share_until(key, with, ShareAccess::Attach, Some(world.clock.now() + Duration::days(1)));
        let others = if with == Grantee::User(world.cast.max.id) {
            Some(world.share(key, Grantee::User(world.cast.eve.id), ShareAccess::Attach))
        } else {
            None
        };
        let lent = world.lent(world.agent(), "getThing", key);
        assert!(works(&world, &world.cast.max, own).await);
        assert!(works(&world, &world.cast.mia, lent).await);

        loss(&world, Lost { key, share, group }).await;
        if let Some(share) = others {
            world.unshare(key, share);
        }

        assert!(!works(&world, &world.cast.max, own).await, "{with:?}: still used");
        assert!(!works(&world, &world.cast.mia, lent).await, "{with:?}: still lent");
    }
}

/// What there is to lose.
struct Lost {
    key: ConnectionId,
    share: ShareId,
    group: GroupId,
}

#[tokio::test]
async fn r6_a_share_with_a_person_that_is_taken_away() {
    let stage = Stage::set().await;
    let max = Grantee::User(stage.world.cast.max.id);
    stage.lose(max, async |world, lost| world.unshare(lost.key, lost.share)).await;
}

#[tokio::test]
async fn r6_a_share_with_a_group_that_is_taken_away() {
    let stage = Stage::set().await;
    let group = Grantee::Group(stage.group);
    stage.lose(group, async |world, lost| world.unshare(lost.key, lost.share)).await;
}

#[tokio::test]
async fn r6_a_share_with_everyone_that_is_taken_away() {
    let stage = Stage::set().await;
    stage.lose(Grantee::Workspace, async |world, lost| world.unshare(lost.key, lost.share)).await;
}

#[tokio::test]
async fn r6_a_share_that_has_ended() {
    let stage = Stage::set().await;
    let group = Grantee::Group(stage.group);
    stage.lose(group, async |world, _| world.pass(24 * 60 * 60)).await;
}

#[tokio::test]
async fn r6_membership_of_the_group_that_it_is_shared_with() {
    let stage = Stage::set().await;
    let group = Grantee::Group(stage.group);
    let leave = async |world: &World, lost: Lost| {
        for person in [&world.cast.max, &world.cast.eve] {
            cast::leave(&mut world.conn(), &world.cast.ada, lost.group, person);
        }
    };
    stage.lose(group, leave).await;
}

#[tokio::test]
async fn r6_a_connection_that_is_switched_off() {
    let stage = Stage::set().await;
    let disable = async |world: &World, lost: Lost| {
        let proof = world.proof::<actions::Disable, Connection>(&world.cast.ada, &lost.key).unwrap();
        lifecycle::disable(&mut world.conn(), &proof).unwrap();
    };
    stage.lose(Grantee::Workspace, disable).await;
}

#[tokio::test]
async fn r6_a_connection_that_is_deleted() {
    let stage = Stage::set().await;
    let delete = async |world: &World, lost: Lost| {
        let proof = world.proof::<actions::Delete, Connection>(&world.cast.ada, &lost.key).unwrap();
        world.conn().transaction(|tx| lifecycle::remove(tx, &world.vault, &proof)).unwrap();
    };
    stage.lose(Grantee::Workspace, delete).await;
}

#[tokio::test]
async fn r6_ownership_that_went_to_somebody_else() {
    let world = World::new().await;
    let key = world.api_key(&world.cast.eve, "KEY-OF-EVE");
    let own = world.own(world.agent(), "getThing");
    let lent = world.lent(world.agent(), "getThing", key);
    assert!(works(&world, &world.cast.eve, own).await);
    assert!(works(&world, &world.cast.mia, lent).await);

    let proof = world.proof::<actions::Transfer, Connection>(&world.cast.ada, &key).unwrap();
    world.conn().transaction(|tx| transfers::transfer(tx, &proof, world.cast.max.id)).unwrap();

    assert!(!works(&world, &world.cast.eve, own).await);
    assert!(!works(&world, &world.cast.mia, lent).await);
    assert!(works(&world, &world.cast.max, own).await);
}

#[tokio::test]
async fn a_weaker_share_still_lets_use_it_but_what_was_attached_by_it_stops() {
    let Stage { world, key, own, group } = Stage::set().await;
    let share = world.share(key, Grantee::Group(group), ShareAccess::Attach);
    let lent = world.lent(world.agent(), "getThing", key);
    assert!(works(&world, &world.cast.mia, lent).await);

    let proof = world.proof::<actions::Share, Connection>(&world.cast.ada, &key).unwrap();
    let weaker = shares::Changes { access: Some(ShareAccess::Use), ..shares::Changes::default() };
    shares::change(&mut world.conn(), &proof, share, weaker).unwrap();

    assert!(!works(&world, &world.cast.mia, lent).await);
    assert!(works(&world, &world.cast.max, own).await);
}

#[tokio::test]
async fn what_is_put_back_works_again() {
    let Stage { world, key, own, .. } = Stage::set().await;
    let share = world.share(key, Grantee::User(world.cast.max.id), ShareAccess::Use);
    world.unshare(key, share);
    assert!(!works(&world, &world.cast.max, own).await);

    let proof = world.proof::<actions::Share, Connection>(&world.cast.ada, &key).unwrap();
    world.conn().transaction(|tx| shares::restore(tx, &proof, share)).unwrap();

    assert!(works(&world, &world.cast.max, own).await);
}

#[tokio::test]
async fn r4_no_way_shares_an_oauth_connection_or_uses_it_by_a_share() {
    let world = World::new().await;
    let oauth = world.connect(&world.cast.eve, AuthType::Oauth, "EVES-TOKEN");

    for person in [&world.cast.eve, &world.cast.ada, &world.cast.max] {
        assert!(world.proof::<actions::Share, Connection>(person, &oauth).is_err(), "{}", person.name);
    }
    // Past the code, the table refuses both what is true of it and what is not.
    for kind in ["oauth", "api_key"] {
        let insert = format!(
            "INSERT INTO connection_shares (workspace_id, id, connection_id, connection_auth, grantee_workspace, access,
                 created_by, created_at) VALUES ('{}', gen_random_uuid(), '{oauth}', '{kind}', true, 'use', '{}', now())",
            world.cast.acme.id, world.cast.ada.id
        );
        let refused = diesel::RunQueryDsl::execute(diesel::sql_query(&insert), &mut world.conn());
        assert!(refused.is_err(), "{kind}");
    }
    let own = world.own(world.agent(), "getThing");
    assert!(!works(&world, &world.cast.max, own).await);
}

#[tokio::test]
async fn a_share_with_whoever_becomes_the_owner_is_not_there_when_they_are_it_no_more() {
    let world = World::new().await;
    let (ada, max) = (&world.cast.ada, &world.cast.max);
    let key = world.api_key(ada, "COMPANY-KEY");
    world.share(key, Grantee::User(max.id), ShareAccess::Attach);
    let own = world.own(world.agent(), "getThing");
    let transfer = |to: &Person| {
        let proof = world.proof::<actions::Transfer, Connection>(ada, &key).unwrap();
        world.conn().transaction(|tx| transfers::transfer(tx, &proof, to.id)).unwrap();
    };

    transfer(max);
    assert!(works(&world, max, own).await);
    transfer(ada);

    assert!(!works(&world, max, own).await);
}

#[tokio::test]
async fn r8_a_choice_that_was_taken_away_is_none_any_more() {
    let world = World::new().await;
    let (ada, max) = (&world.cast.ada, &world.cast.max);
    let (one, other) = (world.api_key(ada, "ONE"), world.api_key(ada, "OTHER"));
    let share = world.share(one, Grantee::User(max.id), ShareAccess::Use);
    world.share(other, Grantee::User(max.id), ShareAccess::Use);
    let own = world.own(world.agent(), "getThing");

    world.finished(max, own, call_with(one)).await;
    world.finished(max, own, call()).await;
    world.unshare(one, share);
    world.finished(max, own, call()).await;

    assert_eq!(world.outside.credentials(), ["ONE", "ONE", "OTHER"]);
}
