//! What the product answers to a call, and what each person may use, in the model's words.

use std::collections::BTreeSet;

use diesel::Connection as _;
use diesel::pg::PgConnection;
use odeus::authz::actions;
use odeus::authz::policy::Reason;
use odeus::authz::proof::Denied;
use odeus::authz::proof::authorize;
use odeus::domain::agents::AgentAction;
use odeus::domain::connections::Connection;
use odeus::domain::connections::usable;
use odeus::domain::runs::Outcome;
use odeus::domain::runs::RunError;
use odeus::domain::runs::admission;
use odeus::domain::runs::beginning::Ask;
use odeus::domain::runs::beginning::Beginning;
use odeus::domain::runs::staging;
use odeus::domain::runs::staging::Staging;
use odeus::domain::runs::staging::Step;
use odeus::kernel::ids::ConnectionId;

use crate::machine::model::Seen;
use crate::machine::stage::Stage;
use crate::machine::steps::Call;
use crate::machine::steps::PEOPLE;
use crate::runs::world::THINGS;
use crate::runs::world::World;
use crate::runs::world::call as any_call;

/// What one person may do at one moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) usable: BTreeSet<usize>,
    pub(super) own: Seen,
    pub(super) lendable: Seen,
}

impl Rights {
    /// What a call of the action that can be lent goes out with.
    pub(super) fn sent(&self) -> Option<usize> {
        if let Seen::Sent(connection) = self.lendable { Some(connection) } else { None }
    }
}

impl Stage {
    /// What everybody may do. Nothing is sent, and what is written is taken back.
    pub(super) fn look(&self) -> Vec<Rights> {
        let look = |tx: &mut PgConnection| {
            let rights = (0..PEOPLE).map(|person| self.rights(tx, person)).collect();
            Ok::<_, diesel::result::Error>(rights)
        };
        self.conn.borrow_mut().test_transaction(look)
    }

    fn rights(&self, tx: &mut PgConnection, person: usize) -> Rights {
        let actor = self.person(person).acting(tx, self.world.clock.now());
        let usable = actor.map_or_else(Vec::new, |actor| usable(tx, &actor, THINGS).unwrap());
        Rights {
            usable: self.numbers(&usable),
            own: self.begun(tx, person, Call::Own),
            lendable: self.begun(tx, person, Call::Lendable),
        }
    }

    fn begun(&self, tx: &mut PgConnection, person: usize, call: Call) -> Seen {
        let now = self.world.clock.now();
        let Some(actor) = self.person(person).acting(tx, now) else { return Seen::Nobody };
        let proof = match authorize::<actions::Run, AgentAction>(tx, actor, &self.key(call)) {
            Ok(proof) => proof,
            Err(denied) => return let_in(&denied),
        };
        let (actor, action) = proof.into_parts();
        let ask = Ask { actor, action, call: any_call() };
        match self.begin(tx, ask) {
            Ok(Beginning::Go { begun, .. }) => Seen::Sent(self.number(begun.connection.id)),
            Ok(Beginning::Stop(outcome)) => self.stopped(&outcome),
            Err(RunError::Denied(denied)) => let_in(&denied),
            Err(error) => panic!("{error}"),
        }
    }

    /// As the runner begins a call, but on this connection.
    fn begin(&self, tx: &mut PgConnection, ask: Ask) -> Result<Beginning, RunError> {
        let World { registry, vault, clock, .. } = &self.world;
        let definition = registry.find(tx, ask.actor.workspace, &ask.action.integration)?;
        let Staging::Staged(staged) = staging::stage(definition, ask, clock.now()) else { panic!("it fits") };
        let answer = admission::load_all(tx, &[staged.question()?])?.pop().unwrap();
        match staged.decide(vault, answer)? {
            Step::Leave(beginning) => Ok(beginning),
            Step::Settle(staged, admission) => staged.settle(tx, vault, admission),
        }
    }

    /// Runs the call for real; the connection is known by the credential that the provider saw.
    pub(super) async fn run(&self, person: usize, call: Call, chosen: Option<usize>) -> Seen {
        let Some(actor) = self.person(person).acting(&mut self.conn.borrow_mut(), self.world.clock.now()) else {
            return Seen::Nobody;
        };
        let proof = match authorize::<actions::Run, AgentAction>(&mut self.conn.borrow_mut(), actor, &self.key(call)) {
            Ok(proof) => proof,
            Err(denied) => return let_in(&denied),
        };
        let before = self.world.outside.credentials().len();
        let connection = chosen.map(|it| self.connections[it]);
        let outcome = self.world.runner.run(&proof, odeus::domain::runs::Call { connection, ..any_call() }).await;
        let sent = self.world.outside.credentials().split_off(before);
        let seen = match outcome {
            Ok(Outcome::Finished(_)) => {
                let place = (0..self.connections.len()).find(|it| sent == [self.secret(*it)]);
                return Seen::Sent(place.unwrap_or_else(|| panic!("sent with {sent:?}")));
            }
            Ok(outcome) => self.stopped(&outcome),
            Err(RunError::Denied(denied)) => let_in(&denied),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(sent, [""; 0], "{seen:?}, and yet it was sent");
        seen
    }

    fn stopped(&self, outcome: &Outcome) -> Seen {
        match &outcome {
            Outcome::NeedsConnection { .. } => Seen::Connect,
            Outcome::NeedsChoice { choices, .. } => Seen::Choose(self.numbers(choices)),
            Outcome::Refused { reason: None, .. } => Seen::Held,
            Outcome::Refused { reason: Some(Reason::OwnerOnly), .. } => Seen::NotTheirs,
            Outcome::Refused { reason: Some(Reason::BindingBroken), .. } => Seen::Broken,
            Outcome::Refused { reason: Some(Reason::AttacherGone), .. } => Seen::AttacherGone,
            Outcome::Refused { reason: Some(Reason::AttacherNotEntitled), .. } => Seen::NotEntitled,
            Outcome::Refused { reason: Some(Reason::BindingChanged), .. } => Seen::Changed,
            Outcome::Finished(_)
            | Outcome::Replayed(_)
            | Outcome::NeedsConfirmation { .. }
            | Outcome::NeedsReconnect { .. }
            | Outcome::Refused { .. }
            | Outcome::Invalid(_)
            | Outcome::UnderWay { .. }
            | Outcome::KeyReusedWithOtherInput => panic!("no such outcome in the model: {outcome:?}"),
        }
    }

    fn number(&self, id: ConnectionId) -> usize {
        self.connections.iter().position(|it| *it == id).unwrap_or_else(|| panic!("{id} is of another workspace"))
    }

    fn numbers(&self, connections: &[Connection]) -> BTreeSet<usize> {
        connections.iter().map(|it| self.number(it.id)).collect()
    }
}

fn let_in(denied: &Denied) -> Seen {
    match denied {
        Denied::Hidden => Seen::Hidden,
        Denied::Forbidden(Reason::AgentDisabled) => Seen::AgentOff,
        Denied::Forbidden(_) | Denied::Database(_) => panic!("{denied}"),
    }
}
