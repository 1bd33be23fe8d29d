//! The rules that stop somebody: a stable code each, and a sentence for whoever asks about them, with who can help.

use crate::authz::facts::AuthType;
use crate::authz::facts::Role;
use crate::authz::policy::Reason;
use crate::domain::connections::Connection;
use crate::domain::connections::ConnectionStatus;
use crate::kernel::clock::Timestamp;

/// A rule that stops somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// For programs; it stays.
    pub code: &'static str,
    /// For people.
    pub detail: String,
}

/// Whom and what the sentences are about.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain::runs::explanation) struct Words<'a> {
    pub(in crate::domain::runs::explanation) person: &'a str,
    pub(in crate::domain::runs::explanation) role: Role,
    pub(in crate::domain::runs::explanation) connection: &'a Connection,
    /// When the last share that reached them ended, where none does now.
    pub(in crate::domain::runs::explanation) ended_at: Option<Timestamp>,
}

fn rule(code: &'static str, detail: impl Into<String>) -> Rule {
    Rule { code, detail: detail.into() }
}

impl Words<'_> {
    /// The policy's reasons.
    pub(in crate::domain::runs::explanation) fn all(&self, reasons: Vec<Reason>) -> Vec<Rule> {
        reasons.into_iter().map(|reason| self.of(reason)).collect()
    }

    /// One of the policy's reasons. The policy speaks to whoever is refused; this speaks about them.
    pub(in crate::domain::runs::explanation) fn of(&self, reason: Reason) -> Rule {
        let (person, owner) = (self.person, &self.connection.owner_name);
        match reason {
            Reason::NotVisible => rule(
                "agent_not_shared",
                format!("The agent is not shared with {person}, with a group of theirs, or with everyone."),
            ),
            Reason::OwnerOnly | Reason::OwnerOrAdmin => self.not_shared(),
            Reason::OauthIsNeverShared | Reason::OauthByOwnerAlone => self.oauth(),
            Reason::AdminOnly => rule("admin_only", "Only a workspace admin can."),
            Reason::ShareSaysUse => rule(
                "share_says_use",
                format!(
                    "It is shared with {person} to use, not to attach. {owner} or a workspace admin can change that."
                ),
            ),
            Reason::PermissionMissing(permission) => rule(
                "permission_missing",
                format!(
                    "Their role, {}, does not have the permission “{permission}”. A workspace admin can switch it on.",
                    self.role
                ),
            ),
            Reason::IntegrationDisabled => rule(
                "integration_disabled",
                "The integration is switched off in this workspace. A workspace admin can switch it on.",
            ),
            Reason::IntegrationRestricted => rule(
                "integration_restricted",
                format!(
                    "The integration is restricted to certain people, and {person} is not among them. A workspace admin \
                     can add them."
                ),
            ),
            Reason::ActionRestricted => rule(
                "action_restricted",
                format!(
                    "The action is restricted to certain people, and {person} is not among them. A workspace admin can \
                     add them."
                ),
            ),
            Reason::AuthTypeReserved => rule("auth_type_reserved", reason.to_string()),
            Reason::AgentDisabled => {
                rule("agent_disabled", "The agent is switched off. Whoever edits it can switch it on.")
            }
            Reason::AgentUseOnly => rule("agent_use_only", format!("{person} can use the agent, but not change it.")),
            Reason::BindingBroken => rule("binding_broken", reason.to_string()),
            Reason::BindingChanged => rule("binding_changed", reason.to_string()),
            Reason::AttacherGone => rule("attacher_gone", reason.to_string()),
            Reason::AttacherNotEntitled => rule("attacher_not_entitled", reason.to_string()),
        }
    }

    fn not_shared(&self) -> Rule {
        let (person, owner) = (self.person, &self.connection.owner_name);
        if self.connection.auth_type == AuthType::Oauth {
            return self.oauth();
        }
        if let Some(end) = self.ended_at {
            let day = end.format("%-d %B %Y");
            let detail = format!(
                "What was shared with {person} ended on {day}. {owner} or a workspace admin can share it anew."
            );
            return rule("share_ended", detail);
        }
        let private =
            format!("It is {owner}’s, and not shared with {person}, with a group of theirs, or with everyone.");
        if self.role == Role::Admin {
            return rule(
                "not_shared",
                format!("{private} As an admin they can see and share it, which is not using it."),
            );
        }
        rule("not_shared", format!("{private} {owner} or a workspace admin can share it."))
    }

    fn oauth(&self) -> Rule {
        let owner = &self.connection.owner_name;
        rule(
            "oauth_owner_only",
            format!(
                "It acts as {owner}, and nobody else uses or attaches it: OAuth connections are never shared. {owner} can \
                 preselect it on an agent, or {} connects their own account.",
                self.person
            ),
        )
    }

    pub(in crate::domain::runs::explanation) fn deactivated(&self) -> Rule {
        let detail = format!("{} is deactivated: no session, token, share or agent of theirs works.", self.person);
        rule("deactivated", detail)
    }

    pub(in crate::domain::runs::explanation) fn integration_gone(&self) -> Rule {
        rule(
            "integration_gone",
            format!("The integration “{}” is not in this workspace any more.", self.connection.integration),
        )
    }

    pub(in crate::domain::runs::explanation) fn scopes_missing(&self) -> Rule {
        let owner = &self.connection.owner_name;
        rule(
            "scopes_missing",
            format!(
                "The connection was not given every right that this action needs. {owner} can reconnect it with them."
            ),
        )
    }

    /// What a connection that does not work stops, for everybody alike.
    pub(in crate::domain::runs::explanation) fn status(&self, status: ConnectionStatus) -> Option<Rule> {
        let owner = &self.connection.owner_name;
        Some(match status {
            ConnectionStatus::Active => return None,
            ConnectionStatus::NeedsReconnect => rule(
                "needs_reconnect",
                format!(
                    "The connection has stopped working: {owner} has to reconnect it. Until then nobody can use it."
                ),
            ),
            ConnectionStatus::Misconfigured => rule(
                "misconfigured",
                "The integration does not accept the workspace’s OAuth client. A workspace admin has to set it right.",
            ),
            ConnectionStatus::Suspended => self.suspended(),
            ConnectionStatus::Disabled => rule(
                "disabled",
                format!(
                    "The connection is switched off, so nobody can use it. {owner} or a workspace admin can enable it."
                ),
            ),
        })
    }

    fn suspended(&self) -> Rule {
        let owner = &self.connection.owner_name;
        if self.connection.auth_type == AuthType::Oauth {
            return rule("suspended", format!("Its owner, {owner}, left, and it stopped with them."));
        }
        rule("suspended", format!("Its owner, {owner}, left. Nobody can use it until a workspace admin adopts it."))
    }
}

/// The integration has lost the action.
pub(in crate::domain::runs::explanation) fn action_gone() -> Rule {
    rule("action_gone", "The integration does not have this action any more. An editor of the agent can take it off.")
}

/// The action takes other kinds of connections.
pub(in crate::domain::runs::explanation) fn other_kind() -> Rule {
    rule("auth_type_not_admitted", "This action cannot be used with a connection of this kind.")
}
