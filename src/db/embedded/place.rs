//! The folders of a private cluster, and who may enter them.
//!
//! The server trusts whoever reaches its socket, so the socket's folder is the lock on the door: it is the server
//! user's, of mode 0700, and both are checked after it was made. (Root reaches it as root.) It lies beside the
//! data, unless that path does not fit into a socket's address: then in the temporary folder, under a name made from
//! the cluster's path, where somebody else may have been first; hence the check.

use std::fs;
use std::fs::DirBuilder;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use crate::db::embedded::error::EmbeddedError;
use crate::db::embedded::error::failing;
use crate::db::embedded::server_user::ServerUser;
use crate::db::embedded::server_user::checked;

/// A socket's address holds 104 bytes on macOS, 108 on Linux; Postgres's file name takes 14.
const LONGEST_SOCKET_FOLDER: usize = 90;

/// Mode of a folder that its owner alone may enter.
const PRIVATE: u32 = 0o700;

/// Where a cluster lives, and as whom.
#[derive(Debug, Clone)]
pub(super) struct Place {
    root: PathBuf,
    socket: PathBuf,
    user: ServerUser,
}

impl Place {
    /// Makes the cluster's folder where needed, and checks that it is the server's and can be reached by it.
    pub(super) fn prepare(folder: &Path) -> Result<Self, EmbeddedError> {
        if let Some(parent) = folder.parent() {
            fs::create_dir_all(parent).map_err(failing("make the folder", parent))?;
        }
        make_folder(folder)?;
        let root = folder.canonicalize().map_err(failing("find", folder))?;
        let user = ServerUser::of(&root.join("data"))?;
        let is_empty = fs::read_dir(&root).map_err(failing("read", &root))?.next().is_none();
        if is_empty {
            user.adopt(&root)?;
        }
        check_owner(&root, &user)?;
        fs::set_permissions(&root, Permissions::from_mode(PRIVATE)).map_err(failing("close", &root))?;
        user.reach(&root)?;
        Ok(Self { socket: socket_folder(&root), root, user })
    }

    /// Makes what else the server needs. To be called by one process at a time.
    pub(super) fn furnish(&self) -> Result<(), EmbeddedError> {
        make_folder(&self.socket)?;
        if self.user.is_switched() && !self.user.owns(&self.socket) {
            let made = fs::symlink_metadata(&self.socket).map_err(failing("find", &self.socket))?;
            // Only root's own and new folder is given away; anybody else's is refused below.
            if made.uid() == 0 && made.is_dir() {
                self.user.adopt(&self.socket)?;
            }
        }
        check_owner(&self.socket, &self.user)?;
        let mode = fs::symlink_metadata(&self.socket).map_err(failing("find", &self.socket))?.permissions().mode();
        // Not repaired: while it was open, others may have put a socket of their own into it.
        if mode & 0o7777 != PRIVATE {
            return Err(not_ours(&self.socket, &self.user));
        }
        self.user.reach(&self.socket)?;
        self.make_alive()
    }

    /// The user as whom the server runs.
    pub(super) fn user(&self) -> &ServerUser {
        &self.user
    }

    /// The folder of it all.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The cluster.
    pub(super) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// A cluster in the making, to be renamed.
    pub(super) fn data_in_the_making(&self) -> PathBuf {
        self.root.join("data.new")
    }

    /// The folder of the socket, for `host=`.
    pub(super) fn socket_folder(&self) -> &Path {
        &self.socket
    }

    /// The socket.
    pub(super) fn socket(&self) -> PathBuf {
        self.socket.join(".s.PGSQL.5432")
    }

    /// The server's log.
    pub(super) fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// Held by whoever starts the server.
    pub(super) fn starting(&self) -> PathBuf {
        self.root.join("starting.lock")
    }

    /// Held together by all who use the server.
    pub(super) fn holders(&self) -> PathBuf {
        self.root.join("holders.lock")
    }

    /// The named pipe that says: somebody uses the server.
    pub(super) fn alive(&self) -> PathBuf {
        self.root.join("alive")
    }

