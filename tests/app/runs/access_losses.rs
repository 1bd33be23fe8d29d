//! R6 for integrations and their actions: whatever an admin restricts holds from the next call, with own credentials and
//! with preselected ones, and admins keep it.

use diesel::Connection as _;
use diesel::RunQueryDsl;
use odeus::authz::actions::Configure;
use odeus::authz::actions::ManagePeople;
use odeus::authz::facts::AuthType;
use odeus::authz::policy::Reason;
use odeus::authz::proof::Denied;
use odeus::domain::integrations::access;
use odeus::domain::integrations::access::AccessChanges;
use odeus::domain::integrations::access::Audience;
use odeus::domain::integrations::access::Scope;
use odeus::domain::integrations::access::Switch;
use odeus::domain::integrations::integration::Integration;
use odeus::domain::people::groups;
use odeus::domain::people::groups::Group;
use odeus::domain::people::groups::roster;
use odeus::domain::runs::Call;
use odeus::domain::runs::Outcome;
use odeus::domain::runs::RunError;
use odeus::domain::runs::own;
use odeus::domain::runs::target::Inquiry;
use odeus::kernel::ids::AgentId;
use odeus::kernel::ids::GroupId;

use crate::runs::world::THINGS;
use crate::runs::world::World;
use crate::runs::world::call;
use crate::support::cast::Person;

fn only(people: &[&Person], groups: &[GroupId]) -> Audience {
    Audience::Only { users: people.iter().map(|person| person.id).collect(), groups: groups.to_vec() }
}

impl World {
    /// Ada, who is an admin, decides.
    fn decide(&self, changes: &AccessChanges) {
        let conn = &mut self.conn();
        let proof = self.proof::<Configure, Integration>(&self.cast.ada, &THINGS.to_owned()).unwrap();
        let definition = self.registry.find(conn, self.cast.acme.id, THINGS).unwrap().unwrap();
        conn.transaction(|tx| access::change(tx, &proof, &definition, changes)).unwrap();
    }

    fn restrict(&self, scope: &Scope, audience: Audience) {
        self.decide(&AccessChanges::audience(scope, audience));
    }
}

/// Why a call did not leave, if it did not.
fn reason(outcome: &Result<Outcome, RunError>) -> Option<Reason> {
    match outcome {
        Ok(Outcome::Finished(_)) => None,
        Ok(Outcome::Refused { reason, .. }) => *reason,
        other => panic!("{other:?}"),
    }
}

/// Both scopes, and what whoever is not in them reads.
fn scopes() -> [(Scope, Reason); 2] {
    [(Scope::Whole, Reason::IntegrationRestricted), (Scope::Action("getThing".to_owned()), Reason::ActionRestricted)]
}

/// Calls of Max and of Ada, each with own credentials and with those that Eve attached.
struct Calls {
    world: World,
    agents: [AgentId; 2],
}

impl Calls {
    async fn new() -> Self {
        let world = World::new().await;
        for person in [&world.cast.max, &world.cast.ada] {
            world.api_key(person, "OWN-KEY");
        }
        world.api_key(&world.cast.mia, "KEY-OF-MIA");
        let agents = [world.agent(), world.agent()];
        Self { world, agents }
    }

    /// What comes of the four calls: `None` where it left.
    async fn by(&self, person: &Person, keys: [odeus::domain::agents::AgentActionKey; 2]) -> [Option<Reason>; 2] {
        [reason(&self.world.run(person, keys[0], call()).await), reason(&self.world.run(person, keys[1], call()).await)]
    }

    fn keys(&self) -> [odeus::domain::agents::AgentActionKey; 2] {
        let lent = self.world.api_key(&self.world.cast.eve, "KEY-OF-EVE");
        [self.world.own(self.agents[0], "getThing"), self.world.lent(self.agents[1], "getThing", lent)]
    }
}

#[tokio::test]
async fn r6_what_is_restricted_to_other_people_is_refused_from_the_next_call_and_admins_keep_it() {
    let calls = Calls::new().await;
    let (world, keys) = (&calls.world, calls.keys());
    let (ada, max, mia) = (&world.cast.ada, &world.cast.max, &world.cast.mia);

    for (scope, why) in scopes() {
        world.restrict(&scope, only(&[max], &[]));
        assert_eq!(calls.by(max, keys).await, [None, None], "{scope:?}: granted");
        world.restrict(&scope, only(&[mia], &[]));
        assert_eq!(calls.by(max, keys).await, [Some(why), Some(why)], "{scope:?}: taken away");
        assert_eq!(calls.by(mia, keys).await, [None, None], "{scope:?}: given to Mia");
        assert_eq!(calls.by(ada, keys).await, [None, None], "{scope:?}: admins keep it");
        world.restrict(&scope, Audience::Everyone);
        assert_eq!(calls.by(max, keys).await, [None, None], "{scope:?}: opened again");
    }
}

