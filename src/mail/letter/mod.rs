//! The letters Odeus writes: one struct each, with a template for HTML and one for plain text over the same data. Names
//! come from people, so they are cut to one visible line before they stand in a subject or in a text without escapes.

use askama::Template;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::OutboxId;
use crate::kernel::text;
use crate::mail::message::Address;
use crate::mail::message::Message;
use crate::mail::message::message_id;

/// A letter's template failed.
#[derive(Debug, thiserror::Error)]
#[error("the letter could not be written")]
pub struct LetterError(#[from] askama::Error);

/// What is above every letter: which mail it is, to whom, from where, when.
#[derive(Clone, Debug)]
pub struct Heading {
    /// The outbox's mail.
    pub id: OutboxId,
    /// Whom it goes to.
    pub to: Address,
    /// The host of the public address; named at the foot, and in the `Message-ID`.
    pub host: String,
    /// When it is written.
    pub at: Timestamp,
    /// Where its reader turns such mails off.
    pub list_unsubscribe: Option<String>,
}

/// Someone asked to set a new password. No Debug: the link is a secret.
pub struct PasswordReset {
    /// The one-time link.
    pub link: String,
}

/// Someone was made a member of a workspace. No Debug: the link is a secret.
pub struct Invited {
    /// The workspace's name.
    pub workspace: String,
    /// Who invited them.
    pub inviter: String,
    /// The one-time link.
    pub link: String,
}

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
#[template(path = "mail/password_reset.html")]
struct PasswordResetHtml<'a> {
    subject: &'a str,
    host: &'a str,
    letter: &'a PasswordReset,
}

#[derive(Template)]
#[template(path = "mail/password_reset.txt")]
struct PasswordResetText<'a> {
    host: &'a str,
    letter: &'a PasswordReset,
}

#[derive(Template)]
#[template(path = "mail/invited.html")]
struct InvitedHtml<'a> {
    subject: &'a str,
    host: &'a str,
    letter: &'a Invited,
}

#[derive(Template)]
#[template(path = "mail/invited.txt")]
struct InvitedText<'a> {
    host: &'a str,
    letter: &'a Invited,
}

#[derive(Template)]
#[template(path = "mail/needs_reconnect.html")]
struct NeedsReconnectHtml<'a> {
    subject: &'a str,
    host: &'a str,
    letter: &'a NeedsReconnect,
}

#[derive(Template)]
#[template(path = "mail/needs_reconnect.txt")]
struct NeedsReconnectText<'a> {
    host: &'a str,
    letter: &'a NeedsReconnect,
}

impl PasswordReset {
    /// The letter as a mail.
    pub fn message(self, heading: Heading) -> Result<Message, LetterError> {
        let subject = "Set a new password for Odeus".to_owned();
        let letter = &self;
        let html = PasswordResetHtml { subject: &subject, host: &heading.host, letter }.render()?;
        let text = PasswordResetText { host: &heading.host, letter }.render()?;
        Ok(finish(heading, subject, html, text))
    }
}

impl Invited {
    /// The letter as a mail.
    pub fn message(self, heading: Heading) -> Result<Message, LetterError> {
        let letter = &Self { workspace: shown(&self.workspace), inviter: shown(&self.inviter), link: self.link };
        let subject = format!("{} invited you to {} on Odeus", letter.inviter, letter.workspace);
        let html = InvitedHtml { subject: &subject, host: &heading.host, letter }.render()?;
        let text = InvitedText { host: &heading.host, letter }.render()?;
        Ok(finish(heading, subject, html, text))
    }
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
        let html = NeedsReconnectHtml { subject: &subject, host: &heading.host, letter }.render()?;
        let text = NeedsReconnectText { host: &heading.host, letter }.render()?;
        Ok(finish(heading, subject, html, text))
    }
}

fn finish(heading: Heading, subject: String, html: String, text: String) -> Message {
    Message {
        message_id: message_id(heading.id, &heading.host),
        to: heading.to,
        subject,
        text,
        html,
        list_unsubscribe: heading.list_unsubscribe,
        date: heading.at,
    }
}

fn shown(name: &str) -> String {
    text::cut(name, 100)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use scraper::Html;
    use scraper::Selector;

    use super::*;

    const LINK: &str = "https://odeus.example/links/token?a=1&b=2";

    fn heading() -> Heading {
        Heading {
            id: OutboxId::new(),
            to: Address { name: "Ada".to_owned(), email: "ada@example.com".to_owned() },
            host: "odeus.example".to_owned(),
            at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            list_unsubscribe: None,
        }
    }

    fn every_letter(word: &str) -> Vec<Message> {
        let word = || word.to_owned();
        let link = || LINK.to_owned();
        vec![
            PasswordReset { link: link() }.message(heading()).unwrap(),
            Invited { workspace: word(), inviter: word(), link: link() }.message(heading()).unwrap(),
            NeedsReconnect { integration: word(), connection: word(), reason: word(), link: link() }
                .message(heading())
                .unwrap(),
        ]
    }

    fn links(html: &str) -> Vec<String> {
        let page = Html::parse_document(html);
        let anchors = Selector::parse("a").unwrap();
        page.select(&anchors).filter_map(|a| a.attr("href").map(str::to_owned)).collect()
    }

    #[test]
    fn every_letter_has_one_button_and_the_same_link_as_text() {
        for message in every_letter("Acme") {
            assert_eq!(links(&message.html).first().map(String::as_str), Some(LINK), "{}", message.html);
            assert_eq!(message.html.matches("data-button").count(), 1, "{}", message.html);
            assert_eq!(message.text.matches(LINK).count(), 1, "{}", message.text);
            assert!(message.text.contains("odeus.example"), "{}", message.text);
            assert!(!message.html.contains("{{") && !message.text.contains("{{"));
            assert!(!message.text.contains("\n\n\n"), "{:?}", message.text);
        }
    }

    #[test]
    fn names_from_people_stay_words() {
        for message in every_letter("<b>x</b>\r\n\r\n\"Visit\" https://evil.example") {
            assert!(!message.html.contains("<b>"), "{}", message.html);
            assert!(links(&message.html).iter().all(|link| link == LINK), "{}", message.html);
            assert!(!message.subject.contains(['\r', '\n']), "{}", message.subject);
            assert!(!message.text.contains('\r'), "{}", message.text);
        }
    }

    #[test]
    fn a_letter_carries_the_id_of_its_row() {
        let heading = heading();
        let id = heading.id;

        let message = PasswordReset { link: LINK.to_owned() }.message(heading).unwrap();

        assert_eq!(message.message_id, format!("<{id}@odeus.example>"));
    }
}
