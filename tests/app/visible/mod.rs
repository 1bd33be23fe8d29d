//! Policy = SQL: on random little worlds, each list holds exactly what the policy's `View` admits, and what is loaded for a
//! proof has the facts that the world has. This guards the weak spot of lock 2: facts that are loaded wrongly.

mod access;
mod shared;

use std::collections::BTreeSet;

use chrono::Duration;
use diesel::Connection as _;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid as SqlUuid;
use odeus::authz::actions::Edit;
use odeus::authz::actions::View;
use odeus::authz::actor::Actor;
use odeus::authz::actor::Permissions;
use odeus::authz::actor::Via;
use odeus::authz::facts::AgentAccess;
use odeus::authz::facts::AgentFacts;
use odeus::authz::facts::AuthType;
use odeus::authz::facts::ConnectionFacts;
use odeus::authz::facts::MembershipFacts;
use odeus::authz::facts::Role;
use odeus::authz::facts::ShareAccess;
use odeus::authz::policy::Permits;
use odeus::authz::proof::Guarded;
use odeus::domain::agents::Agent;
use odeus::domain::connections::Connection;
use odeus::domain::connections::usable;
use odeus::domain::connections::visible;
use odeus::domain::people::memberships;
use odeus::domain::people::memberships::Membership;
use odeus::kernel::clock::Timestamp;
use odeus::kernel::ids::UserId;
use odeus::kernel::ids::WorkspaceId;
use odeus::kernel::paging::Page;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use crate::support::database;
use crate::visible::shared::compare_shares;

const PEOPLE: usize = 5;
const GROUPS: usize = 2;

#[derive(Clone, Copy, Debug)]
enum To {
    Person(usize),
    Group(usize),
    Workspace,
}

#[derive(Clone, Copy, Debug)]
struct Given {
    to: To,
    is_strong: bool,
    has_ended: bool,
}

#[derive(Clone, Debug)]
struct Thing {
    owner: usize,
    auth_type: AuthType,
    given: Vec<Given>,
    is_elsewhere: bool,
}

#[derive(Clone, Debug)]
struct World {
    roles: Vec<Role>,
    members: Vec<(usize, usize)>,
    connections: Vec<Thing>,
    agents: Vec<Thing>,
    /// Who is deactivated.
    gone: BTreeSet<usize>,
}

fn given() -> impl Strategy<Value = Given> {
    let to = prop_oneof![(0..PEOPLE).prop_map(To::Person), (0..GROUPS).prop_map(To::Group), Just(To::Workspace),];
    (to, any::<bool>(), prop::bool::weighted(0.3)).prop_map(|(to, is_strong, has_ended)| Given {
        to,
        is_strong,
        has_ended,
    })
}

fn thing() -> impl Strategy<Value = Thing> {
    let shares = prop::collection::vec(given(), 0..4);
    (0..PEOPLE, prop::sample::select(AuthType::ALL), shares, prop::bool::weighted(0.2)).prop_map(
        |(owner, auth_type, mut given, is_elsewhere)| {
            // One share for each grantee, as the table has it.
            let mut seen = BTreeSet::new();
            given.retain(|one| seen.insert(format!("{:?}", one.to)));
            Thing { owner, auth_type, given, is_elsewhere }
        },
    )
}

fn world() -> impl Strategy<Value = World> {
    (
        prop::collection::vec(prop::sample::select(Role::ALL), PEOPLE),
        prop::collection::vec((0..GROUPS, 0..PEOPLE), 0..6),
        prop::collection::vec(thing(), 0..6),
        prop::collection::vec(thing(), 0..5),
        prop::collection::btree_set(0..PEOPLE, 0..3),
    )
        .prop_map(|(roles, members, connections, agents, gone)| World {
            roles,
            members,
            connections,
            agents,
            gone,
        })
}

impl World {
    fn reaches(&self, given: &Given, person: usize) -> bool {
        match given.to {
            To::Person(one) => one == person,
            To::Group(group) => self.members.contains(&(group, person)),
            To::Workspace => true,
        }
    }

