//! Another key takes over (D-11): each step of `odeus keys` refuses until the one before it is done everywhere, says what or
//! who is in the way, and loses nothing.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use diesel::Connection;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_query;
use diesel::sql_types::Text;
use http::Method;
use odeus::domain::people::workspaces;
use odeus::kernel::clock::Clock;
use odeus::vault::Vault;
use odeus::vault::keyring::Keyring;
use odeus::vault::rotation::Progress;
use odeus::vault::rotation::RotationError;
use serde_json::json;

use crate::cli::Folder;
use crate::cli::odeus;
use crate::cli::printed;
use crate::cli::refusal;
use crate::processes::House;
use crate::processes::agent;
use crate::processes::eventually;
use crate::processes::free_address;
use crate::support::TestDatabase;
use crate::support::database;

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

/// A database with a workspace, and a key file with a second key.
struct Installation {
    database: TestDatabase,
    folder: Folder,
    old: String,
    new: String,
}

impl Installation {
    fn new() -> Self {
        let (database, folder) = (database(), Folder::new());
        let path = folder.keys();
        let create = ["workspace", "create", "--slug", "acme", "--name", "Acme", "--admin", "ada@example.com"];
        printed(&odeus(Some(&database), Some(&path), &create));
        printed(&odeus(None, Some(&path), &["keys", "new"]));
        let ids: Vec<String> = Keyring::read(&path).unwrap().ids().map(str::to_owned).collect();
        let [old, new] = <[String; 2]>::try_from(ids).unwrap();
        Self { database, folder, old, new }
    }

    fn keys(&self, arguments: &[&str]) -> std::process::Output {
        odeus(Some(&self.database), Some(&self.folder.keys()), &[&["keys"], arguments].concat())
    }

    /// A server elsewhere that has these keys, the first of them active.
    fn has_server(&self, keys: &[&str], silent: &str) {
        let sql = format!(
            "INSERT INTO process_keys VALUES (gen_random_uuid(), 'at elsewhere', '{{{}}}', '{}', now(), \
             clock_timestamp() - interval '{silent}')",
            keys.join(","),
            keys[0]
        );
        self.sql("DELETE FROM process_keys");
        self.sql(&sql);
    }

    fn sql(&self, statement: &str) {
        sql_query(statement).execute(&mut self.database.conn()).unwrap();
    }

    fn wrapped_by(&self) -> String {
        let sql = "SELECT string_agg(DISTINCT kek_id, ' ') AS word FROM workspace_keys";
        sql_query(sql).get_result::<Word>(&mut self.database.conn()).unwrap().word
    }
}

fn active_in(path: &Path) -> String {
    Keyring::read(path).unwrap().active().to_owned()
}

#[test]
fn another_key_takes_over_step_by_step() {
    let it = Installation::new();
    let (old, new) = (it.old.as_str(), it.new.as_str());

    assert!(refusal(&it.keys(&["retire", old])).contains("is the key that wraps"));
    assert!(printed(&it.keys(&["activate", new])).contains("is the key that wraps now"));
    assert!(printed(&it.keys(&["activate", new])).contains("already"));
    assert_eq!((active_in(&it.folder.keys()).as_str(), it.wrapped_by().as_str()), (new, old));
    assert!(refusal(&it.keys(&["retire", old])).contains("1 workspace key(s) are wrapped by"));
    assert!(printed(&it.keys(&["rotate"])).contains("; 1 were wrapped"));
    assert!(printed(&it.keys(&["rotate"])).contains("; 0 were wrapped"));
    assert_eq!(it.wrapped_by(), new);
    let kept = std::fs::read_to_string(it.folder.keys()).unwrap();
    assert!(printed(&it.keys(&["retire", old])).contains("is retired and taken out of"));
    assert!(printed(&it.keys(&["list"])).lines().eq([format!("{new}  active")]));
    let create = ["workspace", "create", "--slug", "globex", "--name", "Globex", "--admin", "bo@example.com"];
    printed(&odeus(Some(&it.database), Some(&it.folder.keys()), &create));

    std::fs::write(it.folder.keys(), kept).unwrap();
    assert!(refusal(&it.keys(&["activate", old])).contains("was retired"));
    printed(&it.keys(&["retire", old]));
    assert_eq!(it.wrapped_by(), new);
}

#[test]
fn a_retired_key_that_is_put_back_as_the_active_one_wraps_nothing() {
    let it = Installation::new();
    let before = std::fs::read_to_string(it.folder.keys()).unwrap();
    for step in [&["activate", it.new.as_str()][..], &["rotate"], &["retire", it.old.as_str()]] {
        printed(&it.keys(step));
    }

    std::fs::write(it.folder.keys(), before).unwrap();

    assert!(refusal(&odeus(Some(&it.database), Some(&it.folder.keys()), &["serve"])).contains("was retired"));
    let create = ["workspace", "create", "--slug", "globex", "--name", "Globex", "--admin", "bo@example.com"];
    assert!(refusal(&odeus(Some(&it.database), Some(&it.folder.keys()), &create)).contains("was retired"));
}

