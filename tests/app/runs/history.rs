//! The record of runs: what is written with each (R16), and who sees which (the policy's `View` as SQL).

use odeus::authz::actions;
use odeus::authz::facts::RunFacts;
use odeus::authz::policy::Permits;
use odeus::authz::proof::Guarded;
use odeus::domain::runs::Run;
use odeus::domain::runs::RunStatus;
use odeus::domain::runs::visible;
use odeus::domain::runs::visible::Filter;
use odeus::domain::runs::visible::Which;
use odeus::kernel::ids::RunId;
use odeus::kernel::paging::Page;

use crate::runs::world::World;
use crate::runs::world::call;
use crate::support::cast::Person;

fn list(world: &World, person: &Person, which: Which, filter: Filter) -> Vec<RunId> {
    let actor = world.actor(person);
    let listed = visible::list(&mut world.conn(), &actor, which, &filter, &Page::default()).unwrap();
    listed.items.into_iter().map(|run| run.id).collect()
}

#[tokio::test]
async fn r16_each_call_leaves_an_event_that_names_who_ran_what_as_which_connection() {
    let world = World::new().await;
    let lent = world.api_key(&world.cast.eve, "KEY-OF-EVE");
    let action = world.lent(world.agent(), "getThing", lent);

    let run = world.finished(&world.cast.max, action, call()).await;
    world.set_status(lent, "disabled");
    let (refused, _) = world.refused(&world.cast.max, action).await;

    let event = |what: &str, run: RunId| {
        world.sql(&format!(
            "SELECT 1 FROM audit_events WHERE action = '{what}' AND object_kind = 'run' AND object_id = '{run}'
             AND actor_id = '{}' AND connection_id = '{lent}' AND detail->>'agent_action' = '{}'",
            world.cast.max.id, action.action
        ))
    };
    assert_eq!((event("run.begun", run.id), event("run.refused", refused)), (1, 1));
    assert_eq!(
        world
            .sql(&format!("SELECT 1 FROM audit_events WHERE action = 'binding.attached' AND connection_id = '{lent}'")),
        1
    );
}

#[tokio::test]
async fn a_list_shows_what_the_policy_lets_one_view() {
    let world = World::new().await;
    let agent = world.agent();
    let lent = world.api_key(&world.cast.eve, "KEY-OF-EVE");
    let (with_lent, with_own) = (world.lent(agent, "getThing", lent), world.own(agent, "addThing"));
    world.api_key(&world.cast.max, "KEY-OF-MAX");
    world.api_key(&world.cast.mia, "KEY-OF-MIA");
    let mut runs = Vec::new();
    for (person, action) in [
        (&world.cast.max, with_lent),
        (&world.cast.mia, with_lent),
        (&world.cast.max, with_own),
        (&world.cast.mia, with_own),
    ] {
        world.pass(1);
        runs.insert(0, world.finished(person, action, call()).await.id);
    }

    for person in [&world.cast.ada, &world.cast.eve, &world.cast.max, &world.cast.mia, &world.cast.mallory] {
        let actor = world.actor(person);
        let may_view = |id: &RunId| {
            Run::load(&mut world.conn(), &actor, id)
                .unwrap()
                .is_some_and(|run| <actions::View as Permits<RunFacts>>::permits(&actor, &run.facts()).is_ok())
        };
        let viewable: Vec<RunId> = runs.iter().copied().filter(may_view).collect();

        assert_eq!(list(&world, person, Which::All, Filter::default()), viewable, "{}", person.name);
    }
    assert_eq!(list(&world, &world.cast.eve, Which::OnMyConnections, Filter::default()), runs[2..]);
    assert_eq!(list(&world, &world.cast.max, Which::Mine, Filter::default()), [runs[1], runs[3]]);
}

#[tokio::test]
async fn a_filter_does_not_tell_the_caller_which_connection_was_preselected() {
    let world = World::new().await;
    let lent = world.api_key(&world.cast.eve, "KEY-OF-EVE");
    let action = world.lent(world.agent(), "getThing", lent);
    let run = world.finished(&world.cast.max, action, call()).await.id;
    let by_connection = Filter { connection: Some(lent), ..Filter::default() };

    assert!(list(&world, &world.cast.max, Which::All, by_connection).is_empty());
    assert_eq!(list(&world, &world.cast.eve, Which::All, by_connection), [run]);
    assert_eq!(list(&world, &world.cast.ada, Which::All, by_connection), [run]);
    let failed = Filter { status: Some(RunStatus::Failed), ..Filter::default() };
    assert!(list(&world, &world.cast.max, Which::Mine, failed).is_empty());
}

#[tokio::test]
async fn pages_of_a_list_follow_each_other() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    world.api_key(&world.cast.max, "KEY-OF-MAX");
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.insert(0, world.finished(&world.cast.max, action, call()).await.id);
    }
    let actor = world.actor(&world.cast.max);
    let page = |after| {
        let page = Page::new(Some(2), after);
        visible::list(&mut world.conn(), &actor, Which::All, &Filter::default(), &page).unwrap()
    };

    let first = page(None);
    let second = page(first.next);

    let ids = |listed: &[Run]| listed.iter().map(|run| run.id).collect::<Vec<_>>();
    assert_eq!(ids(&first.items), runs[..2]);
    assert_eq!(ids(&second.items), runs[2..]);
    assert!(second.next.is_none());
}
