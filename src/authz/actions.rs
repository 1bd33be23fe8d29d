//! What can be done, as types: a proof for one does not pass for another, and a pair without a rule does not compile.

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl Action for $name {}
    )+};
}

/// Something that can be done to a resource.
pub trait Action: 'static {}

actions! {
    /// Know that it exists and see it.
    View
    /// Use a connection, or an action of an integration, in a call.
    Use
    /// Put a connection on an agent's action, for everyone who may use the agent.
    Attach
    /// Give others a connection or an agent, and take it away.
    Share
    /// Ask what somebody may do with a connection, and why.
    Explain
    /// Rename, test, reconnect, replace the secret.
    Maintain
    /// Switch a connection off and on.
    Disable
    /// Remove it.
    Delete
    /// Make somebody else the owner.
    Transfer
    /// Make a connection to an integration.
    Connect
    /// Decide on an integration: switch it, restrict it, set its OAuth client.
    Configure
    /// Change an agent and its actions.
    Edit
    /// Run an agent's action.
    Run
    /// Make an agent.
    CreateAgent
    /// Bring in a custom integration.
    CreateIntegration
    /// Manage members, groups and roles.
    ManagePeople
    /// Read who did what, all of it.
    ViewAudit
    /// See which mails the workspace sends, and send one again.
    ManageMail
}
