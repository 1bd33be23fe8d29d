//! No query grows with the workspace: what pages and runs ask for touches no more rows among ten thousand members, a
//! thousand groups and twenty thousand connections than among a hundred, ten and two hundred. Rows are counted by Postgres
//! itself, which is exact where a stopwatch is not.

use std::collections::BTreeMap;

use diesel::Connection as _;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use odeus::authz::actions;
use odeus::authz::actor::Actor;
use odeus::authz::proof::authorize;
use odeus::domain::agents;
use odeus::domain::agents::Agent;
use odeus::domain::connections;
use odeus::domain::connections::Connection;
use odeus::domain::connections::shares;
use odeus::domain::connections::visible::Filter;
use odeus::domain::connections::visible::Which;
use odeus::domain::people::groups;
use odeus::domain::people::memberships;
use odeus::domain::people::search;
use odeus::domain::runs;
use odeus::kernel::clock::Clock;
use odeus::kernel::ids::AgentId;
use odeus::kernel::ids::ConnectionId;
use odeus::kernel::paging::Page;
use uuid::Uuid;

use crate::support::cast;
use crate::support::cast::Cast;
use crate::support::database;

/// How many of each there are.
#[derive(Clone, Copy)]
struct Size {
    members: u32,
    groups: u32,
    connections: u32,
}

const SMALL: Size = Size { members: 100, groups: 10, connections: 200 };
const LARGE: Size = Size { members: 10_000, groups: 1_000, connections: 20_000 };

/// Fills Acme. Everybody is in one group, owns two connections and an agent; some are shared with everyone, with a group or
/// with a person. Max, whom the tests ask for, has as much in a small workspace as in a large one.
fn fill(conn: &mut PgConnection, cast: &Cast, size: Size) {
    let Size { members, groups, connections } = size;
    let (acme, max) = (cast.acme.id, cast.max.id);
    let id =
        |kind: u32, number: &str| format!("('{kind:08x}-0000-4000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid");
    let (user, group, connection, agent) = (id(1, "n"), id(2, "n"), id(3, "n"), id(4, "n"));
    let (owner, shared_group, receiver) =
        (id(1, &format!("n % {members}")), id(2, &format!("n % {groups}")), id(1, &format!("(n * 7) % {members}")));
    conn.batch_execute(&format!(
        "INSERT INTO users (id, email, name, created_at)
            SELECT {user}, 'person' || n || '@acme.example', 'Person ' || n, now() FROM generate_series(0, {members} - 1) n;
         INSERT INTO memberships (workspace_id, user_id, role, status, created_at)
            SELECT '{acme}', {user}, 'member', 'active', now() FROM generate_series(0, {members} - 1) n;
         INSERT INTO groups (workspace_id, id, name, created_at)
            SELECT '{acme}', {group}, 'Group ' || n, now() FROM generate_series(0, {groups} - 1) n;
         INSERT INTO group_members (workspace_id, group_id, user_id, created_at)
            SELECT '{acme}', {shared_group}, {user}, now() FROM generate_series(0, {members} - 1) n;
         INSERT INTO group_members (workspace_id, group_id, user_id, created_at)
            SELECT '{acme}', {group}, '{max}', now() FROM generate_series(0, 4) n;
         INSERT INTO connections (workspace_id, id, owner_id, integration, auth_type, name, status, scopes, origins,
                token_version, client_generation, created_at)
            SELECT '{acme}', {connection}, CASE WHEN n < 5 THEN '{max}'::uuid ELSE {owner} END,
                (ARRAY['slack', 'github', 'stripe', 'openai'])[n % 4 + 1], 'api_key', 'Key ' || n, 'active', '{{}}',
                '{{https://api.example.com}}', 1, 0, now() - n * interval '1 second'
            FROM generate_series(0, {connections} - 1) n;
         INSERT INTO connection_shares (workspace_id, id, connection_id, connection_auth, grantee_group, access, created_by,
                created_at)
            SELECT '{acme}', gen_random_uuid(), {connection}, 'api_key', {shared_group}, 'use', '{max}', now()
            FROM generate_series(0, {connections} - 1, 2) n;
         INSERT INTO connection_shares (workspace_id, id, connection_id, connection_auth, grantee_user, access, created_by,
                created_at)
            SELECT '{acme}', gen_random_uuid(), {connection}, 'api_key', {receiver}, 'use', '{max}', now()
            FROM generate_series(1, {connections} - 1, 2) n;
         INSERT INTO connection_shares (workspace_id, id, connection_id, connection_auth, grantee_workspace, access,
                created_by, created_at)
            SELECT '{acme}', gen_random_uuid(), {connection}, 'api_key', true, 'use', '{max}', now()
            FROM generate_series(10, 19) n;
         INSERT INTO agents (workspace_id, id, owner_id, name, description, instructions, enabled, created_at, updated_at)
            SELECT '{acme}', {agent}, {user}, 'Agent ' || n, '', '', true, now() - n * interval '1 second', now()
            FROM generate_series(0, {members} - 1) n;
         INSERT INTO agent_shares (workspace_id, id, agent_id, grantee_group, access, created_by, created_at)
            SELECT '{acme}', gen_random_uuid(), {agent}, {shared_group}, 'use', '{max}', now()
            FROM generate_series(0, {members} - 1) n;
         INSERT INTO agent_shares (workspace_id, id, agent_id, grantee_workspace, access, created_by, created_at)
            SELECT '{acme}', gen_random_uuid(), {agent}, true, 'use', '{max}', now() FROM generate_series(5, 9) n;
         INSERT INTO runs (workspace_id, id, user_id, agent_id, agent_action_id, integration, action, effect, credentials,
                connection_id, connection_owner, status, input, response_cut, started_at, deadline_at, finished_at)
            SELECT '{acme}', gen_random_uuid(), CASE WHEN n < 100 THEN '{max}'::uuid ELSE {owner} END, {agent}, {agent},
                'slack', 'x', 'read', 'own', {connection}, {owner}, 'succeeded', '{{}}', false,
                now() - n * interval '1 minute', now(), now()
            FROM generate_series(0, {connections} - 1) n;
         ANALYZE;"
    ))
    .unwrap();
}

