//! On random worlds, what is explained is what happens: a person may use the connection exactly if a call of theirs goes out
//! with it, and acts through an agent exactly if a call of its action does.

use chrono::Duration;
use odeus::authz::facts::AuthType;
use odeus::authz::facts::ShareAccess;
use odeus::domain::agents::AgentActionKey;
use odeus::domain::connections::usable;
use odeus::domain::people::grantee::Grantee;
use odeus::domain::runs::Outcome;
use odeus::domain::runs::explanation::Explanation;
use odeus::kernel::ids::ConnectionId;
use odeus::kernel::ids::GroupId;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::TestRunner;

use crate::explanation::explained;
use crate::explanation::goes_out;
use crate::explanation::only_for;
use crate::runs::world::THINGS;
use crate::runs::world::World;
use crate::runs::world::call;
use crate::support::cast::Person;

#[derive(Clone, Copy, Debug)]
enum To {
    Max,
    Sales,
    Everyone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Open,
    Off,
    /// To Max alone, and to admins.
    ForMax,
    /// To the group, and to admins.
    ForSales,
}

#[derive(Clone, Copy, Debug)]
enum Audience {
    Everyone,
    Max,
    Nobody,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a circumstance of its own")]
struct Circumstances {
    is_oauth: bool,
    is_adas: bool,
    shares: Vec<(To, bool, bool)>,
    is_mia_in_sales: bool,
    status: &'static str,
    reach: Reach,
    audience: Audience,
    is_agent_on: bool,
    /// Eve keeps the share by which she attached it.
    keeps_share: bool,
    keeps_permission: bool,
    is_changed: bool,
    lacks_scope: bool,
    is_max_gone: bool,
    is_eve_gone: bool,
}

fn circumstances() -> impl Strategy<Value = Circumstances> {
    let to = prop_oneof![Just(To::Max), Just(To::Sales), Just(To::Everyone)];
    let shares = prop::collection::vec((to, any::<bool>(), prop::bool::weighted(0.3)), 0..3);
    let status =
        prop_oneof![5 => Just("active"), 1 => Just("disabled"), 1 => Just("needs_reconnect"), 1 => Just("suspended")];
    let reach = prop_oneof![3 => Just(Reach::Open), 1 => Just(Reach::Off), 1 => Just(Reach::ForMax), 1 => Just(Reach::ForSales)];
    let audience = prop_oneof![2 => Just(Audience::Everyone), 1 => Just(Audience::Max), 1 => Just(Audience::Nobody)];
    let seldom = || prop::bool::weighted(0.15);
    let mostly = || prop::bool::weighted(0.85);
    let thing = (prop::bool::weighted(0.25), any::<bool>(), shares, any::<bool>(), status, reach);
    (thing, audience, (mostly(), mostly(), mostly()), (seldom(), seldom(), seldom(), seldom())).prop_map(
        |(thing, audience, kept, lost)| {
            let (is_oauth, is_adas, shares, is_mia_in_sales, status, reach) = thing;
            let (is_agent_on, keeps_share, keeps_permission) = kept;
            let (is_changed, lacks_scope, is_max_gone, is_eve_gone) = lost;
            Circumstances {
                is_oauth,
                // Eve attaches it, and nobody attaches another's sign-in.
                is_adas: is_adas && !is_oauth,
                shares,
                is_mia_in_sales,
                status,
                reach,
                audience,
                is_agent_on,
                keeps_share,
                keeps_permission,
                is_changed,
                lacks_scope: lacks_scope && is_oauth,
                is_max_gone,
                is_eve_gone,
            }
        },
    )
}

/// The world after all of that, and what is called in it.
struct Set {
    world: World,
    key: ConnectionId,
    own: AgentActionKey,
    lent: AgentActionKey,
}

async fn set(it: &Circumstances) -> Set {
    let world = World::new().await;
    let cast = &world.cast;
    let owner = if it.is_adas { &cast.ada } else { &cast.eve };
    let key = world.connect(owner, if it.is_oauth { AuthType::Oauth } else { AuthType::ApiKey }, "SECRET");
    let own = world.own(world.agent(), "getThing");
    let by = it.is_adas.then(|| world.share(key, Grantee::User(cast.eve.id), ShareAccess::Attach));
    let agent = world.agent();
    let lent = world.lent(agent, "getThing", key);
    let people: &[&Person] = if it.is_mia_in_sales { &[&cast.mia] } else { &[] };
    let sales = world.group("Sales", people);
    if !it.is_oauth {
        share(&world, key, sales, &it.shares);
    }
    if let Some(share) = by.filter(|_| !it.keeps_share) {
        world.unshare(key, share);
    }
    // The other agent stays with everyone: calls with a connection of one's own go through it.
    if !matches!(it.audience, Audience::Everyone) {
        world.sql(&format!("DELETE FROM agent_shares WHERE agent_id = '{agent}'"));
    }
    if matches!(it.audience, Audience::Max) {
        let everyone = own.agent;
        only_for(&world, agent, &cast.max);
        world.sql(&format!(
            "INSERT INTO agent_shares (workspace_id, id, agent_id, grantee_workspace, access, created_by, created_at)
             VALUES ('{}', gen_random_uuid(), '{everyone}', true, 'use', '{}', now())",
            cast.acme.id, cast.eve.id
        ));
    }
    world.sql(&format!("UPDATE agents SET enabled = {} WHERE id = '{agent}'", it.is_agent_on));
    reach(&world, it.reach, sales);
    if it.is_changed {
        world.change_integration();
    }
    if it.lacks_scope {
        world.grant(key, &["read"]);
    }
    world.set_status(key, it.status);
    if !it.keeps_permission {
        world.sql("DELETE FROM role_permissions WHERE permission = 'configurePreselectedConnections'");
    }
    Set { world, key, own, lent }
}

fn share(world: &World, key: ConnectionId, sales: GroupId, shares: &[(To, bool, bool)]) {
    let mut ended = Vec::new();
    for (number, (to, is_strong, has_ended)) in shares.iter().enumerate() {
        let grantee = match to {
            To::Max => Grantee::User(world.cast.max.id),
            To::Sales => Grantee::Group(sales),
            To::Everyone => Grantee::Workspace,
        };
        // One share for each grantee, as the table has it.
        if shares[..number].iter().any(|(other, ..)| std::mem::discriminant(other) == std::mem::discriminant(to)) {
            continue;
        }
        let access = if *is_strong { ShareAccess::Attach } else { ShareAccess::Use };
        let end = has_ended.then(|| world.clock.now() + Duration::hours(1));
        ended.push(end);
        world.share_until(key, grantee, access, end);
    }
    if ended.iter().any(Option::is_some) {
        world.pass(2 * 60 * 60);
    }
}

fn reach(world: &World, reach: Reach, sales: GroupId) {
    let acme = world.cast.acme.id;
    world.sql(&format!(
        "INSERT INTO integration_settings (workspace_id, integration, enabled, for_everyone, oauth_client_generation, updated_at)
         VALUES ('{acme}', '{THINGS}', {}, {}, 0, now())",
        reach != Reach::Off,
        matches!(reach, Reach::Open | Reach::Off),
    ));
    let grantee = match reach {
        Reach::Open | Reach::Off => return,
        Reach::ForMax => ("grantee_user", world.cast.max.id.to_string()),
        Reach::ForSales => ("grantee_group", sales.to_string()),
    };
    world.sql(&format!(
        "INSERT INTO integration_grants (workspace_id, id, integration, {}) VALUES ('{acme}', gen_random_uuid(), '{THINGS}', '{}')",
        grantee.0, grantee.1
    ));
}

fn leave(world: &World, person: &Person) {
    world.sql(&format!("UPDATE memberships SET status = 'deactivated' WHERE user_id = '{}'", person.id));
}

async fn compare(it: &Circumstances) {
    let Set { world, key, own, lent } = set(it).await;
    let cast = &world.cast;
    for (is_gone, person) in [(it.is_max_gone, &cast.max), (it.is_eve_gone, &cast.eve)] {
        if is_gone {
            leave(&world, person);
        }
    }
    for person in [&cast.ada, &cast.eve, &cast.max, &cast.mia] {
        let is_gone = world
            .sql(&format!("SELECT 1 FROM memberships WHERE user_id = '{}' AND status = 'deactivated'", person.id))
            > 0;
        let said = explained(&world, &cast.ada, key, person);
        if is_gone {
            assert!(!said.may_use() && said.attaches_as.is_none() && said.agents.items.is_empty(), "{said:?}");
            continue;
        }
        compare_one(&world, it, (key, own, lent), person, &said).await;
        let is_owner_here = !it.is_eve_gone && !it.is_adas;
        if is_owner_here {
            let by_owner = explained(&world, &cast.eve, key, person);
            assert_eq!(by_owner.stopped_by.len(), said.stopped_by.len(), "whoever asks reads the same");
            assert_eq!(by_owner.agents.items.len(), 1, "the owner of the agent reads of it: {by_owner:?}");
            let runs = matches!(world.run(person, lent, call()).await, Ok(Outcome::Finished(_)));
            assert_eq!(by_owner.agents.items[0].stopped_by.is_empty(), runs, "{}: {by_owner:?}", person.name);
        }
    }
}

async fn compare_one(
    world: &World,
    it: &Circumstances,
    (key, own, lent): (ConnectionId, AgentActionKey, AgentActionKey),
    person: &Person,
    said: &Explanation,
) {
    let went = goes_out(world, person, own, key).await;
    // That this one action needs more scopes than were granted is no matter of who.
    assert_eq!(said.may_use() && !it.lacks_scope, went, "{} uses it: {said:?}", person.name);
    let listed = usable(&mut world.conn(), &world.actor(person), THINGS).unwrap();
    let is_private =
        said.stopped_by.iter().any(|rule| matches!(rule.code, "not_shared" | "share_ended" | "oauth_owner_only"));
    assert_eq!(listed.iter().any(|connection| connection.id == key), !is_private, "{} is offered it", person.name);
    let runs = matches!(world.run(person, lent, call()).await, Ok(Outcome::Finished(_)));
    match said.agents.items.as_slice() {
        // An admin is not told of agents that neither can see, nor, of a sign-in, of any that they cannot.
        [] => assert!(!runs || it.is_oauth, "{} acts through an agent, which is not said", person.name),
        [through] => assert_eq!(through.stopped_by.is_empty(), runs, "{} through the agent: {said:?}", person.name),
        more => panic!("{more:?}"),
    }
}

#[test]
fn what_is_explained_is_what_happens() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 16, failure_persistence: None, ..Config::default() });

    let result = runner.run(&circumstances(), |it| {
        runtime.block_on(compare(&it));
        Ok(())
    });

    result.unwrap();
}
