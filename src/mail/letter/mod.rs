//! The letters Odeus writes: one struct each, with a template for HTML and one for plain text over the same data. Names
//! come from people, so they are cut to one visible line before they stand in a subject or in a text without escapes.

mod account;
mod connection;
mod share;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::OutboxId;
use crate::kernel::text;
use crate::mail::message::Address;
use crate::mail::message::Message;
use crate::mail::message::message_id;

pub use crate::mail::letter::account::Invited;
pub use crate::mail::letter::account::PasswordReset;
pub use crate::mail::letter::connection::AgentNeedsConnection;
pub use crate::mail::letter::connection::ConnectionAttached;
pub use crate::mail::letter::connection::NeedsReconnect;
pub use crate::mail::letter::share::AccessRemoved;
pub use crate::mail::letter::share::AudienceGrew;
pub use crate::mail::letter::share::SharedWithYou;

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
            Invited { workspace: word(), inviter: word(), link: link(), works_once: true }.message(heading()).unwrap(),
            NeedsReconnect { integration: word(), connection: word(), reason: word(), link: link() }
                .message(heading())
                .unwrap(),
            ConnectionAttached {
                attacher: word(),
                connection: word(),
                integration: word(),
                action: word(),
                agent: word(),
                link: link(),
            }
            .message(heading())
            .unwrap(),
            AgentNeedsConnection { agent: word(), action: word(), integration: word(), link: link() }
                .message(heading())
                .unwrap(),
            SharedWithYou {
                by: word(),
                kind: word(),
                name: word(),
                with: word(),
                may: "You can run its actions.",
                until: Some("25 November 2026".to_owned()),
                link: link(),
            }
            .message(heading())
            .unwrap(),
            AccessRemoved { by: word(), kind: word(), name: word(), stops: "It stops.", link: link() }
                .message(heading())
                .unwrap(),
            AudienceGrew {
                by: word(),
                agent: word(),
                other_agents: 2,
                with: word(),
                joined: Some(word()),
                connections: vec![word(), word()],
                link: link(),
            }
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
    fn a_letter_that_can_be_turned_off_says_so_at_its_foot() {
        let off = "https://odeus.example/mails/unsubscribe?token=x";
        let heading = Heading { list_unsubscribe: Some(off.to_owned()), ..heading() };

        let letter = PasswordReset { link: LINK.to_owned() }.message(heading).unwrap();

        assert_eq!(links(&letter.html), [LINK, off]);
        assert!(letter.text.ends_with(&format!("Turn off mails like this: {off}")), "{}", letter.text);
        assert_eq!(letter.list_unsubscribe.as_deref(), Some(off));
    }

    #[test]
    fn a_letter_carries_the_id_of_its_row() {
        let heading = heading();
        let id = heading.id;

        let message = PasswordReset { link: LINK.to_owned() }.message(heading).unwrap();

        assert_eq!(message.message_id, format!("<{id}@odeus.example>"));
    }
}
