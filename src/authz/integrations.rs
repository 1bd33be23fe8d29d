//! The rules of integrations, their actions and the ways to connect them. Admins always keep access. What is switched off is
//! not there for anybody else; what is restricted is there, and says who can help.

use crate::authz::actions::Configure;
use crate::authz::actions::Connect;
use crate::authz::actions::Use;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::ActionFacts;
use crate::authz::facts::IntegrationFacts;
use crate::authz::facts::MethodFacts;
use crate::authz::facts::Role;
use crate::authz::policy::Permits;
use crate::authz::policy::Reason;
use crate::authz::policy::when;

impl Permits<IntegrationFacts> for View {
    fn permits(actor: &Actor, facts: &IntegrationFacts) -> Result<(), Reason> {
        when(facts.is_enabled || actor.is_admin(), Reason::IntegrationDisabled)
    }
}

impl Permits<IntegrationFacts> for Connect {
    fn permits(actor: &Actor, facts: &IntegrationFacts) -> Result<(), Reason> {
        may_reach(actor.role, *facts)
    }
}

impl Permits<IntegrationFacts> for Configure {
    fn permits(actor: &Actor, _: &IntegrationFacts) -> Result<(), Reason> {
        when(actor.is_admin(), Reason::AdminOnly)
    }
}

impl Permits<MethodFacts> for Connect {
    /// Making a connection in this way, and giving one that was made so another secret.
    fn permits(actor: &Actor, facts: &MethodFacts) -> Result<(), Reason> {
        may_reach(actor.role, facts.integration)?;
        when(!facts.is_reserved || actor.is_admin(), Reason::AuthTypeReserved)
    }
}

impl Permits<ActionFacts> for Use {
    fn permits(actor: &Actor, facts: &ActionFacts) -> Result<(), Reason> {
        may_call(actor.role, *facts)
    }
}

fn may_reach(role: Role, facts: IntegrationFacts) -> Result<(), Reason> {
    if role == Role::Admin {
        return Ok(());
    }
    when(facts.is_enabled, Reason::IntegrationDisabled)?;
    when(facts.is_granted, Reason::IntegrationRestricted)
}

/// Whether somebody may call an action, whoever's connection it goes out with: one rule for `own` and `preselected`.
pub(in crate::authz) fn may_call(role: Role, facts: ActionFacts) -> Result<(), Reason> {
    may_reach(role, facts.integration)?;
    when(facts.is_granted || role == Role::Admin, Reason::ActionRestricted)
}
