//! The pages of coming in: what each shows.

use actix_session::Session;
use askama::Template;

use crate::http::form::Mistakes;
use crate::http::session;

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
    ]
}
