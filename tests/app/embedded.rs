//! The private cluster, as its users meet it: started, shared, killed, started again.
//!
//! Needs an installed Postgres, as the whole suite does. A process that is killed with its cluster is this test
//! binary itself, run once more with `holds_a_cluster_until_killed`.

use std::fs;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use diesel::Connection;
use diesel::PgConnection;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use odeus::db::embedded::Durability;
use odeus::db::embedded::Embedded;
use odeus::db::embedded::EmbeddedError;
use odeus::db::embedded::EmbeddedOptions;
use odeus::db::embedded::reachable_folder;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Tells the other process which cluster to hold; absent when the whole suite runs.
const HELD_FOLDER: &str = "ODEUS_TEST_HELD_FOLDER";
const READY: &str = "the cluster is up";

#[test]
fn a_new_cluster_takes_connections_and_rows() -> Outcome {
    let folder = Folder::new();

    let cluster = Embedded::start(&throwaway(&folder.0))?;
    write_row(&cluster)?;

    assert_eq!(count_rows(&cluster)?, 1);
    Ok(())
}

#[test]
fn the_server_ends_with_its_only_holder_and_keeps_what_it_had() -> Outcome {
    let folder = Folder::new();
    let cluster = Embedded::start(&throwaway(&folder.0))?;
    write_row(&cluster)?;

    cluster.stop();

    assert!(!is_running(&folder.0));
    let again = Embedded::start(&throwaway(&folder.0))?;
    assert_eq!(count_rows(&again)?, 1);
    Ok(())
}

#[test]
fn a_second_start_shares_the_server_and_the_last_one_stops_it() -> Outcome {
    let folder = Folder::new();
    let first = Embedded::start(&throwaway(&folder.0))?;
    write_row(&first)?;
    let pid = server_pid(&folder.0)?;

    let second = Embedded::start(&throwaway(&folder.0))?;
    first.stop();

    assert_eq!(server_pid(&folder.0)?, pid);
    assert_eq!(count_rows(&second)?, 1);
    second.stop();
    assert!(!is_running(&folder.0));
    Ok(())
}

#[test]
fn many_starts_at_once_share_one_new_cluster() -> Outcome {
    let folder = Folder::new();
    let start = || Embedded::start(&throwaway(&folder.0));

    let clusters: Vec<Result<Embedded, EmbeddedError>> = thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        starts.into_iter().filter_map(|each| each.join().ok()).collect()
    });

    let clusters: Vec<Embedded> = clusters.into_iter().collect::<Result<_, _>>()?;
    assert_eq!(clusters.len(), 4);
    for cluster in &clusters {
        write_row(cluster)?;
    }
    for cluster in &clusters {
        assert_eq!(count_rows(cluster)?, 4);
    }
    Ok(())
}

#[test]
fn a_killed_process_takes_its_server_along_and_leaves_what_was_committed() -> Outcome {
    let folder = Folder::new();
    let mut holder = hold_in_a_process(&folder.0)?;

    holder.kill()?;
    holder.wait()?;

    assert!(comes_true(|| !is_running(&folder.0)), "the server outlived its process");
    let next = Embedded::start(&throwaway(&folder.0))?;
    assert_eq!(count_rows(&next)?, 1);
    Ok(())
}

#[test]
fn a_start_right_after_a_kill_does_not_share_the_dying_server() -> Outcome {
    let folder = Folder::new();
    let mut holder = hold_in_a_process(&folder.0)?;

    holder.kill()?;
    let next = Embedded::start(&throwaway(&folder.0))?;
    holder.wait()?;

    assert_eq!(count_rows(&next)?, 1);
    let pid = server_pid(&folder.0)?;
    assert!(!comes_true_within(Duration::from_secs(1), || server_pid(&folder.0).ok().as_ref() != Some(&pid)));
    Ok(())
}

#[test]
fn a_process_that_shares_outlives_the_kill_of_the_one_that_started() -> Outcome {
    let folder = Folder::new();
    let mut holder = hold_in_a_process(&folder.0)?;
    let sharer = Embedded::start(&throwaway(&folder.0))?;

    holder.kill()?;
    holder.wait()?;

    assert!(!comes_true_within(Duration::from_secs(1), || !is_running(&folder.0)));
    assert_eq!(count_rows(&sharer)?, 1);
    Ok(())
}

#[test]
fn a_server_killed_with_everything_recovers_at_the_next_start() -> Outcome {
    let folder = Folder::new();
    let mut holder = hold_in_a_process(&folder.0)?;
    let pid = server_pid(&folder.0)?;

    run("kill", &["-KILL", &pid])?;
    holder.kill()?;
    holder.wait()?;

    let next = Embedded::start(&throwaway(&folder.0))?;
    assert_eq!(count_rows(&next)?, 1);
    Ok(())
}

#[test]
fn a_half_made_cluster_is_made_anew() -> Outcome {
    let folder = Folder::new();
    Embedded::start(&throwaway(&folder.0))?.stop();
    fs::rename(folder.0.join("data"), folder.0.join("data.new"))?;
    fs::remove_file(folder.0.join("data.new/PG_VERSION"))?;

    let cluster = Embedded::start(&throwaway(&folder.0))?;

    write_row(&cluster)?;
    Ok(())
}

#[test]
fn a_cluster_of_another_major_version_is_refused_in_a_sentence() -> Outcome {
    let folder = Folder::new();
    Embedded::start(&throwaway(&folder.0))?.stop();
    fs::write(folder.0.join("data/PG_VERSION"), "8\n")?;

    let refused = Embedded::start(&throwaway(&folder.0)).err().map(|error| error.to_string()).unwrap_or_default();

    assert!(refused.contains("was made by PostgreSQL 8"), "{refused}");
    Ok(())
}

