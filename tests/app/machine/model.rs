//! The rules, once more, as small as they can be said: R1, R4 to R6, R8 to R13 and R15 over plain values. It shares nothing
//! with the product but the words for roles, so that the two can disagree.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use odeus::authz::facts::Role;

use crate::machine::steps::CONNECTIONS;
use crate::machine::steps::Call;
use crate::machine::steps::GROUPS;
use crate::machine::steps::KEYS;
use crate::machine::steps::PEOPLE;
use crate::machine::steps::To;

pub(super) const ADA: usize = 0;
pub(super) const EVE: usize = 1;
pub(super) const MAX: usize = 2;

/// For how long a leaver's OAuth connections wait.
const GRACE: i64 = 24;

/// How a call turns out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The caller is no active member.
    Nobody,
    /// The agent, or the connection that was chosen, is not there for them.
    Hidden,
    AgentOff,
    Connect,
    Choose(BTreeSet<usize>),
    /// It goes out with this connection.
    Sent(usize),
    /// The connection is switched off or suspended.
    Held,
    NotTheirs,
    Broken,
    AttacherGone,
    NotEntitled,
    Changed,
}

pub(super) struct Person {
    pub(super) role: Role,
    pub(super) left_at: Option<i64>,
}

pub(super) struct Connection {
    pub(super) owner: usize,
    pub(super) is_on: bool,
    pub(super) is_suspended: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Given {
    pub(super) attach: bool,
    pub(super) ends: Option<i64>,
}

pub(super) struct Binding {
    pub(super) connection: Option<usize>,
    pub(super) by: usize,
    pub(super) version: u32,
}

pub(super) struct Model {
    pub(super) now: i64,
    pub(super) people: Vec<Person>,
    pub(super) groups: Vec<Option<BTreeSet<usize>>>,
    /// Which roles may attach; admins always.
    pub(super) attaching: BTreeSet<Role>,
    pub(super) connections: Vec<Option<Connection>>,
    pub(super) shares: BTreeMap<(usize, To), Given>,
    /// With whom the agent is shared, and whether to edit.
    pub(super) audience: BTreeMap<To, bool>,
    pub(super) agent_is_on: bool,
    pub(super) binding: Option<Binding>,
    /// What each person chose to use with the agent.
    pub(super) choices: BTreeMap<usize, usize>,
    /// Which version of its document the integration is at.
    pub(super) version: u32,
}

/// Whether a connection is an OAuth one: what it is never changes.
pub(super) fn is_oauth(connection: usize) -> bool {
    connection >= KEYS
}

/// Whose a connection is when it is made.
pub(super) fn maker(connection: usize) -> usize {
    [EVE, MAX, EVE, EVE, MAX][connection]
}

impl Model {
    pub(super) fn new() -> Self {
        let role = |person| [Role::Admin, Role::Editor, Role::Member, Role::Member][person];
        let connection = |it| Some(Connection { owner: maker(it), is_on: true, is_suspended: false });
        Self {
            now: 0,
            people: (0..PEOPLE).map(|person| Person { role: role(person), left_at: None }).collect(),
            groups: vec![Some(BTreeSet::new()); GROUPS],
            attaching: BTreeSet::from([Role::Editor]),
            connections: (0..CONNECTIONS).map(connection).collect(),
            shares: BTreeMap::new(),
            audience: BTreeMap::from([(To::Workspace, false)]),
            agent_is_on: true,
            binding: None,
            choices: BTreeMap::new(),
            version: 0,
        }
    }

    pub(super) fn is_active(&self, person: usize) -> bool {
        self.people[person].left_at.is_none()
    }

    pub(super) fn is_admin(&self, person: usize) -> bool {
        self.people[person].role == Role::Admin
    }

    /// There always is one.
    pub(super) fn first_admin(&self) -> usize {
        (0..PEOPLE).find(|it| self.is_active(*it) && self.is_admin(*it)).unwrap_or(ADA)
    }

    fn reaches(&self, to: To, person: usize) -> bool {
        match to {
            To::Person(one) => one == person,
            To::Group(group) => self.groups[group].as_ref().is_some_and(|members| members.contains(&person)),
            To::Workspace => true,
        }
    }

    pub(super) fn lives(&self, given: Given) -> bool {
        given.ends.is_none_or(|ends| ends > self.now)
    }

    /// What living shares give a person: whether to attach too.
    fn given(&self, connection: usize, person: usize) -> Option<bool> {
        let reaching = self
            .shares
            .iter()
            .filter(|((it, to), given)| *it == connection && self.lives(**given) && self.reaches(*to, person));
        reaching.map(|(_, given)| given.attach).max()
    }

    pub(super) fn owns(&self, connection: usize, person: usize) -> bool {
        self.connections[connection].as_ref().is_some_and(|it| it.owner == person)
    }

    /// R1, R4, R5: the owner, and whoever it is shared with.
    pub(super) fn may_use(&self, connection: usize, person: usize) -> bool {
        self.connections[connection].is_some()
            && (self.owns(connection, person) || !is_oauth(connection) && self.given(connection, person).is_some())
    }

