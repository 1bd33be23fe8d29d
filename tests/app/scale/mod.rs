//! No query grows with the workspace: what pages and runs ask for touches no more rows among ten thousand members, a
//! thousand groups and twenty thousand connections than among a hundred, ten and two hundred. Rows are counted by Postgres
//! itself, which is exact where a stopwatch is not.

mod fill;

use std::collections::BTreeMap;

use diesel::Connection as _;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Text;
use odeus::authz::actions;
use odeus::authz::actor::Actor;
use odeus::authz::facts::AuthType;
use odeus::authz::proof::Guarded;
use odeus::authz::proof::authorize;
use odeus::domain::agents;
use odeus::domain::agents::Agent;
use odeus::domain::agents::AgentActionKey;
use odeus::domain::connections;
use odeus::domain::connections::Connection;
use odeus::domain::connections::shares;
use odeus::domain::connections::visible::Filter;
use odeus::domain::connections::visible::Which;
use odeus::domain::people::actors;
use odeus::domain::people::actors::Arrival;
use odeus::domain::people::groups;
use odeus::domain::people::memberships;
use odeus::domain::people::search;
use odeus::domain::runs;
use odeus::domain::runs::lent::Lent;
use odeus::domain::runs::target::Inquiry;
use odeus::kernel::clock::Clock;
use odeus::kernel::ids::AgentId;
use odeus::kernel::ids::ConnectionId;
use odeus::kernel::paging::Page;
use uuid::Uuid;

use crate::scale::fill::LARGE;
use crate::scale::fill::SMALL;
use crate::scale::fill::Size;
use crate::scale::fill::fill;
use crate::support::cast;
use crate::support::database;

fn first<T: From<Uuid>>(kind: u128) -> T {
    Uuid::from_u128((kind << 96) | (0x4000 << 64) | (0x8000 << 48)).into()
}

/// The tables that have more rows in a larger workspace.
const GROWING: [&str; 14] = [
    "agent_actions",
    "agent_shares",
    "agents",
    "audit_events",
    "bindings",
    "connection_shares",
    "connections",
    "group_beginnings",
    "group_members",
    "groups",
    "member_beginnings",
    "memberships",
    "runs",
    "users",
];

/// What Postgres has done with a table so far.
#[derive(QueryableByName)]
struct Work {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = BigInt)]
    scans: i64,
}

/// What an ask costs.
#[derive(Default)]
struct Cost {
    /// How many rows Postgres touches.
    rows: i64,
    /// The growing tables that it reads from end to end, by no index.
    read_whole: Vec<String>,
}

/// The counts of a session grow until they are taken over after a transaction.
fn cost(conn: &mut PgConnection, ask: &mut dyn FnMut(&mut PgConnection)) -> Cost {
    conn.begin_test_transaction().unwrap();
    let before = work_so_far(conn);
    ask(conn);
    let after = work_so_far(conn);
    conn.batch_execute("ROLLBACK").unwrap();
    let mut cost = Cost::default();
    for (name, (rows, scans)) in after {
        let (rows_before, scans_before) = before.get(&name).copied().unwrap_or_default();
        cost.rows += rows - rows_before;
        if scans > scans_before && GROWING.contains(&name.as_str()) {
            cost.read_whole.push(name);
        }
    }
    cost
}

fn work_so_far(conn: &mut PgConnection) -> BTreeMap<String, (i64, i64)> {
    let work: Vec<Work> = diesel::sql_query(
        "SELECT relname::text AS name, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS rows, seq_scan AS scans
         FROM pg_stat_xact_user_tables",
    )
    .load(conn)
    .unwrap();
    work.into_iter().map(|it| (it.name, (it.rows, it.scans))).collect()
}

/// One thing that pages or runs ask for.
type Ask = Box<dyn FnMut(&mut PgConnection)>;