    fn connection_facts(&self, thing: &Thing, person: usize) -> ConnectionFacts {
        let living = thing.given.iter().filter(|given| !given.has_ended && self.reaches(given, person));
        let best = living.map(|given| if given.is_strong { ShareAccess::Attach } else { ShareAccess::Use }).max();
        let shared = best.filter(|_| thing.auth_type != AuthType::Oauth);
        ConnectionFacts { is_owner: thing.owner == person, auth_type: thing.auth_type, shared }
    }

    fn agent_facts(&self, thing: &Thing, person: usize) -> AgentFacts {
        let reaching = thing.given.iter().filter(|given| self.reaches(given, person));
        let shared = reaching.map(|given| if given.is_strong { AgentAccess::Edit } else { AgentAccess::Use }).max();
        AgentFacts { is_owner: thing.owner == person, shared, is_enabled: true }
    }
}

fn id(kind: u128, number: usize) -> Uuid {
    Uuid::from_u128((kind << 64) | u128::try_from(number).unwrap())
}

const HERE: u128 = 1;
const ELSEWHERE: u128 = 2;

fn now() -> Timestamp {
    chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn run(conn: &mut PgConnection, sql: &str) {
    diesel::sql_query(sql).execute(conn).unwrap();
}

/// Writes the world; two workspaces with the same people, so that nothing but the workspace keeps them apart.
fn write(conn: &mut PgConnection, world: &World) {
    for workspace in [HERE, ELSEWHERE] {
        let slug = format!("w{workspace}");
        diesel::sql_query("INSERT INTO workspaces (id, slug, name, created_at) VALUES ($1, $2, $2, $3)")
            .bind::<SqlUuid, _>(id(workspace, 0))
            .bind::<Text, _>(slug)
            .bind::<Timestamptz, _>(now())
            .execute(conn)
            .unwrap();
    }
    for (person, role) in world.roles.iter().enumerate() {
        diesel::sql_query("INSERT INTO users (id, email, name, created_at) VALUES ($1, $2, $2, $3)")
            .bind::<SqlUuid, _>(id(3, person))
            .bind::<Text, _>(format!("p{person}@example.com"))
            .bind::<Timestamptz, _>(now())
            .execute(conn)
            .unwrap();
        for workspace in [HERE, ELSEWHERE] {
            diesel::sql_query(
                "INSERT INTO memberships (workspace_id, user_id, role, status, created_at) VALUES ($1, $2, $3, $5, $4)",
            )
            .bind::<SqlUuid, _>(id(workspace, 0))
            .bind::<SqlUuid, _>(id(3, person))
            .bind::<Text, _>(role.as_str())
            .bind::<Timestamptz, _>(now())
            .bind::<Text, _>(if world.gone.contains(&person) { "deactivated" } else { "active" })
            .execute(conn)
            .unwrap();
        }
    }
    for (workspace, group) in [HERE, ELSEWHERE].into_iter().flat_map(|w| (0..GROUPS).map(move |g| (w, g))) {
        run(
            conn,
            &format!(
                "INSERT INTO groups (workspace_id, id, name, created_at) VALUES ('{}', '{}', 'g{group}', now())",
                id(workspace, 0),
                id(4, group)
            ),
        );
    }
    for (group, person) in world.members.iter().collect::<BTreeSet<_>>() {
        run(
            conn,
            &format!(
                "INSERT INTO group_members (workspace_id, group_id, user_id, created_at) VALUES ('{}', '{}', '{}', now())",
                id(HERE, 0),
                id(4, *group),
                id(3, *person)
            ),
        );
    }
    for (number, thing) in world.connections.iter().enumerate() {
        write_connection(conn, number, thing);
    }
    for (number, thing) in world.agents.iter().enumerate() {
        write_agent(conn, number, thing);
    }
}

fn write_connection(conn: &mut PgConnection, number: usize, thing: &Thing) {
    let workspace = id(if thing.is_elsewhere { ELSEWHERE } else { HERE }, 0);
    diesel::sql_query(
        "INSERT INTO connections (workspace_id, id, owner_id, integration, auth_type, name, status, scopes, origins,
             token_version, client_generation, created_at) VALUES ($1, $2, $3, 'tool', $4, 'c', 'active', '{}', '{}', 1, 0, $5)",
    )
    .bind::<SqlUuid, _>(workspace)
    .bind::<SqlUuid, _>(id(5, number))
    .bind::<SqlUuid, _>(id(3, thing.owner))
    .bind::<Text, _>(thing.auth_type.as_str())
    .bind::<Timestamptz, _>(now())
    .execute(conn)
    .unwrap();
    // R4: the table takes no share of an OAuth connection, so there is none to be read.
    for given in thing.given.iter().filter(|_| thing.auth_type != AuthType::Oauth) {
        let ends = if given.has_ended {
            format!("'{}'", (now() - Duration::hours(1)).to_rfc3339())
        } else {
            "NULL".to_owned()
        };
        let (columns, grantee) = grantee(given.to);
        let access = if given.is_strong { "attach" } else { "use" };
        run(
            conn,
            &format!(
                "INSERT INTO connection_shares (workspace_id, id, connection_id, connection_auth, access, expires_at,
                     created_by, created_at, {columns})
                 VALUES ('{workspace}', gen_random_uuid(), '{}', '{}', '{access}', {ends}, '{}', now(), {grantee})",
                id(5, number),
                thing.auth_type,
                id(3, thing.owner)
            ),
        );
    }
}

