//! What a step comes to in the model: who may do it, and what it changes.

use std::collections::BTreeSet;

use odeus::authz::facts::Role;

use crate::machine::model::Binding;
use crate::machine::model::Connection;
use crate::machine::model::EVE;
use crate::machine::model::Given;
use crate::machine::model::Model;
use crate::machine::model::is_oauth;
use crate::machine::model::maker;
use crate::machine::rules::Verdict::Absent;
use crate::machine::rules::Verdict::Done;
use crate::machine::rules::Verdict::Forbidden;
use crate::machine::rules::Verdict::Refused;
use crate::machine::steps::Act;
use crate::machine::steps::By;
use crate::machine::steps::CONNECTIONS;
use crate::machine::steps::GROUPS;
use crate::machine::steps::Manage;
use crate::machine::steps::PEOPLE;
use crate::machine::steps::Step;
use crate::machine::steps::To;

/// What somebody who tries a step is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Done,
    /// As if it did not exist.
    Absent,
    /// It is there, but not for them to do.
    Forbidden,
    /// They may, but it makes no sense as things are.
    Refused,
}

/// What the rule says, and then what is left to say against it.
fn told(is_there: bool, is_allowed: bool, makes_sense: bool) -> Verdict {
    match (is_there, is_allowed, makes_sense) {
        (false, _, _) => Absent,
        (true, false, _) => Forbidden,
        (true, true, false) => Refused,
        (true, true, true) => Done,
    }
}

impl Model {
    /// Does the step, if whoever tries it may.
    pub(super) fn step(&mut self, step: Step) -> Verdict {
        match step {
            Step::Try(by, act) => {
                let by = self.who(by, act);
                let verdict = self.verdict(by, act);
                if verdict == Done {
                    self.follow(by, act);
                }
                return verdict;
            }
            Step::Connect(connection) if self.has_room(connection) => {
                self.connections[connection] =
                    Some(Connection { owner: maker(connection), is_on: true, is_suspended: false });
            }
            Step::Connect(_) | Step::TakeBack(_) => {}
            Step::Revise => self.version += 1,
            Step::Pass { hours } => self.now += hours,
            Step::Sweep => self.sweep(),
            Step::Run { person, call, chosen } => {
                if let (_, Some(settled)) = self.call(person, call, chosen) {
                    self.choices.insert(person, settled);
                }
            }
        }
        Done
    }

    /// What a step is, as things are.
    pub(super) fn resolved(&self, step: Step) -> Step {
        let Step::TakeBack(which) = step else { return step };
        let seats = self.groups.iter().enumerate().flat_map(|(group, members)| {
            members.iter().flatten().map(move |person| Act::Manage(Manage::Leave { group, person: *person }))
        });
        let shares = self.shares.keys().map(|(connection, to)| Act::Unshare { connection: *connection, to: *to });
        let audience = self.audience.keys().map(|to| Act::UnshareAgent { to: *to });
        let given: Vec<Act> = shares.chain(seats).chain(audience).collect();
        let taken = which.checked_rem(given.len()).map(|place| given[place]);
        taken.map_or(step, |act| Step::Try(By::Able(0), act))
    }

    /// Whether a connection can be made under this number.
    pub(super) fn has_room(&self, connection: usize) -> bool {
        self.connections[connection].is_none() && self.is_active(maker(connection))
    }

    /// Who it is that tries something.
    pub(super) fn who(&self, by: By, act: Act) -> usize {
        match (by, act) {
            (By::Anyone(person), _) => person,
            (By::Admin, _) => self.first_admin(),
            (By::Able(first), _) => {
                let able = |person: &usize| self.verdict(*person, act) == Done;
                (first..PEOPLE).chain(0..first).find(able).unwrap_or(first)
            }
            (
                By::Owner,
                Act::Share { connection, .. }
                | Act::Change { connection, .. }
                | Act::Unshare { connection, .. }
                | Act::Attach { connection }
                | Act::Switch { connection, .. }
                | Act::Delete { connection }
                | Act::Transfer { connection, .. },
            ) => self.connections[connection].as_ref().map_or_else(|| maker(connection), |it| it.owner),
            (
                By::Owner,
                Act::Detach
                | Act::ShareAgent { .. }
                | Act::UnshareAgent { .. }
                | Act::SwitchAgent { .. }
                | Act::Manage(_),
            ) => EVE,
        }
    }

