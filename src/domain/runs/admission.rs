//! Asks the policy whether a call may go out, and with which connection. `own` and `lent` part here and nowhere else. The
//! facts of calls that begin at the same time are read together; each call is decided by itself, and nothing of one is
//! known to the next.

use diesel::QueryResult;
use diesel::pg::PgConnection;

use crate::authz::actions::Run;
use crate::authz::actions::Use;
use crate::authz::actions::View;
use crate::authz::facts::ActionFacts;
use crate::authz::facts::AgentFacts;
use crate::authz::facts::AuthType;
use crate::authz::facts::ConnectionFacts;
use crate::authz::facts::CredentialMode;
use crate::authz::policy::Permits;
use crate::authz::policy::Reason;
use crate::authz::proof;
use crate::authz::proof::Authorized;
use crate::authz::proof::Denied;
use crate::db::batched::Batched;
use crate::domain::connections;
use crate::domain::connections::Connection;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::runs::beginning::Ask;
use crate::domain::runs::beginning::Scene;
use crate::domain::runs::call::RunError;
use crate::domain::runs::hold;
use crate::domain::runs::lent;
use crate::domain::runs::lent::Lent;
use crate::domain::runs::own;
use crate::domain::runs::own::Own;
use crate::domain::runs::own::OwnCall;
use crate::domain::runs::resolution::Candidate;
use crate::domain::runs::resolution::Resolution;
use crate::domain::runs::resolution::resolve;
use crate::domain::runs::target::Inquiry;
use crate::domain::runs::target::Target;
use crate::kernel::ids::ConnectionId;

/// What the policy needs to know of a call.
#[derive(Clone, Debug)]
pub enum Question {
    /// Preselected, with the present fingerprint of the action.
    Lent(Inquiry<[u8; 32]>),
    /// With a connection that the caller named.
    Chosen(Inquiry<ConnectionId>),
    /// With whichever connection of the caller's it is, of the kinds that the action admits.
    Resolved(Inquiry<Vec<AuthType>>),
}

/// The facts of one moment, with the sealed secret that they are about (D-33); none where the action is not there for the
/// caller.
#[derive(Debug)]
pub enum Answer {
    /// To [`Question::Lent`].
    Lent(Option<Lent>),
    /// To [`Question::Chosen`].
    Chosen(Option<Own>),
    /// To [`Question::Resolved`].
    Resolved(Option<OwnCall>),
}

/// Where calls are asked about.
pub type Admissions = Batched<Question, Answer>;

/// The answers, by one statement for each kind of question.
pub fn load_all(conn: &mut PgConnection, questions: &[Question]) -> QueryResult<Vec<Answer>> {
    let (mut lent, mut chosen, mut resolved) = (Vec::new(), Vec::new(), Vec::new());
    for question in questions {
        match question {
            Question::Lent(asked) => lent.push(asked),
            Question::Chosen(asked) => chosen.push(asked),
            Question::Resolved(asked) => resolved.push(asked),
        }
    }
    let mut lent = lent::load_all(conn, &lent)?.into_iter();
    let mut chosen = own::load_all(conn, &chosen)?.into_iter();
    let mut resolved = own::find_calls(conn, &resolved)?.into_iter();
    let answer = |question: &Question| match question {
        Question::Lent(_) => Answer::Lent(lent.next().flatten()),
        Question::Chosen(_) => Answer::Chosen(chosen.next().flatten()),
        Question::Resolved(_) => Answer::Resolved(resolved.next().flatten()),
    };
    Ok(questions.iter().map(answer).collect())
}

/// What the policy says.
#[derive(Debug)]
pub enum Admission {
    /// It may go out with this connection.
    Admitted {
        /// The connection.
        target: Box<Target>,
        /// The caller's name.
        caller_name: String,
        /// Whether the caller has chosen it just now.
        is_new_choice: bool,
    },
    /// The caller has to connect first.
    Connect,
    /// The caller has to choose first.
    Choose,
    /// A rule says no.
    Denied(Reason),
    /// The connection does not fit the action; the sentence says how.
    Unfit(String),
}

/// What to ask about a call.
pub(in crate::domain::runs) fn question(ask: &Ask, defined: &ActionDefinition) -> Question {
    let (actor, action) = (ask.actor.clone(), ask.action.key());
    match (ask.action.credentials, ask.call.connection) {
        (CredentialMode::Preselected, _) => Question::Lent(Inquiry { actor, action, with: defined.fingerprint() }),
        (CredentialMode::Own, Some(connection)) => Question::Chosen(Inquiry { actor, action, with: connection }),
        (CredentialMode::Own, None) => Question::Resolved(Inquiry { actor, action, with: defined.auth_types.clone() }),
    }
}

