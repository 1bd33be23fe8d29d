//! The running server: started under a small shell, or found running and shared.
//!
//! Whoever uses the server holds the named pipe `alive` open for writing. The shell reads from it and so meets its
//! end when the last of them closed it: ended, crashed or killed, the kernel closes it in any case. Then the server
//! gets SIGINT, Postgres's fast shutdown. That needs neither `unsafe` nor anything that Linux has and macOS has not.
//!
//! A process that finds a server running has to know that the shell still listens and is not just about to stop it:
//! it writes a word into the pipe and waits until the shell repeats it in the file `heard`.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Child;
use std::process::Stdio;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::db::embedded::Durability;
use crate::db::embedded::EmbeddedOptions;
use crate::db::embedded::error::EmbeddedError;
use crate::db::embedded::error::failing;
use crate::db::embedded::installation::Installation;
use crate::db::embedded::place::Place;
use crate::db::embedded::wait;

/// Runs the server (all arguments after the first two) until it ends, and stops it when nobody holds the pipe `$1`.
const SUPERVISOR: &str = r#"
alive=$1 heard=$2
shift 2
"$@" &
server=$!
(
    while read -r word; do echo "$word" >"$heard"; done <"$alive"
    kill -INT "$server"
) &
watcher=$!
wait "$server"
code=$?
kill "$watcher" 2>/dev/null
exit "$code"
"#;

/// How long a shell that listens may take to repeat a word on a busy machine.
const HEARING_LIMIT: Duration = Duration::from_secs(2);
/// How long a start is tried again while an ending server may still hold its lock file.
const RETRY_LIMIT: Duration = Duration::from_secs(10);
/// A log longer than this is put aside at the next start.
const LONGEST_LOG: u64 = 4 * 1024 * 1024;

/// What a look at the cluster shows.
enum Seen {
    Absent,
    /// Starting or stopping.
    Changing,
    Ready {
        pid: String,
    },
}

/// A running server's pipe, when one runs that will stay; waits for the end of one that is stopping.
pub(super) fn adopt(place: &Place) -> Result<Option<File>, EmbeddedError> {
    let mut interrupted = false;
    let outcome = wait::until(wait::LIMIT, || match look(place) {
        Seen::Absent => Some(Ok(None)),
        Seen::Changing => None,
        Seen::Ready { .. } if interrupted => None,
        Seen::Ready { pid } => match open_alive(place).and_then(|alive| Ok((is_heard(place, &alive)?, alive))) {
            Ok((true, alive)) => Some(Ok(Some(alive))),
            // Stopping in this moment, or its shell was killed and nobody would ever stop it. Both end the same way.
            Ok((false, _)) => {
                interrupted = true;
                interrupt(place, &pid).err().map(Err)
            }
            Err(error) => Some(Err(error)),
        },
    });
    outcome.unwrap_or_else(|| Err(EmbeddedError::Busy { path: place.root().to_path_buf() }))
}

/// Starts the server and waits until it is ready.
pub(super) fn launch(
    place: &Place,
    installation: &Installation,
    options: &EmbeddedOptions,
) -> Result<(File, Child), EmbeddedError> {
    put_aside_long_log(place)?;
    let lock_file = place.data().join("postmaster.pid");
    let outcome = wait::until(RETRY_LIMIT, || {
        let was_locked = lock_file.exists();
        match launch_once(place, installation, options) {
            Err(EmbeddedError::DidNotStart { .. }) if was_locked => None,
            other => Some(other),
        }
    });
    outcome.unwrap_or_else(|| Err(did_not_start(place)))
}

/// Waits until the server ended, after the pipe was closed by all.
pub(super) fn wait_for_end(place: &Place, child: Option<Child>) {
    let lock_file = place.data().join("postmaster.pid");
    let mut child = child;
    let ended = wait::until(RETRY_LIMIT * 3, || {
        let is_reaped = child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
        (is_reaped && !lock_file.exists()).then_some(())
    });
    if ended.is_none() {
        tracing::warn!(path = %place.root().display(), "the embedded database is slow to stop");
    }
}

fn launch_once(
    place: &Place,
    installation: &Installation,
    options: &EmbeddedOptions,
) -> Result<(File, Child), EmbeddedError> {
    // First, so that the shell finds the pipe held.
    let alive = open_alive(place)?;
    let mut child = spawn(place, installation, options)?;
    let came_up = wait::until(wait::LIMIT, || match child.try_wait() {
        Ok(None) => matches!(look(place), Seen::Ready { .. }).then_some(true),
        Ok(Some(_)) | Err(_) => Some(false),
    });
    if came_up != Some(true) || !is_heard(place, &alive)? {
        drop(alive);
        return Err(did_not_start(place));
    }
    Ok((alive, child))
}