fn with(actor: &Actor, ask: fn(&mut PgConnection, &Actor)) -> Ask {
    let actor = actor.clone();
    Box::new(move |conn| ask(conn, &actor))
}

fn list(actor: &Actor, which: Which) -> Ask {
    let actor = actor.clone();
    Box::new(move |conn| {
        connections::visible::list(conn, &actor, which, &Filter::default(), &Page::default()).unwrap();
    })
}

fn of_connections(member: &Actor, admin: &Actor) -> Vec<(&'static str, Ask)> {
    vec![
        ("my connections", list(member, Which::Mine)),
        ("connections shared with me", list(member, Which::Shared)),
        ("connections that I may see", list(member, Which::All)),
        ("all connections, for an admin", list(admin, Which::All)),
        (
            "counts of my connections",
            with(member, |conn, actor| drop(connections::visible::standings(conn, actor).unwrap())),
        ),
        (
            "connections that I may use",
            with(member, |conn, actor| drop(connections::usable(conn, actor, "slack").unwrap())),
        ),
        (
            "a connection",
            with(member, |conn, actor| {
                drop(authorize::<actions::View, Connection>(conn, actor.clone(), &first::<ConnectionId>(3)).unwrap());
            }),
        ),
    ]
}

fn of_shares(member: &Actor) -> Vec<(&'static str, Ask)> {
    vec![
        (
            "shares of a connection",
            with(member, |conn, actor| {
                let proof = authorize::<actions::Share, Connection>(conn, actor.clone(), &first(3)).unwrap();
                drop(shares::list(conn, &proof, &Page::default()).unwrap());
            }),
        ),
        (
            "people who have a connection",
            with(member, |conn, actor| {
                let proof = authorize::<actions::Share, Connection>(conn, actor.clone(), &first(3)).unwrap();
                drop(shares::people(conn, &proof, "", &Page::default()).unwrap());
            }),
        ),
        (
            "people who have a connection, by name",
            with(member, |conn, actor| {
                let proof = authorize::<actions::Share, Connection>(conn, actor.clone(), &first(3)).unwrap();
                drop(shares::people(conn, &proof, "person 77", &Page::default()).unwrap());
            }),
        ),
    ]
}

fn of_others(member: &Actor, admin: &Actor) -> Vec<(&'static str, Ask)> {
    vec![
        ("agents", with(member, |conn, actor| drop(agents::visible::list(conn, actor, &Page::default()).unwrap()))),
        (
            "an agent",
            with(member, |conn, actor| {
                drop(authorize::<actions::View, Agent>(conn, actor.clone(), &first::<AgentId>(4)).unwrap());
            }),
        ),
        (
            "my runs",
            with(member, |conn, actor| {
                drop(
                    runs::visible::list(
                        conn,
                        actor,
                        runs::visible::Which::Mine,
                        &runs::visible::Filter::default(),
                        &Page::default(),
                    )
                    .unwrap(),
                );
            }),
        ),
        (
            "all runs, for an admin",
            with(admin, |conn, actor| {
                drop(
                    runs::visible::list(
                        conn,
                        actor,
                        runs::visible::Which::All,
                        &runs::visible::Filter::default(),
                        &Page::default(),
                    )
                    .unwrap(),
                );
            }),
        ),
        (
            "the use of a connection",
            with(member, |conn, actor| {
                runs::usage::usage(conn, actor, first(3)).unwrap();
            }),
        ),
        (
            "people",
            with(member, |conn, actor| {
                drop(memberships::list(conn, actor, &memberships::Filter::default(), &Page::default()).unwrap());
            }),
        ),
        ("groups by name", with(member, |conn, actor| drop(groups::search(conn, actor, "group 7", 8).unwrap()))),
        (
            "groups by a letter",
            with(admin, |conn, actor| drop(groups::list(conn, actor, "g", &Page::default()).unwrap())),
        ),
        ("groups", with(admin, |conn, actor| drop(groups::list(conn, actor, "", &Page::default()).unwrap()))),
    ]
}

