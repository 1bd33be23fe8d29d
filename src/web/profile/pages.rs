//! The person's own page: what it shows.

use askama::Template;

use crate::domain::accounts::sessions::Session;
use crate::domain::people::tokens::ApiToken;
use crate::http::form::Mistakes;
use crate::http::page::Shell;
use crate::kernel::ids::SessionId;
use crate::web::profile::mail_pages;

/// The person's own page.
#[derive(Debug, Default, Template)]
#[template(path = "profile/show.html")]
pub struct ProfilePage {
    /// The frame.
    pub shell: Shell,
    /// The person's name.
    pub name: String,
    /// The address they sign in with.
    pub email: String,
    /// Whether they have set a password.
    pub has_password: bool,
    /// What is wrong with the new password.
    pub password_mistakes: Mistakes,
    /// Where they are signed in.
    pub sessions: Vec<Session>,
    /// The session that looks at the page.
    pub current: Option<SessionId>,
    /// Their API tokens.
    pub tokens: Vec<ApiToken>,
    /// A token that was just made, shown this once.
    pub new_token: Option<String>,
    /// What was typed as the name of a new token.
    pub token_name: String,
    /// What is wrong with it.
    pub token_mistakes: Mistakes,
}

impl ProfilePage {
    fn is_current(&self, session: &Session) -> bool {
        self.current == Some(session.id)
    }
}

/// A browser's name of itself, as people know it: `Firefox on Linux`.
fn browser(agent: Option<&String>) -> String {
    let agent = agent.map(String::as_str).unwrap_or_default();
    let find =
        |known: &[(&str, &'static str)]| known.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name);
    // The order matters: most browsers also say that they are others.
    let browser = find(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = find(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => "A browser".to_owned(),
    }
}

/// Every page with `text` wherever there is text, rendered: for the test that looks at them all.
pub fn samples(text: &str) -> Vec<askama::Result<String>> {
    let shell = Shell::sample(text);
    let now = shell.now;
    let some = || text.to_owned();
    let session = Session {
        id: SessionId::new(),
        user_id: None,
        state: serde_json::Value::Null,
        ip: Some(some()),
        user_agent: Some(some()),
        created_at: now,
        last_seen_at: now,
        expires_at: now,
    };
    let other = Session { id: SessionId::new(), ip: None, user_agent: None, ..session.clone() };
    let token =
        |last_used_at| ApiToken { id: crate::kernel::ids::TokenId::new(), name: some(), created_at: now, last_used_at };
    let mut mistakes = Mistakes::default();
    mistakes.add("password", text);
    mistakes.add("current_password", text);
    let mut token_mistakes = Mistakes::default();
    token_mistakes.add("token_name", text);
    let mut all = mail_pages::samples(text);
    all.extend([
        ProfilePage {
            name: some(),
            email: some(),
            has_password: true,
            current: Some(session.id),
            sessions: vec![session, other],
            tokens: vec![token(None), token(Some(now))],
            new_token: Some(some()),
            token_name: some(),
            password_mistakes: mistakes,
            token_mistakes,
            shell,
        }
        .render(),
        ProfilePage::default().render(),
    ]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_as_people_know_it() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        let phone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1";

        assert_eq!(browser(Some(&chrome.to_owned())), "Chrome on Linux");
        assert_eq!(browser(Some(&phone.to_owned())), "Safari on iPhone");
        assert_eq!(browser(Some(&"curl/8".to_owned())), "A browser");
        assert_eq!(browser(None), "A browser");
    }
}
