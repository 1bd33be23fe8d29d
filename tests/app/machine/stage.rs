//! The same steps, done to the product: each through the proof that the gate would draw, and the function that the pages
//! and the API call.

use std::cell::RefCell;

use chrono::Duration;
use diesel::Connection as _;
use diesel::pg::PgConnection;
use odeus::authz::actions;
use odeus::authz::actor::Permissions;
use odeus::authz::facts::AgentAccess;
use odeus::authz::facts::AuthType;
use odeus::authz::facts::Permission;
use odeus::authz::facts::ShareAccess;
use odeus::authz::policy::Permits;
use odeus::authz::proof::Authorized;
use odeus::authz::proof::Denied;
use odeus::authz::proof::Guarded;
use odeus::authz::proof::authorize;
use odeus::domain::agents::Agent;
use odeus::domain::agents::AgentAction;
use odeus::domain::agents::AgentActionKey;
use odeus::domain::agents::actions as agent_actions;
use odeus::domain::agents::actions::ActionChanges;
use odeus::domain::agents::actions::Credentials;
use odeus::domain::agents::agent;
use odeus::domain::agents::agent::AgentChanges;
use odeus::domain::agents::shares as agent_shares;
use odeus::domain::connections::Connection;
use odeus::domain::connections::departures;
use odeus::domain::connections::departures::Leaving;
use odeus::domain::connections::lifecycle;
use odeus::domain::connections::shares;
use odeus::domain::connections::transfers;
use odeus::domain::people::grantee::Grantee;
use odeus::domain::people::groups;
use odeus::domain::people::groups::Group;
use odeus::domain::people::groups::roster;
use odeus::domain::people::memberships::Membership;
use odeus::domain::people::roles;
use odeus::domain::people::standing;
use odeus::domain::people::workspaces::Workspace;
use odeus::kernel::ids::AgentId;
use odeus::kernel::ids::AgentShareId;
use odeus::kernel::ids::ConnectionId;
use odeus::kernel::ids::GroupId;
use odeus::kernel::ids::ShareId;
use odeus::kernel::paging::Page;

use crate::machine::model::Model;
use crate::machine::model::is_oauth;
use crate::machine::model::maker;
use crate::machine::rules::Verdict;
use crate::machine::steps::Act;
use crate::machine::steps::CONNECTIONS;
use crate::machine::steps::Call;
use crate::machine::steps::GROUPS;
use crate::machine::steps::Manage;
use crate::machine::steps::Step;
use crate::machine::steps::To;
use crate::runs::world::World;
use crate::support::cast::Person;

/// The workspace, and under which ids the model's things stand in it.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) agent: AgentId,
    pub(super) calls: [AgentActionKey; 2],
    pub(super) connections: Vec<ConnectionId>,
    /// How many were made under each number: each has a secret of its own.
    made: Vec<u32>,
    groups: Vec<GroupId>,
    /// One for all, since its statements are planned once.
    pub(super) conn: RefCell<PgConnection>,
}

/// Why a step was not done.
#[derive(Debug)]
pub(super) enum Stopped {
    Denied(Denied),
    Refused,
}

impl From<diesel::result::Error> for Stopped {
    fn from(error: diesel::result::Error) -> Self {
        Self::Denied(Denied::Database(error))
    }
}

type Tried<T = ()> = Result<T, Stopped>;

fn refused<E: std::fmt::Debug>(_: E) -> Stopped {
    Stopped::Refused
}

fn verdict(tried: Tried) -> Verdict {
    match tried {
        Ok(()) => Verdict::Done,
        Err(Stopped::Denied(Denied::Hidden)) => Verdict::Absent,
        Err(Stopped::Denied(Denied::Forbidden(_))) => Verdict::Forbidden,
        Err(Stopped::Denied(Denied::Database(error))) => panic!("the database failed: {error}"),
        Err(Stopped::Refused) => Verdict::Refused,
    }
}

fn name(group: usize) -> String {
    format!("Group {group}")
}

fn when(is_so: bool) -> Tried {
    if is_so { Ok(()) } else { Err(Stopped::Refused) }
}

impl Stage {
    pub(super) async fn new() -> Self {
        let world = World::new().await;
        let agent = world.agent();
        let calls = [world.own(agent, "getThing"), world.own(agent, "addThing")];
        let groups = (0..GROUPS).map(|it| world.group(&name(it), &[])).collect();
        let conn = RefCell::new(world.conn());
        let mut stage = Self { world, agent, calls, connections: Vec::new(), made: vec![0; CONNECTIONS], groups, conn };
        for it in 0..CONNECTIONS {
            let id = stage.connect(it);
            stage.connections.push(id);
        }
        stage
    }

    pub(super) fn person(&self, person: usize) -> &Person {
        let cast = &self.world.cast;
        [&cast.ada, &cast.eve, &cast.max, &cast.mia][person]
    }

    pub(super) fn key(&self, call: Call) -> AgentActionKey {
        match call {
            Call::Own => self.calls[0],
            Call::Lendable => self.calls[1],
        }
    }

