//! Letters about connections, to those who own or use them.

use askama::Template;

use crate::kernel::text;
use crate::mail::letter::Heading;
use crate::mail::letter::LetterError;
use crate::mail::letter::finish;
use crate::mail::letter::shown;
use crate::mail::message::Message;

/// A connection stopped working until its owner connects it again.
#[derive(Debug)]
pub struct NeedsReconnect {
    /// The integration's name.
    pub integration: String,
    /// The connection's name.
    pub connection: String,
    /// Why, in words for its owner.
    pub reason: String,
    /// The connection's page.
    pub link: String,
}

#[derive(Template)]
#[template(path = "mail/needs_reconnect.html")]
struct NeedsReconnectHtml<'a> {
    subject: &'a str,
    heading: &'a Heading,
    letter: &'a NeedsReconnect,
}

#[derive(Template)]
#[template(path = "mail/needs_reconnect.txt")]
struct NeedsReconnectText<'a> {
    heading: &'a Heading,
    letter: &'a NeedsReconnect,
}

impl NeedsReconnect {
    /// The letter as a mail.
    pub fn message(self, heading: Heading) -> Result<Message, LetterError> {
        let letter = &Self {
            integration: shown(&self.integration),
            connection: shown(&self.connection),
            reason: text::cut(&self.reason, 300),
            link: self.link,
        };
        let subject = format!("Your {} connection needs to be reconnected", letter.integration);
        let html = NeedsReconnectHtml { subject: &subject, heading: &heading, letter }.render()?;
        let text = NeedsReconnectText { heading: &heading, letter }.render()?;
        Ok(finish(heading, subject, html, text))
    }
}
