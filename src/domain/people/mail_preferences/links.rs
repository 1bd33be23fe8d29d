//! The link below a mail that turns its kind off without signing in (RFC 8058). Its token names the person, the workspace
//! and the kind, under the workspace's stamp: it is good for that alone, whoever holds it, and however often.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::PgConnection;
use uuid::Uuid;

use crate::database_errors;
use crate::db::DbError;
use crate::domain::accounts::users;
use crate::domain::audit;
use crate::domain::outbox::Kind;
use crate::domain::people::actors;
use crate::domain::people::actors::Arrival;
use crate::domain::people::mail_preferences;
use crate::domain::people::workspaces;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;
use crate::vault::Vault;
use crate::vault::VaultError;
use crate::vault::stamp::STAMP_LEN;

const PURPOSE: &str = "odeus/unsubscribe/v1";

/// A link could not be made, read or followed.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The workspace's key.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(LinkError);

/// What a link turns off.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// Its address and name.
    pub slug: String,
    /// See `slug`.
    pub workspace_name: String,
    /// For whom.
    pub user: UserId,
    /// The address that the mails go to.
    pub email: String,
    /// Which mails.
    pub kind: Kind,
}

/// The token of the link below a mail of this kind.
pub fn token(
    conn: &mut PgConnection,
    vault: &Vault,
    workspace: WorkspaceId,
    user: UserId,
    kind: Kind,
) -> Result<String, VaultError> {
    let stamp = vault.stamp(conn, workspace, PURPOSE, &words(workspace, user, kind.as_str()))?;
    let ids = [workspace.uuid().into_bytes(), user.uuid().into_bytes()].concat();
    Ok(URL_SAFE_NO_PAD.encode([ids.as_slice(), &stamp, kind.as_str().as_bytes()].concat()))
}

/// What a token turns off; nothing if it is not ours, or its person is no member any more.
pub fn find(conn: &mut PgConnection, vault: &Vault, token: &str) -> Result<Option<Subscription>, LinkError> {
    let Some((workspace, user, stamp, kind)) = parse(token) else { return Ok(None) };
    if !vault.recognises(conn, workspace, PURPOSE, &words(workspace, user, kind.as_str()), &stamp)? {
        return Ok(None);
    }
    let Some(person) = users::find(conn, user)? else { return Ok(None) };
    let mut all = workspaces::of_user(conn, user)?.into_iter();
    let Some(here) = all.find(|it| it.id == workspace) else { return Ok(None) };
    Ok(Some(Subscription { workspace, slug: here.slug, workspace_name: here.name, user, email: person.email, kind }))
}

/// Turns it off; false if it already was. Whoever holds the link acts as its person, and in nothing else.
pub fn turn_off(conn: &mut PgConnection, subscription: &Subscription, arrival: Arrival) -> Result<bool, LinkError> {
    let Subscription { workspace, user, kind, slug, .. } = subscription;
    let Some(actor) = actors::in_workspace(conn, slug, *user, arrival)? else { return Ok(false) };
    if !mail_preferences::turn_off(conn, *workspace, *user, *kind, arrival.at)? {
        return Ok(false);
    }
    let event = audit::Event::new("user.mails_changed", "user", user);
    audit::record(conn, &actor, event.detail(serde_json::json!({ "off": [kind], "by": "the link in a mail" })))?;
    Ok(true)
}

fn words(workspace: WorkspaceId, user: UserId, kind: &str) -> Vec<u8> {
    [workspace.uuid().as_bytes().as_slice(), user.uuid().as_bytes(), kind.as_bytes()].concat()
}

fn parse(token: &str) -> Option<(WorkspaceId, UserId, Vec<u8>, Kind)> {
    if token.len() > 400 {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (workspace, rest) = bytes.split_first_chunk::<16>()?;
    let (user, rest) = rest.split_first_chunk::<16>()?;
    let (stamp, kind) = rest.split_at_checked(STAMP_LEN)?;
    let kind: Kind = std::str::from_utf8(kind).ok()?.parse().ok()?;
    let (workspace, user) = (Uuid::from_bytes(*workspace), Uuid::from_bytes(*user));
    kind.is_optional().then(|| (WorkspaceId::from(workspace), UserId::from(user), stamp.to_vec(), kind))
}
