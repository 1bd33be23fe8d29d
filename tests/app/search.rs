//! Searching as one types: people by any word of their name or address, groups by any word of theirs.

use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use odeus::authz::actor::Actor;
use odeus::authz::facts::Role;
use odeus::authz::proof::authorize;
use odeus::domain::accounts::users;
use odeus::domain::people::groups;
use odeus::domain::people::members;
use odeus::domain::people::search;
use odeus::kernel::clock::Clock;
use odeus::kernel::ids::UserId;

use crate::api::stage::Stage;
use crate::api::stage::pluck;
use crate::api::stage::shown;
use crate::support::cast;
use crate::support::cast::Cast;
use crate::support::database;

fn add(conn: &mut PgConnection, cast: &Cast, email: &str, name: &str) -> UserId {
    let now = Clock::system().now();
    let user = users::create(conn, email, name, now).unwrap().id;
    members::add(conn, cast.acme.id, user, Role::Member, now).unwrap();
    user
}

fn found(conn: &mut PgConnection, actor: &Actor, query: &str) -> Vec<String> {
    search::members(conn, actor, query, 8).unwrap().into_iter().map(|member| member.name).collect()
}

#[test]
fn people_are_found_by_the_beginning_of_any_word_of_their_name_and_address() {
    let database = database();
    let (conn, now) = (&mut database.conn(), Clock::system().now());
    let cast = cast::create(conn, now);
    let name = "Élodie  Jean-Luc O’Neill (Ops)";
    add(conn, &cast, "e.dupont+ops@north.example", name);
    let (actor, foreign) = (cast.max.actor(conn, now), cast.mallory.actor(conn, now));

    for query in ["élo", "Élodie jean", " Jean-L", "luc", "o’ne", "OPS", "e.dup", "dupont+ops@n", "north.ex"] {
        assert_eq!(found(conn, &actor, query), [name], "{query}");
    }
    for query in ["lodie", "elo", "eill", "jean o", "%", "_", "\\", "", "  ", "élodiex"] {
        assert_eq!(found(conn, &actor, query), [""; 0], "{query}");
    }
    assert_eq!(found(conn, &foreign, "élo"), [""; 0], "nothing crosses a workspace");
    assert_eq!(found(conn, &actor, "m"), ["Max Member", "Mia Member"], "each once, by what matched first");
}

#[test]
fn a_new_name_is_found_and_the_old_one_is_not_any_more() {
    let database = database();
    let (conn, now) = (&mut database.conn(), Clock::system().now());
    let cast = cast::create(conn, now);
    let group = cast::group(conn, &cast.ada, "Field Sales", &[]);
    let actor = cast.ada.actor(conn, now);
    let groups_named = |conn: &mut PgConnection, query: &str| groups::search(conn, &actor, query, 8).unwrap().len();
    assert_eq!((found(conn, &actor, "member").len(), groups_named(conn, "sal"), groups_named(conn, "ales")), (2, 1, 0));

    diesel::sql_query("UPDATE users SET name = 'Maximilian' WHERE email = 'max@acme.example'").execute(conn).unwrap();
    let proof = authorize(conn, actor.clone(), &group).unwrap();
    groups::rename(conn, &proof, "Field Support").unwrap();

    assert_eq!(found(conn, &actor, "member"), ["Mia Member"]);
    assert_eq!(found(conn, &actor, "maximil"), ["Maximilian"]);
    assert_eq!((groups_named(conn, "sal"), groups_named(conn, "supp"), groups_named(conn, "field")), (0, 1, 1));
}

#[tokio::test]
async fn what_a_search_finds_is_paged_and_everybody_comes_once() {
    let stage = Stage::start();
    let conn = &mut stage.app.conn();
    for number in 1..=7 {
        add(conn, &stage.app.cast, &format!("zoe{number}@acme.example"), &format!("Zoe {number}"));
        cast::group(conn, &stage.app.cast.ada, &format!("Zoo {number}"), &[]);
    }
    let ada = stage.ada();
    for (path, first) in [("members?q=zoe", "Zoe"), ("groups?q=zoo", "Zoo")] {
        let (mut names, mut cursor) = (Vec::new(), String::new());
        for _ in 0..4 {
            let page = shown(&ada.get(&format!("/api/v1/{path}&limit=2{cursor}")).await);
            let items = page["items"].as_array().unwrap();
            names.extend(pluck(items, "name").into_iter().map(str::to_owned));
            let next = page["next"].as_str().map(str::to_owned);
            cursor = next.map_or_else(String::new, |next| format!("&cursor={next}"));
        }

        let wanted: Vec<String> = (1..=7).map(|number| format!("{first} {number}")).collect();
        assert_eq!((names, cursor.as_str()), (wanted, ""));
    }
}
