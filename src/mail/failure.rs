//! Why a mail did not go out, and whether that is final: a mail that can never arrive must not be tried for hours, and one
//! that may arrive later must not be lost.

use std::fmt;
use std::time::Duration;

use crate::kernel::text;
use crate::mail::message::BuildError;

/// The longest one mail may take, goodbye aside. Leases and the time to stop are reckoned from it.
pub const DEADLINE: Duration = Duration::from_secs(45);

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