    /// The credential that the provider sees when a connection is used.
    pub(super) fn secret(&self, connection: usize) -> String {
        format!("SECRET-{connection}-{}", self.made[connection])
    }

    fn connect(&mut self, connection: usize) -> ConnectionId {
        self.made[connection] += 1;
        let kind = if is_oauth(connection) { AuthType::Oauth } else { AuthType::ApiKey };
        self.world.connect(self.person(maker(connection)), kind, &self.secret(connection))
    }

    /// Does the step as whoever `model` says tries it.
    pub(super) fn step(&mut self, model: &Model, step: Step) -> Verdict {
        match step {
            Step::Try(by, act) => return self.tried(model.who(by, act), act),
            Step::Connect(connection) if model.has_room(connection) => {
                self.connections[connection] = self.connect(connection);
            }
            Step::Revise => self.world.revise(&format!("/version-{}", model.version + 1)),
            Step::Pass { hours } => self.world.clock.advance(Duration::hours(hours)),
            Step::Sweep => {
                let (vault, now) = (&self.world.vault, self.world.clock.now());
                self.conn.borrow_mut().transaction(|tx| departures::sweep(tx, vault, now)).unwrap();
            }
            Step::Connect(_) | Step::TakeBack(_) | Step::Run { .. } => {}
        }
        Verdict::Done
    }

    fn tried(&mut self, by: usize, act: Act) -> Verdict {
        let by = self.person(by).clone();
        if let Act::Manage(Manage::Found { group }) = act {
            let found = self.transaction(|tx| self.found(tx, &by, group));
            return verdict(found.map(|id| self.groups[group] = id));
        }
        verdict(self.transaction(|tx| self.attempt(tx, &by, act)))
    }

    /// Whole or not at all, as a request of the pages or the API is.
    fn transaction<T>(&self, attempt: impl FnOnce(&mut PgConnection) -> Tried<T>) -> Tried<T> {
        self.conn.borrow_mut().transaction(attempt)
    }

    fn prove<A, R>(&self, tx: &mut PgConnection, by: &Person, key: &R::Key) -> Tried<Authorized<A, R>>
    where
        R: Guarded,
        A: Permits<R::Facts>,
        actions::View: Permits<R::Facts>,
    {
        let actor = by.acting(tx, self.world.clock.now()).ok_or(Stopped::Denied(Denied::Hidden))?;
        authorize(tx, actor, key).map_err(Stopped::Denied)
    }

    fn found(&self, tx: &mut PgConnection, by: &Person, group: usize) -> Tried<GroupId> {
        let proof = self.prove::<actions::ManagePeople, Workspace>(tx, by, &())?;
        groups::create(tx, &proof, &name(group)).map_err(refused)
    }

    fn grantee(&self, to: To) -> Grantee {
        match to {
            To::Person(person) => Grantee::User(self.person(person).id),
            To::Group(group) => Grantee::Group(self.groups[group]),
            To::Workspace => Grantee::Workspace,
        }
    }

    fn attempt(&self, tx: &mut PgConnection, by: &Person, act: Act) -> Tried {
        match act {
            Act::Share { connection, .. } | Act::Change { connection, .. } | Act::Unshare { connection, .. } => {
                let proof = self.prove::<actions::Share, Connection>(tx, by, &self.connections[connection])?;
                self.share(tx, &proof, act)
            }
            Act::Attach { connection } => {
                let edit = self.prove::<actions::Edit, AgentAction>(tx, by, &self.key(Call::Lendable))?;
                let attach = self.prove::<actions::Attach, Connection>(tx, by, &self.connections[connection])?;
                self.credentials(tx, &edit, Credentials::Preselected(&attach))
            }
            Act::Detach => {
                let edit = self.prove::<actions::Edit, AgentAction>(tx, by, &self.key(Call::Lendable))?;
                self.credentials(tx, &edit, Credentials::Own)
            }
            Act::Switch { connection, on } => {
                let proof = self.prove::<actions::Disable, Connection>(tx, by, &self.connections[connection])?;
                let switch = if on { lifecycle::enable } else { lifecycle::disable };
                switch(tx, &proof).map_err(refused)
            }
            Act::Delete { connection } => {
                let proof = self.prove::<actions::Delete, Connection>(tx, by, &self.connections[connection])?;
                lifecycle::remove(tx, &self.world.vault, &proof).map_err(refused)
            }
            Act::Transfer { connection, to } => {
                let proof = self.prove::<actions::Transfer, Connection>(tx, by, &self.connections[connection])?;
                transfers::transfer(tx, &proof, self.person(to).id).map_err(refused)
            }
            Act::ShareAgent { .. } | Act::UnshareAgent { .. } => {
                let proof = self.prove::<actions::Share, Agent>(tx, by, &self.agent)?;
                self.share_agent(tx, &proof, act)
            }
            Act::SwitchAgent { on } => {
                let proof = self.prove::<actions::Edit, Agent>(tx, by, &self.agent)?;
                let change = AgentChanges { is_enabled: Some(on), ..AgentChanges::default() };
                agent::update(tx, &proof, &change).map_err(refused)
            }
            Act::Manage(manage) => self.manage(tx, by, manage),
        }
    }

