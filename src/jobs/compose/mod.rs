//! Writes the letters that wait in the outbox, at the moment they are sent: a name is the one of today, a link is fresh,
//! and a mail whose cause went away is not sent. Addresses come in as functions, because this room does not know
//! the pages.

mod accounts;
mod connections;
mod shares;

use std::sync::Arc;

use diesel::pg::PgConnection;

use crate::authz::actor::Actor;
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::registry::RegistryError;
use crate::domain::outbox::Claimed;
use crate::domain::outbox::Kind;
use crate::domain::people::actors;
use crate::domain::people::actors::Arrival;
use crate::domain::people::mail_preferences;
use crate::domain::people::mail_preferences::links;
use crate::domain::people::workspaces;
use crate::domain::people::workspaces::Workspace;
use crate::jobs::send_mail::Compose;
use crate::jobs::send_mail::ComposeError;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::mail::letter::Heading;
use crate::mail::message::Message;
use crate::vault::Vault;

/// Makes an absolute address.
type Addressing<T> = Box<dyn Fn(T) -> String + Send + Sync>;

/// Where the links in letters lead, all on the configured public address (D-53).
pub struct Addresses {
    /// The host, as it stands at the foot of a letter.
    pub host: String,
    /// Where the holder of a token sets a password.
    pub set_password: Addressing<String>,
    /// Where whoever has an account answers to invitations.
    pub invitations: String,
    /// The page of a connection, in the workspace with this slug.
    pub connection: Addressing<(String, ConnectionId)>,
    /// The page of an agent's action, in the workspace with this slug.
    pub agent_action: Addressing<(String, AgentId, AgentActionId)>,
    /// Where the holder of a token turns a kind of mail off.
    pub unsubscribe: Addressing<String>,
    /// The connections that are shared with someone, in that workspace.
    pub shared_connections: Addressing<String>,
    /// The page of an agent, in that workspace.
    pub agent: Addressing<(String, AgentId)>,
    /// The agents, in that workspace.
    pub agents: Addressing<String>,
}

struct Composer {
    vault: Vault,
    registry: Registry,
    addresses: Addresses,
}

type Letter = Result<Option<Message>, ComposeError>;

/// What [`send_mail`](crate::jobs::send_mail) writes its letters with.
pub fn composer(vault: Vault, registry: Registry, addresses: Addresses) -> Arc<Compose> {
    let composer = Composer { vault, registry, addresses };
    Arc::new(move |tx: &mut PgConnection, mail: &Claimed, now: Timestamp| composer.write(tx, mail, now))
}

impl Composer {
    fn write(&self, tx: &mut PgConnection, mail: &Claimed, now: Timestamp) -> Letter {
        let list_unsubscribe = match mail.workspace.filter(|_| mail.kind.is_optional()) {
            None => None,
            Some(workspace) if mail_preferences::off(tx, workspace, mail.user)?.contains(&mail.kind) => {
                return Ok(None);
            }
            Some(workspace) => {
                let token = links::token(tx, &self.vault, workspace, mail.user, mail.kind)
                    .map_err(|error| ComposeError::Delayed(Box::new(error)))?;
                Some((self.addresses.unsubscribe)(token))
            }
        };
        let host = self.addresses.host.clone();
        let heading = Heading { id: mail.id, to: mail.to.clone(), host, at: now, list_unsubscribe };
        match mail.kind {
            Kind::PasswordReset => self.password_reset(tx, mail, heading),
            Kind::Invited => self.invited(tx, mail, heading),
            Kind::NeedsReconnect => self.needs_reconnect(tx, mail, heading),
            Kind::ConnectionAttached => self.connection_attached(tx, mail, heading),
            Kind::AgentNeedsConnection => self.agent_needs_connection(tx, mail, heading),
            Kind::SharedWithYou => self.shared_with_you(tx, mail, heading),
            Kind::AccessRemoved => self.access_removed(tx, mail, heading),
            Kind::AudienceGrew => self.audience_grew(tx, mail, heading),
        }
    }
}

/// Whom a mail is for, as they may act in the workspace that it is about; nobody if they are no active member of it.
fn reader(tx: &mut PgConnection, mail: &Claimed, at: Timestamp) -> Result<Option<(Workspace, Actor)>, ComposeError> {
    let mut all = workspaces::of_user(tx, mail.user)?.into_iter();
    let Some(workspace) = all.find(|workspace| Some(workspace.id) == mail.workspace) else { return Ok(None) };
    let actor = actors::in_workspace(tx, &workspace.slug, mail.user, Arrival { ip: None, at })?;
    Ok(actor.map(|actor| (workspace, actor)))
}

fn of_registry(error: RegistryError) -> ComposeError {
    match error {
        RegistryError::Unreadable(_) => ComposeError::Delayed(Box::new(error)),
        RegistryError::Database(error) => error.into(),
    }
}
