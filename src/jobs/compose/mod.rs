//! Writes the letters that wait in the outbox, at the moment they are sent: a name is the one of today, a link is fresh,
//! and a mail whose cause went away is not sent. Addresses come in as functions, because this room does not know
//! the pages.

use std::sync::Arc;

use diesel::pg::PgConnection;
use serde::Deserialize;

use crate::authz::proof::Guarded;
use crate::domain::accounts::links;
use crate::domain::accounts::links::LinkError;
use crate::domain::accounts::links::Purpose;
use crate::domain::connections::connection::Connection;
use crate::domain::connections::connection::ConnectionStatus;
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::registry::RegistryError;
use crate::domain::outbox::Claimed;
use crate::domain::outbox::Kind;
use crate::domain::people::actors;
use crate::domain::people::actors::Arrival;
use crate::domain::people::workspaces;
use crate::jobs::send_mail::Compose;
use crate::jobs::send_mail::ComposeError;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::mail::letter::Heading;
use crate::mail::letter::Invited;
use crate::mail::letter::NeedsReconnect;
use crate::mail::letter::PasswordReset;
use crate::mail::message::Message;

/// Makes an absolute address.
type Addressing<T> = Box<dyn Fn(T) -> String + Send + Sync>;

/// Where the links in letters lead, all on the configured public address (D-53).
pub struct Addresses {
    /// The host, as it stands at the foot of a letter.
    pub host: String,
    /// Where the holder of a token sets a password.
    pub set_password: Addressing<String>,
    /// The page of a connection, in the workspace with this slug.
    pub connection: Addressing<(String, ConnectionId)>,
}

struct Composer {
    registry: Registry,
    addresses: Addresses,
}

type Letter = Result<Option<Message>, ComposeError>;

/// What [`send_mail`](crate::jobs::send_mail) writes its letters with.
pub fn composer(registry: Registry, addresses: Addresses) -> Arc<Compose> {
    let composer = Composer { registry, addresses };
    Arc::new(move |tx: &mut PgConnection, mail: &Claimed, now: Timestamp| composer.write(tx, mail, now))
}

#[derive(Deserialize)]
struct InvitedPayload {
    inviter: String,
}

#[derive(Deserialize)]
struct ConnectionPayload {
    connection: ConnectionId,
}

impl Composer {
    fn write(&self, tx: &mut PgConnection, mail: &Claimed, now: Timestamp) -> Letter {
        match mail.kind {
            Kind::PasswordReset => self.password_reset(tx, mail, now),
            Kind::Invited => self.invited(tx, mail, now),
            Kind::NeedsReconnect => self.needs_reconnect(tx, mail, now),
        }
    }

    fn password_reset(&self, tx: &mut PgConnection, mail: &Claimed, now: Timestamp) -> Letter {
        let token = links::create(tx, mail.user, Purpose::ResetPassword, now).map_err(of_link)?;
        let letter = PasswordReset { link: (self.addresses.set_password)(token) };
        Ok(Some(letter.message(self.heading(mail, now))?))
    }

    fn invited(&self, tx: &mut PgConnection, mail: &Claimed, now: Timestamp) -> Letter {
        let payload = InvitedPayload::deserialize(&mail.payload)?;
        let mut all = workspaces::of_user(tx, mail.user)?.into_iter();
        let Some(workspace) = all.find(|workspace| Some(workspace.id) == mail.workspace) else { return Ok(None) };
        let token = links::create(tx, mail.user, Purpose::SetPassword, now).map_err(of_link)?;
        let link = (self.addresses.set_password)(token);
        let letter = Invited { workspace: workspace.name, inviter: payload.inviter, link };
        Ok(Some(letter.message(self.heading(mail, now))?))
    }

    fn needs_reconnect(&self, tx: &mut PgConnection, mail: &Claimed, now: Timestamp) -> Letter {
        let payload = ConnectionPayload::deserialize(&mail.payload)?;
        let mut all = workspaces::of_user(tx, mail.user)?.into_iter();
        let Some(workspace) = all.find(|workspace| Some(workspace.id) == mail.workspace) else { return Ok(None) };
        let arrival = Arrival { ip: None, at: now };
        let Some(owner) = actors::in_workspace(tx, &workspace.slug, mail.user, arrival)? else { return Ok(None) };
        let Some(connection) = Connection::load(tx, &owner, &payload.connection)? else { return Ok(None) };
        if connection.status != ConnectionStatus::NeedsReconnect || !connection.is_owner {
            return Ok(None);
        }
        let definition = self.registry.find(tx, workspace.id, &connection.integration).map_err(of_registry)?;
        let letter = NeedsReconnect {
            integration: definition.map_or(connection.integration, |definition| definition.name.clone()),
            connection: connection.name,
            reason: connection.status_reason.unwrap_or_default(),
            link: (self.addresses.connection)((workspace.slug, connection.id)),
        };
        Ok(Some(letter.message(self.heading(mail, now))?))
    }

    fn heading(&self, mail: &Claimed, now: Timestamp) -> Heading {
        let host = self.addresses.host.clone();
        Heading { id: mail.id, to: mail.to.clone(), host, at: now, list_unsubscribe: None }
    }
}

fn of_link(error: LinkError) -> ComposeError {
    match error {
        LinkError::Random(error) => ComposeError::Delayed(Box::new(error)),
        LinkError::Database(error) => error.into(),
    }
}

fn of_registry(error: RegistryError) -> ComposeError {
    match error {
        RegistryError::Unreadable(_) => ComposeError::Delayed(Box::new(error)),
        RegistryError::Database(error) => error.into(),
    }
}