fn of_searches(member: &Actor, admin: &Actor) -> Vec<(&'static str, Ask)> {
    fn page(query: &str) -> (memberships::Filter, Page) {
        (memberships::Filter { query: query.to_owned(), ..memberships::Filter::default() }, Page::default())
    }
    vec![
        ("people by name", with(member, |conn, actor| drop(search::members(conn, actor, "person 7", 8).unwrap()))),
        ("people by a letter", with(member, |conn, actor| drop(search::members(conn, actor, "p", 8).unwrap()))),
        (
            "the list of people, by address",
            with(admin, |conn, actor| {
                let (filter, first) = page("person7");
                let listed = memberships::list(conn, actor, &filter, &first).unwrap();
                assert!(!listed.items.is_empty());
            }),
        ),
        (
            "the list of people, by what they all have",
            with(member, |conn, actor| {
                let (filter, first) = page("acme");
                let listed = memberships::list(conn, actor, &filter, &first).unwrap();
                let next = Page::new(None, listed.next);
                assert_eq!(memberships::list(conn, actor, &filter, &next).unwrap().items.len(), 50);
            }),
        ),
    ]
}

/// What a call asks for before it leaves.
fn of_calls(member: &Actor) -> Vec<(&'static str, Ask)> {
    vec![
        (
            "a call with one's own credentials",
            with(member, |conn, actor| {
                let action = AgentActionKey { agent: first(4), action: first(5) };
                let asked = Inquiry { actor: actor.clone(), action, with: vec![AuthType::ApiKey] };
                assert!(runs::own::find_calls(conn, &[&asked]).unwrap()[0].is_some());
            }),
        ),
        (
            "a call with a preselected connection",
            with(member, |conn, actor| {
                let action = AgentActionKey { agent: first(4), action: first(6) };
                Lent::load(conn, actor, &(action, [0; 32])).unwrap().unwrap();
            }),
        ),
        (
            "who a caller is",
            with(member, |conn, actor| {
                let arrival = Arrival { ip: None, at: actor.at };
                actors::in_workspace(conn, "acme", actor.user, arrival).unwrap().unwrap();
            }),
        ),
    ]
}

/// Whatever pages and runs ask for, in a workspace of this size.
fn asks(conn: &mut PgConnection, size: Size) -> Vec<(&'static str, Ask)> {
    let now = Clock::system().now();
    let cast = cast::create(conn, now);
    fill(conn, cast.acme.id.uuid(), cast.max.id.uuid(), size).unwrap();
    let (member, admin) = (cast.max.actor(conn, now), cast.ada.actor(conn, now));
    let mut asks = of_connections(&member, &admin);
    asks.extend(of_shares(&member));
    asks.extend(of_searches(&member, &admin));
    asks.extend(of_calls(&member));
    asks.extend(of_others(&member, &admin));
    asks
}

fn cost_by_ask(size: Size) -> BTreeMap<&'static str, Cost> {
    let database = database();
    let conn = &mut database.conn();
    let asks = asks(conn, size);
    asks.into_iter().map(|(name, mut ask)| (name, cost(conn, &mut ask))).collect()
}

#[test]
fn no_query_of_a_page_or_a_run_grows_with_the_workspace() {
    let (small, large) = (cost_by_ask(SMALL), cost_by_ask(LARGE));

    let grown: Vec<String> = large
        .iter()
        .map(|(name, cost)| (name, small[name].rows, cost.rows))
        .filter(|(_, small, large)| *large > 2 * small + 1_000)
        .map(|(name, small, large)| format!("{name}: {small} rows became {large}"))
        .collect();
    let whole: Vec<String> = large
        .iter()
        .filter(|(_, cost)| !cost.read_whole.is_empty())
        .map(|(name, cost)| format!("{name} reads all of {}", cost.read_whole.join(", ")))
        .collect();
    assert_eq!([grown, whole].concat(), [""; 0]);
}
