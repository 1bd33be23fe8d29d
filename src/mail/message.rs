//! One mail, and its form on the wire. lettre panics on display names with line ends and takes addresses that look like
//! others (D-73, D-54), so everything is cleaned here once more and built inside a panic boundary: a mail that cannot be
//! built is an error of that mail, not of the sender.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::time::SystemTime;

use lettre::address::Envelope;
use lettre::message::Body;
use lettre::message::Mailbox;
use lettre::message::MultiPart;
use lettre::message::header::ContentTransferEncoding;
use lettre::message::header::HeaderName;
use lettre::message::header::HeaderValue;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::OutboxId;
use crate::kernel::text;

const LONGEST_NAME: usize = 100;
const LONGEST_SUBJECT: usize = 200;

/// Whom a mail goes to. Debug hides it: addresses do not belong in logs (D-15).
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// The name shown beside the address; may be empty.
    pub name: String,
    /// The address itself.
    pub email: String,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

/// A finished mail. Its texts may hold one-time links, so Debug shows the id alone.
#[derive(Clone)]
pub struct Message {
    /// Whom it goes to.
    pub to: Address,
    /// Its subject.
    pub subject: String,
    /// Its body for readers without HTML.
    pub text: String,
    /// Its body in HTML.
    pub html: String,
    /// `<id@host>`, the same however often the mail is sent; see [`message_id`].
    pub message_id: String,
    /// Where its reader turns such mails off by one POST (RFC 8058), if they can be turned off.
    pub list_unsubscribe: Option<String>,
    /// When it was written.
    pub date: Timestamp,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({})", self.message_id)
    }
}

/// The `Message-ID` of the outbox's mail `id`; `host` is the public address's. It comes from the row alone, so that a mail
/// sent twice can be recognised as one.
pub fn message_id(id: OutboxId, host: &str) -> String {
    format!("<{id}@{host}>")
}

/// Why a mail cannot be built. It never will be, so nobody tries again.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The recipient's address is not one we send to.
    #[error("the recipient's address cannot be used")]
    Recipient,
    /// A header would hold something that does not fit there.
    #[error("the header {0} has characters that do not fit there")]
    Header(&'static str),
    /// The builder refused.
    #[error("the mail does not fit together")]
    Refused(#[source] lettre::error::Error),
    /// The builder panicked.
    #[error("the mail's builder panicked")]
    Panicked,
}

/// A mail as it goes out.
pub(super) struct Built {
    /// From whom and to whom, for the mail server.
    pub(super) envelope: Envelope,
    /// The mail itself, ASCII only.
    pub(super) bytes: Vec<u8>,
}

impl Message {
    /// The mail as bytes, sent by `from`.
    pub(super) fn build(&self, from: &Mailbox) -> Result<Built, BuildError> {
        // Nothing that outlives the closure changes in it, so a panic leaves nothing half done.
        catch_unwind(AssertUnwindSafe(|| self.assemble(from))).unwrap_or(Err(BuildError::Panicked))
    }

    fn assemble(&self, from: &Mailbox) -> Result<Built, BuildError> {
        let mut builder = lettre::Message::builder()
            .from(from.clone())
            .to(self.recipient()?)
            .subject(text::cut(&self.subject, LONGEST_SUBJECT))
            .message_id(Some(token(&self.message_id, "Message-ID")?.to_owned()))
            .date(SystemTime::from(self.date))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        if let Some(link) = &self.list_unsubscribe {
            let name = HeaderName::new_from_ascii_str("List-Unsubscribe");
            let link = token(link, "List-Unsubscribe")?;
            builder = builder.raw_header(HeaderValue::new(name, format!("<{link}>")));
            // RFC 8058: one POST to the link is enough, without a page in between.
            let name = HeaderName::new_from_ascii_str("List-Unsubscribe-Post");
            builder = builder.raw_header(HeaderValue::new(name, "List-Unsubscribe=One-Click".to_owned()));
        }
        let body = MultiPart::alternative_plain_html(readable(&self.text), self.html.clone());
        let mail = builder.multipart(body).map_err(BuildError::Refused)?;
        Ok(Built { envelope: mail.envelope().clone(), bytes: mail.formatted() })
    }

    fn recipient(&self) -> Result<Mailbox, BuildError> {
        let email = text::email(&self.to.email).map_err(|_not_one| BuildError::Recipient)?;
        let email = email.parse().map_err(|_not_one| BuildError::Recipient)?;
        Ok(Mailbox::new(clean_name(&self.to.name), email))
    }
}

/// A display name that lettre can take: nothing that cannot be seen, or no name at all.
pub(super) fn clean_name(name: &str) -> Option<String> {
    let name = text::cut(name, LONGEST_NAME).trim().to_owned();
    if name.is_empty() { None } else { Some(name) }
}

fn token<'a>(value: &'a str, header: &'static str) -> Result<&'a str, BuildError> {
    let fits = !value.is_empty() && value.len() <= 900 && value.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(value) } else { Err(BuildError::Header(header)) }
}

