//! The rule book, printed as a table for review, and what must hold of it whatever the facts.

use std::fmt::Write;

use odeus::authz::actions::Attach;
use odeus::authz::actions::Configure;
use odeus::authz::actions::Connect;
use odeus::authz::actions::CreateAgent;
use odeus::authz::actions::CreateIntegration;
use odeus::authz::actions::Delete;
use odeus::authz::actions::Disable;
use odeus::authz::actions::Edit;
use odeus::authz::actions::Explain;
use odeus::authz::actions::Maintain;
use odeus::authz::actions::ManageMail;
use odeus::authz::actions::ManagePeople;
use odeus::authz::actions::Run;
use odeus::authz::actions::Share;
use odeus::authz::actions::Transfer;
use odeus::authz::actions::Use;
use odeus::authz::actions::View;
use odeus::authz::actions::ViewAudit;
use odeus::authz::actor::Actor;
use odeus::authz::actor::Permissions;
use odeus::authz::actor::Via;
use odeus::authz::facts::ActionFacts;
use odeus::authz::facts::AgentAccess;
use odeus::authz::facts::AgentFacts;
use odeus::authz::facts::AuthType;
use odeus::authz::facts::BindingFacts;
use odeus::authz::facts::ConnectionFacts;
use odeus::authz::facts::GroupFacts;
use odeus::authz::facts::IntegrationFacts;
use odeus::authz::facts::LentFacts;
use odeus::authz::facts::MembershipFacts;
use odeus::authz::facts::MethodFacts;
use odeus::authz::facts::OwnFacts;
use odeus::authz::facts::Permission;
use odeus::authz::facts::Role;
use odeus::authz::facts::RunFacts;
use odeus::authz::facts::ShareAccess;
use odeus::authz::facts::WorkspaceFacts;
use odeus::authz::policy::Permits;
use odeus::authz::policy::Reason;
use odeus::kernel::ids::UserId;
use odeus::kernel::ids::WorkspaceId;
use proptest::prelude::*;

use crate::snapshot::assert_snapshot;

const OPEN: ActionFacts =
    ActionFacts { integration: IntegrationFacts { is_enabled: true, is_granted: true }, is_granted: true };
const OWN_AGENT: AgentFacts = AgentFacts { is_owner: true, shared: None, is_enabled: true };
const OWN_CONNECTION: ConnectionFacts = ConnectionFacts { is_owner: true, auth_type: AuthType::Oauth, shared: None };
const GOOD_BINDING: BindingFacts = BindingFacts {
    is_whole: true,
    is_as_approved: true,
    attacher: Some(Role::Editor),
    attacher_may_configure: true,
    connection: OWN_CONNECTION,
};

fn actor(role: Role) -> Actor {
    holding(role, Permission::defaults_of(role).iter().copied())
}

fn holding(role: Role, permissions: impl IntoIterator<Item = Permission>) -> Actor {
    Actor {
        workspace: WorkspaceId::from(uuid::Uuid::from_u128(1)),
        user: UserId::from(uuid::Uuid::from_u128(2)),
        role,
        permissions: Permissions::of(role, permissions),
        via: Via::Page,
        ip: None,
        at: chrono::DateTime::UNIX_EPOCH,
    }
}

fn may<A: Permits<F>, F>(actor: &Actor, facts: &F) -> bool {
    A::permits(actor, facts).is_ok()
}

fn word<A: Permits<F>, F>(actor: &Actor, facts: &F) -> String {
    match A::permits(actor, facts) {
        Ok(()) => "yes".to_owned(),
        Err(reason) => format!("{reason:?}"),
    }
}

macro_rules! line {
    ($table:expr, $name:expr, $actor:expr, $facts:expr, [$($action:ident),+]) => {
        let cells = [$(format!("{}={}", stringify!($action), word::<$action, _>($actor, $facts))),+];
        writeln!($table, "{:<58} {}", $name, cells.join("  ")).unwrap();
    };
}

