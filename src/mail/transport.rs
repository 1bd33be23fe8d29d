//! The ways to hand a mail over: to a mail server, into files (no server configured), into memory (tests). Each builds the
//! mail first, so that one that cannot be built fails the same everywhere.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use lettre::message::Mailbox;

use crate::kernel::text;
use crate::mail::failure::Failure;
use crate::mail::failure::SendError;
use crate::mail::files;
use crate::mail::message::Message;
use crate::mail::message::clean_name;
use crate::mail::server::Server;
use crate::mail::server::ServerError;
use crate::mail::smtp::Smtp;

/// Who sends, and how.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// The sender, `Odeus <odeus@example.com>` or the address alone.
    pub from: String,
    /// The way mails go.
    pub way: Way,
}

/// The way mails go. Debug hides the server's address, which may hold a password.
#[derive(Clone)]
pub enum Way {
    /// To a mail server: `smtp://user:password@host:port` (STARTTLS, unless the host is this machine or `?tls=none` is
    /// said) or `smtps://…` (TLS from the first byte). A path is the name to greet with.
    Smtp(String),
    /// Into this folder, one `.eml` each.
    Files(PathBuf),
    /// Into memory.
    Memory(Memory),
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp(_) => f.write_str("Smtp(..)"),
            Self::Files(folder) => f.debug_tuple("Files").field(folder).finish(),
            Self::Memory(_) => f.write_str("Memory"),
        }
    }
}

/// Mails that were sent, for a test to look at. Clones see the same mails.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Vec<Message>>>);

impl Memory {
    /// Takes out all mails sent so far.
    pub fn take(&self) -> Vec<Message> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, message: Message) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message);
    }
}

/// What is wrong with the mail settings, said to the operator. Never names the password.
#[derive(Debug, thiserror::Error)]
pub enum MailSettingsError {
    /// The sender cannot be read.
    #[error("ODEUS_MAIL_FROM is not an address; it should look like `Odeus <odeus@example.com>`")]
    From,
    /// The server's address cannot be used.
    #[error("ODEUS_SMTP_URL cannot be used: {0}")]
    Server(#[from] ServerError),
}

/// Sends mails. Cheap to clone.
#[derive(Clone)]
pub struct Transport(Arc<Sender>);

struct Sender {
    from: Mailbox,
    route: Route,
}

enum Route {
    Smtp(Box<Smtp>),
    Files(PathBuf),
    Memory(Memory),
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.route {
            Route::Smtp(_) => "Transport(smtp)",
            Route::Files(_) => "Transport(files)",
            Route::Memory(_) => "Transport(memory)",
        })
    }
}

impl Transport {
    /// A transport with these settings. Connects to nothing yet.
    pub fn new(settings: MailSettings) -> Result<Self, MailSettingsError> {
        let from = sender(&settings.from)?;
        let route = match settings.way {
            Way::Smtp(url) => Route::Smtp(Box::new(Smtp::new(Server::from_url(&url)?))),
            Way::Files(folder) => Route::Files(folder),
            Way::Memory(memory) => Route::Memory(memory),
        };
        Ok(Self(Arc::new(Sender { from, route })))
    }

    /// Hands `message` over. `Ok` means that the other side has it.
    pub async fn send(&self, message: &Message) -> Result<(), SendError> {
        let built = message.build(&self.0.from).map_err(|error| SendError::Permanent(Failure::Unbuildable(error)))?;
        match &self.0.route {
            Route::Smtp(smtp) => smtp.send(&built).await,
            Route::Files(folder) => files::write(folder, &message.message_id, built.bytes)
                .await
                .map_err(|error| SendError::Transient(Failure::File(error))),
            Route::Memory(memory) => {
                memory.add(message.clone());
                Ok(())
            }
        }
    }
}

fn sender(from: &str) -> Result<Mailbox, MailSettingsError> {
    let mailbox: Mailbox = from.trim().parse().map_err(|_unreadable| MailSettingsError::From)?;
    let email = text::email(mailbox.email.as_ref()).map_err(|_unreadable| MailSettingsError::From)?;
    let email = email.parse().map_err(|_unreadable| MailSettingsError::From)?;
    Ok(Mailbox::new(mailbox.name.as_deref().and_then(clean_name), email))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::message::BuildError;
    use crate::mail::message::tests::sample;

    fn transport(from: &str, way: Way) -> Result<Transport, MailSettingsError> {
        Transport::new(MailSettings { from: from.to_owned(), way })
    }

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for right in ["Odeus <odeus@example.com>", " odeus@example.com ", "\"Odeus, at work\" <odeus@example.com>"] {
            assert!(transport(right, Way::Memory(Memory::default())).is_ok(), "{right}");
        }
        for wrong in ["", "Odeus", "odeus@", "m\u{131}ke@example.org"] {
            assert!(transport(wrong, Way::Memory(Memory::default())).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let way = Way::Smtp("smtp://ada:hunter2@mail.example.com?tls=none".to_owned());
        let settings = MailSettings { from: "odeus@example.com".to_owned(), way };

        let shown = format!("{settings:?} {:?}", Transport::new(settings.clone()).unwrap());

        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[tokio::test]
    async fn memory_keeps_what_was_sent() {
        let memory = Memory::default();
        let transport = transport("odeus@example.com", Way::Memory(memory.clone())).unwrap();

        transport.send(&sample()).await.unwrap();

        assert_eq!(memory.take().first().unwrap().subject, "A quiet word");
        assert!(memory.take().is_empty());
    }

    #[tokio::test]
    async fn a_mail_that_cannot_be_built_is_final() {
        let memory = Memory::default();
        let transport = transport("odeus@example.com", Way::Memory(memory.clone())).unwrap();
        let mut message = sample();
        message.to.email = "nobody".to_owned();

        let error = transport.send(&message).await.unwrap_err();

        assert!(matches!(error, SendError::Permanent(Failure::Unbuildable(BuildError::Recipient))));
        assert!(memory.take().is_empty());
    }
}