    fn share(&self, tx: &mut PgConnection, proof: &Authorized<actions::Share, Connection>, act: Act) -> Tried {
        let access = |attach| if attach { ShareAccess::Attach } else { ShareAccess::Use };
        if let Act::Share { to, attach, hours, .. } = act {
            let ends = hours.map(|hours| self.world.clock.now() + Duration::hours(hours));
            shares::add(tx, proof, self.grantee(to), access(attach), ends).map_err(refused)?;
        }
        if let Act::Change { to, attach, .. } = act {
            let change = shares::Changes { access: Some(access(attach)), ..shares::Changes::default() };
            let share = self.standing(tx, proof, to);
            shares::change(tx, proof, share, change).map_err(refused)?;
        }
        if let Act::Unshare { to, .. } = act {
            let share = self.standing(tx, proof, to);
            when(shares::remove(tx, proof, share).map_err(refused)?)?;
        }
        Ok(())
    }

    /// The share that there is for a grantee, living or ended; else one that there is not.
    fn standing(&self, tx: &mut PgConnection, proof: &Authorized<actions::Share, Connection>, to: To) -> ShareId {
        let (page, grantee) = (Page::default(), self.grantee(to));
        let listed = shares::list(tx, proof, &page).unwrap().items;
        listed.into_iter().find(|share| share.grantee == grantee).map_or_else(ShareId::new, |share| share.id)
    }

    fn credentials(
        &self,
        tx: &mut PgConnection,
        edit: &Authorized<actions::Edit, AgentAction>,
        credentials: Credentials<'_>,
    ) -> Tried {
        let changes = ActionChanges { credentials: Some(credentials), ..ActionChanges::default() };
        agent_actions::change(tx, &self.world.registry, edit, changes).map_err(refused)
    }

    fn share_agent(&self, tx: &mut PgConnection, proof: &Authorized<actions::Share, Agent>, act: Act) -> Tried {
        if let Act::ShareAgent { to, edit } = act {
            let access = if edit { AgentAccess::Edit } else { AgentAccess::Use };
            agent_shares::add(tx, proof, self.grantee(to), access).map_err(refused)?;
        }
        if let Act::UnshareAgent { to } = act {
            let (listed, grantee) = (agent_shares::list(tx, proof)?, self.grantee(to));
            let share = listed.into_iter().find(|share| share.grantee == grantee);
            let share = share.map_or_else(AgentShareId::new, |share| share.id);
            when(agent_shares::remove(tx, proof, share)?)?;
        }
        Ok(())
    }

    fn manage(&self, tx: &mut PgConnection, by: &Person, manage: Manage) -> Tried {
        match manage {
            Manage::Cast { person, .. } | Manage::Deactivate { person, .. } | Manage::Reactivate { person } => {
                let id = self.person(person).id;
                let proof = self.prove::<actions::ManagePeople, Membership>(tx, by, &id)?;
                self.employ(tx, &proof, manage)
            }
            Manage::Join { group, .. } | Manage::Leave { group, .. } | Manage::Disband { group } => {
                let proof = self.prove::<actions::ManagePeople, Group>(tx, by, &self.groups[group])?;
                self.seat(tx, &proof, manage)
            }
            Manage::Permit { role, on } => {
                let proof = self.prove::<actions::ManagePeople, Workspace>(tx, by, &())?;
                let held = on.then_some(Permission::ConfigurePreselectedConnections);
                roles::change(tx, &proof, role, held.into_iter().collect::<Permissions>()).map_err(refused)
            }
            Manage::Found { group } => self.found(tx, by, group).map(drop),
        }
    }

    fn employ(
        &self,
        tx: &mut PgConnection,
        proof: &Authorized<actions::ManagePeople, Membership>,
        manage: Manage,
    ) -> Tried {
        if let Manage::Cast { role, .. } = manage {
            standing::change_role(tx, proof, role).map_err(refused)?;
        }
        if let Manage::Deactivate { for_good, .. } = manage {
            let leaving = if for_good { Leaving::ForGood } else { Leaving::ForNow };
            departures::deactivate(tx, &self.world.vault, proof, leaving).map_err(refused)?;
        }
        if let Manage::Reactivate { .. } = manage {
            departures::reactivate(tx, proof).map_err(refused)?;
        }
        Ok(())
    }

    fn seat(&self, tx: &mut PgConnection, proof: &Authorized<actions::ManagePeople, Group>, manage: Manage) -> Tried {
        if let Manage::Join { person, .. } = manage {
            when(roster::add(tx, proof, self.person(person).id).map_err(refused)?)?;
        }
        if let Manage::Leave { person, .. } = manage {
            when(roster::remove(tx, proof, self.person(person).id)?)?;
        }
        if let Manage::Disband { .. } = manage {
            groups::remove(tx, proof).map_err(refused)?;
        }
        Ok(())
    }
}