    fn verdict(&self, by: usize, act: Act) -> Verdict {
        if !self.is_active(by) {
            return Absent;
        }
        let (is_owner, is_admin) = (|it| self.owns(it, by), self.is_admin(by));
        match act {
            // R4, R5: nobody shares an OAuth connection; its owner and admins share any other.
            Act::Share { connection, .. } | Act::Change { connection, .. } | Act::Unshare { connection, .. } => {
                let may = !is_oauth(connection) && (is_owner(connection) || is_admin);
                told(self.sees(connection, by), may, self.fits(act))
            }
            Act::Switch { connection, .. } | Act::Delete { connection } => {
                told(self.sees(connection, by), is_owner(connection) || is_admin, self.fits(act))
            }
            Act::Transfer { connection, .. } => {
                told(self.sees(connection, by), !is_oauth(connection) && is_admin, self.fits(act))
            }
            // R10: the agent is asked for first, then the connection.
            Act::Attach { connection } => match self.editing(by, true) {
                Done => {
                    let may = self.may_configure(by) && self.may_lend(connection, by);
                    told(self.sees(connection, by), may, true)
                }
                verdict @ (Absent | Forbidden | Refused) => verdict,
            },
            Act::Detach | Act::ShareAgent { .. } | Act::UnshareAgent { .. } | Act::SwitchAgent { .. } => {
                self.editing(by, self.fits(act))
            }
            Act::Manage(manage) => {
                let (is_there, makes_sense) = self.managing(is_admin, manage);
                told(is_there, is_admin, makes_sense)
            }
        }
    }

    fn editing(&self, by: usize, makes_sense: bool) -> Verdict {
        let access = self.agent_access(by);
        told(access.is_some(), access == Some(true), makes_sense)
    }

    /// Whether something can be done as things are, whoever does it.
    fn fits(&self, act: Act) -> bool {
        let lives = |key| self.shares.get(&key).is_some_and(|given| self.lives(*given));
        match act {
            Act::Share { connection, to, .. } => {
                let is_owner = matches!(to, To::Person(person) if self.owns(connection, person));
                !lives((connection, to)) && !is_owner && self.is_here(to)
            }
            Act::Change { connection, to, .. } => lives((connection, to)),
            Act::Unshare { connection, to } => self.shares.contains_key(&(connection, to)),
            Act::Switch { connection, on } => {
                self.connections[connection].as_ref().is_some_and(|it| !it.is_suspended && it.is_on != on)
            }
            Act::Transfer { connection, to } => self.is_active(to) && !self.owns(connection, to),
            Act::ShareAgent { to, .. } => to != To::Person(EVE) && !self.audience.contains_key(&to) && self.is_here(to),
            Act::UnshareAgent { to } => self.audience.contains_key(&to),
            Act::Attach { .. } | Act::Detach | Act::Delete { .. } | Act::SwitchAgent { .. } | Act::Manage(_) => true,
        }
    }

    /// Whether what is managed is there for whoever tries, and whether it can be done. Those who have left are there for
    /// admins alone; the last active admin stays.
    fn managing(&self, is_admin: bool, manage: Manage) -> (bool, bool) {
        let is_seen = |person| is_admin || self.is_active(person);
        match manage {
            Manage::Found { group } => (true, self.groups[group].is_none()),
            Manage::Join { group, person } => (self.groups[group].is_some(), self.is_active(person)),
            Manage::Leave { group, person } => {
                let members = self.groups[group].as_ref();
                (members.is_some(), members.is_some_and(|it| it.contains(&person)))
            }
            Manage::Disband { group } => (self.groups[group].is_some(), true),
            Manage::Cast { person, role } => (is_seen(person), role == Role::Admin || !self.is_last_admin(person)),
            Manage::Deactivate { person, .. } => {
                (is_seen(person), self.is_active(person) && !self.is_last_admin(person))
            }
            Manage::Reactivate { person } => (is_seen(person), !self.is_active(person)),
            Manage::Permit { .. } => (true, true),
        }
    }

