//! `odeus keys`: the keys that every secret is sealed under, added, listed and changed for others while servers run.

use std::path::PathBuf;
use std::time::Duration;

use odeus::app;
use odeus::app::StartError;
use odeus::config::Settings;
use odeus::db::database::Database;
use odeus::kernel::clock::Clock;
use odeus::vault::Vault;
use odeus::vault::keyfile;
use odeus::vault::keyring::Keyring;

use crate::KeysCommand;
use crate::operator;
use crate::out;

/// How long to wait for workspace keys that servers hold at a moment.
const PAUSE: Duration = Duration::from_millis(200);
const PAUSES: u32 = 50;

pub(crate) async fn run(settings: &Settings, command: KeysCommand) -> anyhow::Result<()> {
    match command {
        KeysCommand::New => new(settings),
        KeysCommand::List => list(settings),
        KeysCommand::Activate { id } => activate(settings, id).await,
        KeysCommand::Rotate => rotate(settings).await,
        KeysCommand::Retire { id } => retire(settings, id).await,
    }
}

fn file(settings: &Settings) -> Result<&PathBuf, StartError> {
    settings.key_file.as_ref().ok_or(StartError::NoKeyFile)
}

fn new(settings: &Settings) -> anyhow::Result<()> {
    let path = file(settings)?;
    let is_new = !path.exists();
    let id = if is_new { Keyring::create(path)? } else { Keyring::add(path)? };
    let what = if is_new { "Made the key file with" } else { "Added" };
    out(&format!("{what} the key {id}. Keep a copy of {} apart from the database's backups.", path.display()))?;
    if !is_new {
        out(&format!("Once every server has read it, `odeus keys activate {id}` makes it the one that wraps."))?;
    }
    Ok(())
}

fn list(settings: &Settings) -> anyhow::Result<()> {
    let keyring = Keyring::read(file(settings)?)?;
    for id in keyring.ids() {
        out(&format!("{id}  {}", if id == keyring.active() { "active" } else { "decrypt" }))?;
    }
    Ok(())
}

async fn activate(settings: &Settings, id: String) -> anyhow::Result<()> {
    let path = file(settings)?;
    let (database, vault) = open(settings).await?;
    if vault.keyring().active() == id {
        return Ok(out(&format!("“{id}” is the active key already."))?);
    }
    let wanted = id.clone();
    database.db.write(move |tx| vault.may_activate(tx, &wanted)).await?;
    keyfile::activate(path, &id)?;
    out(&format!(
        "“{id}” is the key that wraps now; servers read the file again within 15 seconds. `odeus keys rotate` wraps with it \
         what others have wrapped."
    ))?;
    Ok(())
}

async fn rotate(settings: &Settings) -> anyhow::Result<()> {
    let (database, vault) = open(settings).await?;
    let active = vault.keyring().active().to_owned();
    let (mut count, mut pauses) = (0, 0);
    loop {
        let vault = vault.clone();
        let progress = database.db.write(move |tx| vault.rewrap(tx)).await?;
        count += progress.rewrapped;
        if progress.left == 0 {
            break;
        }
        if progress.rewrapped == 0 {
            pauses += 1;
            if pauses > PAUSES {
                anyhow::bail!("{} workspace key(s) are in use at this moment; run it again", progress.left);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    out(&format!("“{active}” wraps every workspace key; {count} were wrapped by another one until now."))?;
    Ok(())
}

async fn retire(settings: &Settings, id: String) -> anyhow::Result<()> {
    let path = file(settings)?;
    let (database, vault) = open(settings).await?;
    let (unwanted, now) = (id.clone(), Clock::system().now());
    database.db.write(move |tx| vault.retire(tx, &unwanted, now)).await?;
    // If this fails, the same command takes it up here.
    keyfile::remove(path, &id)?;
    out(&format!(
        "“{id}” is retired and taken out of {}. Backups of the database that were made while it wrapped need it: keep your \
         copy for as long as you keep those.",
        path.display()
    ))?;
    Ok(())
}

async fn open(settings: &Settings) -> anyhow::Result<(Database, Vault)> {
    file(settings)?;
    let database = operator::open(settings).await?;
    let vault = app::open_vault(settings.key_file.as_ref(), &database.db, &Clock::system()).await?;
    Ok((database, vault))
}
