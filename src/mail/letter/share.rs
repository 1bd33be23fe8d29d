//! Letters about what is shared: that it is, that it is no more, and that more people act through what one attached.

use askama::Template;

use crate::kernel::text;
use crate::mail::letter::Heading;
use crate::mail::letter::LetterError;
use crate::mail::letter::finish;
use crate::mail::letter::shown;
use crate::mail::message::Message;

/// Something was shared with its reader.
#[derive(Debug)]
pub struct SharedWithYou {
    /// Who shared it.
    pub by: String,
    /// What kind of thing: `agent`, or `Stripe connection`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// With whom: `you`, `the group Sales, which you are in`, `everyone in Acme`.
    pub with: String,
    /// What they may do with it now.
    pub may: &'static str,
    /// The day on which it ends, if it does.
    pub until: Option<String>,
    /// Its page.
    pub link: String,
}

/// What was shared with its reader is not any more.
#[derive(Debug)]
pub struct AccessRemoved {
    /// Who took it away.
    pub by: String,
    /// What kind of thing.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What stops.
    pub stops: &'static str,
    /// The list of what they have.
    pub link: String,
}

/// More people act through a connection that its reader attached.
#[derive(Debug)]
pub struct AudienceGrew {
    /// Who shared the agent, or added people to a group that may use it.
    pub by: String,
    /// The agent's name.
    pub agent: String,
    /// How many more agents it is about.
    pub other_agents: usize,
    /// Whom it was shared with.
    pub with: String,
    /// Who was added to that group, where it was shared with it before.
    pub joined: Option<String>,
    /// What the reader attached.
    pub connections: Vec<String>,
    /// The agent's page.
    pub link: String,
}

#[derive(Template)]
#[template(path = "mail/shared_with_you.html")]
struct SharedWithYouHtml<'a> {
    subject: &'a str,
    heading: &'a Heading,
    letter: &'a SharedWithYou,
}

#[derive(Template)]
#[template(path = "mail/shared_with_you.txt")]
struct SharedWithYouText<'a> {
    heading: &'a Heading,
    letter: &'a SharedWithYou,
}

#[derive(Template)]
#[template(path = "mail/access_removed.html")]
struct AccessRemovedHtml<'a> {
    subject: &'a str,
    heading: &'a Heading,
    letter: &'a AccessRemoved,
}

#[derive(Template)]
#[template(path = "mail/access_removed.txt")]
struct AccessRemovedText<'a> {
    heading: &'a Heading,
    letter: &'a AccessRemoved,
}

#[derive(Template)]
#[template(path = "mail/audience_grew.html")]
struct AudienceGrewHtml<'a> {
    subject: &'a str,
    heading: &'a Heading,
    letter: &'a AudienceGrew,
}

#[derive(Template)]
#[template(path = "mail/audience_grew.txt")]
struct AudienceGrewText<'a> {
    heading: &'a Heading,
    letter: &'a AudienceGrew,
}

impl SharedWithYou {
    /// The letter as a mail.
    pub fn message(self, heading: Heading) -> Result<Message, LetterError> {
        let letter = &Self {
            by: shown(&self.by),
            kind: shown(&self.kind),
            name: shown(&self.name),
            with: text::cut(&self.with, 130),
            ..self
        };
        let subject = format!("{} shared “{}” with you", letter.by, letter.name);
        let html = SharedWithYouHtml { subject: &subject, heading: &heading, letter }.render()?;
        let text = SharedWithYouText { heading: &heading, letter }.render()?;
        Ok(finish(heading, subject, html, text))
    }
}

impl AccessRemoved {
    /// The letter as a mail.
    pub fn message(self, heading: Heading) -> Result<Message, LetterError> {
        let letter = &Self { by: shown(&self.by), kind: shown(&self.kind), name: shown(&self.name), ..self };
        let subject = format!("“{}” is no longer shared with you", letter.name);
        let html = AccessRemovedHtml { subject: &subject, heading: &heading, letter }.render()?;
        let text = AccessRemovedText { heading: &heading, letter }.render()?;
        Ok(finish(heading, subject, html, text))
    }
}

impl AudienceGrew {
    /// The letter as a mail.
    pub fn message(self, heading: Heading) -> Result<Message, LetterError> {
        let letter = &Self {
            by: shown(&self.by),
            agent: shown(&self.agent),
            with: shown(&self.with),
            joined: self.joined.as_deref().map(shown),
            other_agents: self.other_agents,
            connections: self.connections.iter().map(|name| shown(name)).collect(),
            link: self.link,
        };
        let subject = format!("More people use “{}”, which acts through your connection", letter.agent);
        let html = AudienceGrewHtml { subject: &subject, heading: &heading, letter }.render()?;
        let text = AudienceGrewText { heading: &heading, letter }.render()?;
        Ok(finish(heading, subject, html, text))
    }
}
