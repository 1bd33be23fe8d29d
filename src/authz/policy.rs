//! The rule book: one `impl` for each act on each kind of thing, read beside the table in the design. It sees facts and
//! decides; whether a refusal is shown as "not there" or "not allowed" is decided once, in `proof`.

use crate::authz::actions::Action;
use crate::authz::actions::Attach;
use crate::authz::actions::CreateAgent;
use crate::authz::actions::CreateIntegration;
use crate::authz::actions::Delete;
use crate::authz::actions::Disable;
use crate::authz::actions::Edit;
use crate::authz::actions::Explain;
use crate::authz::actions::Maintain;
use crate::authz::actions::ManageMail;
use crate::authz::actions::ManagePeople;
use crate::authz::actions::Run;
use crate::authz::actions::Share;
use crate::authz::actions::Transfer;
use crate::authz::actions::Use;
use crate::authz::actions::View;
use crate::authz::actions::ViewAudit;
use crate::authz::actor::Actor;
use crate::authz::facts::AgentAccess;
use crate::authz::facts::AgentFacts;
use crate::authz::facts::AuthType;
use crate::authz::facts::BindingFacts;
use crate::authz::facts::ConnectionFacts;
use crate::authz::facts::GroupFacts;
use crate::authz::facts::LentFacts;
use crate::authz::facts::MembershipFacts;
use crate::authz::facts::OwnFacts;
use crate::authz::facts::Permission;
use crate::authz::facts::Role;
use crate::authz::facts::RunFacts;
use crate::authz::facts::ShareAccess;
use crate::authz::facts::WorkspaceFacts;
use crate::authz::integrations::may_call;

/// The rule for one act on one kind of thing.
pub trait Permits<F>: Action {
    /// Whether `actor` may; if not, why.
    fn permits(actor: &Actor, facts: &F) -> Result<(), Reason>;
}

/// Why something is refused, in words for the person who is refused and with who can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It is not theirs to see.
    #[error("This is not visible to you.")]
    NotVisible,
    /// R4.
    #[error(
        "OAuth connections act as one person and are never shared. Put the action on an agent with this connection \
         preselected, or ask each person to connect their own account."
    )]
    OauthIsNeverShared,
    /// Ownership is what it takes.
    #[error("Only the owner can do this. Ask them.")]
    OwnerOnly,
    /// The owner or an admin.
    #[error("Only the owner or a workspace admin can do this. Ask one of them.")]
    OwnerOrAdmin,
    /// Admins only.
    #[error("Only a workspace admin can do this. Ask one of them.")]
    AdminOnly,
    /// R10: somebody else's OAuth connection.
    #[error("Nobody attaches another person's OAuth connection to an agent. Its owner can do it.")]
    OauthByOwnerAlone,
    /// R10: the share says `use`.
    #[error("This connection is shared with you to use, not to attach. Ask its owner for “attach”.")]
    ShareSaysUse,
    /// A permission is missing.
    #[error("Your role does not have the permission “{0}”. A workspace admin can switch it on for your role.")]
    PermissionMissing(Permission),
    /// The integration is switched off.
    #[error("This integration is switched off in your workspace. A workspace admin can switch it on.")]
    IntegrationDisabled,
    /// The integration is for others.
    #[error("This integration is restricted to certain people in your workspace. A workspace admin can add you.")]
    IntegrationRestricted,
    /// The action is for others.
    #[error("This action is restricted to certain people in your workspace. A workspace admin can add you.")]
    ActionRestricted,
    /// The way to connect is kept for admins.
    #[error(
        "Only workspace admins connect this integration in this way. One of them can set up a connection and share it \
         with you."
    )]
    AuthTypeReserved,
    /// The agent is off.
    #[error("This agent is switched off. Whoever edits it can switch it on.")]
    AgentDisabled,
    /// Use, not edit.
    #[error("You can use this agent, but not change it. Ask its owner for “edit”.")]
    AgentUseOnly,
    /// R12: the connection is gone.
    #[error("The connection of this action was deleted. An editor of the agent has to choose another.")]
    BindingBroken,
    /// R12: the action is not what was attached.
    #[error(
        "This action has changed since its connection was attached. Whoever may attach it has to approve it again."
    )]
    BindingChanged,
    /// R12: the attacher has gone.
    #[error(
        "The person who attached this action's connection is no longer an active member. An editor of the agent has to \
         choose a connection again."
    )]
    AttacherGone,
    /// R12: the attacher lost a right.
    #[error(
        "The person who attached this action's connection may not do so any more. Someone who may attach it has to \
         approve it again."
    )]
    AttacherNotEntitled,
}

impl Reason {
    /// Whether a workspace admin can help by deciding otherwise about an integration.
    pub fn is_for_admins(self) -> bool {
        matches!(
            self,
            Self::IntegrationDisabled | Self::IntegrationRestricted | Self::ActionRestricted | Self::AuthTypeReserved
        )
    }
}

