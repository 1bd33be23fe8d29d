//! Writes the letters that wait in the outbox, at the moment they are sent: a name is the one of today, a link is fresh,
//! and a mail whose cause went away is not sent. Addresses come in as functions, because this room does not know
//! the pages.

mod accounts;
mod connections;

use std::sync::Arc;

use diesel::pg::PgConnection;

use crate::domain::integrations::registry::Registry;
use crate::domain::outbox::Claimed;
use crate::domain::outbox::Kind;
use crate::jobs::send_mail::Compose;
use crate::jobs::send_mail::ComposeError;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::mail::letter::Heading;
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

impl Composer {
    fn write(&self, tx: &mut PgConnection, mail: &Claimed, now: Timestamp) -> Letter {
        let heading = self.heading(mail, now);
        match mail.kind {
            Kind::PasswordReset => self.password_reset(tx, mail, heading),
            Kind::Invited => self.invited(tx, mail, heading),
            Kind::NeedsReconnect => self.needs_reconnect(tx, mail, heading),
        }
    }

    fn heading(&self, mail: &Claimed, now: Timestamp) -> Heading {
        let host = self.addresses.host.clone();
        Heading { id: mail.id, to: mail.to.clone(), host, at: now, list_unsubscribe: None }
    }
}
