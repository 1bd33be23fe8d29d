//! What an entry says, in words: who did what to what. What a newer or older version wrote is said as well as its name
//! allows, so that no entry is left out.

use serde_json::Value;

use crate::authz::actor::Via;
use crate::domain::audit::entries::Entry;
use crate::kernel::text;

/// An entry as a sentence, in the parts between which a page puts its links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// Who.
    pub who: String,
    /// What they did.
    pub verb: String,
    /// What to; empty where the verb says it all.
    pub object: String,
    /// What follows: with whom, through which agent.
    pub rest: String,
}

impl std::fmt::Display for Sentence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [&self.who, &self.verb, &self.object, &self.rest];
        let said: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        f.write_str(&said.join(" "))
    }
}

/// What stands behind a verb.
#[derive(Clone, Copy)]
enum Names {
    /// The thing.
    Thing,
    /// Nothing: it is the person's own.
    Nothing,
}

use Names::Nothing;
use Names::Thing;

/// What each action is called, in the past tense.
const VERBS: [(&str, &str, Names); 53] = [
    ("workspace.created", "made the workspace", Nothing),
    ("user.signed_in", "signed in", Nothing),
    ("user.signed_out", "signed out", Nothing),
    ("user.signed_out_elsewhere", "signed out everywhere else", Nothing),
    ("user.password_set", "set a new password", Nothing),
    ("user.mails_changed", "changed which mails they get", Nothing),
    ("mail.retried", "sent a mail again", Nothing),
    ("token.created", "made an API token", Nothing),
    ("token.removed", "revoked an API token", Nothing),
    ("member.added", "added", Thing),
    ("member.invited", "invited", Thing),
    ("member.joined", "joined the workspace", Nothing),
    ("member.declined", "declined the invitation", Nothing),
    ("member.invitation_withdrawn", "took back the invitation of", Thing),
    ("member.role_changed", "changed the role of", Thing),
    ("member.deactivated", "deactivated", Thing),
    ("member.reactivated", "reactivated", Thing),
    ("group.created", "made the group", Thing),
    ("group.renamed", "renamed the group", Thing),
    ("group.deleted", "deleted the group", Thing),
    ("group.members_added", "added people to the group", Thing),
    ("group.member_removed", "took somebody out of the group", Thing),
    ("role.permissions_changed", "changed the permissions of the role", Thing),
    ("integration.created", "brought in the integration", Thing),
    ("integration.enabled", "switched on the integration", Thing),
    ("integration.disabled", "switched off the integration", Thing),
    ("integration.restricted", "changed who may use the integration", Thing),
    ("integration.action_restricted", "changed who may use an action of the integration", Thing),
    ("integration.auth_types_reserved", "changed which ways to connect admins keep for the integration", Thing),
    ("integration.oauth_client_set", "set the OAuth client of the integration", Thing),
    ("oauth_flow.begun", "set out to connect", Thing),
    ("connection.created", "made the connection", Thing),
    ("connection.renamed", "renamed the connection", Thing),
    ("connection.secret_replaced", "replaced the secret of the connection", Thing),
    ("connection.tested", "tested the connection", Thing),
    ("connection.reconnected", "reconnected", Thing),
    ("connection.other_account_held", "came back with another account for the connection", Thing),
    ("connection.other_account_declined", "declined another account for the connection", Thing),
    ("connection.account_changed", "put another account behind the connection", Thing),
    ("connection.needs_reconnect", "noticed that somebody has to reconnect", Thing),
    ("connection.disabled", "switched off the connection", Thing),
    ("connection.enabled", "switched on the connection", Thing),
    ("connection.deleted", "deleted the connection", Thing),
    ("connection.shared", "shared the connection", Thing),
    ("connection.unshared", "stopped sharing the connection", Thing),
    ("connection.share_restored", "gave back a share of the connection", Thing),
    ("connection.share_changed", "changed a share of the connection", Thing),
    ("agent.created", "made the agent", Thing),
    ("agent.updated", "changed the agent", Thing),
    ("agent.deleted", "deleted the agent", Thing),
    ("agent.shared", "shared the agent", Thing),
    ("agent.unshared", "stopped sharing the agent", Thing),
    ("run.lost", "lost sight of", Thing),
];

/// The same where the thing is an action of an agent.
const VERBS_OF_ACTIONS: [(&str, &str); 6] = [
    ("agent_action.added", "put"),
    ("agent_action.changed", "changed"),
    ("agent_action.removed", "took off"),
    ("binding.attached", "chose the connection for"),
    ("run.begun", "ran"),
    ("run.refused", "was not let run"),
];

/// What an action of an integration is called: from both keys.
pub type ActionNames<'a> = &'a dyn Fn(&str, &str) -> String;