/// Plain ASCII stays as it is, so that a link in a mail's file can be read and copied; lettre would break lines from 77
/// characters on. Lines may have 998 on the wire.
fn readable(text: &str) -> Body {
    let fits = text.is_ascii() && !text.contains(['\0', '\r']) && text.lines().all(|line| line.len() <= 900);
    if fits {
        Body::dangerous_pre_encoded(text.replace('\n', "\r\n").into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text.to_owned())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::DateTime;

    use super::*;

    pub(in crate::mail) fn sample() -> Message {
        Message {
            to: Address { name: "Ada Lovelace".to_owned(), email: "ada@example.com".to_owned() },
            subject: "A quiet word".to_owned(),
            text: "Guten Tag, Jörg.\n.\nA line that begins with a dot.".to_owned(),
            html: "<p>Guten Tag, Jörg.</p>".to_owned(),
            message_id: "<0190@odeus.example>".to_owned(),
            list_unsubscribe: None,
            date: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        }
    }

    fn built(message: &Message) -> String {
        let from: Mailbox = "Odeus <odeus@example.com>".parse().unwrap();
        String::from_utf8(message.build(&from).unwrap().bytes).unwrap()
    }

    fn headers(mail: &str) -> Vec<&str> {
        mail.split("\r\n\r\n").next().unwrap().split("\r\n").collect()
    }

    #[test]
    fn a_mail_says_from_whom_to_whom_and_has_both_bodies() {
        let mail = built(&sample());

        let headers = headers(&mail);
        assert!(headers.contains(&"From: Odeus <odeus@example.com>"), "{mail}");
        assert!(headers.contains(&"To: \"Ada Lovelace\" <ada@example.com>"), "{mail}");
        assert!(headers.contains(&"Message-ID: <0190@odeus.example>"), "{mail}");
        assert!(headers.contains(&"Date: Fri, 15 Jan 2027 08:00:00 +0000"), "{mail}");
        assert!(mail.contains("multipart/alternative"), "{mail}");
        assert!(mail.find("text/plain").unwrap() < mail.find("text/html").unwrap(), "the last part is preferred");
        assert!(mail.is_ascii(), "{mail}");
    }

    #[test]
    fn a_hostile_name_or_subject_adds_no_header() {
        for hostile in
            ["x\r\nBcc: eve@example.org", "x\nBcc: eve@example.org", "x\0y", "\" <eve@example.org>, \"", "\r\n\r\n"]
        {
            let mut message = sample();
            hostile.clone_into(&mut message.to.name);
            hostile.clone_into(&mut message.subject);

            let mail = built(&message);

            let headers = headers(&mail);
            assert!(!headers.iter().any(|line| line.starts_with("Bcc:")), "{mail}");
            assert_eq!(headers.iter().filter(|line| line.starts_with("To:")).count(), 1, "{mail}");
        }
    }

    #[test]
    fn a_hostile_name_adds_no_recipient() {
        let mut message = sample();
        message.to.name = "\" <eve@example.org>, \"".to_owned();
        let from: Mailbox = "odeus@example.com".parse().unwrap();

        let built = message.build(&from).unwrap();

        assert_eq!(built.envelope.to(), ["ada@example.com".parse().unwrap()]);
    }

    #[test]
    fn an_address_or_an_id_that_does_not_fit_is_refused() {
        let from: Mailbox = "odeus@example.com".parse().unwrap();
        let mut with_address = sample();
        with_address.to.email = "ada@example.com\r\nBcc: eve@example.org".to_owned();
        let mut with_look_alike = sample();
        with_look_alike.to.email = "m\u{131}ke@example.org".to_owned();
        let mut with_id = sample();
        with_id.message_id = "<a@b>\r\nBcc: eve@example.org".to_owned();
        let mut with_link = sample();
        with_link.list_unsubscribe = Some("https://odeus.example/ \r\nBcc: eve@example.org".to_owned());

        assert!(matches!(with_address.build(&from), Err(BuildError::Recipient)));
        assert!(matches!(with_look_alike.build(&from), Err(BuildError::Recipient)));
        assert!(matches!(with_id.build(&from), Err(BuildError::Header("Message-ID"))));
        assert!(matches!(with_link.build(&from), Err(BuildError::Header("List-Unsubscribe"))));
    }

    #[test]
    fn a_panic_while_building_is_an_error_of_that_mail() {
        // lettre panics on this sender; `Transport::new` lets no such sender in.
        let from = Mailbox::new(Some("a\r\nb".to_owned()), "odeus@example.com".parse().unwrap());

        assert!(matches!(sample().build(&from), Err(BuildError::Panicked)));
    }

    #[test]
    fn a_mail_that_can_be_turned_off_says_where() {
        let mut message = sample();
        let link = format!("https://odeus.example/profile/mail?{}", "x".repeat(120));
        message.list_unsubscribe = Some(link.clone());

        let mail = built(&message);

        assert!(mail.replace("\r\n ", "").contains(&format!("List-Unsubscribe: <{link}>")), "{mail}");
        assert!(headers(&mail).contains(&"List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{mail}");
        assert!(!built(&sample()).contains("List-Unsubscribe"));
    }

    #[test]
    fn a_long_link_stays_whole_in_the_text() {
        let mut message = sample();
        let link = format!("https://odeus.example/links?token={}", "x".repeat(120));
        message.text = format!("Here:\n\n{link}\n");

        let mail = built(&message);

        assert!(mail.contains(&format!("Here:\r\n\r\n{link}\r\n")), "{mail}");
    }

    #[test]
    fn debug_shows_neither_address_nor_text() {
        let shown = format!("{:?} {:?}", sample(), sample().to);

        assert_eq!(shown, "Message(<0190@odeus.example>) Address(..)");
    }

    #[test]
    fn the_message_id_comes_from_the_outbox_id() {
        let id = OutboxId::new();

        assert_eq!(message_id(id, "odeus.example"), format!("<{id}@odeus.example>"));
    }
}
