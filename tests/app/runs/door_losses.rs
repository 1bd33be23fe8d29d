//! D-33: what is lost between the door and the call. The proof that let the caller in was drawn a moment ago; whether the
//! call goes out, and as whom, is asked again when it begins.

use diesel::Connection as _;
use diesel::pg::PgConnection;
use odeus::authz::actions;
use odeus::authz::facts::AgentAccess;
use odeus::authz::facts::Role;
use odeus::authz::facts::ShareAccess;
use odeus::authz::proof::Authorized;
use odeus::domain::agents::Agent;
use odeus::domain::agents::AgentAction;
use odeus::domain::agents::AgentActionKey;
use odeus::domain::agents::actions as agent_actions;
use odeus::domain::agents::agent;
use odeus::domain::agents::agent::AgentChanges;
use odeus::domain::agents::shares;
use odeus::domain::connections::Connection;
use odeus::domain::connections::departures;
use odeus::domain::connections::departures::Leaving;
use odeus::domain::connections::lifecycle;
use odeus::domain::people::grantee::Grantee;
use odeus::domain::people::groups;
use odeus::domain::people::groups::Group;
use odeus::domain::people::memberships::Membership;
use odeus::domain::people::standing;
use odeus::kernel::ids::AgentShareId;
use odeus::kernel::ids::ConnectionId;
use odeus::kernel::ids::GroupId;
use odeus::kernel::ids::ShareId;

use crate::runs::world::World;
use crate::runs::world::call;
use crate::support::cast;

/// A key that Max uses by a share and that Eve attached, on an agent that Max reaches by a group.
struct Stage {
    world: World,
    key: ConnectionId,
    own: AgentActionKey,
    lent: AgentActionKey,
    group: GroupId,
    share: ShareId,
    access: AgentShareId,
}

impl Stage {
    async fn set() -> Self {
        let world = World::new().await;
        let (ada, eve, max) = (&world.cast.ada, &world.cast.eve, &world.cast.max);
        let key = world.api_key(ada, "COMPANY-KEY");
        let share = world.share(key, Grantee::User(max.id), ShareAccess::Use);
        world.share(key, Grantee::User(eve.id), ShareAccess::Attach);
        let agent = world.agent();
        let group = world.group("Sales", &[max]);
        let proof = world.proof::<actions::Share, Agent>(eve, &agent).unwrap();
        let conn = &mut world.conn();
        let everyone = shares::list(conn, &proof).unwrap().remove(0).id;
        assert!(shares::remove(conn, &proof, everyone).unwrap());
        let access = shares::add(conn, &proof, Grantee::Group(group), AgentAccess::Use).unwrap();
        let (own, lent) = (world.own(agent, "getThing"), world.lent(agent, "addThing", key));
        Self { world, key, own, lent, group, share, access }
    }

    /// Lets Max in, takes something away, and lets the calls begin: neither goes out.
    async fn lose(what: &str, take: impl Fn(&Self)) {
        let stage = Self::set().await;
        let world = &stage.world;
        let max = &world.cast.max;
        for action in [stage.own, stage.lent] {
            world.finished(max, action, call()).await;
        }
        let let_in = [stage.own, stage.lent].map(|it| world.proof::<actions::Run, AgentAction>(max, &it).unwrap());

        take(&stage);

        for proof in let_in {
            let outcome = world.runner.run(&proof, call()).await;
            assert_eq!(world.outside.credentials(), ["COMPANY-KEY"; 2], "{what}: {outcome:?}");
        }
    }

    fn employ(&self, change: impl Fn(&mut PgConnection, &Authorized<actions::ManagePeople, Membership>)) {
        let max = self.world.cast.max.id;
        let proof = self.world.proof::<actions::ManagePeople, Membership>(&self.world.cast.ada, &max).unwrap();
        let change = |tx: &mut PgConnection| {
            change(tx, &proof);
            Ok::<_, diesel::result::Error>(())
        };
        self.world.conn().transaction(change).unwrap();
    }
}

#[tokio::test]
async fn r6_the_agents_share_is_asked_for_again() {
    let unshare = |stage: &Stage| {
        let proof = stage.world.proof::<actions::Share, Agent>(&stage.world.cast.eve, &stage.own.agent).unwrap();
        assert!(shares::remove(&mut stage.world.conn(), &proof, stage.access).unwrap());
    };
    Stage::lose("a share of the agent", unshare).await;
}

#[tokio::test]
async fn r6_the_place_in_the_group_that_has_the_agent_is_asked_for_again() {
    let leave = |stage: &Stage| {
        let cast = &stage.world.cast;
        cast::leave(&mut stage.world.conn(), &cast.ada, stage.group, &cast.max);
    };
    Stage::lose("a place in a group", leave).await;
    let disband = |stage: &Stage| {
        let proof = stage.world.proof::<actions::ManagePeople, Group>(&stage.world.cast.ada, &stage.group).unwrap();
        groups::remove(&mut stage.world.conn(), &proof).unwrap();
    };
    Stage::lose("a group", disband).await;
}

#[tokio::test]
async fn r6_whether_the_agent_is_there_and_on_is_asked_again() {
    let switch_off = |stage: &Stage| {
        let proof = stage.world.proof::<actions::Edit, Agent>(&stage.world.cast.eve, &stage.own.agent).unwrap();
        let off = AgentChanges { is_enabled: Some(false), ..AgentChanges::default() };
        agent::update(&mut stage.world.conn(), &proof, &off).unwrap();
    };
    Stage::lose("an agent's being on", switch_off).await;
    let delete = |stage: &Stage| {
        let proof = stage.world.proof::<actions::Delete, Agent>(&stage.world.cast.eve, &stage.own.agent).unwrap();
        agent::delete(&mut stage.world.conn(), &proof).unwrap();
    };
    Stage::lose("an agent", delete).await;
    let take_off = |stage: &Stage| {
        for action in [stage.own, stage.lent] {
            let proof = stage.world.proof::<actions::Edit, AgentAction>(&stage.world.cast.eve, &action).unwrap();
            agent_actions::remove(&mut stage.world.conn(), &proof).unwrap();
        }
    };
    Stage::lose("an action", take_off).await;
}

#[tokio::test]
async fn r6_membership_and_role_of_the_caller_are_asked_for_again() {
    let leave = |stage: &Stage| {
        stage.employ(|tx, proof| departures::deactivate(tx, &stage.world.vault, proof, Leaving::ForNow).unwrap());
    };
    Stage::lose("membership", leave).await;
    // Whoever came as what they are not any more comes again.
    let demote = |stage: &Stage| stage.employ(|tx, proof| standing::change_role(tx, proof, Role::Editor).unwrap());
    Stage::lose("the role", demote).await;
}

#[tokio::test]
async fn r6_the_connection_is_looked_for_again() {
    let take_both = |stage: &Stage| {
        let world = &stage.world;
        world.unshare(stage.key, stage.share);
        let proof = world.proof::<actions::Disable, Connection>(&world.cast.ada, &stage.key).unwrap();
        lifecycle::disable(&mut world.conn(), &proof).unwrap();
    };
    Stage::lose("a share, and the connection's being on", take_both).await;
}
