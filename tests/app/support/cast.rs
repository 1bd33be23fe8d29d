//! The people of the tests, made as an operator makes them: by the domain's own functions.

use std::sync::LazyLock;

use diesel::pg::PgConnection;
use odeus::authz::actor::Actor;
use odeus::authz::facts::Role;
use odeus::authz::proof::authorize;
use odeus::domain::accounts::passwords::Passwords;
use odeus::domain::accounts::users;
use odeus::domain::people::actors;
use odeus::domain::people::actors::Arrival;
use odeus::domain::people::groups;
use odeus::domain::people::groups::roster;
use odeus::domain::people::members;
use odeus::domain::people::workspaces;
use odeus::domain::people::workspaces::Workspace;
use odeus::kernel::clock::Clock;
use odeus::kernel::clock::Timestamp;
use odeus::kernel::ids::GroupId;
use odeus::kernel::ids::UserId;
use odeus::vault::Vault;
use odeus::vault::keyring::Keyring;

/// The password of everyone.
pub(crate) const PASSWORD: &str = "tulips over amsterdam";

/// Its hash, made once: hashing is slow on purpose.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let hash = std::thread::spawn(move || {
        runtime.block_on(async { Passwords::new(1).unwrap().hash(PASSWORD.to_owned().into()).await })
    });
    hash.join().unwrap().unwrap()
});

/// One vault for all databases of the process: each has the same key, and workspaces keep apart by their ids.
static VAULT: LazyLock<Vault> = LazyLock::new(|| {
    let path = std::env::temp_dir().join(format!("odeus-test-keys-{}", std::process::id()));
    Keyring::create(&path).unwrap();
    let keyring = Keyring::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    Vault::new(keyring)
});

/// Somebody, in one workspace.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) name: &'static str,
    pub(crate) email: String,
    pub(crate) workspace: Workspace,
}

/// Everyone.
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    pub(crate) acme: Workspace,
    /// Admin of Acme.
    pub(crate) ada: Person,
    /// Editor of Acme.
    pub(crate) eve: Person,
    /// Member of Acme.
    pub(crate) max: Person,
    /// Member of Acme.
    pub(crate) mia: Person,
    /// Admin of Globex.
    pub(crate) mallory: Person,
}

/// The vault that the cast's workspaces have their keys in, known to this database.
pub(crate) fn vault(conn: &mut PgConnection, now: Timestamp) -> Vault {
    VAULT.verify(conn, now).unwrap();
    VAULT.clone()
}

/// Makes everyone.
pub(crate) fn create(conn: &mut PgConnection, now: Timestamp) -> Cast {
    let vault = vault(conn, now);
    let acme = workspaces::create(conn, &vault, "acme", "Acme", now).unwrap();
    let globex = workspaces::create(conn, &vault, "globex", "Globex", now).unwrap();
    let mut add = |workspace: &Workspace, name: &'static str, role: Role| {
        let email = format!("{}@{}.example", name.split(' ').next().unwrap().to_lowercase(), workspace.slug);
        let user = users::create(conn, &email, name, now).unwrap();
        users::set_password_hash(conn, user.id, &HASH).unwrap();
        members::add(conn, workspace.id, user.id, role, now).unwrap();
        Person { id: user.id, name, email, workspace: workspace.clone() }
    };
    Cast {
        ada: add(&acme, "Ada Admin", Role::Admin),
        eve: add(&acme, "Eve Editor", Role::Editor),
        max: add(&acme, "Max Member", Role::Member),
        mia: add(&acme, "Mia Member", Role::Member),
        mallory: add(&globex, "Mallory Admin", Role::Admin),
        acme,
    }
}

/// A group that an admin made, with these people in it.
pub(crate) fn group(conn: &mut PgConnection, admin: &Person, name: &str, people: &[&Person]) -> GroupId {
    let actor = admin.actor(conn, Clock::system().now());
    let proof = authorize(conn, actor.clone(), &()).unwrap();
    let id = groups::create(conn, &proof, name).unwrap();
    let proof = authorize(conn, actor, &id).unwrap();
    for person in people {
        assert!(roster::add(conn, &proof, person.id).unwrap());
    }
    id
}

/// An admin takes somebody out of a group.
pub(crate) fn leave(conn: &mut PgConnection, admin: &Person, group: GroupId, person: &Person) {
    let actor = admin.actor(conn, Clock::system().now());
    let proof = authorize(conn, actor, &group).unwrap();
    assert!(roster::remove(conn, &proof, person.id).unwrap());
}

impl Person {
    /// As they act at this moment.
    pub(crate) fn actor(&self, conn: &mut PgConnection, now: Timestamp) -> Actor {
        self.acting(conn, now).unwrap()
    }

    /// The same, if they still are an active member.
    pub(crate) fn acting(&self, conn: &mut PgConnection, now: Timestamp) -> Option<Actor> {
        actors::in_workspace(conn, &self.workspace.slug, self.id, Arrival { ip: None, at: now }).unwrap()
    }

    /// An address in their workspace.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("/w/{}{path}", self.workspace.slug)
    }
}
