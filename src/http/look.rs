//! How names look where a picture would stand: initials, a letter, a colour. And how people say the words of the code:
//! roles, auth types, states, effects.

use url::Url;

use crate::authz::facts::AuthType;
use crate::authz::facts::Role;
use crate::authz::facts::ShareAccess;
use crate::domain::connections::Connection;
use crate::domain::connections::ConnectionStatus;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::definition::Effect;
use crate::domain::outbox::Kind;
use crate::domain::outbox::overview::Progress;
use crate::domain::runs::RunStatus;
use crate::outbound::origin::Origin;

/// The colours of letter tiles, 1 to this.
const TONES: u32 = 8;

/// The first letters of the first and the last word of a name, in capitals.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let (first, last) = (words.next(), words.next_back());
    first.into_iter().chain(last).filter_map(|word| word.chars().next()).flat_map(char::to_uppercase).collect()
}

/// The first letter or digit of a name, in capitals.
pub fn monogram(name: &str) -> String {
    name.chars().find(|c| c.is_alphanumeric()).map(|c| c.to_uppercase().collect()).unwrap_or_default()
}

/// The colour of a letter tile: always the same for the same key (FNV-1a).
pub fn tone(key: &str) -> u32 {
    let hash = key.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash % TONES + 1
}

/// Where a call goes: the host, with what is unusual about the way there.
pub fn place(url: &Url) -> String {
    Origin::of(url).map(|origin| origin.to_string().trim_start_matches("https://").to_owned()).unwrap_or_default()
}

/// A role as people say it.
pub fn role(role: &Role) -> &'static str {
    match role {
        Role::Admin => "Admin",
        Role::Editor => "Editor",
        Role::Member => "Member",
    }
}

/// An auth type as people say it.
pub fn auth_type(auth_type: &AuthType) -> &'static str {
    match auth_type {
        AuthType::Oauth => "Sign-in",
        AuthType::ApiKey => "API key",
        AuthType::ServiceAccount => "Service account",
        AuthType::None => "No credential",
    }
}

/// Whose a connection is and, where it is shared, for what and until when: as every place that offers connections says it.
pub fn belonging(connection: &Connection) -> String {
    if connection.is_owner {
        return "yours".to_owned();
    }
    let owner = format!("{}’s", connection.owner_name);
    let Some(access) = connection.shared else { return owner };
    let may = match access {
        ShareAccess::Use => "to use",
        ShareAccess::Attach => "to use and attach",
    };
    let until = connection.shared_until.map(|end| format!(", until {}", end.format("%-d %b %Y"))).unwrap_or_default();
    format!("{owner}, shared with you {may}{until}")
}

/// A connection's state as people say it.
pub fn status(status: &ConnectionStatus) -> &'static str {
    match status {
        ConnectionStatus::Active => "Active",
        ConnectionStatus::NeedsReconnect => "Needs reconnect",
        ConnectionStatus::Misconfigured => "Misconfigured",
        ConnectionStatus::Suspended => "Suspended",
        ConnectionStatus::Disabled => "Disabled",
    }
}

/// How a run stands, as people say it.
pub fn run_status(status: &RunStatus) -> &'static str {
    match status {
        RunStatus::Begun => "Running",
        RunStatus::Succeeded => "Succeeded",
        RunStatus::Failed => "Failed",
        RunStatus::Refused => "Refused",
        RunStatus::NeedsConnection => "Needs connection",
        RunStatus::NeedsConfirmation => "Needs confirmation",
        RunStatus::NeedsReconnect => "Needs reconnect",
        RunStatus::TimedOut => "Timed out",
        RunStatus::Unknown => "Unknown",
    }
}

/// An action's effect as people say it.
pub fn effect(effect: &Effect) -> &'static str {
    match effect {
        Effect::Read => "Reads",
        Effect::Write => "Changes data",
    }
}

/// How far a mail is, as people say it.
pub fn mail_progress(progress: Progress) -> &'static str {
    match progress {
        Progress::Waiting => "Waiting",
        Progress::Sent => "Sent",
        Progress::Failed => "Failed",
        Progress::Dropped => "Not needed",
    }
}

/// A kind of mail: what it is called, and when it comes.
pub fn mail(kind: &Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::PasswordReset => ("A new password", "When somebody asks for a new password for your account."),
        Kind::Invited => ("An invitation", "When you become a member of a workspace."),
        Kind::NeedsReconnect => {
            ("A connection needs you", "When one of your connections stopped working until you connect it again.")
        }
        Kind::ConnectionAttached => {
            ("Your connection is on an agent", "When somebody else puts a connection of yours on an agent.")
        }
        Kind::AgentNeedsConnection => (
            "An agent needs your connection",
            "When an agent that you use gets an action for which you have not connected your account.",
        ),
        Kind::SharedWithYou => ("Shared with you", "When a connection or an agent is shared with you."),
        Kind::AccessRemoved => ("No longer shared with you", "When what was shared with you is not any more."),
        Kind::AudienceGrew => (
            "More people use what you attached",
            "When an agent with a connection that you attached is shared with more people.",
        ),
    }
}

/// A length of time: `212 ms`, `3.4 s`.
pub fn duration(milliseconds: &i64) -> String {
    match *milliseconds {
        short @ ..1_000 => format!("{short} ms"),
        long => format!("{}.{} s", long / 1_000, long % 1_000 / 100),
    }
}

/// An action as it is shown: what it is called, and the face of its integration. It is called by its key where the
/// integration does not have it any more.
#[derive(Clone, Debug, Default)]
pub struct ActionFace {
    /// What the action is called.
    pub name: String,
    /// The integration's key.
    pub key: String,
    /// What the integration is called.
    pub integration: String,
    /// The name of its icon, or nothing.
    pub icon: String,
}

impl ActionFace {
    /// That of `action` of the integration behind `key`.
    pub fn of(definition: Option<&Definition>, key: &str, action: &str) -> Self {
        let named = definition.and_then(|it| it.action(action)).map(|it: &ActionDefinition| it.name.clone());
        Self {
            name: named.unwrap_or_else(|| action.to_owned()),
            key: key.to_owned(),
            integration: definition.map_or_else(|| key.to_owned(), |it| it.name.clone()),
            icon: definition.and_then(|it| it.icon.clone()).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_the_first_and_the_last_word() {
        assert_eq!(initials("Ada Admin"), "AA");
        assert_eq!(initials("Mia van der Berg"), "MB");
        assert_eq!(initials("  élan "), "É");
        assert_eq!(initials(""), "");
    }

    #[test]
    fn a_tone_is_one_that_the_stylesheet_has() {
        assert!(["", "slack", "google-calendar", "ü"].iter().all(|key| (1..=8).contains(&tone(key))));
        assert_eq!(tone("slack"), tone("slack"));
    }
}
