//! Who may use an integration and an action of it, on random worlds: what pages load and what a run's own statement loads
//! are the facts of the world, and what is said to go with a change is what goes when it is made.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use diesel::Connection as _;
use diesel::pg::PgConnection;
use odeus::authz::actions::Configure;
use odeus::authz::actions::Use;
use odeus::authz::actions::View;
use odeus::authz::actor::Actor;
use odeus::authz::facts::ActionFacts;
use odeus::authz::facts::AuthType;
use odeus::authz::facts::IntegrationFacts;
use odeus::authz::facts::Role;
use odeus::authz::policy::Permits;
use odeus::authz::proof::Authorized;
use odeus::authz::proof::Guarded;
use odeus::authz::proof::authorize;
use odeus::domain::agents::AgentActionKey;
use odeus::domain::agents::losses::integration::losses;
use odeus::domain::integrations::access;
use odeus::domain::integrations::access::AccessChanges;
use odeus::domain::integrations::access::Audience;
use odeus::domain::integrations::access::Scope;
use odeus::domain::integrations::access::Switch;
use odeus::domain::integrations::integration;
use odeus::domain::integrations::integration::Integration;
use odeus::domain::integrations::registry::Registry;
use odeus::domain::runs::lent::Lent;
use odeus::domain::runs::own;
use odeus::domain::runs::target::Inquiry;
use odeus::outbound::origin::OriginMap;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use crate::support::database;
use crate::visible::ELSEWHERE;
use crate::visible::GROUPS;
use crate::visible::HERE;
use crate::visible::PEOPLE;
use crate::visible::To;
use crate::visible::World;
use crate::visible::actor;
use crate::visible::id;
use crate::visible::run;
use crate::visible::world;
use crate::visible::write;

const KEY: &str = "slack";

/// What an admin decided: for everyone, or for these.
type List = Option<Vec<To>>;

#[derive(Clone, Debug)]
struct Rules {
    is_on: bool,
    whole: List,
    action: List,
}

fn list() -> impl Strategy<Value = List> {
    let to = prop_oneof![(0..PEOPLE).prop_map(To::Person), (0..GROUPS).prop_map(To::Group)];
    prop::option::weighted(0.6, prop::collection::vec(to, 0..4))
}

fn rules() -> impl Strategy<Value = Rules> {
    (prop::bool::weighted(0.8), list(), list()).prop_map(|(is_on, whole, action)| Rules { is_on, whole, action })
}

fn audience(list: &List) -> Audience {
    let Some(list) = list else { return Audience::Everyone };
    let users = list.iter().filter_map(|to| if let To::Person(one) = to { Some(id(3, *one).into()) } else { None });
    let groups = list.iter().filter_map(|to| if let To::Group(one) = to { Some(id(4, *one).into()) } else { None });
    Audience::Only { users: users.collect(), groups: groups.collect() }
}

impl Rules {
    fn changes(&self, action: &str) -> AccessChanges {
        AccessChanges {
            switch: Some(if self.is_on { Switch::On } else { Switch::Off }),
            audience: Some(audience(&self.whole)),
            actions: BTreeMap::from([(action.to_owned(), audience(&self.action))]),
            reserved: None,
        }
    }

    fn facts(&self, world: &World, person: usize) -> ActionFacts {
        let reaches = |to: &To| match to {
            To::Person(one) => *one == person,
            To::Group(group) => world.members.contains(&(*group, person)),
            To::Workspace => true,
        };
        let given = |list: &List| list.as_ref().is_none_or(|list| list.iter().any(reaches));
        let integration = IntegrationFacts { is_enabled: self.is_on, is_granted: given(&self.whole) };
        ActionFacts { integration, is_granted: given(&self.action) }
    }

    /// Whether somebody active may use the integration, and the action.
    fn rights(&self, world: &World, person: usize) -> (bool, bool) {
        let (who, facts) = (actor(world, person), self.facts(world, person));
        let whole = ActionFacts { is_granted: true, ..facts };
        let may = |facts: &ActionFacts| <Use as Permits<_>>::permits(&who, facts).is_ok();
        (may(&whole), may(&facts))
    }
}

struct Stage {
    registry: Registry,
    /// An action of the integration.
    action: String,
}

impl Stage {
    fn new(conn: &mut PgConnection, world: &World) -> Self {
        let registry = Registry::new(OriginMap::default());
        let definition = registry.find(conn, id(HERE, 0).into(), KEY).unwrap().unwrap();
        let action = definition.actions[0].key.clone();
        for (number, _) in world.agents.iter().enumerate().filter(|(_, agent)| !agent.is_elsewhere) {
            for (kind, credentials) in [(7, "own"), (8, "preselected")] {
                // The same action twice on an agent is a conflict, so the second goes under another key.
                let key = if kind == 7 { action.clone() } else { definition.actions[1].key.clone() };
                run(
                    conn,
                    &format!(
                        "INSERT INTO agent_actions (workspace_id, id, agent_id, integration, action, credentials,
                             requires_confirmation, created_at)
                         VALUES ('{}', '{}', '{}', '{KEY}', '{key}', '{credentials}', false, now())",
                        id(HERE, 0),
                        id(kind, number),
                        id(6, number)
                    ),
                );
            }
        }
        Self { registry, action }
    }

    /// An admin's proof, whoever is an admin in this world.
    fn admin(conn: &mut PgConnection, world: &World, workspace: u128) -> Authorized<Configure, Integration> {
        let admin = Actor { role: Role::Admin, workspace: id(workspace, 0).into(), ..actor(world, 0) };
        authorize(conn, admin, &KEY.to_owned()).unwrap()
    }

    fn decide(&self, conn: &mut PgConnection, world: &World, workspace: u128, changes: &AccessChanges) {
        let proof = Self::admin(conn, world, workspace);
        let definition = self.registry.find(conn, id(HERE, 0).into(), KEY).unwrap().unwrap();
        access::change(conn, &proof, &definition, changes).unwrap();
    }
}