impl Sentence {
    /// What `entry` says.
    pub fn of(entry: &Entry, names: ActionNames<'_>) -> Self {
        let action = entry.action.as_str();
        if let Some((_, verb)) = VERBS_OF_ACTIONS.iter().find(|(known, _)| *known == action) {
            return Self {
                who: who(entry),
                verb: (*verb).to_owned(),
                object: action_name(entry, names).unwrap_or_else(|| "an action that is gone".to_owned()),
                rest: on_agent(entry),
            };
        }
        let known = VERBS.iter().find(|(known, _, _)| *known == action);
        let (verb, object) = match known {
            Some((_, verb, Nothing)) => ((*verb).to_owned(), String::new()),
            Some((_, verb, Thing)) => ((*verb).to_owned(), thing(entry)),
            None => (unknown(entry), thing(entry)),
        };
        Self { who: who(entry), verb, object, rest: with_whom(entry) }
    }
}

fn who(entry: &Entry) -> String {
    match (&entry.actor_name, entry.actor, entry.via) {
        (Some(name), _, _) => name.clone(),
        (None, Some(_), _) => "Somebody who left".to_owned(),
        (None, None, Via::Command) => "The operator".to_owned(),
        (None, None, Via::System | Via::Page | Via::Token) => "Odeus".to_owned(),
    }
}

fn thing(entry: &Entry) -> String {
    match (&entry.object_name, entry.object_kind.as_str()) {
        (Some(name), _) => text::cut(name, 100),
        (None, "integration" | "role") => entry.object_id.clone(),
        (None, "run") => "a run".to_owned(),
        (None, "user") => "somebody who left".to_owned(),
        (None, _) => "that is gone".to_owned(),
    }
}

fn action_name(entry: &Entry, names: ActionNames<'_>) -> Option<String> {
    Some(names(entry.integration.as_deref()?, entry.agent_action.as_deref()?))
}

fn on_agent(entry: &Entry) -> String {
    let preposition = match entry.action.as_str() {
        "run.begun" | "run.refused" => "through",
        "agent_action.removed" => "from",
        _ => "on",
    };
    match (&entry.agent_name, entry.agent) {
        (Some(name), _) => format!("{preposition} {}", text::cut(name, 100)),
        (None, _) => format!("{preposition} a deleted agent"),
    }
}

/// `with Sales, to attach`; `as editor`.
fn with_whom(entry: &Entry) -> String {
    let said = |member: &str| entry.detail.get(member).and_then(Value::as_str);
    let grantee = match (said("grantee"), &entry.grantee_name) {
        (Some("workspace"), _) => Some("the entire workspace".to_owned()),
        (_, Some(name)) => Some(text::cut(name, 100)),
        (Some(_), None) => Some("somebody who left".to_owned()),
        (None, None) => None,
    };
    match (grantee, said("access"), said("role")) {
        (Some(grantee), Some(access), _) => format!("with {grantee}, to {access}"),
        (Some(grantee), None, _) => format!("with {grantee}"),
        (None, _, Some(role)) if entry.object_kind == "user" => format!("as {role}"),
        (None, _, _) => String::new(),
    }
}

/// `webhook.rotated_key` becomes `rotated key of the webhook`.
fn unknown(entry: &Entry) -> String {
    let done = entry.action.rsplit('.').next().unwrap_or_default().replace('_', " ");
    format!("{done} the {}", entry.object_kind.replace('_', " "))
}

/// Members of the detail that a sentence says, or that are ids of what it names.
const SAID: [&str; 11] = [
    "name",
    "agent",
    "agent_action",
    "integration",
    "action",
    "grantee",
    "grantee_id",
    "access",
    "role",
    "owner",
    "for",
];

/// What else the entry has, for a page: member and value, a few, each cut.
pub fn extras(entry: &Entry) -> Vec<(String, String)> {
    let members = entry.detail.as_object().into_iter().flatten();
    let unsaid = members.filter(|(member, value)| !SAID.contains(&member.as_str()) && !value.is_null());
    let shown =
        |value: &Value| value.as_str().map_or_else(|| text::cut(&value.to_string(), 200), |word| text::cut(word, 200));
    unsaid.take(8).map(|(member, value)| (member.replace('_', " "), shown(value))).collect()
}

/// A kind of thing as people say it, several of them.
pub fn kind(kind: &str) -> String {
    match kind {
        "agent_action" => "Actions of agents".to_owned(),
        "mail" => "Mail".to_owned(),
        "token" => "API tokens".to_owned(),
        "user" => "People".to_owned(),
        "workspace" => "The workspace".to_owned(),
        other => {
            let mut letters = other.chars();
            let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
            format!("{first}{}s", letters.as_str())
        }
    }
}
