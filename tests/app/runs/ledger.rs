//! How calls are written down: what changes something before it leaves, a quick look once it has ended.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use odeus::authz::actor::Via;
use odeus::domain::agents::AgentActionKey;
use odeus::domain::runs::Run;
use odeus::domain::runs::RunStatus;
use odeus::domain::runs::ledger::Ledger;
use odeus::domain::runs::record::Closing;
use odeus::kernel::ids::ConnectionId;
use odeus::kernel::ids::RunId;
use odeus::kernel::ids::WorkspaceId;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::runs::outside::Answer;
use crate::runs::world::World;
use crate::runs::world::call;

/// Another run like `run`, as it is handed to the ledger.
pub(crate) fn closing(world: &World, run: &Run, connection: ConnectionId) -> Closing {
    Closing {
        workspace: world.cast.acme.id,
        run: Arc::new(Run { id: RunId::new(), ..run.clone() }),
        connection,
        connection_owner: world.cast.max.id,
        may_have_left: true,
        marks_use: false,
        via: Via::Token,
        ip: None,
    }
}

fn on_record(world: &World, run: RunId) -> (usize, usize) {
    (
        world.sql(&format!("SELECT 1 FROM runs WHERE id = '{run}'")),
        world.sql(&format!("SELECT 1 FROM audit_events WHERE object_id = '{run}' AND action = 'run.begun'")),
    )
}

/// The status on record while the provider has the call and does not answer.
async fn while_under_way(world: &World, action: AgentActionKey) -> Vec<RunStatus> {
    let gate = Arc::new(Semaphore::new(0));
    world.outside.answer(Answer::Held(Arc::clone(&gate)));
    let run = world.finished(&world.cast.max, action, call());
    let look = async {
        while world.outside.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        let begun = || world.sql("SELECT 1 FROM runs WHERE status = 'begun'") == 1;
        let at_once = begun();
        while !begun() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        gate.add_permits(1);
        at_once
    };
    let (run, at_once) = tokio::join!(run, look);
    assert_eq!(on_record(world, run.id), (1, 1));
    let stored = world.seen(&world.cast.max, run.id).unwrap().status;
    if at_once { vec![RunStatus::Begun, stored] } else { vec![stored] }
}

#[tokio::test]
async fn a_change_stands_in_the_record_before_it_leaves() {
    let world = World::new().await;
    let action = world.own(world.agent(), "addThing");
    world.api_key(&world.cast.max, "KEY-OF-MAX");

    assert_eq!(while_under_way(&world, action).await, [RunStatus::Begun, RunStatus::Succeeded]);
}

#[tokio::test]
async fn a_look_that_takes_its_time_stands_in_the_record_meanwhile() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    world.api_key(&world.cast.max, "KEY-OF-MAX");

    assert_eq!(while_under_way(&world, action).await, [RunStatus::Succeeded]);
}

#[tokio::test]
async fn looks_are_written_down_together_and_one_that_cannot_be_takes_no_other_along() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    let connection = world.api_key(&world.cast.max, "KEY-OF-MAX");
    let run = world.finished(&world.cast.max, action, call()).await;
    let mut closings: Vec<Closing> = (0..20).map(|_| closing(&world, &run, connection)).collect();
    closings[7].workspace = WorkspaceId::new();
    let ledger = Ledger::open(world.database.db(), &Handle::current());

    let written = join_all(closings.iter().map(|it| ledger.write_whole(it.clone()))).await;

    let failed: Vec<usize> = (0..20).filter(|place| written[*place].is_err()).collect();
    assert_eq!(failed, [7]);
    for (place, closing) in closings.iter().enumerate() {
        let expected = if place == 7 { (0, 0) } else { (1, 1) };
        assert_eq!(on_record(&world, closing.run.id), expected, "{place}");
    }
}

#[tokio::test]
async fn a_look_that_is_written_down_again_is_there_once_as_its_caller_saw_it() {
    let world = World::new().await;
    let action = world.own(world.agent(), "getThing");
    let connection = world.api_key(&world.cast.max, "KEY-OF-MAX");
    let run = world.finished(&world.cast.max, action, call()).await;
    let ledger = Ledger::open(world.database.db(), &Handle::current());
    let again = closing(&world, &run, connection);

    ledger.write_whole(again.clone()).await.unwrap();
    ledger.write_whole(again.clone()).await.unwrap();

    assert_eq!(on_record(&world, again.run.id), (1, 1));
    let stored = world.seen(&world.cast.max, again.run.id).unwrap();
    assert_eq!(stored.content.unwrap().response, run.content.unwrap().response);
    assert_eq!((stored.status, stored.duration_ms, stored.finished_at), (run.status, run.duration_ms, run.finished_at));
}
