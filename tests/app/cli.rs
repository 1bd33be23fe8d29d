//! The program as an operator meets it: what it refuses and how it says so, and what its commands print.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use diesel::RunQueryDsl;
use odeus::vault::keyring::Keyring;

use crate::support::TestDatabase;
use crate::support::database;

/// A folder of one test, gone with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("odeus-cli-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn keys(&self) -> PathBuf {
        let path = self.file("keys");
        if !path.exists() {
            Keyring::create(&path).unwrap();
        }
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

pub(crate) fn odeus(database: Option<&TestDatabase>, keys: Option<&Path>, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_odeus"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ODEUS_") || name == "DATABASE_URL") {
        command.env_remove(name);
    }
    command.env("ODEUS_ADDR", "127.0.0.1:1").env("ODEUS_DATA_DIR", "/nowhere/odeus").env("ODEUS_LOG", "warn");
    if let Some(database) = database {
        command.env("DATABASE_URL", database.url());
    }
    if let Some(keys) = keys {
        command.env("ODEUS_KEY_FILE", keys);
    }
    command.args(arguments).stdin(std::process::Stdio::null()).output().unwrap()
}

pub(crate) fn refusal(output: &Output) -> String {
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(said.starts_with("odeus: ") && said.trim_end().lines().count() == 1, "{said}");
    said
}

pub(crate) fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap().trim_end().to_owned()
}

#[test]
fn without_a_key_file_the_server_does_not_start() {
    let (database, folder) = (database(), Folder::new());

    let unnamed = refusal(&odeus(Some(&database), None, &["serve"]));
    let missing = refusal(&odeus(Some(&database), Some(&folder.file("none")), &["serve"]));

    assert!(unnamed.contains("ODEUS_KEY_FILE is not set") && unnamed.contains("odeus keys new"), "{unnamed}");
    assert!(missing.contains("there is no key file at") && missing.contains("odeus keys new"), "{missing}");
}

#[test]
fn with_another_key_file_the_server_does_not_start() {
    let (database, folder, other) = (database(), Folder::new(), Folder::new());
    let create = ["workspace", "create", "--slug", "acme", "--name", "Acme", "--admin", "ada@example.com"];
    printed(&odeus(Some(&database), Some(&folder.keys()), &create));

    let said = refusal(&odeus(Some(&database), Some(&other.keys()), &["serve"]));

    assert!(said.contains("put the key file back"), "{said}");
}

#[test]
fn the_server_waits_for_the_operator_to_migrate() {
    let (database, folder) = (database(), Folder::new());
    diesel::sql_query(
        "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT max(version) FROM __diesel_schema_migrations)",
    )
    .execute(&mut database.conn())
    .unwrap();

    let said = refusal(&odeus(Some(&database), Some(&folder.keys()), &["serve"]));

    assert!(said.contains("odeus migrate"), "{said}");
}

#[test]
fn a_newer_schema_is_left_alone() {
    let (database, folder) = (database(), Folder::new());
    diesel::sql_query("INSERT INTO __diesel_schema_migrations (version, run_on) VALUES ('99990101000000', now())")
        .execute(&mut database.conn())
        .unwrap();

    let said = refusal(&odeus(Some(&database), Some(&folder.keys()), &["serve"]));

    assert!(said.contains("migrated by a newer Odeus"), "{said}");
}

#[test]
fn a_database_that_is_away_is_said_so_without_its_password() {
    let folder = Folder::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_odeus"));
    command.env("DATABASE_URL", "postgres://odeus:hunter2@127.0.0.1:1/odeus").env("ODEUS_KEY_FILE", folder.keys());

    let said = refusal(&command.env("ODEUS_LOG", "off").arg("serve").output().unwrap());

    assert!(said.contains("the database does not answer") && !said.contains("hunter2"), "{said}");
}

#[test]
fn a_setting_that_cannot_be_used_is_named() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_odeus"));

    let said = refusal(&command.env("ODEUS_ADDR", "everywhere").arg("serve").output().unwrap());

    assert!(said.contains("ODEUS_ADDR must be") && said.contains("127.0.0.1:8080"), "{said}");
}

