//! What can happen, and by whom, drawn at random.

use odeus::authz::facts::Role;
use proptest::prelude::*;

/// Ada, Eve, Max and Mia.
pub(super) const PEOPLE: usize = 4;
pub(super) const GROUPS: usize = 2;
/// Keys, and after them OAuth connections, of Eve and of Max.
pub(super) const CONNECTIONS: usize = 5;
pub(super) const KEYS: usize = 3;

/// Whom something is given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum To {
    Person(usize),
    Group(usize),
    Workspace,
}

/// Who tries it. Most steps are tried by somebody who may, or nothing would ever happen.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    /// The owner of what it is about.
    Owner,
    /// The first active admin.
    Admin,
    /// The first who may, beginning with this person.
    Able(usize),
    /// Whoever this is.
    Anyone(usize),
}

/// The two actions of the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    /// With each caller's own credentials.
    Own,
    /// The same, until somebody attaches a connection to it.
    Lendable,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Somebody tries something.
    Try(By, Act),
    /// One of all that was given, whichever this is, is taken back by somebody who may.
    TakeBack(usize),
    /// A connection is made under a number that is free.
    Connect(usize),
    /// The integration's document is changed: its actions are not what they were.
    Revise,
    Pass {
        hours: i64,
    },
    Sweep,
    Run {
        person: usize,
        call: Call,
        chosen: Option<usize>,
    },
}

/// What somebody tries.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Share { connection: usize, to: To, attach: bool, hours: Option<i64> },
    Change { connection: usize, to: To, attach: bool },
    Unshare { connection: usize, to: To },
    Attach { connection: usize },
    Detach,
    Switch { connection: usize, on: bool },
    Delete { connection: usize },
    Transfer { connection: usize, to: usize },
    ShareAgent { to: To, edit: bool },
    UnshareAgent { to: To },
    SwitchAgent { on: bool },
    Manage(Manage),
}

/// What admins alone do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Manage {
    Found { group: usize },
    Join { group: usize, person: usize },
    Leave { group: usize, person: usize },
    Disband { group: usize },
    Cast { person: usize, role: Role },
    Deactivate { person: usize, for_good: bool },
    Reactivate { person: usize },
    Permit { role: Role, on: bool },
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![
        4 => (0..PEOPLE).prop_map(By::Able),
        1 => Just(By::Owner),
        1 => Just(By::Admin),
        1 => (0..PEOPLE).prop_map(By::Anyone),
    ]
}

fn admin() -> impl Strategy<Value = By> {
    prop_oneof![4 => Just(By::Admin), 1 => (0..PEOPLE).prop_map(By::Anyone)]
}

fn to() -> impl Strategy<Value = To> {
    prop_oneof![
        3 => (0..PEOPLE).prop_map(To::Person),
        3 => (0..GROUPS).prop_map(To::Group),
        2 => Just(To::Workspace),
    ]
}

fn connection() -> impl Strategy<Value = usize> {
    prop_oneof![3 => 0..KEYS, 1 => KEYS..CONNECTIONS]
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![Just(Call::Own), Just(Call::Lendable)]
}

fn of_shares() -> impl Strategy<Value = Act> {
    let hours = prop::option::weighted(0.3, 1..30_i64);
    prop_oneof![
        6 => (connection(), to(), any::<bool>(), hours)
            .prop_map(|(connection, to, attach, hours)| Act::Share { connection, to, attach, hours }),
        2 => (connection(), to(), any::<bool>())
            .prop_map(|(connection, to, attach)| Act::Change { connection, to, attach }),
        4 => (connection(), to()).prop_map(|(connection, to)| Act::Unshare { connection, to }),
    ]
}

fn of_connections() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => connection().prop_map(|connection| Act::Attach { connection }),
        1 => Just(Act::Detach),
        3 => (connection(), any::<bool>()).prop_map(|(connection, on)| Act::Switch { connection, on }),
        1 => connection().prop_map(|connection| Act::Delete { connection }),
        2 => (connection(), 0..PEOPLE).prop_map(|(connection, to)| Act::Transfer { connection, to }),
    ]
}

fn of_the_agent() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (to(), any::<bool>()).prop_map(|(to, edit)| Act::ShareAgent { to, edit }),
        2 => to().prop_map(|to| Act::UnshareAgent { to }),
        1 => prop::bool::weighted(0.8).prop_map(|on| Act::SwitchAgent { on }),
    ]
}

fn of_people() -> impl Strategy<Value = Manage> {
    let lesser = prop::sample::select(vec![Role::Editor, Role::Member]);
    prop_oneof![
        1 => (0..GROUPS).prop_map(|group| Manage::Found { group }),
        4 => (0..GROUPS, 0..PEOPLE).prop_map(|(group, person)| Manage::Join { group, person }),
        3 => (0..GROUPS, 0..PEOPLE).prop_map(|(group, person)| Manage::Leave { group, person }),
        1 => (0..GROUPS).prop_map(|group| Manage::Disband { group }),
        3 => (0..PEOPLE, prop::sample::select(Role::ALL)).prop_map(|(person, role)| Manage::Cast { person, role }),
        2 => (0..PEOPLE, any::<bool>()).prop_map(|(person, for_good)| Manage::Deactivate { person, for_good }),
        3 => (0..PEOPLE).prop_map(|person| Manage::Reactivate { person }),
        2 => (lesser, any::<bool>()).prop_map(|(role, on)| Manage::Permit { role, on }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let chosen = prop::option::of(0..CONNECTIONS);
    prop_oneof![
        8 => (by(), of_shares()).prop_map(|(by, act)| Step::Try(by, act)),
        5 => (by(), of_connections()).prop_map(|(by, act)| Step::Try(by, act)),
        3 => (by(), of_the_agent()).prop_map(|(by, act)| Step::Try(by, act)),
        5 => (admin(), of_people()).prop_map(|(by, manage)| Step::Try(by, Act::Manage(manage))),
        4 => (0..24_usize).prop_map(Step::TakeBack),
        1 => (0..CONNECTIONS).prop_map(Step::Connect),
        1 => Just(Step::Revise),
        1 => (1..30_i64).prop_map(|hours| Step::Pass { hours }),
        1 => Just(Step::Sweep),
        3 => (0..PEOPLE, call(), chosen).prop_map(|(person, call, chosen)| Step::Run { person, call, chosen }),
    ]
}

/// What happens in one life of the workspace.
pub(super) fn life() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..50)
}
