//! The pages of coming in: what each shows.

use actix_session::Session;
use askama::Template;

use crate::authz::facts::Role;
use crate::domain::people::invitations::answers::Open;
use crate::http::form::Mistakes;
use crate::http::page::Ago;
use crate::http::page::Visit;
use crate::http::session;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::WorkspaceId;

/// Sign-in.
#[derive(Debug, Template)]
#[template(path = "accounts/sign_in.html")]
pub struct SignInPage {
    /// The token for forms.
    pub csrf: String,
    /// The address that was typed.
    pub email: String,
    /// Where to go afterwards.
    pub next: Option<String>,
    /// What went wrong.
    pub message: Option<String>,
}

impl SignInPage {
    /// An empty form.
    pub(super) fn new(session: &Session, next: Option<String>) -> Self {
        Self { csrf: session::csrf_token(session).unwrap_or_default(), email: String::new(), next, message: None }
    }

    /// The form with what went wrong.
    pub(super) fn saying(self, message: String) -> Self {
        Self { message: Some(message), ..self }
    }
}

/// The button that signs in by a one-time link.
#[derive(Debug, Template)]
#[template(path = "accounts/link.html")]
pub struct LinkPage {
    /// The token for forms.
    pub csrf: String,
    /// Who will be signed in.
    pub name: String,
    /// The link's token.
    pub token: String,
}

/// Asking for a mail to set a new password.
#[derive(Debug, Template)]
#[template(path = "accounts/forgot.html")]
pub struct ForgotPage {
    /// The token for forms.
    pub csrf: String,
    /// The address that was typed.
    pub email: String,
    /// What is wrong with it.
    pub mistakes: Mistakes,
}

impl ForgotPage {
    /// An empty form.
    pub(super) fn new(session: &Session) -> Self {
        let csrf = session::csrf_token(session).unwrap_or_default();
        Self { csrf, email: String::new(), mistakes: Mistakes::default() }
    }
}

/// The mail is on its way, if there is such an account.
#[derive(Debug, Template)]
#[template(path = "accounts/forgot_sent.html")]
pub struct ForgotSentPage {
    /// The address that was typed.
    pub email: String,
}

/// Setting a password by a one-time link.
#[derive(Debug, Template)]
#[template(path = "accounts/set_password.html")]
pub struct SetPasswordPage {
    /// The token for forms.
    pub csrf: String,
    /// The link's token.
    pub token: String,
    /// Whose password it will be.
    pub email: String,
    /// What is wrong with what was typed.
    pub mistakes: Mistakes,
}

impl SetPasswordPage {
    /// An empty form.
    pub(super) fn new(session: &Session, token: String, email: String) -> Self {
        let csrf = session::csrf_token(session).unwrap_or_default();
        Self { csrf, token, email, mistakes: Mistakes::default() }
    }
}

/// Signed in, but a member of no workspace.
#[derive(Debug, Template)]
#[template(path = "accounts/no_workspace.html")]
pub struct NoWorkspacePage {
    /// The token for forms.
    pub csrf: String,
    /// Who is signed in.
    pub email: String,
}

/// The invitations of whoever is signed in.
#[derive(Debug, Template)]
#[template(path = "accounts/invitations.html")]
pub struct InvitationsPage {
    /// The token for forms.
    pub csrf: String,
    /// What the request before has to say.
    pub toast: Option<String>,
    /// Who is signed in.
    pub email: String,
    /// The invitations.
    pub open: Vec<Open>,
    /// The first page of a workspace of theirs.
    pub home: Option<String>,
    /// The time of the request.
    pub now: Timestamp,
}

impl InvitationsPage {
    pub(super) fn new(visit: Visit, email: String, open: Vec<Open>, home: Option<String>, now: Timestamp) -> Self {
        let (csrf, toast) = visit.into_parts();
        Self { csrf, toast, email, open, home, now }
    }

    fn ago(&self, at: &Timestamp) -> Ago {
        Ago::between(at, &self.now)
    }
}

/// Every page with `text` wherever there is text, rendered: for the test that looks at them all.
pub fn samples(text: &str) -> Vec<askama::Result<String>> {
    let some = || text.to_owned();
    let mut mistakes = Mistakes::default();
    mistakes.add("email", text);
    mistakes.add("password", text);
    vec![
        SignInPage { csrf: some(), email: some(), next: Some(some()), message: Some(some()) }.render(),
        SignInPage { csrf: String::new(), email: String::new(), next: None, message: None }.render(),
        LinkPage { csrf: some(), name: some(), token: some() }.render(),
        ForgotPage { csrf: some(), email: some(), mistakes: mistakes.clone() }.render(),
        ForgotSentPage { email: some() }.render(),
        SetPasswordPage { csrf: some(), token: some(), email: some(), mistakes }.render(),
        NoWorkspacePage { csrf: some(), email: some() }.render(),
        invitations(text, vec![open(text, true), open(text, false)]).render(),
        InvitationsPage { home: None, toast: None, ..invitations(text, Vec::new()) }.render(),
    ]
}

fn invitations(text: &str, open: Vec<Open>) -> InvitationsPage {
    let some = || text.to_owned();
    let home = Some("/w/acme/integrations".to_owned());
    InvitationsPage { csrf: some(), toast: Some(some()), email: some(), open, home, now: Timestamp::default() }
}

fn open(text: &str, is_inviter_known: bool) -> Open {
    Open {
        workspace: WorkspaceId::new(),
        slug: "acme".to_owned(),
        name: text.to_owned(),
        role: Role::Member,
        inviter: is_inviter_known.then(|| text.to_owned()),
        at: Timestamp::default(),
    }
}
