//! Finds an installed Postgres: the folder with `postgres` and `initdb`, of the right major version.
//!
//! Debian keeps several majors side by side and none of them in `PATH`; a data directory opens only with the major
//! that made it. So the recorded major decides first, then `PATH`, then the newest.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crate::db::embedded::error::EmbeddedError;

/// The oldest major version that the migrations are written for.
const OLDEST_MAJOR: u32 = 14;

/// Where packages put their versions: a folder, the start of a name in it, and the way from there.
const PLACES: [(&str, &str, &str); 7] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ("/usr/local", "pgsql", "bin"),
];

/// One installed Postgres.
#[derive(Debug, Clone)]
pub(super) struct Installation {
    bin: PathBuf,
    major: u32,
}

impl Installation {
    /// The installation for a cluster in `data`, made by the major version `recorded` if it exists already.
    pub(super) fn find(data: &Path, recorded: Option<u32>) -> Result<Self, EmbeddedError> {
        let mut bins: Vec<PathBuf> = bin_in_path().into_iter().collect();
        let mut installed: Vec<Self> = PLACES.iter().flat_map(|place| bins_in(*place)).filter_map(Self::at).collect();
        installed.sort_by_key(|each| std::cmp::Reverse(each.major));
        let mut all: Vec<Self> = bins.drain(..).filter_map(Self::at).collect();
        all.append(&mut installed);
        choose(all, data, recorded)
    }

    /// The program `name` of this installation.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    fn at(bin: PathBuf) -> Option<Self> {
        if !bin.join("initdb").exists() {
            return None;
        }
        let told = Command::new(bin.join("postgres")).arg("--version").output().ok()?;
        let major = major_in(&String::from_utf8_lossy(&told.stdout))?;
        Some(Self { bin, major })
    }
}

/// Asks the shell, because `PATH` is the environment's and only `config` reads that.
fn bin_in_path() -> Option<PathBuf> {
    let told = Command::new("/bin/sh").args(["-c", "command -v postgres"]).output().ok()?;
    let program = PathBuf::from(String::from_utf8(told.stdout).ok()?.trim());
    program.parent().filter(|bin| bin.is_absolute()).map(Path::to_path_buf)
}

fn bins_in((folder, start, rest): (&str, &str, &str)) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(start))
        .map(|entry| entry.path().join(rest))
        .filter(|bin| bin.join("postgres").exists())
        .collect()
}

/// `postgres (Postgres) 15.18 (Debian 15.18-0+deb12u1)` is 15, `postgres (Postgres) 19devel` is 19.
fn major_in(told: &str) -> Option<u32> {
    let (_, version) = told.split_once("(PostgreSQL)")?;
    let digits: String = version.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn choose(installed: Vec<Installation>, data: &Path, recorded: Option<u32>) -> Result<Installation, EmbeddedError> {
    if installed.is_empty() {
        return Err(EmbeddedError::Missing { install: install_command() });
    }
    if let Some(recorded) = recorded {
        let found: Vec<String> = installed.iter().map(|each| each.major.to_string()).collect();
        let other = EmbeddedError::OtherMajor { data: data.to_path_buf(), recorded, found: found.join(", ") };
        return installed.into_iter().find(|each| each.major == recorded).ok_or(other);
    }
    let too_old = installed.first().map(|first| EmbeddedError::TooOld {
        found: first.major,
        bin: first.bin.clone(),
        needed: OLDEST_MAJOR,
    });
    let missing = EmbeddedError::Missing { install: install_command() };
    installed.into_iter().find(|each| each.major >= OLDEST_MAJOR).ok_or(too_old.unwrap_or(missing))
}

fn install_command() -> String {
    let has = |program: &str| Path::new(program).exists();
    let command = if has("/opt/homebrew/bin/brew") || has("/usr/local/bin/brew") {
        "brew install postgresql@17"
    } else if has("/usr/bin/dnf") {
        "sudo dnf install postgresql-server"
    } else {
        "sudo apt-get install postgresql"
    };
    command.to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::path::PathBuf;

    use crate::db::embedded::error::EmbeddedError;
    use crate::db::embedded::installation::Installation;
    use crate::db::embedded::installation::choose;
    use crate::db::embedded::installation::major_in;

    fn installed(majors: &[u32]) -> Vec<Installation> {
        majors.iter().map(|major| Installation { bin: PathBuf::from(format!("/pg/{major}")), major: *major }).collect()
    }

    #[test]
    fn the_major_version_is_read_from_what_postgres_says() {
        assert_eq!(major_in("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_in("postgres (PostgreSQL) 19devel"), Some(19));
        assert_eq!(major_in("something else 15.1"), None);
    }

    #[test]
    fn without_any_postgresql_the_install_command_is_named() {
        let error = choose(vec![], Path::new("/data"), None).unwrap_err();

        assert!(matches!(&error, EmbeddedError::Missing { install } if install.contains("install postgresql")));
    }

    #[test]
    fn a_cluster_is_opened_by_the_major_version_that_made_it() {
        let chosen = choose(installed(&[17, 16, 15]), Path::new("/data"), Some(15)).unwrap();

        assert_eq!(chosen.major, 15);
    }

    #[test]
    fn a_cluster_of_a_major_version_that_is_gone_is_refused_in_a_sentence() {
        let error = choose(installed(&[17, 16]), Path::new("/data"), Some(15)).unwrap_err();

        let said = error.to_string();
        assert!(said.contains("made by PostgreSQL 15, and here is only 17, 16"), "{said}");
    }

    #[test]
    fn a_new_cluster_takes_the_first_that_is_new_enough() {
        assert_eq!(choose(installed(&[12, 17, 15]), Path::new("/data"), None).unwrap().major, 17);
        assert!(matches!(
            choose(installed(&[12]), Path::new("/data"), None),
            Err(EmbeddedError::TooOld { found: 12, .. })
        ));
    }
}
