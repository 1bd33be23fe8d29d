//! The user as whom the server runs: ourselves, or, since Postgres refuses root, `postgres` or `nobody`.
//!
//! Everything that touches the cluster is run by this user with an empty environment, so that settings of ours
//! (a key file's path, a mail server's password) cannot be read from the server's `/proc`.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::lchown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

use crate::db::embedded::error::EmbeddedError;
use crate::db::embedded::error::failing;

/// Who the server is, for the operating system.
#[derive(Debug, Clone)]
pub(super) struct ServerUser {
    uid: u32,
    gid: u32,
    name: String,
    /// We are root, and so must become this user.
    switched: bool,
}

impl ServerUser {
    /// Ourselves, or for root the owner of the cluster in `data`, else `postgres`, else `nobody`.
    pub(super) fn of(data: &Path) -> Result<Self, EmbeddedError> {
        let (Some(own), Some(group)) = (id(&[], "-u"), id(&[], "-g")) else {
            return Err(unknown("the system does not tell who we are"));
        };
        if own != 0 {
            return Ok(Self { uid: own, gid: group, name: name_of(own), switched: false });
        }
        if let Ok(there) = fs::symlink_metadata(data)
            && there.uid() != 0
        {
            return Ok(Self { uid: there.uid(), gid: there.gid(), name: name_of(there.uid()), switched: true });
        }
        let named = |name: &str| {
            let (uid, gid) = (id(&[name], "-u")?, id(&[name], "-g")?);
            Some(Self { uid, gid, name: name.to_owned(), switched: true })
        };
        named("postgres")
            .or_else(|| named("nobody"))
            .ok_or_else(|| unknown("there is no user \"postgres\" nor \"nobody\", and PostgreSQL does not run as root"))
    }

    /// Their name, for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Are we root and this somebody else?
    pub(super) fn is_switched(&self) -> bool {
        self.switched
    }

    /// `program`, to be run by this user, in a folder that anybody may enter and with next to no environment.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").current_dir("/");
        if self.switched {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Is `path`, itself and not what it links to, this user's?
    pub(super) fn owns(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|there| there.uid() == self.uid)
    }

    /// Hands a file that we made to this user.
    pub(super) fn adopt(&self, path: &Path) -> Result<(), EmbeddedError> {
        if !self.switched {
            return Ok(());
        }
        lchown(path, Some(self.uid), Some(self.gid)).map_err(failing("give away", path))
    }

    /// Checks that this user can get to `folder`; else names the outermost folder that is closed to them.
    pub(super) fn reach(&self, folder: &Path) -> Result<(), EmbeddedError> {
        if !self.switched || self.may_enter(folder) {
            return Ok(());
        }
        let mut way: Vec<&Path> = folder.ancestors().collect();
        way.reverse();
        let closed = way.into_iter().find(|each| !self.may_enter(each)).unwrap_or(folder);
        Err(EmbeddedError::Unreachable { closed: closed.to_path_buf(), user: self.name.clone() })
    }

    /// Tried rather than computed from modes, because groups and access lists count as well.
    fn may_enter(&self, folder: &Path) -> bool {
        let tried = self.command(Path::new("/bin/sh")).args(["-c", ":"]).current_dir(folder).status();
        !matches!(tried, Err(error) if error.kind() == io::ErrorKind::PermissionDenied)
    }
}

/// What a program said, when it failed.
pub(super) fn checked(program: &Path, done: io::Result<Output>) -> Result<String, EmbeddedError> {
    let output = done.map_err(failing("run", program))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() {
        return Ok(said);
    }
    let program = PathBuf::from(program.file_name().unwrap_or_default());
    Err(EmbeddedError::Program { program: program.display().to_string(), said })
}

fn unknown(said: &str) -> EmbeddedError {
    EmbeddedError::Program { program: "id".to_owned(), said: said.to_owned() }
}

fn id(user: &[&str], flag: &str) -> Option<u32> {
    let told = Command::new("id").arg(flag).args(user).output().ok()?;
    String::from_utf8(told.stdout).ok()?.trim().parse().ok()
}

fn name_of(uid: u32) -> String {
    let told = Command::new("id").args(["-un", &uid.to_string()]).output();
    let name = told.ok().and_then(|told| String::from_utf8(told.stdout).ok()).unwrap_or_default();
    if name.trim().is_empty() { uid.to_string() } else { name.trim().to_owned() }
}