fn first<T: From<Uuid>>(kind: u128) -> T {
    Uuid::from_u128((kind << 96) | (0x4000 << 64) | (0x8000 << 48)).into()
}

#[derive(QueryableByName)]
struct Rows {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many rows Postgres touches for `ask`. The counts of a session grow until they are taken over after a transaction.
fn touched(conn: &mut PgConnection, ask: &mut dyn FnMut(&mut PgConnection)) -> i64 {
    conn.begin_test_transaction().unwrap();
    let before = rows_so_far(conn);
    ask(conn);
    let after = rows_so_far(conn);
    conn.batch_execute("ROLLBACK").unwrap();
    after - before
}

fn rows_so_far(conn: &mut PgConnection) -> i64 {
    let rows: Rows = diesel::sql_query(
        "SELECT coalesce(sum(seq_tup_read) + sum(idx_tup_fetch), 0)::bigint AS count FROM pg_stat_xact_user_tables",
    )
    .get_result(conn)
    .unwrap();
    rows.count
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

fn rows_by_ask(size: Size) -> BTreeMap<&'static str, i64> {
    let database = database();
    let conn = &mut database.conn();
    let now = Clock::system().now();
    let cast = cast::create(conn, now);
    fill(conn, &cast, size);
    let (member, admin) = (cast.max.actor(conn, now), cast.ada.actor(conn, now));
    of_connections(&member, &admin)
        .into_iter()
        .chain(of_shares(&member))
        .chain(of_others(&member, &admin))
        .chain(of_searches(&member, &admin))
        .map(|(name, mut ask)| (name, touched(conn, &mut ask)))
        .collect()
}

#[test]
fn no_query_of_a_page_or_a_run_grows_with_the_workspace() {
    let (small, large) = (rows_by_ask(SMALL), rows_by_ask(LARGE));

    let grown: Vec<String> = large
        .iter()
        .map(|(name, rows)| (name, small[name], *rows))
        .filter(|(_, small, large)| *large > 2 * small + 1_000)
        .map(|(name, small, large)| format!("{name}: {small} rows became {large}"))
        .collect();
    assert_eq!(grown, [""; 0]);
}