#[test]
fn listening_everywhere_needs_an_address_for_people() {
    let (database, folder) = (database(), Folder::new());
    let mut command = Command::new(env!("CARGO_BIN_EXE_odeus"));
    command.env("DATABASE_URL", database.url()).env("ODEUS_KEY_FILE", folder.keys()).env("ODEUS_ADDR", "0.0.0.0:0");

    let said = refusal(&command.env_remove("ODEUS_PUBLIC_URL").env("ODEUS_LOG", "warn").arg("serve").output().unwrap());

    assert!(said.contains("ODEUS_PUBLIC_URL is not set"), "{said}");
}

#[test]
fn a_workspace_is_made_once_and_its_admin_gets_a_link() {
    let (database, folder) = (database(), Folder::new());
    let create = ["workspace", "create", "--slug", "acme", "--name", "Acme", "--admin", "ada@example.com"];

    let link = printed(&odeus(Some(&database), Some(&folder.keys()), &create));
    let again = refusal(&odeus(Some(&database), Some(&folder.keys()), &create));

    assert!(link.starts_with("http://127.0.0.1:1/set-password?token="), "{link}");
    assert_eq!(link.lines().count(), 1);
    assert!(again.contains("a workspace with this slug exists already"), "{again}");
}

#[test]
fn a_token_stands_alone_on_standard_output() {
    let (database, folder) = (database(), Folder::new());
    let keys = folder.keys();
    let create = ["workspace", "create", "--slug", "acme", "--name", "Acme", "--admin", "ada@example.com"];
    printed(&odeus(Some(&database), Some(&keys), &create));

    let token = printed(&odeus(
        Some(&database),
        None,
        &["token", "create", "--workspace", "acme", "--email", "ada@example.com"],
    ));
    let nobody =
        refusal(&odeus(Some(&database), None, &["token", "create", "--workspace", "acme", "--email", "x@example.com"]));
    let nowhere =
        refusal(&odeus(Some(&database), None, &["token", "create", "--workspace", "x", "--email", "ada@example.com"]));

    assert!(token.starts_with("odeus_") && token.lines().count() == 1, "{token}");
    assert!(nobody.contains("x@example.com is no member of acme"), "{nobody}");
    assert!(nowhere.contains("there is no workspace “x”"), "{nowhere}");
}

#[test]
fn a_person_is_added_with_a_role_and_once() {
    let (database, folder) = (database(), Folder::new());
    let create = ["workspace", "create", "--slug", "acme", "--name", "Acme", "--admin", "ada@example.com"];
    printed(&odeus(Some(&database), Some(&folder.keys()), &create));
    let add = |role: &str| {
        let arguments =
            ["user", "add", "--workspace", "acme", "--email", "eve@example.com", "--name", "Eve", "--role", role];
        odeus(Some(&database), None, &arguments)
    };

    assert!(!add("owner").status.success());
    let link = printed(&add("editor"));
    let again = refusal(&add("editor"));

    assert!(link.contains("/set-password?token="), "{link}");
    assert!(again.contains("this person is a member already"), "{again}");
}

#[test]
fn a_key_file_is_made_private_and_gets_further_keys() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let path = folder.file("new-keys");

    printed(&odeus(None, Some(&path), &["keys", "new"]));
    printed(&odeus(None, Some(&path), &["keys", "new"]));
    let listed = printed(&odeus(None, Some(&path), &["keys", "list"]));

    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(listed.lines().filter(|line| line.ends_with("active")).count(), 1);
    assert_eq!(listed.lines().filter(|line| line.ends_with("decrypt")).count(), 1);
}

#[test]
fn an_open_key_file_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let keys = folder.keys();
    std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o644)).unwrap();

    let said = refusal(&odeus(None, Some(&keys), &["keys", "list"]));

    assert!(said.contains("chmod 600"), "{said}");
}

#[test]
fn migrating_twice_does_nothing_the_second_time() {
    let database = database();

    assert_eq!(printed(&odeus(Some(&database), None, &["migrate"])), "The schema is up to date.");
}
