//! Asks the policy whether a call may go out, and finds the connection that it goes out with. `own` and `lent` part here
//! and nowhere else.

use diesel::pg::PgConnection;

use crate::authz::actions::Connect;
use crate::authz::actions::Run;
use crate::authz::actions::Use;
use crate::authz::actions::View;
use crate::authz::facts::AgentFacts;
use crate::authz::facts::ConnectionFacts;
use crate::authz::facts::CredentialMode;
use crate::authz::facts::IntegrationFacts;
use crate::authz::policy::Permits;
use crate::authz::policy::Reason;
use crate::authz::proof::Authorized;
use crate::authz::proof::Denied;
use crate::authz::proof::authorize;
use crate::authz::proof::decide;
use crate::domain::connections;
use crate::domain::runs::beginning::Scene;
use crate::domain::runs::call::IntegrationName;
use crate::domain::runs::call::Outcome;
use crate::domain::runs::call::RunError;
use crate::domain::runs::choices;
use crate::domain::runs::hold;
use crate::domain::runs::lent::Lent;
use crate::domain::runs::lent::LentKey;
use crate::domain::runs::own;
use crate::domain::runs::own::Own;
use crate::domain::runs::own::OwnKey;
use crate::domain::runs::resolution::Candidate;
use crate::domain::runs::resolution::Resolution;
use crate::domain::runs::resolution::resolve;
use crate::domain::runs::target::Target;
use crate::kernel::ids::ConnectionId;

/// What the policy says.
#[derive(Debug)]
pub enum Admission {
    /// It may go out with this connection.
    Admitted {
        /// The connection.
        target: Box<Target>,
        /// The caller's name.
        caller_name: String,
    },
    /// The caller has to connect or to choose first.
    Waits(Outcome),
    /// A rule says no.
    Denied(Reason),
    /// The connection does not fit the action; the sentence says how.
    Unfit(String),
}

/// Asks, right before the run is written down.
pub(in crate::domain::runs) fn admit(conn: &mut PgConnection, scene: &Scene<'_>) -> Result<Admission, RunError> {
    match (scene.ask.action.credentials, scene.ask.call.connection) {
        (CredentialMode::Preselected, _) => lent(conn, scene),
        (CredentialMode::Own, Some(connection)) => chosen(conn, scene, connection),
        (CredentialMode::Own, None) => resolved(conn, scene),
    }
}

fn lent(conn: &mut PgConnection, scene: &Scene<'_>) -> Result<Admission, RunError> {
    let key = LentKey { action: scene.ask.action.key(), fingerprint: scene.defined.fingerprint() };
    let proof: Authorized<Run, Lent> = match authorize(conn, scene.ask.actor.clone(), &key) {
        Ok(proof) => proof,
        Err(denied) => return refused(denied),
    };
    let (_, Lent { target, caller_name, .. }) = proof.into_parts();
    Ok(match target {
        Some(target) => admitted(scene, target, caller_name),
        None => Admission::Denied(Reason::BindingBroken),
    })
}

fn chosen(conn: &mut PgConnection, scene: &Scene<'_>, connection: ConnectionId) -> Result<Admission, RunError> {
    let key = OwnKey { action: scene.ask.action.key(), connection };
    let proof: Authorized<Run, Own> = match authorize(conn, scene.ask.actor.clone(), &key) {
        Ok(proof) => proof,
        Err(denied) => return refused(denied),
    };
    let (actor, own) = proof.into_parts();
    if !own.is_remembered {
        choices::remember(conn, &actor, &scene.ask.action, connection)?;
    }
    Ok(admitted(scene, own.target, own.caller_name))
}

fn resolved(conn: &mut PgConnection, scene: &Scene<'_>) -> Result<Admission, RunError> {
    let actor = &scene.ask.actor;
    let call = own::find_call(conn, actor, &scene.ask.action.key(), &scene.defined.auth_types)?
        .ok_or(RunError::Denied(Denied::Hidden))?;
    if <View as Permits<AgentFacts>>::permits(actor, &call.agent).is_err() {
        return Err(RunError::Denied(Denied::Hidden));
    }
    // Whoever may not run the action at all is not asked to connect first.
    let open = <Run as Permits<AgentFacts>>::permits(actor, &call.agent)
        .and_then(|()| <Connect as Permits<IntegrationFacts>>::permits(actor, &call.integration));
    if let Err(reason) = open {
        return Ok(Admission::Denied(reason));
    }
    let mut candidates: Vec<Own> = call.candidates;
    candidates.retain(|own| <Use as Permits<ConnectionFacts>>::permits(actor, own.connection_facts()).is_ok());
    let looked_at: Vec<Candidate> = candidates
        .iter()
        .map(|own| Candidate { is_own: own.connection_facts().is_owner, is_remembered: own.is_remembered })
        .collect();
    let integration = || IntegrationName::of(scene.definition);
    let place = match resolve(&looked_at) {
        Resolution::Use(place) => place,
        Resolution::Connect => return Ok(Admission::Waits(Outcome::NeedsConnection { integration: integration() })),
        Resolution::Choose => return choices_of(conn, scene, integration()),
    };
    let own = candidates.into_iter().nth(place).ok_or(RunError::Denied(Denied::Hidden))?;
    let proof: Authorized<Run, Own> = match decide(actor.clone(), own) {
        Ok(proof) => proof,
        Err(denied) => return refused(denied),
    };
    let (_, own) = proof.into_parts();
    Ok(admitted(scene, own.target, own.caller_name))
}

fn choices_of(conn: &mut PgConnection, scene: &Scene<'_>, integration: IntegrationName) -> Result<Admission, RunError> {
    let mut choices = connections::usable(conn, &scene.ask.actor, &integration.key)?;
    choices.retain(|connection| scene.defined.auth_types.contains(&connection.auth_type));
    Ok(Admission::Waits(Outcome::NeedsChoice { integration, choices }))
}

fn admitted(scene: &Scene<'_>, target: Target, caller_name: String) -> Admission {
    if !hold::is_admitted(scene.defined, target.secret.auth_type) {
        return Admission::Unfit(
            "This action cannot be used with a connection of this kind. Choose another one.".to_owned(),
        );
    }
    Admission::Admitted { target: Box::new(target), caller_name }
}

fn refused(denied: Denied) -> Result<Admission, RunError> {
    match denied {
        Denied::Forbidden(reason) => Ok(Admission::Denied(reason)),
        Denied::Hidden | Denied::Database(_) => Err(denied.into()),
    }
}
