//! The page of a workspace's mails: what it shows.

use askama::Template;

use crate::domain::outbox::overview::Posted;
use crate::domain::outbox::overview::Progress;
use crate::http::look;
use crate::http::page::Shell;
use crate::http::urls;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::OutboxId;
use crate::kernel::ids::UserId;

/// The mails of a workspace.
#[derive(Debug, Default, Template)]
#[template(path = "mails/index.html")]
pub struct MailsPage {
    /// The frame.
    pub shell: Shell,
    /// How far the shown ones are; any without.
    pub progress: Option<Progress>,
    /// The mails.
    pub mails: Vec<Posted>,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// Whether this is not the first page.
    pub is_later: bool,
}

impl MailsPage {
    /// The tabs: whether it is this one, words, address.
    fn tabs(&self) -> Vec<(bool, &'static str, String)> {
        let every = [None].into_iter().chain(Progress::ALL.iter().copied().map(Some));
        every
            .map(|progress| {
                let words = progress.map_or("All", look::mail_progress);
                (progress == self.progress, words, self.address(progress, ""))
            })
            .collect()
    }

    fn address(&self, progress: Option<Progress>, after: &str) -> String {
        let word = progress.map(Progress::as_str).unwrap_or_default();
        urls::with_queries(&self.shell.urls.mails(), [("progress", word), ("after", after)])
    }

    /// The address of the first page.
    fn first_address(&self) -> String {
        self.address(self.progress, "")
    }

    /// The address of the next page, if there is one.
    fn next_address(&self) -> Option<String> {
        self.next.as_deref().map(|after| self.address(self.progress, after))
    }
}

/// What a mail is about; a newer version's kinds by their word.
fn about(mail: &Posted) -> String {
    mail.kind.parse().map_or_else(|_newer| mail.kind.replace('_', " "), |kind| look::mail(&kind).0.to_owned())
}

/// What can be sent again.
fn can_retry(mail: &Posted) -> bool {
    match mail.progress {
        Progress::Failed => true,
        // Before the first try there is nothing to hurry.
        Progress::Waiting => mail.attempts > 0,
        Progress::Sent | Progress::Dropped => false,
    }
}

/// Every page with `text` wherever there is text, rendered: for the test that looks at them all.
pub fn samples(text: &str) -> Vec<askama::Result<String>> {
    let now = Timestamp::default();
    let mail = |progress| Posted {
        id: OutboxId::new(),
        kind: text.to_owned(),
        user: UserId::new(),
        name: text.to_owned(),
        email: text.to_owned(),
        progress,
        attempts: 3,
        next_at: (progress == Progress::Waiting).then_some(now),
        error: (progress != Progress::Sent).then(|| text.to_owned()),
        created_at: now,
        sent_at: (progress == Progress::Sent).then_some(now),
    };
    let list = MailsPage {
        shell: Shell::sample(text),
        progress: Some(Progress::Failed),
        mails: Progress::ALL.iter().copied().map(mail).collect(),
        next: Some(text.to_owned()),
        is_later: true,
    };
    vec![
        list.render(),
        MailsPage::default().render(),
        MailsPage { progress: Some(Progress::Failed), ..MailsPage::default() }.render(),
    ]
}