fn compare_facts(conn: &mut PgConnection, stage: &Stage, world: &World, rules: &Rules) {
    let shown = |facts: &ActionFacts| format!("{facts:?}");
    for person in 0..PEOPLE {
        let (who, expected) = (actor(world, person), rules.facts(world, person));
        let loaded = Integration::load(conn, &who, &KEY.to_owned()).unwrap().unwrap();
        assert_eq!(shown(&loaded.action_facts(&stage.action)), shown(&expected), "{person}");

        let listed = integration::list(conn, &stage.registry, &who).unwrap();
        let seen = listed.iter().find(|(one, _)| one.key == KEY);
        let may_see = <View as Permits<IntegrationFacts>>::permits(&who, &expected.integration).is_ok();
        assert_eq!(seen.map(|(one, _)| shown(&one.action_facts(&stage.action))), may_see.then(|| shown(&expected)));

        let is_active = !world.gone.contains(&person);
        for (number, _) in world.agents.iter().enumerate().filter(|(_, agent)| !agent.is_elsewhere) {
            let key = |kind| AgentActionKey { agent: id(6, number).into(), action: id(kind, number).into() };
            let asked = Inquiry { actor: who.clone(), action: key(7), with: AuthType::ALL.to_vec() };
            let called = own::find_calls(conn, &[&asked]).unwrap().pop().flatten();
            assert_eq!(called.map(|call| shown(&call.action)), is_active.then(|| shown(&expected)), "run by {person}");
            let lent = Lent::load(conn, &who, &(key(8), [0; 32])).unwrap();
            // Its action is another one, which is not restricted.
            let open = ActionFacts { is_granted: true, ..expected };
            assert_eq!(lent.map(|lent| shown(&lent.facts().action)), is_active.then(|| shown(&open)));
        }
    }
}

fn compare_losses(conn: &mut PgConnection, stage: &Stage, world: &World, (before, after): (&Rules, &Rules)) {
    let proof = Stage::admin(conn, world, HERE);
    let definition = stage.registry.find(conn, id(HERE, 0).into(), KEY).unwrap().unwrap();
    let (was, will) = access::preview(conn, &proof, &definition, &after.changes(&stage.action)).unwrap();
    let said = losses(conn, &proof, &was, &will).unwrap();

    let active = (0..PEOPLE).filter(|person| !world.gone.contains(person));
    let rights = active.map(|person| (person, before.rights(world, person), after.rights(world, person)));
    let rights: Vec<_> = rights.collect();
    let whole: BTreeSet<usize> =
        rights.iter().filter(|(_, (had, _), (has, _))| *had && !has).map(|(person, ..)| *person).collect();
    let one: BTreeSet<usize> =
        rights.iter().filter(|(_, (_, had), (kept, has))| *had && *kept && !has).map(|(person, ..)| *person).collect();
    let count = |scope: &Scope| said.scopes.iter().find(|loss| loss.scope == *scope).map_or(0, |loss| loss.people);
    let number = |people: usize| i64::try_from(people).unwrap();
    assert_eq!(count(&Scope::Whole), number(whole.len()));
    assert_eq!(count(&Scope::Action(stage.action.clone())), number(one.len()));
    assert_eq!(said.people, number(whole.union(&one).count()));

    let here = world.agents.iter().enumerate().filter(|(_, agent)| !agent.is_elsewhere);
    let hit = here.filter_map(|(place, agent)| {
        let uses = |person: &&usize| {
            let facts = world.agent_facts(agent, **person);
            facts.is_owner || facts.shared.is_some()
        };
        let people = whole.union(&one).filter(uses).count();
        (people > 0).then(|| (id(6, place), number(people)))
    });
    let said: BTreeMap<Uuid, i64> = said.agents.iter().map(|agent| (agent.id.uuid(), agent.people)).collect();
    assert_eq!(said, hit.collect(), "agents");
}

#[test]
fn access_to_integrations_is_loaded_as_the_policy_admits_and_lost_as_it_was_said() {
    let database = database();
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });

    let result = runner.run(&(world(), rules(), rules()), |(world, before, after)| {
        let mut conn = database.conn();
        conn.begin_test_transaction().unwrap();
        write(&mut conn, &world);
        let stage = Stage::new(&mut conn, &world);
        // The other workspace has it closed for everybody: nothing of that crosses.
        let closed = Rules { is_on: false, whole: Some(Vec::new()), action: Some(Vec::new()) };
        let elsewhere = closed.changes(&stage.action);
        stage.decide(&mut conn, &world, ELSEWHERE, &elsewhere);
        stage.decide(&mut conn, &world, HERE, &before.changes(&stage.action));
        compare_facts(&mut conn, &stage, &world, &before);
        compare_losses(&mut conn, &stage, &world, (&before, &after));
        stage.decide(&mut conn, &world, HERE, &after.changes(&stage.action));
        compare_facts(&mut conn, &stage, &world, &after);
        Ok(())
    });

    result.unwrap();
}
