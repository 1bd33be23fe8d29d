//! Waiting for other processes: locks that they hold, and things that they are about to do.
//!
//! The house waits on its clock; here there is nobody to move a frozen one, since the other side is a process of the
//! operating system. So this is the one place of the room that waits in real time, and always with a limit.

use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use crate::db::embedded::error::EmbeddedError;
use crate::db::embedded::error::failing;
use crate::db::embedded::server_user::ServerUser;

/// A server that has much to recover takes minutes; nobody who is alive takes longer.
pub(super) const LIMIT: Duration = Duration::from_mins(5);

const PAUSE: Duration = Duration::from_millis(10);

/// Asks again and again until there is an answer; `None` when the limit is reached.
pub(super) fn until<T>(limit: Duration, mut answer: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        if let Some(answer) = answer() {
            return Some(answer);
        }
        if begun.elapsed() >= limit {
            return None;
        }
        thread::park_timeout(PAUSE);
    }
}

/// The lock at `path`, for us alone. It ends with the file, and so with the process in any case.
pub(super) fn lock(path: &Path, user: &ServerUser) -> Result<File, EmbeddedError> {
    acquire(path, user, File::try_lock)
}

/// The lock at `path`, together with others who hold it so.
pub(super) fn lock_shared(path: &Path, user: &ServerUser) -> Result<File, EmbeddedError> {
    acquire(path, user, File::try_lock_shared)
}

fn acquire(
    path: &Path,
    user: &ServerUser,
    attempt: fn(&File) -> Result<(), TryLockError>,
) -> Result<File, EmbeddedError> {
    let open = || File::options().create(true).truncate(false).read(true).write(true).open(path);
    let file = open().map_err(failing("open", path))?;
    if !user.owns(path) {
        user.adopt(path)?;
    }
    let outcome: Option<io::Result<()>> = until(LIMIT, || match attempt(&file) {
        Ok(()) => Some(Ok(())),
        Err(TryLockError::WouldBlock) => None,
        Err(TryLockError::Error(error)) => Some(Err(error)),
    });
    match outcome {
        Some(locked) => locked.map(|()| file).map_err(failing("lock", path)),
        None => Err(EmbeddedError::Busy { path: path.to_path_buf() }),
    }
}
