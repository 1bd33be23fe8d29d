//! The ways to hand a mail over: to a mail server, into files (no server configured), into memory (tests). Each says
//! whether a failure is final, because a mail that can never arrive must not be tried for hours, and one that may arrive
//! later must not be lost.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use lettre::message::Mailbox;

use crate::kernel::text;
use crate::mail::files;
use crate::mail::message::BuildError;
use crate::mail::message::Message;
use crate::mail::message::clean_name;
use crate::mail::smtp::Smtp;

/// The longest one mail may take, goodbye aside. Leases and the time to stop are reckoned from it.
pub const DEADLINE: Duration = Duration::from_secs(45);

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
    /// The server's address cannot be read.
    #[error("ODEUS_SMTP_URL cannot be used: {0}")]
    Url(&'static str),
    /// TLS cannot be set up for the server.
    #[error("ODEUS_SMTP_URL cannot be used with TLS")]
    Tls(#[source] lettre::transport::smtp::Error),
}

/// Why a mail did not go out, and whether to try again.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It never will: trying again is of no use.
    #[error("the mail cannot be delivered: {0}")]
    Permanent(#[source] Failure),
    /// It may later.
    #[error("the mail could not be delivered yet: {0}")]
    Transient(#[source] Failure),
}

impl SendError {
    /// What failed.
    pub fn failure(&self) -> &Failure {
        match self {
            Self::Permanent(failure) | Self::Transient(failure) => failure,
        }
    }
}

/// What failed on the way. Its text names no address, so it may be logged.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The mail itself is unusable.
    #[error("{0}")]
    Unbuildable(#[source] BuildError),
    /// The mail server said no.
    #[error("the mail server answered {code} to {step}")]
    Refused {
        /// What it was asked.
        step: Step,
        /// Its answer's code.
        code: u16,
        /// Its words.
        reply: Reply,
    },
    /// The mail server could not be reached, was not understood, or left.
    #[error("the connection to the mail server failed at {step}: {cause}")]
    Broken {
        /// How far it came.
        step: Step,
        /// How it failed. Words, not the error itself: that may quote what the server said.
        cause: String,
    },
    /// The mail server offers no STARTTLS, and nothing is said in the clear.
    #[error("the mail server offers no STARTTLS; use smtps://, or ?tls=none to send in the clear")]
    NoStartTls,
    /// The mail server took too long.
    #[error("the mail server took longer than {} s", DEADLINE.as_secs())]
    TimedOut,
    /// The file could not be written.
    #[error("the mail's file could not be written: {0}")]
    File(#[source] std::io::Error),
}

impl Failure {
    /// The mail server's words. They often repeat the recipient's address: keep them, but not in a log.
    pub fn reply(&self) -> Option<&str> {
        match self {
            Self::Refused { reply, .. } => Some(&reply.0),
            Self::Unbuildable(_) | Self::Broken { .. } | Self::NoStartTls | Self::TimedOut | Self::File(_) => None,
        }
    }
}

/// A mail server's words, cut; Debug hides them.
pub struct Reply(String);

impl Reply {
    pub(super) fn new(words: &str) -> Self {
        Self(text::cut(words, 200))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply(..)")
    }
}

/// A step of the conversation with a mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Connecting, greeting, TLS.
    Connect,
    /// Signing in.
    SignIn,
    /// Naming the sender.
    Sender,
    /// Naming the recipient.
    Recipient,
    /// The mail itself.
    Content,
}

impl Step {
    /// Whether a no is about this mail or its recipient. Before that it is about Odeus itself: the operator can mend
    /// that, and mails must not die meanwhile.
    pub(super) fn is_about_the_mail(self) -> bool {
        match self {
            Self::Recipient | Self::Content => true,
            Self::Connect | Self::SignIn | Self::Sender => false,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "the greeting",
            Self::SignIn => "signing in",
            Self::Sender => "the sender",
            Self::Recipient => "the recipient",
            Self::Content => "the mail",
        })
    }
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
            Way::Smtp(url) => Route::Smtp(Box::new(Smtp::from_url(&url)?)),
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