    /// Whether a person is an active member, or a group is there.
    fn is_here(&self, to: To) -> bool {
        match to {
            To::Person(person) => self.is_active(person),
            To::Group(group) => self.groups[group].is_some(),
            To::Workspace => true,
        }
    }

    fn follow(&mut self, by: usize, act: Act) {
        match act {
            Act::Share { connection, to, attach, hours } => {
                let ends = hours.map(|hours| self.now + hours);
                self.shares.insert((connection, to), Given { attach, ends });
            }
            Act::Change { connection, to, attach } => {
                self.shares.entry((connection, to)).and_modify(|given| given.attach = attach);
            }
            Act::Unshare { connection, to } => {
                self.shares.remove(&(connection, to));
            }
            Act::Attach { connection } => {
                self.binding = Some(Binding { connection: Some(connection), by, version: self.version });
            }
            Act::Detach => self.binding = None,
            Act::Switch { connection, on } => {
                self.connections[connection].iter_mut().for_each(|it| it.is_on = on);
            }
            Act::Delete { connection } => self.erase(connection),
            Act::Transfer { connection, to } => {
                self.connections[connection].iter_mut().for_each(|it| (it.owner, it.is_suspended) = (to, false));
                self.shares.remove(&(connection, To::Person(to)));
            }
            Act::ShareAgent { to, edit } => {
                self.audience.insert(to, edit);
            }
            Act::UnshareAgent { to } => {
                self.audience.remove(&to);
            }
            Act::SwitchAgent { on } => self.agent_is_on = on,
            Act::Manage(manage) => self.manage(manage),
        }
    }

    fn manage(&mut self, manage: Manage) {
        match manage {
            Manage::Found { group } => self.groups[group] = Some(BTreeSet::new()),
            Manage::Join { group, person } => {
                self.seat(group, |members| members.insert(person));
            }
            Manage::Leave { group, person } => {
                self.seat(group, |members| members.remove(&person));
            }
            Manage::Disband { group } => {
                self.groups[group] = None;
                self.take_from(To::Group(group));
            }
            Manage::Cast { person, role } => self.people[person].role = role,
            Manage::Deactivate { person, for_good } => self.let_go(person, for_good),
            Manage::Reactivate { person } => {
                self.people[person].left_at = None;
                self.each_of(person, |it| it.is_suspended = false);
            }
            Manage::Permit { role, on: true } => {
                self.attaching.insert(role);
            }
            Manage::Permit { role, on: false } => {
                self.attaching.remove(&role);
            }
        }
    }

    /// R15: all that is theirs stops. For good, OAuth connections go and what was given to them is taken.
    fn let_go(&mut self, person: usize, for_good: bool) {
        self.people[person].left_at = Some(self.now);
        self.each_of(person, |it| it.is_suspended = true);
        if for_good {
            self.take_from(To::Person(person));
            (0..GROUPS).for_each(|group| self.seat(group, |members| members.remove(&person)));
            let theirs: Vec<usize> = (0..CONNECTIONS).filter(|it| is_oauth(*it) && self.owns(*it, person)).collect();
            for connection in theirs {
                self.erase(connection);
            }
        }
    }

    fn take_from(&mut self, grantee: To) {
        self.shares.retain(|(_, to), _| *to != grantee);
        self.audience.retain(|to, _| *to != grantee);
    }

    fn seat(&mut self, group: usize, change: impl Fn(&mut BTreeSet<usize>) -> bool) {
        if let Some(members) = &mut self.groups[group] {
            change(members);
        }
    }

    fn each_of(&mut self, person: usize, change: impl Fn(&mut Connection)) {
        self.connections.iter_mut().flatten().filter(|it| it.owner == person).for_each(change);
    }
}
