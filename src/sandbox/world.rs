//! What the sandbox remembers, behind one lock, and how it outlives a restart.
//!
//! After each change the whole state is written beside the file and renamed over it, so a crash leaves either the old
//! state or the new one. The state is small (five calendars, one CRM, the tokens given), so nothing finer is needed.

use chrono::DateTime;
use chrono::Duration;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::sandbox::Client;
use crate::sandbox::Clock;
use crate::sandbox::SandboxOptions;
use crate::sandbox::customers::Crm;
use crate::sandbox::events::Calendars;
use crate::sandbox::oauth::ledger::Ledger;
use crate::sandbox::oauth::ledger::Rotation;
use crate::sandbox::oauth::scope;
use crate::sandbox::trace::Received;
use crate::sandbox::trace::Trace;

/// Everything a handler can ask for.
pub(crate) struct World {
    pub(crate) public_url: String,
    pub(crate) access_token_life: Duration,
    pub(crate) clients: Vec<Client>,
    pub(crate) rotation: Rotation,
    pub(crate) controls: bool,
    pub(crate) trace: Trace,
    clock: Clock,
    file: Option<PathBuf>,
    state: Mutex<State>,
}

/// What is remembered between calls and, where there is a file, between starts.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) ledger: Ledger,
    pub(crate) calendars: Calendars,
    pub(crate) crm: Crm,
}

/// A look at what a sandbox has received and given, for tests.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The latest calls, oldest first.
    pub calls: Vec<Received>,
    /// How often the token endpoint was asked, by grant type.
    pub token_calls: BTreeMap<String, u64>,
    /// How often it answered with a token, by grant type.
    pub tokens_issued: BTreeMap<String, u64>,
    /// The access that apps hold at the moment.
    pub grants: Vec<GivenAccess>,
}

/// The access that one person gave to one app.
#[derive(Clone, Debug)]
pub struct GivenAccess {
    /// The name of this grant at the sandbox.
    pub id: String,
    /// The app.
    pub client_id: String,
    /// The person.
    pub email: String,
    /// What the app may do, as OAuth writes it: names with blanks between.
    pub scope: String,
    /// When it was given.
    pub given_at: DateTime<Utc>,
}

impl World {
    /// Remembers what the file holds, or begins anew, and hands the socket back.
    pub(crate) fn open(options: SandboxOptions) -> io::Result<(Self, TcpListener)> {
        let now = (options.now)();
        let mut state = match &options.state_file {
            Some(file) => load(file)?,
            None => State::default(),
        };
        state.calendars.fill(now);
        state.crm.fill(now);

        let world = Self {
            public_url: options.public_url.trim_end_matches('/').to_owned(),
            access_token_life: options.access_token_life,
            clients: options.clients,
            rotation: if options.strict_rotation { Rotation::Strict } else { Rotation::Forgiving },
            controls: options.controls,
            trace: Trace::default(),
            clock: options.now,
            file: options.state_file,
            state: Mutex::new(state),
        };
        world.save(&world.lock())?;
        Ok((world, options.listener))
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// Looks something up.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes something and writes the file, also when the change ends in a refusal: a refusal may end a grant.
    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let outcome = change(&mut state);
        if let Err(error) = self.save(&state) {
            tracing::warn!(%error, "the sandbox cannot write its state file");
        }
        outcome
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let (calls, token_calls, tokens_issued) = self.trace.log();
        let grants = self.read(|state| {
            let given = state.ledger.grants().map(|(id, grant)| GivenAccess {
                id: id.to_owned(),
                client_id: grant.client_id.clone(),
                email: grant.email.clone(),
                scope: scope::list(&grant.scopes),
                given_at: grant.given_at,
            });
            given.collect()
        });
        Snapshot { calls, token_calls, tokens_issued, grants }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(&self, state: &State) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let fresh = file.with_extension("new");
        let mut out = create_private(&fresh)?;
        out.write_all(&serde_json::to_vec_pretty(state)?)?;
        out.sync_data()?;
        fs::rename(&fresh, file)
    }
}

fn load(file: &Path) -> io::Result<State> {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::default()),
        Err(error) => return Err(error),
    };
    serde_json::from_slice(&text).map_err(|error| {
        let message =
            format!("the sandbox's state file {} cannot be read: {error}; delete it to begin anew", file.display());
        io::Error::new(io::ErrorKind::InvalidData, message)
    })
}

#[cfg(unix)]
fn create_private(file: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)
}

#[cfg(not(unix))]
fn create_private(file: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).open(file)
}