#[test]
fn a_long_path_works_too() -> Outcome {
    let folder = Folder::new();
    let long = folder.0.join("a folder, with a \"long\" name".repeat(4)).join("pg");

    let cluster = Embedded::start(&throwaway(&long))?;

    write_row(&cluster)?;
    Ok(())
}

#[test]
fn nobody_else_may_enter_the_folder() -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let _cluster = Embedded::start(&throwaway(&folder.0))?;

    for name in ["", "data", "socket"] {
        let mode = fs::metadata(folder.0.join(name))?.permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{name}");
    }
    Ok(())
}

#[test]
fn started_by_root_a_folder_closed_to_the_servers_user_is_named() -> Outcome {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let wanted = folder.0.join("home/data/pg");
    fs::create_dir_all(folder.0.join("home/data"))?;
    fs::set_permissions(folder.0.join("home"), fs::Permissions::from_mode(0o700))?;
    if fs::metadata(&folder.0)?.uid() != 0 {
        // Anybody else runs the server as themselves, and their own folder is open to them.
        assert_eq!(reachable_folder(&wanted), wanted);
        return Ok(());
    }

    let refused = Embedded::start(&throwaway(&wanted)).err().map(|error| error.to_string()).unwrap_or_default();

    let closed = folder.0.join("home").canonicalize()?;
    assert!(refused.contains(&format!("may not enter {};", closed.display())), "{refused}");
    assert!(reachable_folder(&wanted).starts_with("/var/lib/odeus"));
    assert_eq!(reachable_folder(&folder.0.join("open/pg")), folder.0.join("open/pg"));
    Ok(())
}

#[test]
fn a_folder_with_other_things_of_somebody_else_is_left_alone() -> Outcome {
    use std::os::unix::fs::MetadataExt;
    let folder = Folder::new();
    fs::create_dir_all(&folder.0)?;
    fs::write(folder.0.join("thesis.txt"), "years of work")?;
    if fs::metadata(&folder.0)?.uid() != 0 {
        return Ok(());
    }

    let refused = Embedded::start(&throwaway(&folder.0)).err().map(|error| error.to_string()).unwrap_or_default();

    assert!(refused.contains("is not a folder of"), "{refused}");
    assert_eq!(fs::metadata(&folder.0)?.uid(), 0);
    Ok(())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a word from the parent test, which is no setting")]
#[ignore = "the other process of the tests above; does nothing by itself"]
fn holds_a_cluster_until_killed() -> Outcome {
    let Some(folder) = std::env::var_os(HELD_FOLDER) else {
        return Ok(());
    };
    // Durable, for the server is killed in one test, and a throwaway one may lose the last commits then.
    let options = EmbeddedOptions { durability: Durability::Durable, ..throwaway(Path::new(&folder)) };
    let cluster = Embedded::start(&options)?;
    write_row(&cluster)?;
    writeln!(io::stdout(), "{READY}")?;
    // Never comes, and so holds until the kill; should the parent end first, this ends too.
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}

fn hold_in_a_process(folder: &Path) -> Result<Child, Box<dyn std::error::Error>> {
    let mut holder = Command::new(std::env::current_exe()?)
        .args(["holds_a_cluster_until_killed", "--ignored", "--nocapture"])
        .env(HELD_FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let told = BufReader::new(holder.stdout.as_mut().ok_or("no stdout")?);
    let came_up = told.lines().map_while(Result::ok).any(|line| line.contains(READY));
    if came_up { Ok(holder) } else { Err("the other process did not bring the cluster up".into()) }
}

fn throwaway(folder: &Path) -> EmbeddedOptions {
    EmbeddedOptions { data_dir: folder.to_path_buf(), durability: Durability::Throwaway, max_connections: 20 }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn write_row(cluster: &Embedded) -> Outcome {
    let mut conn = PgConnection::establish(&cluster.url("odeus"))?;
    // Made by several at once in one of the tests.
    sql_query("SELECT pg_advisory_lock(1)").execute(&mut conn)?;
    sql_query("CREATE TABLE IF NOT EXISTS things (name text NOT NULL)").execute(&mut conn)?;
    sql_query("INSERT INTO things VALUES ('a thing')").execute(&mut conn)?;
    Ok(())
}

fn count_rows(cluster: &Embedded) -> Result<i64, Box<dyn std::error::Error>> {
    let mut conn = PgConnection::establish(&cluster.url("odeus"))?;
    let counted: Count = sql_query("SELECT count(*) AS count FROM things").get_result(&mut conn)?;
    Ok(counted.count)
}

fn server_pid(folder: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let told = fs::read_to_string(folder.join("data/postmaster.pid"))?;
    Ok(told.lines().next().ok_or("an empty postmaster.pid")?.trim().to_owned())
}

/// A server that ended well removes its file.
fn is_running(folder: &Path) -> bool {
    server_pid(folder).is_ok()
}

fn comes_true(claim: impl FnMut() -> bool) -> bool {
    comes_true_within(Duration::from_secs(10), claim)
}

fn comes_true_within(limit: Duration, mut claim: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < limit {
        if claim() {
            return true;
        }
        thread::park_timeout(Duration::from_millis(10));
    }
    false
}

fn run(program: &str, args: &[&str]) -> Outcome {
    let status = Command::new(program).args(args).status()?;
    if status.success() { Ok(()) } else { Err(format!("{program}: {status}").into()) }
}

/// A folder of its own for each test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("odeus-test-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