/// The column of a grantee and what stands in it.
fn grantee(to: To) -> (&'static str, String) {
    match to {
        To::Person(person) => ("grantee_user", format!("'{}'", id(3, person))),
        To::Group(group) => ("grantee_group", format!("'{}'", id(4, group))),
        To::Workspace => ("grantee_workspace", "true".to_owned()),
    }
}

fn write_agent(conn: &mut PgConnection, number: usize, thing: &Thing) {
    let workspace = id(if thing.is_elsewhere { ELSEWHERE } else { HERE }, 0);
    diesel::sql_query(
        "INSERT INTO agents (workspace_id, id, owner_id, name, description, instructions, enabled, created_at, updated_at)
         VALUES ($1, $2, $3, 'a', '', '', true, $4, $4)",
    )
    .bind::<SqlUuid, _>(workspace)
    .bind::<SqlUuid, _>(id(6, number))
    .bind::<SqlUuid, _>(id(3, thing.owner))
    .bind::<Timestamptz, _>(now())
    .execute(conn)
    .unwrap();
    for given in &thing.given {
        let (columns, grantee) = grantee(given.to);
        let access = if given.is_strong { "edit" } else { "use" };
        run(
            conn,
            &format!(
                "INSERT INTO agent_shares (workspace_id, id, agent_id, access, created_by, created_at, {columns})
                 VALUES ('{workspace}', gen_random_uuid(), '{}', '{access}', '{}', now(), {grantee})",
                id(6, number),
                id(3, thing.owner)
            ),
        );
    }
}

fn actor(world: &World, person: usize) -> Actor {
    let role = world.roles[person];
    Actor {
        workspace: WorkspaceId::from(id(HERE, 0)),
        user: UserId::from(id(3, person)),
        role,
        permissions: Permissions::of(role, []),
        via: Via::Page,
        ip: None,
        at: now(),
    }
}

/// Which of the world's things a predicate admits.
fn admitted(things: &[Thing], kind: u128, admits: impl Fn(&Thing) -> bool) -> BTreeSet<Uuid> {
    let here = things.iter().enumerate().filter(|(_, thing)| !thing.is_elsewhere);
    here.filter(|(_, thing)| admits(thing)).map(|(number, _)| id(kind, number)).collect()
}

