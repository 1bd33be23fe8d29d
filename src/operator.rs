//! What an operator does from the command line, while the server runs or not: workspaces, people, tokens.

use std::io::Read;

use anyhow::Context;
use diesel::pg::PgConnection;
use odeus::app;
use odeus::app::StartError;
use odeus::authz::facts::Role;
use odeus::config::Settings;
use odeus::db::database::Database;
use odeus::domain::accounts::links;
use odeus::domain::accounts::links::Purpose;
use odeus::domain::accounts::passwords::Password;
use odeus::domain::accounts::passwords::Passwords;
use odeus::domain::accounts::users;
use odeus::domain::accounts::users::User;
use odeus::domain::people::members;
use odeus::domain::people::tokens;
use odeus::domain::people::workspaces;
use odeus::domain::people::workspaces::Workspace;
use odeus::http::urls;
use odeus::http::urls::PublicUrl;
use odeus::kernel::clock::Clock;
use odeus::kernel::clock::Timestamp;
use odeus::kernel::text;

use crate::NewMember;
use crate::NewToken;
use crate::NewWorkspace;
use crate::out;

/// The most bytes of a password from standard input.
const MOST_INPUT: u64 = 4096;

pub(crate) async fn create_workspace(settings: &Settings, new: NewWorkspace) -> anyhow::Result<()> {
    let slug = text::slug(&new.slug).context("--slug")?;
    let name = text::name(&new.name).context("--name")?;
    let email = text::email(&new.admin).context("--admin")?;
    let admin_name = name_of(new.admin_name.as_deref(), &email)?;
    let public = app::public_url(settings)?;
    let (database, clock) = (open(settings).await?, Clock::system());
    let vault = app::open_vault(settings.key_file.as_ref(), &database.db, &clock).await?;
    let now = clock.now();
    let invited = database
        .db
        .write(move |tx| {
            let workspace = workspaces::create(tx, &vault, &slug, &name, now)?;
            invite(tx, &workspace, (&email, &admin_name), Role::Admin, now)
        })
        .await?;
    say(&public, &invited)
}

pub(crate) async fn add_user(settings: &Settings, new: NewMember) -> anyhow::Result<()> {
    let email = text::email(&new.email).context("--email")?;
    let name = name_of(new.name.as_deref(), &email)?;
    let public = app::public_url(settings)?;
    let hash = if new.password_stdin { Some(hash(read_password()?).await?) } else { None };
    let (database, now) = (open(settings).await?, Clock::system().now());
    let invited = database
        .db
        .write(move |tx| {
            let workspace = find_workspace(tx, &new.workspace)?;
            if let Some(hash) = hash {
                let user = find_or_create(tx, &email, &name, now)?;
                members::add(tx, workspace.id, user.id, new.role, now)?;
                // Somebody who is in another workspace keeps the password that they have.
                if user.password_hash.is_none() {
                    users::set_password_hash(tx, user.id, &hash)?;
                }
                return Ok(Invited { email, token: None });
            }
            invite(tx, &workspace, (&email, &name), new.role, now)
        })
        .await?;
    say(&public, &invited)
}

pub(crate) async fn create_token(settings: &Settings, new: NewToken) -> anyhow::Result<()> {
    let name = text::name(&new.name).context("--name")?;
    let (database, now) = (open(settings).await?, Clock::system().now());
    let token = database
        .db
        .write(move |tx| {
            let workspace = find_workspace(tx, &new.workspace)?;
            let user = users::find_by_email(tx, &new.email)?;
            let member = match &user {
                Some(user) => members::find(tx, workspace.id, user.id)?,
                None => None,
            };
            let Some(member) = member else { anyhow::bail!("{} is no member of {}", new.email, workspace.slug) };
            Ok(tokens::create_for(tx, workspace.id, member.user, &name, now)?)
        })
        .await?;
    Ok(out(&token)?)
}

pub(crate) async fn open(settings: &Settings) -> anyhow::Result<Database> {
    let database = app::open_database(settings).await?;
    database.prepare().await.map_err(StartError::from)?;
    Ok(database)
}

/// Somebody who was added; without a token, they have a password.
struct Invited {
    email: String,
    token: Option<String>,
}

fn invite(
    tx: &mut PgConnection,
    workspace: &Workspace,
    (email, name): (&str, &str),
    role: Role,
    now: Timestamp,
) -> anyhow::Result<Invited> {
    let user = find_or_create(tx, email, name, now)?;
    members::add(tx, workspace.id, user.id, role, now)?;
    let token = match user.password_hash {
        Some(_) => None,
        None => Some(links::create(tx, user.id, Purpose::SetPassword, now)?),
    };
    Ok(Invited { email: user.email, token })
}

fn say(public: &PublicUrl, invited: &Invited) -> anyhow::Result<()> {
    match &invited.token {
        Some(token) => out(&public.absolute(&urls::set_password_link(token)))?,
        None => out(&format!("{} signs in at {}", invited.email, public.absolute(urls::SIGN_IN)))?,
    }
    Ok(())
}

fn find_workspace(tx: &mut PgConnection, slug: &str) -> anyhow::Result<Workspace> {
    workspaces::find_by_slug(tx, slug)?.with_context(|| format!("there is no workspace “{slug}”"))
}

fn find_or_create(tx: &mut PgConnection, email: &str, name: &str, now: Timestamp) -> anyhow::Result<User> {
    match users::find_by_email(tx, email)? {
        Some(user) => Ok(user),
        None => Ok(users::create(tx, email, name, now)?),
    }
}

/// The given name, or the address up to its @.
fn name_of(given: Option<&str>, email: &str) -> anyhow::Result<String> {
    let local = email.split('@').next().unwrap_or(email);
    text::name(given.unwrap_or(local)).context("the name")
}

/// The first line of standard input.
fn read_password() -> anyhow::Result<Password> {
    let mut input = String::new();
    std::io::stdin().take(MOST_INPUT).read_to_string(&mut input).context("no password on standard input")?;
    let password = Password::from(input.lines().next().unwrap_or_default().to_owned());
    password.check().context("the password on standard input")?;
    Ok(password)
}

async fn hash(password: Password) -> anyhow::Result<String> {
    Ok(Passwords::new(1)?.hash(password).await?)
}
