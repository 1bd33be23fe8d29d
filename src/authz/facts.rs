//! What the rule book looks at: words, and small structs without rows, so that it can be tested exhaustively.

use crate::words;

words! {
    /// How a connection authenticates.
    AuthType {
        /// OAuth 2.0 authorization code; never shared.
        Oauth = "oauth",
        /// One or several keys that the person pastes.
        ApiKey = "api_key",
        /// A signed assertion for an access token (RFC 7523).
        ServiceAccount = "service_account",
        /// No authentication.
        None = "none",
    }
}

words! {
    /// What a member is in a workspace.
    Role {
        /// Holds every permission, always; manages people and integrations.
        Admin = "admin",
        /// Builds agents.
        Editor = "editor",
        /// Uses agents.
        Member = "member",
    }
}

words! {
    /// A power that admins switch on and off per role.
    Permission {
        /// May make agents.
        CreateAgents = "createAgents",
        /// May bring in custom integrations.
        CreateIntegrations = "createIntegrations",
        /// May put a preselected connection on an agent's action (R10).
        ConfigurePreselectedConnections = "configurePreselectedConnections",
    }
}

impl Permission {
    /// Its place in a set.
    pub(in crate::authz) fn bit(self) -> u8 {
        match self {
            Self::CreateAgents => 1,
            Self::CreateIntegrations => 2,
            Self::ConfigurePreselectedConnections => 4,
        }
    }

    /// What a role holds in a new workspace.
    pub fn defaults_of(role: Role) -> &'static [Self] {
        match role {
            Role::Admin => Self::ALL,
            Role::Editor => &[Self::CreateAgents, Self::CreateIntegrations, Self::ConfigurePreselectedConnections],
            Role::Member => &[Self::CreateAgents],
        }
    }
}

words! {
    /// What a share of a connection allows. The order is the order of power.
    ShareAccess {
        /// Use it.
        Use = "use",
        /// Use it, and attach it to agents.
        Attach = "attach",
    }
}

words! {
    /// What a share of an agent allows. The order is the order of power.
    AgentAccess {
        /// Run its actions.
        Use = "use",
        /// Change it, too.
        Edit = "edit",
    }
}

words! {
    /// Whose credential an agent's action uses.
    CredentialMode {
        /// Each caller's own (R8).
        Own = "own",
        /// A preselected connection (R10).
        Preselected = "preselected",
    }
}

/// The workspace as such: the actor is an active member of it, or there would be no actor.
#[derive(Clone, Copy, Debug)]
pub struct WorkspaceFacts;

/// A group: every member sees that it is there.
#[derive(Clone, Copy, Debug)]
pub struct GroupFacts;

/// A person in the workspace.
#[derive(Clone, Copy, Debug)]
pub struct MembershipFacts {
    /// They are not deactivated.
    pub is_active: bool,
}

/// An integration, seen by one actor.
#[derive(Clone, Copy, Debug)]
pub struct IntegrationFacts {
    /// Admins have not switched it off.
    pub is_enabled: bool,
    /// It is for everyone, or for the actor or a group of theirs.
    pub is_granted: bool,
}

/// An action of an integration, seen by one actor.
#[derive(Clone, Copy, Debug)]
pub struct ActionFacts {
    /// The integration it belongs to.
    pub integration: IntegrationFacts,
    /// It is not restricted by itself, or it is for the actor or a group of theirs.
    pub is_granted: bool,
}

/// A way to connect an integration, seen by one actor.
#[derive(Clone, Copy, Debug)]
pub struct MethodFacts {
    /// The integration.
    pub integration: IntegrationFacts,
    /// Admins keep this way for themselves.
    pub is_reserved: bool,
}

/// A connection, seen by one actor.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionFacts {
    /// The actor owns it.
    pub is_owner: bool,
    /// How it authenticates.
    pub auth_type: AuthType,
    /// The most that a living share gives the actor, directly, by a group or by the workspace.
    pub shared: Option<ShareAccess>,
}

/// An agent, seen by one actor.
#[derive(Clone, Copy, Debug)]
pub struct AgentFacts {
    /// The actor made it.
    pub is_owner: bool,
    /// The most that a share gives the actor.
    pub shared: Option<AgentAccess>,
    /// It is switched on.
    pub is_enabled: bool,
}

/// A call of an agent's action with a connection of the caller's own choice (R8).
#[derive(Clone, Copy, Debug)]
pub struct OwnFacts {
    /// The agent.
    pub agent: AgentFacts,
    /// The action of the integration, seen by the caller.
    pub action: ActionFacts,
    /// The connection, seen by the caller.
    pub connection: ConnectionFacts,
}

/// A call of an agent's action with its preselected connection (R11, R12).
#[derive(Clone, Copy, Debug)]
pub struct LentFacts {
    /// The agent.
    pub agent: AgentFacts,
    /// The action of the integration, seen by the caller.
    pub action: ActionFacts,
    /// The binding.
    pub binding: BindingFacts,
}

/// A binding and the person who attached it, as they are now.
#[derive(Clone, Copy, Debug)]
pub struct BindingFacts {
    /// The connection is still there.
    pub is_whole: bool,
    /// The action is still what was attached: method, path, origin, parameters (D-36).
    pub is_as_approved: bool,
    /// The attacher's role, if they are an active member.
    pub attacher: Option<Role>,
    /// The attacher still holds `configurePreselectedConnections`.
    pub attacher_may_configure: bool,
    /// The connection, seen by the attacher.
    pub connection: ConnectionFacts,
}

/// A run, seen by one actor.
#[derive(Clone, Copy, Debug)]
pub struct RunFacts {
    /// The actor started it.
    pub is_caller: bool,
    /// It used a connection that the actor owns.
    pub owns_connection: bool,
}
