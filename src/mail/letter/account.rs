//! Letters about a person's account: a new password, a new workspace.

use askama::Template;

use crate::mail::letter::Heading;
use crate::mail::letter::LetterError;
use crate::mail::letter::finish;
use crate::mail::letter::shown;
use crate::mail::message::Message;

/// Someone asked to set a new password. No Debug: the link is a secret.
pub struct PasswordReset {
    /// The one-time link.
    pub link: String,
}

#[derive(Template)]
#[template(path = "mail/password_reset.html")]
struct PasswordResetHtml<'a> {
    subject: &'a str,
    heading: &'a Heading,
    letter: &'a PasswordReset,
}

#[derive(Template)]
#[template(path = "mail/password_reset.txt")]
struct PasswordResetText<'a> {
    heading: &'a Heading,
    letter: &'a PasswordReset,
}

impl PasswordReset {
    /// The letter as a mail.
    pub fn message(self, heading: Heading) -> Result<Message, LetterError> {
        let subject = "Set a new password for Odeus".to_owned();
        let letter = &self;
        let html = PasswordResetHtml { subject: &subject, heading: &heading, letter }.render()?;
        let text = PasswordResetText { heading: &heading, letter }.render()?;
        Ok(finish(heading, subject, html, text))
    }
}

/// Someone was made a member of a workspace. No Debug: the link is a secret.
pub struct Invited {
    /// Whether the link is a secret that serves once; for whoever has a password it only leads to the workspace.
    pub works_once: bool,
    /// The workspace's name.
    pub workspace: String,
    /// Who invited them.
    pub inviter: String,
    /// The one-time link.
    pub link: String,
}

#[derive(Template)]
#[template(path = "mail/invited.html")]
struct InvitedHtml<'a> {
    subject: &'a str,
    heading: &'a Heading,
    letter: &'a Invited,
}

#[derive(Template)]
#[template(path = "mail/invited.txt")]
struct InvitedText<'a> {
    heading: &'a Heading,
    letter: &'a Invited,
}

impl Invited {
    /// The letter as a mail.
    pub fn message(self, heading: Heading) -> Result<Message, LetterError> {
        let letter = &Self {
            workspace: shown(&self.workspace),
            inviter: shown(&self.inviter),
            link: self.link,
            works_once: self.works_once,
        };
        let subject = format!("{} invited you to {} on Odeus", letter.inviter, letter.workspace);
        let html = InvitedHtml { subject: &subject, heading: &heading, letter }.render()?;
        let text = InvitedText { heading: &heading, letter }.render()?;
        Ok(finish(heading, subject, html, text))
    }
}