    /// R1: and admins see that it is there.
    pub(super) fn sees(&self, connection: usize, person: usize) -> bool {
        self.connections[connection].is_some() && (self.may_use(connection, person) || self.is_admin(person))
    }

    /// R10, apart from the permission.
    pub(super) fn may_lend(&self, connection: usize, person: usize) -> bool {
        let is_given = || self.is_admin(person) || self.given(connection, person) == Some(true);
        self.owns(connection, person) || !is_oauth(connection) && is_given()
    }

    /// R10: the permission.
    pub(super) fn may_configure(&self, person: usize) -> bool {
        self.is_admin(person) || self.attaching.contains(&self.people[person].role)
    }

    /// The agent is Eve's: what others may, if anything, is whether to edit it.
    pub(super) fn agent_access(&self, person: usize) -> Option<bool> {
        let shared = self.audience.iter().filter(|(to, _)| self.reaches(**to, person)).map(|(_, edit)| *edit).max();
        if person == EVE { Some(true) } else { shared }
    }

    /// The last admin who is here.
    pub(super) fn is_last_admin(&self, person: usize) -> bool {
        let another = (0..PEOPLE).any(|it| it != person && self.is_active(it) && self.is_admin(it));
        self.is_active(person) && self.is_admin(person) && !another
    }

    pub(super) fn usable(&self, person: usize) -> BTreeSet<usize> {
        (0..CONNECTIONS).filter(|it| self.is_active(person) && self.may_use(*it, person)).collect()
    }

    /// How a call of somebody's turns out, and which connection it is settled on from now on.
    pub(super) fn call(&self, person: usize, call: Call, chosen: Option<usize>) -> (Seen, Option<usize>) {
        if !self.is_active(person) {
            return (Seen::Nobody, None);
        }
        if self.agent_access(person).is_none() {
            return (Seen::Hidden, None);
        }
        if !self.agent_is_on {
            return (Seen::AgentOff, None);
        }
        match (&self.binding, chosen) {
            (Some(binding), _) if call == Call::Lendable => (self.lent(binding), None),
            (_, Some(connection)) => self.chosen(person, connection),
            (_, None) => (self.own(person), None),
        }
    }

    /// R11 to R13: by the rights of whoever attached it, as they are now.
    fn lent(&self, binding: &Binding) -> Seen {
        let Some(connection) = binding.connection else { return Seen::Broken };
        if !self.is_active(binding.by) {
            return Seen::AttacherGone;
        }
        if !self.may_configure(binding.by) || !self.may_lend(connection, binding.by) {
            return Seen::NotEntitled;
        }
        if binding.version != self.version {
            return Seen::Changed;
        }
        self.sent(connection)
    }

    fn chosen(&self, person: usize, connection: usize) -> (Seen, Option<usize>) {
        if !self.sees(connection, person) {
            return (Seen::Hidden, None);
        }
        if !self.may_use(connection, person) {
            return (Seen::NotTheirs, None);
        }
        (self.sent(connection), Some(connection))
    }

    /// R8: what was chosen, else one's own, else what is shared; never guessed.
    fn own(&self, person: usize) -> Seen {
        let usable = self.usable(person);
        if let Some(chosen) = self.choices.get(&person).filter(|it| usable.contains(it)) {
            return self.sent(*chosen);
        }
        let own: Vec<usize> = usable.iter().copied().filter(|it| self.owns(*it, person)).collect();
        let considered = if own.is_empty() { usable.iter().copied().collect() } else { own };
        match considered.as_slice() {
            [] => Seen::Connect,
            [one] => self.sent(*one),
            [_, _, ..] => Seen::Choose(usable),
        }
    }

    /// R13, R15: a connection that does not work is an error.
    fn sent(&self, connection: usize) -> Seen {
        let works = |it: &Connection| it.is_on && !it.is_suspended;
        if self.connections[connection].as_ref().is_some_and(works) { Seen::Sent(connection) } else { Seen::Held }
    }

    /// A connection is gone, with all that hung on it.
    pub(super) fn erase(&mut self, connection: usize) {
        self.connections[connection] = None;
        self.shares.retain(|(it, _), _| *it != connection);
        self.choices.retain(|_, it| *it != connection);
        if let Some(binding) = self.binding.as_mut().filter(|it| it.connection == Some(connection)) {
            binding.connection = None;
        }
    }

    /// OAuth connections of those who left a day ago.
    pub(super) fn sweep(&mut self) {
        let has_gone = |it: &Person| it.left_at.is_some_and(|left| left + GRACE <= self.now);
        let gone: Vec<usize> = (0..PEOPLE).filter(|it| has_gone(&self.people[*it])).collect();
        let left = |it: &usize| is_oauth(*it) && gone.iter().any(|person| self.owns(*it, *person));
        let left: Vec<usize> = (0..CONNECTIONS).filter(left).collect();
        for connection in left {
            self.erase(connection);
        }
    }
}
