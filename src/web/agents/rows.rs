//! An action of an agent as one line, for whoever uses the agent and for whoever builds it: as whom it runs, what it needs
//! first, how its credentials stand. Whoever only uses it reads nothing of a preselected connection (R11).

use crate::authz::facts::CredentialMode;
use crate::authz::policy::Reason;
use crate::domain::agents::actions::ListedAction;
use crate::domain::connections::Connection;
use crate::domain::connections::ConnectionStatus;
use crate::domain::integrations::definition::Effect;
use crate::domain::runs::readiness::Readiness;
use crate::http::look;
use crate::http::look::ActionFace;
use crate::kernel::ids::AgentActionId;

/// An action, for whoever uses the agent.
#[derive(Clone, Debug)]
pub struct UseRow {
    /// Its id.
    pub id: AgentActionId,
    /// What it is called.
    pub face: ActionFace,
    /// What it does to the other side.
    pub effect: Option<Effect>,
    /// As whom it runs.
    pub as_whom: String,
    /// What it needs first: the badge's class and words.
    pub need: Option<(&'static str, String)>,
    /// Whether running it has any chance.
    pub is_open: bool,
}

impl UseRow {
    pub(super) fn of(listed: &ListedAction, readiness: &Readiness) -> Self {
        let face = face(listed);
        let (as_whom, need) = words(readiness, &face.integration, listed.action.credentials);
        Self {
            id: listed.action.id,
            effect: listed.definition().map(|it| it.effect),
            as_whom,
            need,
            is_open: !matches!(readiness, Readiness::Refused(_) | Readiness::Gone),
            face,
        }
    }
}

/// What an action of an agent is called.
pub(super) fn face(listed: &ListedAction) -> ActionFace {
    ActionFace::of(listed.integration.as_deref(), &listed.action.integration, &listed.action.action)
}

/// As whom an action runs, and what it needs first.
pub(super) fn words(
    readiness: &Readiness,
    integration: &str,
    mode: CredentialMode,
) -> (String, Option<(&'static str, String)>) {
    let yourself = || "as yourself".to_owned();
    match readiness {
        Readiness::Preselected => ("as a connection that the agent’s builder chose".to_owned(), None),
        Readiness::As(connection) => (as_connection(connection), state(connection)),
        Readiness::Connect => (yourself(), Some(("needs_connection", format!("Needs your {integration}")))),
        Readiness::Choose(count) => (yourself(), Some(("info", format!("Choose which of your {count} connections")))),
        Readiness::Refused(_) | Readiness::Gone => {
            let as_whom = match mode {
                CredentialMode::Own => yourself(),
                CredentialMode::Preselected => "as a connection that the agent’s builder chose".to_owned(),
            };
            let is_for_admins = matches!(readiness, Readiness::Refused(reason) if reason.is_for_admins());
            let words = if is_for_admins { "Restricted: ask an admin" } else { "Cannot run now" };
            (as_whom, Some(("refused", words.to_owned())))
        }
    }
}

fn as_connection(connection: &Connection) -> String {
    let name = connection.account.as_ref().unwrap_or(&connection.name);
    if connection.is_owner {
        format!("as yourself: {name}")
    } else {
        format!("by “{}”, shared by {}", connection.name, connection.owner_name)
    }
}

fn state(connection: &Connection) -> Option<(&'static str, String)> {
    let is_well = connection.status == ConnectionStatus::Active;
    (!is_well).then(|| (connection.status.as_str(), look::status(&connection.status).to_owned()))
}

/// An action, for whoever builds the agent.
#[derive(Clone, Debug)]
pub struct BuildRow {
    /// Its id.
    pub id: AgentActionId,
    /// What it is called.
    pub face: ActionFace,
    /// What it does to the other side.
    pub effect: Option<Effect>,
    /// Whether each call is shown before it is sent.
    pub asks_first: bool,
    /// How its credentials stand.
    pub standing: Standing,
}

/// How the credentials of an action stand, for those who edit it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The badge's class.
    pub class: &'static str,
    /// The badge's words.
    pub words: &'static str,
    /// The connection where the person may see it, or what is wrong.
    pub detail: String,
    /// Whether somebody has to do something.
    pub is_broken: bool,
}

impl BuildRow {
    pub(super) fn of(listed: &ListedAction) -> Self {
        Self {
            id: listed.action.id,
            face: face(listed),
            effect: listed.definition().map(|it| it.effect),
            asks_first: listed.action.requires_confirmation,
            standing: Standing::of(listed),
        }
    }
}

impl Standing {
    pub(super) fn of(listed: &ListedAction) -> Self {
        if listed.definition().is_none() {
            let detail = "The integration does not have this action any more. Remove it.".to_owned();
            return Self { class: "broken", words: "Gone", detail, is_broken: true };
        }
        if listed.action.credentials == CredentialMode::Own {
            return Self { class: "own", words: "Their own credentials", detail: String::new(), is_broken: false };
        }
        let Some(binding) = &listed.binding else {
            let detail = "No connection is attached. Choose one.".to_owned();
            return Self { class: "broken", words: "Broken", detail, is_broken: true };
        };
        let connection = binding.connection.as_ref();
        match binding.trouble {
            None => {
                let detail = connection.map_or_else(|| "a connection that you may not see".to_owned(), named);
                Self { class: "preselected", words: "Preselected", detail, is_broken: false }
            }
            Some(trouble) => Self { class: "broken", words: troubled(trouble), detail: mend(trouble), is_broken: true },
        }
    }
}

/// A connection's name, and whose it is if not the reader's.
fn named(connection: &Connection) -> String {
    if connection.is_owner {
        connection.name.clone()
    } else {
        format!("{} · {}", connection.name, connection.owner_name)
    }
}

/// A connection in one line: what its owner called it, the account behind it, whose it is.
pub(super) fn described(connection: &Connection) -> String {
    let owner = look::belonging(connection);
    match &connection.account {
        Some(account) if *account != connection.name => format!("{} · {account} · {owner}", connection.name),
        Some(_) | None => format!("{} · {owner}", connection.name),
    }
}

/// What does not hold about a binding, in a word or two.
fn troubled(reason: Reason) -> &'static str {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a binding fails by these; whatever else it was, it does not hold"
    )]
    match reason {
        Reason::BindingChanged => "Changed: approve again",
        Reason::AttacherGone => "Attacher gone",
        Reason::AttacherNotEntitled => "Attacher may no longer",
        _ => "Broken",
    }
}

/// What is to be done about it, for an editor.
fn mend(reason: Reason) -> String {
    #[expect(clippy::wildcard_enum_match_arm, reason = "any other reason says itself what to do")]
    match reason {
        Reason::BindingBroken => "The connection was deleted. Choose another one.".to_owned(),
        Reason::BindingChanged => {
            "The action is not what it was when the connection was attached. Look at it and approve it again."
                .to_owned()
        }
        Reason::AttacherGone => {
            "Whoever attached the connection is no longer an active member. Choose a connection again.".to_owned()
        }
        Reason::AttacherNotEntitled => {
            "Whoever attached the connection may not do so any more. Somebody who may has to approve it again."
                .to_owned()
        }
        other => other.to_string(),
    }
}