#[test]
fn a_key_that_a_server_has_not_read_wraps_nothing() {
    let it = Installation::new();

    it.has_server(&[&it.old], "2 seconds");
    let said = refusal(&it.keys(&["activate", &it.new]));
    assert!(said.contains("at elsewhere has not read the key") && said.contains("every 15 seconds"), "{said}");
    assert_eq!(active_in(&it.folder.keys()), it.old);
    it.has_server(&[&it.old], "40 seconds");
    assert!(refusal(&it.keys(&["activate", &it.new])).contains("last heard of 40 s ago"));
    it.has_server(&[&it.old], "61 seconds");
    printed(&it.keys(&["activate", &it.new]));
    it.has_server(&[&it.old], "2 seconds");
    assert!(refusal(&it.keys(&["rotate"])).contains("at elsewhere has not read the key"));
    assert_eq!(it.wrapped_by(), it.old);
    it.has_server(&[&it.old, &it.new], "2 seconds");

    printed(&it.keys(&["rotate"]));

    assert_eq!(it.wrapped_by(), it.new);
    let said = refusal(&it.keys(&["retire", &it.old]));
    assert!(said.contains("at elsewhere still wraps with") && said.contains("odeus keys activate"), "{said}");
    it.has_server(&[&it.new, &it.old], "2 seconds");
    printed(&it.keys(&["retire", &it.old]));
}

#[test]
fn a_key_that_is_not_there_is_said_to_be_so() {
    let it = Installation::new();

    assert!(refusal(&it.keys(&["activate", "k-none"])).contains("has no key “k-none”"));
    assert!(refusal(&it.keys(&["retire", "k-none"])).contains("has no key “k-none”"));
    assert!(refusal(&odeus(Some(&it.database), None, &["keys", "rotate"])).contains("ODEUS_KEY_FILE is not set"));
}

#[test]
fn a_rotation_goes_in_pieces_and_takes_up_where_it_stopped() {
    let it = Installation::new();
    let conn = &mut it.database.conn();
    let now = Clock::system().now();
    let before = Vault::new(Keyring::read(&it.folder.keys()).unwrap());
    before.verify(conn, now).unwrap();
    for n in 0..119 {
        workspaces::create(conn, &before, &format!("w{n}"), "W", now).unwrap();
    }
    printed(&it.keys(&["activate", &it.new]));
    let vault = Vault::new(Keyring::read(&it.folder.keys()).unwrap());
    let step = |conn: &mut PgConnection| conn.transaction::<_, RotationError, _>(|tx| vault.rewrap(tx)).unwrap();
    let killed = conn.transaction::<Progress, RotationError, _>(|tx| {
        vault.rewrap(tx)?;
        Err(diesel::result::Error::RollbackTransaction.into())
    });
    assert!(killed.is_err());
    assert_eq!(it.wrapped_by(), it.old);
    let mut other = it.database.conn();
    other.test_transaction::<_, diesel::result::Error, _>(|other| {
        sql_query("SELECT 1 FROM workspace_keys ORDER BY workspace_id LIMIT 1 FOR UPDATE").execute(other)?;

        assert_eq!(step(conn), Progress { rewrapped: 100, left: 20 });
        assert_eq!(step(conn), Progress { rewrapped: 19, left: 1 });
        assert_eq!(step(conn), Progress { rewrapped: 0, left: 1 });
        Ok(())
    });

    assert_eq!(step(conn), Progress { rewrapped: 1, left: 0 });
    assert_eq!(it.wrapped_by(), it.new);
}

/// Runs a command that the program refuses, and gives what it says.
fn refused(house: &House, arguments: &[&str]) -> String {
    refusal(&house.command(house.public, house.database.url()).args(arguments).output().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_takes_over_while_two_servers_serve() {
    let house = House::new();
    let (one, two) = (house.serve(house.public).await, house.serve(free_address()).await);
    let (browser, token) = house.settle(&one).await;
    let programs = [house.program(&one, &token), house.program(&two, &token)];
    house.connect_calendar(&browser, &programs[0]).await;
    let path = agent(&programs[0], "listEvents").await;
    let old = house.odeus(&["keys", "list"]).split(' ').next().unwrap().to_owned();
    let stop = Arc::new(AtomicBool::new(false));
    let running = programs.map(|program| {
        let (path, stop) = (path.clone(), Arc::clone(&stop));
        tokio::spawn(async move {
            let mut count = 0;
            while !stop.load(Ordering::Relaxed) {
                let answer = program.json(Method::POST, &path, &json!({ "input": {} })).await;
                assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("succeeded")), "{}", answer.body);
                count += 1;
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            count
        })
    });
    let servers = |condition: &str| house.count(&format!("SELECT count(*) FROM process_keys WHERE {condition}"));

    house.odeus(&["keys", "new"]);
    let listed = house.odeus(&["keys", "list"]);
    let new = listed.lines().last().unwrap().split(' ').next().unwrap();
    assert!(refused(&house, &["keys", "activate", new]).contains("has not read the key"));
    eventually("both have read the key", || async { servers(&format!("'{new}' = ANY(kek_ids)")) == 2 }).await;
    house.odeus(&["keys", "activate", new]);
    house.odeus(&["keys", "rotate"]);
    assert!(refused(&house, &["keys", "retire", &old]).contains("still wraps with"));
    eventually("both wrap with it", || async { servers(&format!("active = '{new}'")) == 2 }).await;
    house.odeus(&["keys", "retire", &old]);
    eventually("both have forgotten the old one", || async { servers(&format!("'{old}' = ANY(kek_ids)")) == 0 }).await;
    let three = house.serve(free_address()).await;

    let answer = house.program(&three, &token).json(Method::POST, &path, &json!({ "input": {} })).await;
    assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("succeeded")), "{}", answer.body);
    stop.store(true, Ordering::Relaxed);
    for runs in running {
        assert!(runs.await.unwrap() > 0);
    }
    assert_eq!(house.count("SELECT count(*) FROM workspace_keys WHERE kek_id <> 'x'"), 1);
}
