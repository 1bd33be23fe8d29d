//! The pages about mails: which ones one wants, and the way to turn a kind off without signing in.

use std::collections::BTreeSet;

use askama::Template;

use crate::domain::outbox::Kind;
use crate::http::page::Shell;

/// Which mails one wants.
#[derive(Debug, Default, Template)]
#[template(path = "profile/mails.html")]
pub struct MailsPage {
    /// The frame.
    pub shell: Shell,
    /// The kinds that are turned off.
    pub off: BTreeSet<Kind>,
}

impl MailsPage {
    /// The kinds that can be turned off.
    fn optional() -> impl Iterator<Item = &'static Kind> {
        Kind::ALL.iter().filter(|kind| kind.is_optional())
    }

    /// Those that are always sent.
    fn always() -> impl Iterator<Item = &'static Kind> {
        Kind::ALL.iter().filter(|kind| !kind.is_optional())
    }

    /// Whether mails of this kind are sent.
    pub fn is_on(&self, kind: &Kind) -> bool {
        !self.off.contains(kind)
    }
}

/// The question whether a kind of mail is to be turned off, and the answer that it is.
#[derive(Debug, Template)]
#[template(path = "profile/unsubscribe.html")]
pub struct UnsubscribePage {
    /// The kind.
    pub kind: Kind,
    /// The workspace that it comes from.
    pub workspace: String,
    /// The address that it goes to.
    pub email: String,
    /// The link again, for the button.
    pub link: String,
    /// Where all kinds stand.
    pub preferences: String,
    /// Whether it is done.
    pub is_done: bool,
}

/// Every page with `text` wherever there is text, rendered: for the test that looks at them all.
pub(super) fn samples(text: &str) -> Vec<askama::Result<String>> {
    let off = Kind::ALL.iter().copied().collect();
    let question = |is_done| UnsubscribePage {
        kind: Kind::NeedsReconnect,
        workspace: text.to_owned(),
        email: text.to_owned(),
        link: crate::http::urls::unsubscribe_link(text),
        preferences: Shell::sample(text).urls.profile_part("mails"),
        is_done,
    };
    vec![
        MailsPage { shell: Shell::sample(text), off }.render(),
        MailsPage::default().render(),
        question(false).render(),
        question(true).render(),
    ]
}
