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

/// Somebody else put one's connection on an agent.
#[derive(Debug)]
pub struct ConnectionAttached {
    /// Who did.
    pub attacher: String,
    /// The connection's name.
    pub connection: String,
    /// The integration's name.
    pub integration: String,
    /// The action's name.
    pub action: String,
    /// The agent's name.
    pub agent: String,
    /// The connection's page.
    pub link: String,
}

#[derive(Template)]
#[template(path = "mail/connection_attached.html")]
struct ConnectionAttachedHtml<'a> {
    subject: &'a str,
    heading: &'a Heading,
    letter: &'a ConnectionAttached,
}

#[derive(Template)]
#[template(path = "mail/connection_attached.txt")]
struct ConnectionAttachedText<'a> {
    heading: &'a Heading,
    letter: &'a ConnectionAttached,
}

impl ConnectionAttached {
    /// The letter as a mail.
    pub fn message(self, heading: Heading) -> Result<Message, LetterError> {
        let letter = &Self {
            attacher: shown(&self.attacher),
            connection: shown(&self.connection),
            integration: shown(&self.integration),
            action: shown(&self.action),
            agent: shown(&self.agent),
            link: self.link,
        };
        let subject = format!("{} put your connection {} on an agent", letter.attacher, letter.connection);
        let html = ConnectionAttachedHtml { subject: &subject, heading: &heading, letter }.render()?;
        let text = ConnectionAttachedText { heading: &heading, letter }.render()?;
        Ok(finish(heading, subject, html, text))
    }
}

/// An action of an agent that one uses needs a connection of one's own.
#[derive(Debug)]
pub struct AgentNeedsConnection {
    /// The agent's name.
    pub agent: String,
    /// The action's name.
    pub action: String,
    /// The integration's name.
    pub integration: String,
    /// The action's page, which leads to connecting.
    pub link: String,
}

#[derive(Template)]
#[template(path = "mail/agent_needs_connection.html")]
struct AgentNeedsConnectionHtml<'a> {
    subject: &'a str,
    heading: &'a Heading,
    letter: &'a AgentNeedsConnection,
}

#[derive(Template)]
#[template(path = "mail/agent_needs_connection.txt")]
struct AgentNeedsConnectionText<'a> {
    heading: &'a Heading,
    letter: &'a AgentNeedsConnection,
}

impl AgentNeedsConnection {
    /// The letter as a mail.
    pub fn message(self, heading: Heading) -> Result<Message, LetterError> {
        let letter = &Self {
            agent: shown(&self.agent),
            action: shown(&self.action),
            integration: shown(&self.integration),
            link: self.link,
        };
        let subject = format!("{} needs your {} connection", letter.agent, letter.integration);
        let html = AgentNeedsConnectionHtml { subject: &subject, heading: &heading, letter }.render()?;
        let text = AgentNeedsConnectionText { heading: &heading, letter }.render()?;
        Ok(finish(heading, subject, html, text))
    }
}