#[test]
fn the_rules_are_those_that_were_reviewed() {
    let mut table = String::new();
    for role in Role::ALL.iter().copied() {
        let who = actor(role);
        line!(
            table,
            format!("{role}: workspace"),
            &who,
            &WorkspaceFacts,
            [View, CreateAgent, CreateIntegration, ManagePeople, ViewAudit, ManageMail]
        );
        line!(table, format!("{role}: group"), &who, &GroupFacts, [View, ManagePeople]);
        for (name, is_active) in [("active", true), ("deactivated", false)] {
            let facts = MembershipFacts { is_active };
            line!(table, format!("{role}: person, {name}"), &who, &facts, [View, ManagePeople]);
        }
        for (name, is_enabled, is_granted) in [("open", true, true), ("off", false, true), ("restricted", true, false)]
        {
            let facts = IntegrationFacts { is_enabled, is_granted };
            line!(table, format!("{role}: integration, {name}"), &who, &facts, [View, Connect, Configure]);
            let action = ActionFacts { integration: facts, is_granted: true };
            line!(table, format!("{role}: action, {name}"), &who, &action, [Use]);
            let method = MethodFacts { integration: facts, is_reserved: false };
            line!(table, format!("{role}: way to connect, {name}"), &who, &method, [Connect]);
        }
        let action = ActionFacts { is_granted: false, ..OPEN };
        line!(table, format!("{role}: action, restricted by itself"), &who, &action, [Use]);
        let method = MethodFacts { integration: OPEN.integration, is_reserved: true };
        line!(table, format!("{role}: way to connect, reserved"), &who, &method, [Connect]);
        connections(&mut table, role, &who);
        agents(&mut table, role, &who);
        for (name, is_caller, owns_connection) in
            [("own", true, false), ("on own connection", false, true), ("others", false, false)]
        {
            line!(table, format!("{role}: run, {name}"), &who, &RunFacts { is_caller, owns_connection }, [View]);
        }
    }
    assert_snapshot("policy.txt", &table);
}

fn connections(table: &mut String, role: Role, who: &Actor) {
    let relations = [
        ("own", true, None),
        ("shared to attach", false, Some(ShareAccess::Attach)),
        ("shared to use", false, Some(ShareAccess::Use)),
        ("others'", false, None),
    ];
    for auth_type in AuthType::ALL.iter().copied() {
        for (name, is_owner, shared) in relations {
            let facts = ConnectionFacts { is_owner, auth_type, shared };
            let name = format!("{role}: {auth_type} connection, {name}");
            line!(table, name, who, &facts, [View, Use, Share, Explain, Attach, Maintain, Disable, Delete, Transfer]);
        }
    }
}

fn agents(table: &mut String, role: Role, who: &Actor) {
    let relations = [
        ("own", true, None),
        ("shared to edit", false, Some(AgentAccess::Edit)),
        ("shared to use", false, Some(AgentAccess::Use)),
        ("others'", false, None),
    ];
    for (name, is_owner, shared) in relations {
        for is_enabled in [true, false] {
            let facts = AgentFacts { is_owner, shared, is_enabled };
            let state = if is_enabled { "on" } else { "off" };
            let label = format!("{role}: agent, {name}, {state}");
            line!(table, label, who, &facts, [View, Run, Edit, Share, Delete]);
            let own = OwnFacts { agent: facts, action: OPEN, connection: OWN_CONNECTION };
            line!(table, format!("{label}: as themselves"), who, &own, [View, Run]);
            let lent = LentFacts { agent: facts, action: OPEN, binding: GOOD_BINDING };
            line!(table, format!("{label}: preselected"), who, &lent, [View, Run]);
            let closed = ActionFacts { is_granted: false, ..OPEN };
            let (own, lent) = (OwnFacts { action: closed, ..own }, LentFacts { action: closed, ..lent });
            line!(table, format!("{label}: as themselves, restricted"), who, &own, [Run]);
            line!(table, format!("{label}: preselected, restricted"), who, &lent, [Run]);
        }
    }
}

#[test]
fn r12_a_binding_holds_only_as_long_as_everything_it_stood_on() {
    let caller = actor(Role::Member);
    let agent = AgentFacts { is_owner: false, shared: Some(AgentAccess::Use), is_enabled: true };
    let refused = |binding: BindingFacts| {
        <Run as Permits<LentFacts>>::permits(&caller, &LentFacts { agent, action: OPEN, binding })
    };
    let lost = ConnectionFacts { is_owner: false, auth_type: AuthType::ApiKey, shared: None };
    let use_only = ConnectionFacts { shared: Some(ShareAccess::Use), ..lost };
    let foreign_oauth =
        ConnectionFacts { is_owner: false, auth_type: AuthType::Oauth, shared: Some(ShareAccess::Attach) };

    assert_eq!(refused(GOOD_BINDING), Ok(()));
    assert_eq!(refused(BindingFacts { is_whole: false, ..GOOD_BINDING }), Err(Reason::BindingBroken));
    assert_eq!(refused(BindingFacts { is_as_approved: false, ..GOOD_BINDING }), Err(Reason::BindingChanged));
    assert_eq!(refused(BindingFacts { attacher: None, ..GOOD_BINDING }), Err(Reason::AttacherGone));
    assert_eq!(
        refused(BindingFacts { attacher_may_configure: false, ..GOOD_BINDING }),
        Err(Reason::AttacherNotEntitled)
    );
    for connection in [lost, use_only, foreign_oauth] {
        let binding = BindingFacts { connection, ..GOOD_BINDING };
        assert_eq!(refused(binding), Err(Reason::AttacherNotEntitled), "{connection:?}");
    }
    let admins = BindingFacts { attacher: Some(Role::Admin), connection: foreign_oauth, ..GOOD_BINDING };
    assert_eq!(refused(admins), Err(Reason::AttacherNotEntitled), "an admin attaches nobody's OAuth connection either");
}