#[tokio::test]
async fn r6_whoever_leaves_a_group_leaves_the_integrations_and_actions_that_are_for_it() {
    let calls = Calls::new().await;
    let (world, keys) = (&calls.world, calls.keys());
    let (ada, max) = (&world.cast.ada, &world.cast.max);

    for (number, (scope, why)) in scopes().into_iter().enumerate() {
        let crew = world.group(&format!("Crew {number}"), &[max]);
        let others = world.group(&format!("Others {number}"), &[]);
        world.restrict(&scope, only(&[], &[crew, others]));
        assert_eq!(calls.by(max, keys).await, [None, None], "{scope:?}: through the group");

        let proof = world.proof::<ManagePeople, Group>(ada, &crew).unwrap();
        assert!(roster::remove(&mut world.conn(), &proof, max.id).unwrap());
        assert_eq!(calls.by(max, keys).await, [Some(why), Some(why)], "{scope:?}: out of the group");

        assert!(roster::add(&mut world.conn(), &proof, max.id).unwrap());
        assert_eq!(calls.by(max, keys).await, [None, None], "{scope:?}: back");
        groups::remove(&mut world.conn(), &proof).unwrap();
        assert_eq!(calls.by(max, keys).await, [Some(why), Some(why)], "{scope:?}: the group is gone");
        world.restrict(&scope, Audience::Everyone);
    }
}

#[tokio::test]
async fn r6_an_integration_that_is_switched_off_stops_every_call_but_those_of_admins() {
    let calls = Calls::new().await;
    let (world, keys) = (&calls.world, calls.keys());
    let switch = |to| world.decide(&AccessChanges { switch: Some(to), ..AccessChanges::default() });
    let why = Some(Reason::IntegrationDisabled);

    assert_eq!(calls.by(&world.cast.max, keys).await, [None, None]);
    switch(Switch::Off);
    assert_eq!(calls.by(&world.cast.max, keys).await, [why, why]);
    assert_eq!(calls.by(&world.cast.ada, keys).await, [None, None]);
    switch(Switch::On);
    assert_eq!(calls.by(&world.cast.max, keys).await, [None, None]);
}

#[tokio::test]
async fn an_action_that_is_restricted_leaves_the_others_open() {
    let calls = Calls::new().await;
    let world = &calls.world;
    let [own, _] = calls.keys();
    let other = world.own(calls.agents[0], "addThing");

    world.restrict(&Scope::of("getThing"), only(&[], &[]));

    assert_eq!(reason(&world.run(&world.cast.max, own, call()).await), Some(Reason::ActionRestricted));
    assert_eq!(reason(&world.run(&world.cast.max, other, call()).await), None);
}

#[tokio::test]
async fn r6_a_call_that_was_shown_before_the_loss_is_not_sent_after_it() {
    let calls = Calls::new().await;
    let world = &calls.world;
    let action = world.own(calls.agents[0], "removeThing");
    let shown = world.run(&world.cast.max, action, call()).await.unwrap();
    let Outcome::NeedsConfirmation { confirmation, .. } = shown else { panic!("{shown:?}") };

    world.restrict(&Scope::of("removeThing"), only(&[], &[]));
    let confirmed = Call { confirmation: Some(confirmation), ..call() };
    let after = world.run(&world.cast.max, action, confirmed).await;

    assert_eq!(reason(&after), Some(Reason::ActionRestricted));
    assert!(world.outside.credentials().is_empty(), "nothing left");
}

#[tokio::test]
async fn whoever_may_not_use_an_action_is_not_asked_to_connect_for_it() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");

    let before = world.run(&world.cast.max, action, call()).await.unwrap();
    world.restrict(&Scope::of("getThing"), only(&[], &[]));
    let after = world.run(&world.cast.max, action, call()).await;

    assert!(matches!(before, Outcome::NeedsConnection { .. }), "{before:?}");
    assert_eq!(reason(&after), Some(Reason::ActionRestricted));
}

