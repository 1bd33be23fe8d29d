//! Makes the cluster: `initdb` and the database `odeus`, in a folder beside, which is renamed when it is whole.
//!
//! So a half-made cluster is never used. The database is made by Postgres's single-user mode, before there is a
//! server: no client program is needed, and nobody meets a cluster without its database.

use std::fs;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::db::embedded::Durability;
use crate::db::embedded::error::EmbeddedError;
use crate::db::embedded::error::failing;
use crate::db::embedded::installation::Installation;
use crate::db::embedded::place::Place;
use crate::db::embedded::server_user::checked;

/// The cluster's superuser.
pub(super) const ROLE: &str = "odeus";
/// Every cluster has it.
const DATABASE: &str = "odeus";

/// The major version that made the cluster, if there is one.
pub(super) fn recorded_major(place: &Place) -> Option<u32> {
    fs::read_to_string(place.data().join("PG_VERSION")).ok()?.trim().parse().ok()
}

/// Makes the cluster.
pub(super) fn create(place: &Place, installation: &Installation, durability: Durability) -> Result<(), EmbeddedError> {
    let (making, data) = (place.data_in_the_making(), place.data());
    if making.exists() {
        fs::remove_dir_all(&making).map_err(failing("remove the half-made", &making))?;
    }
    initdb(place, installation, durability)?;
    create_database(place, installation, durability)?;
    fs::rename(&making, &data).map_err(failing("finish", &data))?;
    let root = place.root();
    File::open(root).and_then(|folder| folder.sync_all()).map_err(failing("save", root))
}

fn initdb(place: &Place, installation: &Installation, durability: Durability) -> Result<(), EmbeddedError> {
    let program = installation.program("initdb");
    // macOS has had no C.UTF-8 for long.
    let locale = if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" };
    let mut command = place.user().command(&program);
    command.arg("-D").arg(place.data_in_the_making()).args(["-U", ROLE, "--auth=trust", "--encoding=UTF8"]);
    command.args([&format!("--locale={locale}"), "--lc-messages=C", "--data-checksums"]);
    if durability == Durability::Throwaway {
        command.arg("--no-sync");
    }
    checked(&program, command.output()).map(drop)
}

fn create_database(place: &Place, installation: &Installation, durability: Durability) -> Result<(), EmbeddedError> {
    let program = installation.program("postgres");
    let mut command = place.user().command(&program);
    command.arg("--single").arg("-D").arg(place.data_in_the_making());
    if durability == Durability::Throwaway {
        command.arg("-F");
    }
    command.arg("postgres");
    let mut single = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failing("run", &program))?;
    if let Some(mut statements) = single.stdin.take() {
        let statement = format!("CREATE DATABASE {DATABASE}\n");
        statements.write_all(statement.as_bytes()).map_err(failing("write to", &program))?;
    }
    let said = checked(&program, single.wait_with_output())?;
    // Single-user mode ends well whatever a statement did.
    if said.contains("ERROR:") || said.contains("FATAL:") {
        return Err(EmbeddedError::Program { program: name(&program), said });
    }
    Ok(())
}

fn name(program: &Path) -> String {
    program.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