fn compare(conn: &mut PgConnection, world: &World) {
    write(conn, world);
    for person in 0..PEOPLE {
        let actor = actor(world, person);
        let may_see =
            |thing: &Thing| <View as Permits<_>>::permits(&actor, &world.connection_facts(thing, person)).is_ok();
        let page = Page::default();

        let listed = visible::list(conn, &actor, visible::Which::All, &visible::Filter::default(), &page).unwrap();
        let listed: BTreeSet<Uuid> = listed.items.iter().map(|connection| connection.id.uuid()).collect();
        assert_eq!(listed, admitted(&world.connections, 5, may_see), "connections of {person}");

        let shared = visible::list(conn, &actor, visible::Which::Shared, &visible::Filter::default(), &page).unwrap();
        let shared: BTreeSet<Uuid> = shared.items.iter().map(|connection| connection.id.uuid()).collect();
        let is_given = |thing: &Thing| thing.owner != person && world.connection_facts(thing, person).shared.is_some();
        assert_eq!(shared, admitted(&world.connections, 5, is_given), "shared with {person}");

        let used: BTreeSet<Uuid> =
            usable(conn, &actor, "tool").unwrap().iter().map(|connection| connection.id.uuid()).collect();
        let may_use = |thing: &Thing| {
            let facts = world.connection_facts(thing, person);
            facts.is_owner || facts.shared.is_some()
        };
        assert_eq!(used, admitted(&world.connections, 5, may_use), "usable by {person}");

        for (number, thing) in world.connections.iter().enumerate() {
            let loaded = Connection::load(conn, &actor, &id(5, number).into()).unwrap();
            let expected = (!thing.is_elsewhere).then(|| format!("{:?}", world.connection_facts(thing, person)));
            assert_eq!(loaded.map(|connection| format!("{:?}", connection.facts())), expected, "connection {number}");
            compare_shares(conn, world, &actor, person, (number, thing));
        }

        let listed = memberships::list(conn, &actor, &memberships::Filter::default(), &page).unwrap();
        let listed: BTreeSet<Uuid> = listed.items.iter().map(|one| one.user.uuid()).collect();
        let may_see = |other: &usize| {
            let facts = MembershipFacts { is_active: !world.gone.contains(other) };
            <View as Permits<_>>::permits(&actor, &facts).is_ok()
        };
        assert_eq!(listed, (0..PEOPLE).filter(may_see).map(|other| id(3, other)).collect(), "people seen by {person}");
        for other in 0..PEOPLE {
            let loaded = Membership::load(conn, &actor, &id(3, other).into()).unwrap().unwrap();
            assert_eq!(loaded.facts().is_active, !world.gone.contains(&other), "person {other}");
        }

        let may_see = |thing: &Thing| <View as Permits<_>>::permits(&actor, &world.agent_facts(thing, person)).is_ok();
        let agents = odeus::domain::agents::visible::list(conn, &actor, &page).unwrap();
        let agents: BTreeSet<Uuid> = agents.items.iter().map(|agent| agent.id.uuid()).collect();
        assert_eq!(agents, admitted(&world.agents, 6, may_see), "agents of {person}");

        let may_edit = |thing: &Thing| <Edit as Permits<_>>::permits(&actor, &world.agent_facts(thing, person)).is_ok();
        let editable = odeus::domain::agents::visible::editable(conn, &actor, 50).unwrap();
        let editable: BTreeSet<Uuid> = editable.iter().map(|agent| agent.id.uuid()).collect();
        assert_eq!(editable, admitted(&world.agents, 6, may_edit), "agents that {person} may change");

        for (number, thing) in world.agents.iter().enumerate() {
            let loaded = Agent::load(conn, &actor, &id(6, number).into()).unwrap();
            let expected = (!thing.is_elsewhere).then(|| format!("{:?}", world.agent_facts(thing, person)));
            assert_eq!(loaded.map(|agent| format!("{:?}", agent.facts())), expected, "agent {number}");
        }
    }
}

#[test]
fn each_list_is_what_the_policy_admits() {
    let database = database();
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });

    let result = runner.run(&world(), |world| {
        let mut conn = database.conn();
        conn.begin_test_transaction().unwrap();
        compare(&mut conn, &world);
        Ok(())
    });

    result.unwrap();
}