#[tokio::test]
async fn only_what_an_editor_may_use_goes_onto_an_agent() {
    let world = World::new().await;
    let (eve, agent) = (&world.cast.eve, world.agent());
    let own = world.own(agent, "getThing");
    let lent = world.api_key(eve, "KEY-OF-EVE");
    let attach = world.proof(eve, &lent).unwrap();
    let add = |action: &str| {
        let proof = world.proof(eve, &agent).unwrap();
        let new = odeus::domain::agents::actions::NewAction {
            integration: THINGS.to_owned(),
            action: action.to_owned(),
            requires_confirmation: None,
        };
        let own = odeus::domain::agents::actions::Credentials::Own;
        odeus::domain::agents::actions::add(&mut world.conn(), &world.registry, &proof, &new, own).map(drop)
    };
    let bind = || {
        let proof = world.proof(eve, &own).unwrap();
        let credentials = Some(odeus::domain::agents::actions::Credentials::Preselected(&attach));
        let changes = odeus::domain::agents::actions::ActionChanges { credentials, requires_confirmation: None };
        odeus::domain::agents::actions::change(&mut world.conn(), &world.registry, &proof, changes)
    };

    world.restrict(&Scope::of("addThing"), only(&[], &[]));
    assert_eq!(add("addThing").unwrap_err().to_string(), Reason::ActionRestricted.to_string());
    world.restrict(&Scope::of("getThing"), only(&[], &[]));
    assert_eq!(bind().unwrap_err().to_string(), Reason::ActionRestricted.to_string());
    for key in ["getThing", "addThing"] {
        world.restrict(&Scope::of(key), Audience::Everyone);
    }
    add("addThing").unwrap();
    bind().unwrap();
    world.decide(&AccessChanges { switch: Some(Switch::Off), ..AccessChanges::default() });
    assert!(add("removeThing").unwrap_err().to_string().contains("no such integration"));
}

#[tokio::test]
async fn a_connection_of_a_kind_that_was_reserved_later_works_on() {
    let world = World::new().await;
    let max = &world.cast.max;
    let action = world.own(world.agent(), "getThing");
    world.api_key(max, "KEY-OF-MAX");

    world.decide(&AccessChanges { reserved: Some([AuthType::ApiKey].into()), ..AccessChanges::default() });

    world.finished(max, action, call()).await;
    assert_eq!(world.outside.credentials(), ["KEY-OF-MAX"]);
}

#[tokio::test]
async fn a_change_of_access_is_for_admins_and_is_on_record() {
    let world = World::new().await;
    let refused = world.proof::<Configure, Integration>(&world.cast.eve, &THINGS.to_owned()).map(drop).unwrap_err();
    assert!(matches!(refused, Denied::Forbidden(Reason::AdminOnly)), "{refused}");

    world.restrict(&Scope::Whole, only(&[&world.cast.max], &[]));
    world.restrict(&Scope::of("getThing"), only(&[&world.cast.max], &[]));
    world.decide(&AccessChanges { reserved: Some([AuthType::Oauth].into()), ..AccessChanges::default() });

    for (action, part) in [
        ("integration.restricted", world.cast.max.id.to_string()),
        ("integration.action_restricted", "getThing".to_owned()),
        ("integration.auth_types_reserved", "oauth".to_owned()),
    ] {
        let written = world.sql(&format!(
            "SELECT 1 FROM audit_events WHERE action = '{action}' AND object_id = '{THINGS}' AND detail::text LIKE '%{part}%'"
        ));
        assert_eq!(written, 1, "{action}");
    }
}

#[derive(diesel::QueryableByName)]
struct Scans {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

#[tokio::test]
async fn a_run_looks_for_grants_only_where_something_is_restricted() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    world.set_oauth_client();
    let scans = || {
        let conn = &mut world.conn();
        conn.begin_test_transaction().unwrap();
        let asked = Inquiry { actor: world.actor(&world.cast.max), action, with: AuthType::ALL.to_vec() };
        assert!(own::find_calls(conn, &[&asked]).unwrap()[0].is_some());
        let counted: Scans = diesel::sql_query(
            "SELECT coalesce(sum(seq_scan) + sum(idx_scan), 0)::bigint AS count FROM pg_stat_xact_user_tables
             WHERE relname = 'integration_grants'",
        )
        .get_result(conn)
        .unwrap();
        counted.count
    };

    assert_eq!(scans(), 0);
    world.restrict(&Scope::of("addThing"), only(&[], &[]));
    assert_eq!(scans(), 0, "another action is restricted");
    world.restrict(&Scope::of("getThing"), only(&[], &[]));
    assert!(scans() > 0);
}
