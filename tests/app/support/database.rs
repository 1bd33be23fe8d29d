//! A database for each test, copied from a migrated template: 30 ms, where migrating one takes 300.
//!
//! The cluster is Odeus' own embedded one, without fsync, in the target folder. Test processes share it, and the last one
//! stops it; whoever comes when nobody is there first removes what killed tests left behind.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use diesel::Connection;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_query;
use diesel::sql_types::Bool;
use diesel::sql_types::Text;
use odeus::db;
use odeus::db::Db;
use odeus::db::embedded::Durability;
use odeus::db::embedded::Embedded;
use odeus::db::embedded::EmbeddedOptions;
use odeus::db::embedded::reachable_folder;

const MAX_CONNECTIONS: u16 = 400;
const POOL: u32 = 4;

static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);
static MADE: AtomicU32 = AtomicU32::new(0);

struct Cluster {
    embedded: Embedded,
    template: String,
    /// How a database is copied fastest; before Postgres 15 there was one way, and no word for it.
    strategy: &'static str,
    /// Held as long as the process lives.
    present: File,
}

/// A database of one test, gone with it.
pub(crate) struct TestDatabase {
    name: String,
    url: String,
}

/// An empty, migrated database.
pub(crate) fn database() -> TestDatabase {
    let name = format!("test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    let sql = format!("CREATE DATABASE {name} TEMPLATE {} {}", CLUSTER.template, CLUSTER.strategy);
    sql_query(sql).execute(&mut CLUSTER.admin()).unwrap();
    TestDatabase { url: CLUSTER.embedded.url(&name), name }
}

impl TestDatabase {
    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A pool of a few connections to it.
    pub(crate) fn db(&self) -> Db {
        Db::connect(&self.url, POOL).unwrap()
    }

    /// Takes no new connections and ends those there are, as if the database were away.
    pub(crate) fn close(&self) {
        let admin = &mut CLUSTER.admin();
        sql_query(format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name)).execute(admin).unwrap();
        sql_query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1")
            .bind::<Text, _>(&self.name)
            .execute(admin)
            .unwrap();
    }

    /// Takes connections again.
    pub(crate) fn open(&self) {
        sql_query(format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name))
            .execute(&mut CLUSTER.admin())
            .unwrap();
    }

    /// A connection to it.
    pub(crate) fn conn(&self) -> PgConnection {
        PgConnection::establish(&self.url).unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // What cannot be dropped now, the next run sweeps.
        sql_query(sql).execute(&mut CLUSTER.admin()).ok();
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Is {
    #[diesel(sql_type = Bool)]
    is_so: bool,
}

impl Cluster {
    fn start() -> Self {
        let folder = folder();
        fs::create_dir_all(folder.parent().unwrap()).unwrap();
        let present = File::create(folder.with_extension("lock")).unwrap();
        let is_alone = present.try_lock().is_ok();
        let options = EmbeddedOptions {
            data_dir: folder.clone(),
            durability: Durability::Throwaway,
            max_connections: MAX_CONNECTIONS,
        };
        let embedded = Embedded::start(&options).unwrap_or_else(|error| {
            // Without fsync, a machine that lost power leaves a cluster that does not start.
            assert!(is_alone, "{error}");
            fs::remove_dir_all(&folder).unwrap();
            Embedded::start(&options).unwrap()
        });
        let mut cluster = Self { embedded, template: String::new(), strategy: "", present };
        if is_alone {
            cluster.sweep();
        }
        cluster.present.unlock().unwrap();
        cluster.present.lock_shared().unwrap();
        cluster.template = cluster.prepare_template();
        let is_new = "SELECT current_setting('server_version_num')::int >= 150000 AS is_so";
        let is_new: Is = sql_query(is_new).get_result(&mut cluster.admin()).unwrap();
        cluster.strategy = if is_new.is_so { "STRATEGY FILE_COPY" } else { "" };
        cluster
    }

    fn admin(&self) -> PgConnection {
        PgConnection::establish(&self.embedded.url("postgres")).unwrap()
    }

    fn sweep(&self) {
        let left = "SELECT datname::text AS name FROM pg_database WHERE datname ~ '^(test|making)_'";
        let left: Vec<Name> = sql_query(left).load(&mut self.admin()).unwrap();
        for Name { name } in left {
            sql_query(format!("DROP DATABASE {name} WITH (FORCE)")).execute(&mut self.admin()).unwrap();
        }
    }

    /// The template for the migrations as they are; made by whoever needs it first.
    fn prepare_template(&self) -> String {
        let template = format!("template_{:016x}", migrations_digest());
        let admin = &mut self.admin();
        sql_query("SELECT pg_advisory_lock(1)").execute(admin).unwrap();
        let there: Vec<Name> = sql_query("SELECT datname::text AS name FROM pg_database WHERE datname = $1")
            .bind::<Text, _>(&template)
            .load(admin)
            .unwrap();
        if there.is_empty() {
            let making = format!("making_{}", std::process::id());
            sql_query(format!("CREATE DATABASE {making}")).execute(admin).unwrap();
            db::migrate(&mut PgConnection::establish(&self.embedded.url(&making)).unwrap()).unwrap();
            sql_query(format!("ALTER DATABASE {making} RENAME TO {template}")).execute(admin).unwrap();
        }
        sql_query("SELECT pg_advisory_unlock(1)").execute(admin).unwrap();
        template
    }
}

/// In the target folder, unless the server's user may not go there.
fn folder() -> PathBuf {
    let wanted = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pg");
    if reachable_folder(&wanted) == wanted {
        return wanted;
    }
    std::env::temp_dir()
        .join(format!("odeus-tests-{:016x}", fnv(env!("CARGO_TARGET_TMPDIR").as_bytes(), FNV_START)))
        .join("pg")
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv(bytes: &[u8], start: u64) -> u64 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn migrations_digest() -> u64 {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<PathBuf> =
        fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path().join("up.sql")).collect();
    files.sort();
    files
        .iter()
        .fold(FNV_START, |hash, path| fnv(&fs::read(path).unwrap(), fnv(path.to_str().unwrap().as_bytes(), hash)))
}