pub(in crate::authz) fn when(allowed: bool, otherwise: Reason) -> Result<(), Reason> {
    if allowed { Ok(()) } else { Err(otherwise) }
}

// -- the workspace ------------------------------------------------------------

impl Permits<WorkspaceFacts> for View {
    fn permits(_: &Actor, _: &WorkspaceFacts) -> Result<(), Reason> {
        Ok(())
    }
}

impl Permits<WorkspaceFacts> for CreateAgent {
    fn permits(actor: &Actor, _: &WorkspaceFacts) -> Result<(), Reason> {
        needs(actor, Permission::CreateAgents)
    }
}

impl Permits<WorkspaceFacts> for CreateIntegration {
    fn permits(actor: &Actor, _: &WorkspaceFacts) -> Result<(), Reason> {
        needs(actor, Permission::CreateIntegrations)
    }
}

impl Permits<WorkspaceFacts> for ManagePeople {
    fn permits(actor: &Actor, _: &WorkspaceFacts) -> Result<(), Reason> {
        when(actor.is_admin(), Reason::AdminOnly)
    }
}

impl Permits<GroupFacts> for View {
    fn permits(_: &Actor, _: &GroupFacts) -> Result<(), Reason> {
        Ok(())
    }
}

impl Permits<GroupFacts> for ManagePeople {
    fn permits(actor: &Actor, _: &GroupFacts) -> Result<(), Reason> {
        when(actor.is_admin(), Reason::AdminOnly)
    }
}

impl Permits<WorkspaceFacts> for ViewAudit {
    fn permits(actor: &Actor, _: &WorkspaceFacts) -> Result<(), Reason> {
        when(actor.is_admin(), Reason::AdminOnly)
    }
}

impl Permits<WorkspaceFacts> for ManageMail {
    fn permits(actor: &Actor, _: &WorkspaceFacts) -> Result<(), Reason> {
        when(actor.is_admin(), Reason::AdminOnly)
    }
}

impl Permits<MembershipFacts> for View {
    fn permits(actor: &Actor, facts: &MembershipFacts) -> Result<(), Reason> {
        when(facts.is_active || actor.is_admin(), Reason::NotVisible)
    }
}

impl Permits<MembershipFacts> for ManagePeople {
    fn permits(actor: &Actor, _: &MembershipFacts) -> Result<(), Reason> {
        when(actor.is_admin(), Reason::AdminOnly)
    }
}

fn needs(actor: &Actor, permission: Permission) -> Result<(), Reason> {
    when(actor.holds(permission), Reason::PermissionMissing(permission))
}

// -- connections ---------------------------------------------------------------

impl Permits<ConnectionFacts> for View {
    /// R1: the owner, whoever it is shared with, and admins.
    fn permits(actor: &Actor, facts: &ConnectionFacts) -> Result<(), Reason> {
        when(may_use(*facts) || actor.is_admin(), Reason::NotVisible)
    }
}

impl Permits<ConnectionFacts> for Use {
    fn permits(_: &Actor, facts: &ConnectionFacts) -> Result<(), Reason> {
        when(may_use(*facts), Reason::OwnerOnly)
    }
}

impl Permits<ConnectionFacts> for Share {
    /// R4, R5.
    fn permits(actor: &Actor, facts: &ConnectionFacts) -> Result<(), Reason> {
        when(facts.auth_type != AuthType::Oauth, Reason::OauthIsNeverShared)?;
        when(facts.is_owner || actor.is_admin(), Reason::OwnerOrAdmin)
    }
}

impl Permits<ConnectionFacts> for Explain {
    /// Whoever can give it or stop it may ask who has it; of an OAuth connection, too.
    fn permits(actor: &Actor, facts: &ConnectionFacts) -> Result<(), Reason> {
        when(facts.is_owner || actor.is_admin(), Reason::OwnerOrAdmin)
    }
}

impl Permits<ConnectionFacts> for Attach {
    /// R10.
    fn permits(actor: &Actor, facts: &ConnectionFacts) -> Result<(), Reason> {
        needs(actor, Permission::ConfigurePreselectedConnections)?;
        may_attach(actor.role, *facts)
    }
}

impl Permits<ConnectionFacts> for Maintain {
    fn permits(_: &Actor, facts: &ConnectionFacts) -> Result<(), Reason> {
        when(facts.is_owner, Reason::OwnerOnly)
    }
}

impl Permits<ConnectionFacts> for Disable {
    fn permits(actor: &Actor, facts: &ConnectionFacts) -> Result<(), Reason> {
        when(facts.is_owner || actor.is_admin(), Reason::OwnerOrAdmin)
    }
}

impl Permits<ConnectionFacts> for Delete {
    fn permits(actor: &Actor, facts: &ConnectionFacts) -> Result<(), Reason> {
        when(facts.is_owner || actor.is_admin(), Reason::OwnerOrAdmin)
    }
}