fn spawn(place: &Place, installation: &Installation, options: &EmbeddedOptions) -> Result<Child, EmbeddedError> {
    let shell = Path::new("/bin/sh");
    let log_path = place.log();
    let log = File::options().create(true).append(true).open(&log_path).map_err(failing("open", &log_path))?;
    place.user().adopt(&log_path)?;
    let errors = log.try_clone().map_err(failing("open", &log_path))?;
    let mut command = place.user().command(shell);
    command.args(["-c", SUPERVISOR, "odeus-postgres"]).arg(place.alive()).arg(place.heard());
    command.arg(installation.program("postgres")).arg("-D").arg(place.data());
    for setting in settings(place, options) {
        command.arg("-c").arg(setting);
    }
    // A group of its own: Ctrl-C is for us first, and we stop the server when we are done.
    command.process_group(0).stdin(Stdio::null()).stdout(log).stderr(errors);
    command.spawn().map_err(failing("run", shell))
}

fn settings(place: &Place, options: &EmbeddedOptions) -> Vec<String> {
    let mut settings = vec![
        "listen_addresses=".to_owned(),
        "port=5432".to_owned(),
        format!("unix_socket_directories={}", place.socket_folder().display()),
        "unix_socket_permissions=0700".to_owned(),
        format!("max_connections={}", options.max_connections),
        "shared_buffers=64MB".to_owned(),
        "logging_collector=off".to_owned(),
        "log_destination=stderr".to_owned(),
    ];
    if options.durability == Durability::Throwaway {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(str::to_owned));
    }
    settings
}

/// The socket first: an old `postmaster.pid` may say "ready" too, but then nobody answers.
fn look(place: &Place) -> Seen {
    match UnixStream::connect(place.socket()) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Seen::Absent;
        }
        Err(_) => return Seen::Changing,
        Ok(_) => {}
    }
    let told = fs::read_to_string(place.data().join("postmaster.pid")).unwrap_or_default();
    // Line 1 is the process, line 8 its state.
    let mut lines = told.lines().map(str::trim);
    match (lines.next(), lines.nth(6)) {
        (Some(pid), Some("ready")) => Seen::Ready { pid: pid.to_owned() },
        _ => Seen::Changing,
    }
}

/// Opened for reading too, for otherwise opening waits for a reader. Linux and macOS both allow it.
fn open_alive(place: &Place) -> Result<File, EmbeddedError> {
    let path = place.alive();
    File::options().read(true).write(true).open(&path).map_err(failing("open", &path))
}

fn is_heard(place: &Place, mut alive: &File) -> Result<bool, EmbeddedError> {
    static SPOKEN: AtomicU32 = AtomicU32::new(0);
    let word = format!("{}-{}", std::process::id(), SPOKEN.fetch_add(1, Ordering::Relaxed));
    let heard = place.heard();
    if heard.exists() {
        fs::remove_file(&heard).map_err(failing("remove", &heard))?;
    }
    let path = place.alive();
    alive.write_all(format!("{word}\n").as_bytes()).map_err(failing("write to", &path))?;
    let repeated = || fs::read_to_string(&heard).is_ok_and(|said| said.trim() == word).then_some(());
    Ok(wait::until(HEARING_LIMIT, repeated).is_some())
}

fn interrupt(place: &Place, pid: &str) -> Result<(), EmbeddedError> {
    let shell = Path::new("/bin/sh");
    let mut command = place.user().command(shell);
    // It may have ended meanwhile, so the answer does not matter.
    command.args(["-c", "kill -INT \"$1\" 2>/dev/null", "odeus-stop", pid]);
    command.status().map(drop).map_err(failing("run", shell))
}

fn put_aside_long_log(place: &Place) -> Result<(), EmbeddedError> {
    let log = place.log();
    if fs::metadata(&log).is_ok_and(|there| there.len() > LONGEST_LOG) {
        fs::rename(&log, log.with_extension("old")).map_err(failing("put aside", &log))?;
    }
    Ok(())
}

fn did_not_start(place: &Place) -> EmbeddedError {
    let log = place.log();
    let told = fs::read(&log).unwrap_or_default();
    let told = String::from_utf8_lossy(&told);
    let mut last: Vec<&str> = told.lines().rev().take(4).collect();
    last.reverse();
    EmbeddedError::DidNotStart { log, said: last.join(" / ") }
}
