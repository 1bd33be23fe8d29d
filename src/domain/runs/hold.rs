//! Why a connection that may be used cannot be used just now, said to the caller with who can mend it. The caller of a
//! preselected action learns nothing of the connection by it (R11, D-39).

use crate::authz::facts::AuthType;
use crate::authz::facts::CredentialMode;
use crate::domain::connections::ConnectionStatus;
use crate::domain::integrations::definition::ActionDefinition;
use crate::kernel::text;

/// What stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The connection has to be made anew; the sentence says by whom.
    NeedsReconnect(String),
    /// Somebody has to decide something; the sentence says who.
    Refused(String),
}

/// For whom it is said.
#[derive(Clone, Copy, Debug)]
pub struct Listener<'a> {
    /// Whose credential the action uses.
    pub credentials: CredentialMode,
    /// Whether the caller owns the connection.
    pub is_owner: bool,
    /// The integration's name.
    pub integration: &'a str,
    /// The connection's name.
    pub connection: &'a str,
    /// The name of the connection's owner.
    pub owner: &'a str,
}

/// What the connection's state means for a call.
pub fn by_status(status: ConnectionStatus, listener: &Listener<'_>) -> Option<Hold> {
    let which = listener.which();
    let mender = listener.mender();
    let integration = listener.integration;
    Some(match status {
        ConnectionStatus::Active => return None,
        ConnectionStatus::NeedsReconnect => {
            Hold::NeedsReconnect(format!("{which} has stopped working and has to be connected again. {mender}"))
        }
        ConnectionStatus::Misconfigured => Hold::Refused(format!(
            "{integration} does not accept the OAuth client of your workspace. A workspace admin has to set it right."
        )),
        ConnectionStatus::Suspended => {
            Hold::Refused(format!("{which} is suspended since its owner left. A workspace admin can adopt it."))
        }
        ConnectionStatus::Disabled => Hold::Refused(format!("{which} is switched off. {mender}")),
    })
}

/// Whether the action takes a connection of this kind.
pub fn is_admitted(action: &ActionDefinition, auth_type: AuthType) -> bool {
    action.auth_types.contains(&auth_type)
}

/// Whether an OAuth connection has the scopes that the action needs. Where the provider named none, nothing is known and
/// the provider decides.
pub fn by_scopes(
    action: &ActionDefinition,
    auth_type: AuthType,
    granted: &[String],
    listener: &Listener<'_>,
) -> Option<Hold> {
    if auth_type != AuthType::Oauth || granted.is_empty() {
        return None;
    }
    let missing = missing_scopes(&action.scope_alternatives, &action.scopes, granted)?;
    let what = match listener.credentials {
        CredentialMode::Own => format!(" ({})", text::cut(&missing.join(", "), 300)),
        CredentialMode::Preselected => String::new(),
    };
    let (which, mender) = (listener.which(), listener.mender());
    Some(Hold::NeedsReconnect(format!(
        "{which} was not given every right that this action needs{what}. It has to be connected again with them. {mender}"
    )))
}

/// Of the least set of scopes, those that were not granted; nothing if any set that suffices was granted whole.
fn missing_scopes<'a>(alternatives: &[Vec<String>], least: &'a [String], granted: &[String]) -> Option<Vec<&'a str>> {
    let has = |scope: &String| granted.iter().any(|granted| is_same_scope(granted, scope));
    if least.iter().all(has) || alternatives.iter().any(|set| set.iter().all(has)) {
        return None;
    }
    Some(least.iter().filter(|scope| !has(scope)).map(String::as_str).collect())
}

/// Microsoft answers in its own capitals, and with the address of the API in front of what was asked for without
/// (`https://graph.microsoft.com/mail.read` for `Mail.Read`). Where a scope of its own has a slash, it is meant as it is.
fn is_same_scope(granted: &str, scope: &str) -> bool {
    let bare = granted.rsplit_once('/').filter(|(before, _)| before.starts_with("https://")).map(|(_, bare)| bare);
    let is_short = !scope.contains('/');
    granted == scope || (is_short && bare.unwrap_or(granted).eq_ignore_ascii_case(scope))
}

impl Listener<'_> {
    fn which(&self) -> String {
        let (integration, connection, owner) = (self.integration, self.connection, self.owner);
        match self.credentials {
            CredentialMode::Preselected => format!("The preselected {integration} connection of this action"),
            CredentialMode::Own if self.is_owner => format!("Your {integration} connection “{connection}”"),
            CredentialMode::Own => format!("The {integration} connection “{connection}”, shared by {owner},"),
        }
    }

    fn mender(&self) -> String {
        match self.credentials {
            CredentialMode::Preselected => "Ask whoever edits the agent to see to it.".to_owned(),
            CredentialMode::Own if self.is_owner => "Open the connection to see to it.".to_owned(),
            CredentialMode::Own => format!("Ask {} to see to it.", self.owner),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(credentials: CredentialMode) -> Listener<'static> {
        Listener {
            credentials,
            is_owner: false,
            integration: "Slack",
            connection: "NAME-OF-CONNECTION",
            owner: "NAME-OF-OWNER",
        }
    }

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_an_active_connection_is_used() {
        let held = |status| by_status(status, &listener(CredentialMode::Own));

        assert_eq!(held(ConnectionStatus::Active), None);
        assert!(matches!(held(ConnectionStatus::NeedsReconnect), Some(Hold::NeedsReconnect(_))));
        for status in [ConnectionStatus::Misconfigured, ConnectionStatus::Suspended, ConnectionStatus::Disabled] {
            assert!(matches!(held(status), Some(Hold::Refused(_))), "{status}");
        }
    }

    #[test]
    fn a_preselected_connection_is_not_named() {
        for status in ConnectionStatus::ALL {
            let said = format!("{:?}", by_status(*status, &listener(CredentialMode::Preselected)));

            assert!(!said.contains("NAME-OF"), "{said}");
        }
    }

    #[test]
    fn scopes_suffice_in_any_of_the_ways_that_the_document_names() {
        let alternatives = [strings(&["calendar.events"]), strings(&["calendar"])];
        let least = strings(&["calendar.events"]);
        let missing = |granted: &[&str]| missing_scopes(&alternatives, &least, &strings(granted));

        assert_eq!(missing(&["calendar.events", "email"]), None);
        assert_eq!(missing(&["calendar"]), None);
        assert_eq!(missing(&["email"]), Some(vec!["calendar.events"]));
        assert_eq!(missing_scopes(&[], &[], &strings(&["email"])), None);
    }

    #[test]
    fn a_scope_is_known_again_as_the_provider_writes_it() {
        assert!(is_same_scope("https://graph.microsoft.com/mail.read", "Mail.Read"));
        assert!(is_same_scope("mail.read", "Mail.Read"));
        assert!(is_same_scope("https://a.example/auth/calendar", "https://a.example/auth/calendar"));
        assert!(!is_same_scope("https://graph.microsoft.com/mail.readwrite", "Mail.Read"));
        assert!(!is_same_scope("https://a.example/auth/Calendar", "https://a.example/auth/calendar"));
        assert!(!is_same_scope("user/read", "read"));
    }
}