/// Asks the policy, with the answer.
pub(in crate::domain::runs) fn decide(scene: &Scene<'_>, answer: Answer) -> Result<Admission, RunError> {
    match answer {
        Answer::Lent(lent) => by_lent(scene, lent.ok_or(Denied::Hidden)?),
        Answer::Chosen(own) => by_chosen(scene, own.ok_or(Denied::Hidden)?),
        Answer::Resolved(call) => by_candidates(scene, call.ok_or(Denied::Hidden)?),
    }
}

fn by_lent(scene: &Scene<'_>, lent: Lent) -> Result<Admission, RunError> {
    let proof: Authorized<Run, Lent> = match proof::decide(scene.ask.actor.clone(), lent) {
        Ok(proof) => proof,
        Err(denied) => return refused(denied),
    };
    let (_, Lent { target, caller_name, .. }) = proof.into_parts();
    Ok(match target {
        Some(target) => admitted(scene, target, caller_name, false),
        None => Admission::Denied(Reason::BindingBroken),
    })
}

fn by_chosen(scene: &Scene<'_>, own: Own) -> Result<Admission, RunError> {
    let proof: Authorized<Run, Own> = match proof::decide(scene.ask.actor.clone(), own) {
        Ok(proof) => proof,
        Err(denied) => return refused(denied),
    };
    let (_, own) = proof.into_parts();
    Ok(admitted(scene, own.target, own.caller_name, !own.is_remembered))
}

fn by_candidates(scene: &Scene<'_>, call: OwnCall) -> Result<Admission, RunError> {
    let actor = &scene.ask.actor;
    if <View as Permits<AgentFacts>>::permits(actor, &call.agent).is_err() {
        return Err(RunError::Denied(Denied::Hidden));
    }
    // Whoever may not run the action at all is not asked to connect first.
    let open = <Run as Permits<AgentFacts>>::permits(actor, &call.agent)
        .and_then(|()| <Use as Permits<ActionFacts>>::permits(actor, &call.action));
    if let Err(reason) = open {
        return Ok(Admission::Denied(reason));
    }
    let mut candidates: Vec<Own> = call.candidates;
    candidates.retain(|own| <Use as Permits<ConnectionFacts>>::permits(actor, own.connection_facts()).is_ok());
    let looked_at: Vec<Candidate> = candidates
        .iter()
        .map(|own| Candidate { is_own: own.connection_facts().is_owner, is_remembered: own.is_remembered })
        .collect();
    let place = match resolve(&looked_at) {
        Resolution::Use(place) => place,
        Resolution::Connect => return Ok(Admission::Connect),
        Resolution::Choose => return Ok(Admission::Choose),
    };
    let own = candidates.into_iter().nth(place).ok_or(RunError::Denied(Denied::Hidden))?;
    let proof: Authorized<Run, Own> = match proof::decide(actor.clone(), own) {
        Ok(proof) => proof,
        Err(denied) => return refused(denied),
    };
    let (_, own) = proof.into_parts();
    Ok(admitted(scene, own.target, own.caller_name, false))
}

/// The connections to choose from.
pub(in crate::domain::runs) fn choices(conn: &mut PgConnection, scene: &Scene<'_>) -> QueryResult<Vec<Connection>> {
    let mut choices = connections::usable(conn, &scene.ask.actor, &scene.definition.key)?;
    choices.retain(|connection| scene.defined.auth_types.contains(&connection.auth_type));
    Ok(choices)
}

fn admitted(scene: &Scene<'_>, target: Target, caller_name: String, is_new_choice: bool) -> Admission {
    if !hold::is_admitted(scene.defined, target.secret.auth_type) {
        return Admission::Unfit(
            "This action cannot be used with a connection of this kind. Choose another one.".to_owned(),
        );
    }
    Admission::Admitted { target: Box::new(target), caller_name, is_new_choice }
}

fn refused(denied: Denied) -> Result<Admission, RunError> {
    match denied {
        Denied::Forbidden(reason) => Ok(Admission::Denied(reason)),
        Denied::Hidden | Denied::Database(_) => Err(denied.into()),
    }
}