impl Permits<ConnectionFacts> for Transfer {
    fn permits(actor: &Actor, facts: &ConnectionFacts) -> Result<(), Reason> {
        when(facts.auth_type != AuthType::Oauth, Reason::OauthIsNeverShared)?;
        when(actor.is_admin(), Reason::AdminOnly)
    }
}

/// A share of an OAuth connection cannot exist; if one did, it would give nothing.
fn may_use(facts: ConnectionFacts) -> bool {
    facts.is_owner || (facts.auth_type != AuthType::Oauth && facts.shared.is_some())
}

fn may_attach(role: Role, facts: ConnectionFacts) -> Result<(), Reason> {
    if facts.is_owner {
        return Ok(());
    }
    when(facts.auth_type != AuthType::Oauth, Reason::OauthByOwnerAlone)?;
    if role == Role::Admin {
        return Ok(());
    }
    match facts.shared {
        Some(ShareAccess::Attach) => Ok(()),
        Some(ShareAccess::Use) => Err(Reason::ShareSaysUse),
        None => Err(Reason::OwnerOrAdmin),
    }
}

// -- agents ----------------------------------------------------------------------

impl Permits<AgentFacts> for View {
    /// Private to its maker until shared; being an admin does not open it.
    fn permits(_: &Actor, facts: &AgentFacts) -> Result<(), Reason> {
        when(facts.is_owner || facts.shared.is_some(), Reason::NotVisible)
    }
}

impl Permits<AgentFacts> for Run {
    fn permits(_: &Actor, facts: &AgentFacts) -> Result<(), Reason> {
        may_run(*facts)
    }
}

impl Permits<AgentFacts> for Edit {
    fn permits(_: &Actor, facts: &AgentFacts) -> Result<(), Reason> {
        may_edit(*facts)
    }
}

impl Permits<AgentFacts> for Share {
    fn permits(_: &Actor, facts: &AgentFacts) -> Result<(), Reason> {
        may_edit(*facts)
    }
}

impl Permits<AgentFacts> for Delete {
    fn permits(_: &Actor, facts: &AgentFacts) -> Result<(), Reason> {
        when(facts.is_owner, Reason::OwnerOnly)
    }
}

fn may_run(facts: AgentFacts) -> Result<(), Reason> {
    when(facts.is_owner || facts.shared.is_some(), Reason::NotVisible)?;
    when(facts.is_enabled, Reason::AgentDisabled)
}

fn may_edit(facts: AgentFacts) -> Result<(), Reason> {
    when(facts.is_owner || facts.shared == Some(AgentAccess::Edit), Reason::AgentUseOnly)
}

// -- calls -----------------------------------------------------------------------

impl Permits<OwnFacts> for View {
    fn permits(actor: &Actor, facts: &OwnFacts) -> Result<(), Reason> {
        <Self as Permits<AgentFacts>>::permits(actor, &facts.agent)
    }
}

impl Permits<OwnFacts> for Run {
    /// R8: the caller acts as themselves, through a connection that they may use.
    fn permits(actor: &Actor, facts: &OwnFacts) -> Result<(), Reason> {
        may_run(facts.agent)?;
        may_call(actor.role, facts.action)?;
        <Use as Permits<ConnectionFacts>>::permits(actor, &facts.connection)
    }
}

impl Permits<LentFacts> for View {
    fn permits(actor: &Actor, facts: &LentFacts) -> Result<(), Reason> {
        <Self as Permits<AgentFacts>>::permits(actor, &facts.agent)
    }
}

impl Permits<LentFacts> for Run {
    /// R11, R12: the caller needs the agent and the action, and no connection; the binding must hold by the rights of
    /// whoever attached it.
    fn permits(actor: &Actor, facts: &LentFacts) -> Result<(), Reason> {
        may_run(facts.agent)?;
        may_call(actor.role, facts.action)?;
        holds(&facts.binding)
    }
}

/// R12. A binding that does not hold is refused, never replaced.
pub fn holds(binding: &BindingFacts) -> Result<(), Reason> {
    when(binding.is_whole, Reason::BindingBroken)?;
    let Some(role) = binding.attacher else { return Err(Reason::AttacherGone) };
    when(binding.attacher_may_configure, Reason::AttacherNotEntitled)?;
    may_attach(role, binding.connection).map_err(|_right_lost| Reason::AttacherNotEntitled)?;
    when(binding.is_as_approved, Reason::BindingChanged)
}

// -- runs ------------------------------------------------------------------------

impl Permits<RunFacts> for View {
    fn permits(actor: &Actor, facts: &RunFacts) -> Result<(), Reason> {
        when(facts.is_caller || facts.owns_connection || actor.is_admin(), Reason::NotVisible)
    }
}