    /// Where the supervisor repeats what it heard through the pipe.
    pub(super) fn heard(&self) -> PathBuf {
        self.root.join("heard")
    }

    /// Leaves nothing in the temporary folder. To be called when the server is gone.
    pub(super) fn clear(&self) {
        if !self.socket.starts_with(&self.root) {
            // What cannot be removed is used again by the next start.
            fs::remove_dir(&self.socket).unwrap_or_default();
        }
    }

    fn make_alive(&self) -> Result<(), EmbeddedError> {
        let alive = self.alive();
        match fs::symlink_metadata(&alive) {
            Ok(there) if there.file_type().is_fifo() => Ok(()),
            Ok(_) => Err(not_ours(&alive, &self.user)),
            Err(_) => {
                let mkfifo = Path::new("mkfifo");
                let made = self.user.command(mkfifo).args(["-m", "600"]).arg(&alive).output();
                checked(mkfifo, made).map(drop)
            }
        }
    }
}

/// `wanted`, or a folder under `/var/lib/odeus` where we are root and `wanted` is below a folder (a home, say) that the
/// server's user may not enter.
///
/// Kept apart from [`start`](crate::db::embedded::Embedded::start), which never moves data by itself: whoever chooses
/// a default asks here first, and says so when the answer differs.
pub fn reachable_folder(wanted: &Path) -> PathBuf {
    let wanted = std::path::absolute(wanted).unwrap_or_else(|_| wanted.to_path_buf());
    let existing = wanted.ancestors().find(|each| each.exists()).unwrap_or(Path::new("/"));
    let is_reachable = ServerUser::of(&wanted.join("data")).is_ok_and(|user| user.reach(existing).is_ok());
    if is_reachable {
        return wanted;
    }
    Path::new("/var/lib/odeus").join(fingerprint(&wanted)).join("pg")
}

fn socket_folder(root: &Path) -> PathBuf {
    let beside = root.join("socket");
    if fits(&beside) {
        return beside;
    }
    let name = format!("odeus-{}", fingerprint(root));
    let temporary = std::env::temp_dir().join(&name);
    if fits(&temporary) { temporary } else { Path::new("/tmp").join(name) }
}

/// Short enough for a socket's address, and plain enough for Postgres's list of folders, which has commas and quotes.
fn fits(folder: &Path) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+@".contains(byte);
    folder.as_os_str().len() < LONGEST_SOCKET_FOLDER && folder.as_os_str().as_encoded_bytes().iter().all(is_plain)
}

fn fingerprint(path: &Path) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, path.as_os_str().as_encoded_bytes());
    let start = digest.as_ref().first_chunk().map_or(0, |start| u128::from_be_bytes(*start));
    format!("{start:032x}")
}

fn make_folder(folder: &Path) -> Result<(), EmbeddedError> {
    match DirBuilder::new().mode(PRIVATE).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failing("make the folder", folder)(error)),
        _ => Ok(()),
    }
}

/// A folder and not a link to one, and the server user's.
fn check_owner(folder: &Path, user: &ServerUser) -> Result<(), EmbeddedError> {
    let there = fs::symlink_metadata(folder).map_err(failing("find", folder))?;
    if there.is_dir() && user.owns(folder) { Ok(()) } else { Err(not_ours(folder, user)) }
}

fn not_ours(path: &Path, user: &ServerUser) -> EmbeddedError {
    EmbeddedError::NotOurs { path: path.to_path_buf(), user: user.name().to_owned() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::db::embedded::place::fits;
    use crate::db::embedded::place::socket_folder;

    #[test]
    fn the_socket_lies_beside_the_data_when_the_path_fits() {
        assert_eq!(socket_folder(Path::new("/var/lib/odeus/pg")), Path::new("/var/lib/odeus/pg/socket"));
    }

    #[test]
    fn a_long_or_odd_path_gets_a_short_folder_of_its_own() {
        let long = format!("/{}", "x".repeat(120));

        let folder = socket_folder(Path::new(&long));

        assert!(fits(&folder), "{}", folder.display());
        assert_ne!(folder, socket_folder(Path::new("/with, comma")));
        assert_eq!(folder, socket_folder(Path::new(&long)));
    }
}