fn roles() -> impl Strategy<Value = Role> {
    prop::sample::select(Role::ALL)
}

fn permissions() -> impl Strategy<Value = Vec<Permission>> {
    prop::sample::subsequence(Permission::ALL, 0..=Permission::ALL.len())
}

fn shared() -> impl Strategy<Value = Option<ShareAccess>> {
    prop::option::of(prop::sample::select(ShareAccess::ALL))
}

prop_compose! {
    fn a_connection()(is_owner: bool, auth_type in prop::sample::select(AuthType::ALL), shared in shared()) -> ConnectionFacts {
        ConnectionFacts { is_owner, auth_type, shared }
    }
}

prop_compose! {
    fn an_actor()(role in roles(), permissions in permissions()) -> Actor {
        holding(role, permissions)
    }
}

/// What an actor may do with a connection, one bit an act.
fn rights(actor: &Actor, facts: ConnectionFacts) -> [bool; 9] {
    [
        may::<View, _>(actor, &facts),
        may::<Use, _>(actor, &facts),
        may::<Share, _>(actor, &facts),
        may::<Explain, _>(actor, &facts),
        may::<Attach, _>(actor, &facts),
        may::<Maintain, _>(actor, &facts),
        may::<Disable, _>(actor, &facts),
        may::<Delete, _>(actor, &facts),
        may::<Transfer, _>(actor, &facts),
    ]
}

fn within(less: [bool; 9], more: [bool; 9]) -> bool {
    less.iter().zip(more).all(|(less, more)| !less || more)
}

proptest! {
    #[test]
    fn r4_an_oauth_connection_is_shared_by_nobody_and_used_by_its_owner_alone(actor in an_actor(), facts in a_connection()) {
        let facts = ConnectionFacts { auth_type: AuthType::Oauth, ..facts };

        prop_assert!(!may::<Share, _>(&actor, &facts));
        prop_assert!(!may::<Transfer, _>(&actor, &facts));
        prop_assert_eq!(may::<Use, _>(&actor, &facts), facts.is_owner);
        prop_assert!(facts.is_owner || !may::<Attach, _>(&actor, &facts));
    }

    #[test]
    fn whatever_may_be_done_may_be_seen(actor in an_actor(), facts in a_connection()) {
        let rights = rights(&actor, facts);

        // Attach needs a permission and a right to the connection, and each such right shows it.
        prop_assert!(rights[0] || rights.iter().all(|right| !right), "{:?}", rights);
    }

    #[test]
    fn taking_a_share_away_never_adds_a_right(actor in an_actor(), facts in a_connection()) {
        let without = ConnectionFacts { shared: None, ..facts };

        prop_assert!(within(rights(&actor, without), rights(&actor, facts)));
    }

    #[test]
    fn a_higher_role_never_means_less(permissions in permissions(), facts in a_connection()) {
        let [member, editor, admin] =
            [Role::Member, Role::Editor, Role::Admin].map(|role| rights(&holding(role, permissions.clone()), facts));

        prop_assert!(within(member, editor));
        prop_assert!(within(editor, admin));
    }

    #[test]
    fn losing_a_permission_never_adds_a_right(role in roles(), permissions in permissions(), facts in a_connection()) {
        let more = rights(&holding(role, permissions), facts);
        let less = rights(&holding(role, []), facts);

        prop_assert!(within(less, more));
    }

    #[test]
    fn r10_attaching_always_needs_the_permission(role in roles(), facts in a_connection()) {
        let others = Permission::ALL.iter().copied().filter(|p| *p != Permission::ConfigurePreselectedConnections);
        let without = holding(role, others);

        prop_assert_eq!(may::<Attach, _>(&without, &facts), role == Role::Admin && may::<Attach, _>(&actor(Role::Admin), &facts));
    }

    #[test]
    fn r8_a_call_as_oneself_needs_a_connection_that_one_may_use(actor in an_actor(), connection in a_connection()) {
        let facts = OwnFacts { agent: OWN_AGENT, action: OPEN, connection };

        prop_assert_eq!(may::<Run, _>(&actor, &facts), may::<Use, _>(&actor, &connection));
    }
}
