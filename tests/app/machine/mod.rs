//! Random lives of a workspace, lived by the product and by a small model of the rules: what each person may use and how
//! each call of theirs turns out is the same in both after every step.

mod look;
mod model;
mod rules;
mod stage;
mod steps;

use std::collections::BTreeSet;

use odeus::authz::actions;
use odeus::authz::facts::Role;
use odeus::authz::proof::Denied;
use odeus::domain::agents::AgentAction;
use odeus::domain::connections::Connection;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::TestRunner;

use crate::machine::look::Rights;
use crate::machine::model::Model;
use crate::machine::model::is_oauth;
use crate::machine::rules::Verdict;
use crate::machine::stage::Stage;
use crate::machine::steps::Act;
use crate::machine::steps::Call;
use crate::machine::steps::Manage;
use crate::machine::steps::PEOPLE;
use crate::machine::steps::Step;
use crate::machine::steps::life;

/// How many lives, where `PROPTEST_CASES` does not say.
const LIVES: u32 = 5;
const UNSAID: u32 = 256;

/// What the model says of everybody.
fn expected(model: &Model) -> Vec<Rights> {
    let rights = |person| Rights {
        usable: model.usable(person),
        own: model.call(person, Call::Own, None).0,
        lendable: model.call(person, Call::Lendable, None).0,
    };
    (0..PEOPLE).map(rights).collect()
}

/// Whether a step only takes away. A lesser role may hold a permission that the one before did not.
fn only_takes(model: &Model, step: Step) -> bool {
    let holds_more = |person: usize| !model.may_configure(person) && model.attaching.contains(&Role::Member);
    match step {
        Step::Pass { .. } | Step::Sweep => true,
        Step::Try(_, act) => match act {
            Act::Unshare { .. } | Act::Delete { .. } | Act::UnshareAgent { .. } => true,
            Act::Change { attach, .. } => !attach,
            Act::Switch { on, .. } | Act::SwitchAgent { on } => !on,
            Act::Manage(manage) => match manage {
                Manage::Leave { .. } | Manage::Disband { .. } | Manage::Deactivate { .. } => true,
                Manage::Cast { person, role } => role == Role::Member && !holds_more(person),
                Manage::Permit { on, .. } => !on,
                Manage::Found { .. } | Manage::Join { .. } | Manage::Reactivate { .. } => false,
            },
            Act::Share { .. } | Act::Attach { .. } | Act::Detach | Act::Transfer { .. } | Act::ShareAgent { .. } => {
                false
            }
        },
        Step::TakeBack(_) | Step::Connect(_) | Step::Revise | Step::Run { .. } => false,
    }
}

/// Who may use what: directly, and what is lent to them by the agent.
fn held(rights: &[Rights], is_lent: bool) -> BTreeSet<(usize, bool, usize)> {
    let of = |(person, it): (usize, &Rights)| {
        let lent = it.sent().filter(|_| is_lent).map(|connection| (person, true, connection));
        it.usable.iter().map(|connection| (person, false, *connection)).chain(lent).collect::<Vec<_>>()
    };
    rights.iter().enumerate().flat_map(of).collect()
}

/// R4: whoever uses an OAuth connection owns it, or it was attached by its owner.
fn assert_oauth_is_its_owners(model: &Model, rights: &[Rights]) -> Result<(), TestCaseError> {
    for (person, connection) in (0..PEOPLE).flat_map(|person| rights[person].usable.iter().map(move |it| (person, *it)))
    {
        prop_assert!(!is_oauth(connection) || model.owns(connection, person), "{connection} is used by {person}");
    }
    let lent = rights.iter().filter_map(Rights::sent);
    for connection in lent.filter(|it| is_oauth(*it)) {
        if let Some(binding) = &model.binding {
            prop_assert!(model.owns(connection, binding.by), "{connection} was attached by {}", binding.by);
        }
    }
    Ok(())
}

/// Nothing is there for the admin of another workspace.
fn assert_nothing_crosses(stage: &Stage) {
    let (world, mallory) = (&stage.world, &stage.world.cast.mallory);
    for connection in &stage.connections {
        assert!(matches!(world.proof::<actions::View, Connection>(mallory, connection), Err(Denied::Hidden)));
    }
    for call in &stage.calls {
        assert!(matches!(world.proof::<actions::Run, AgentAction>(mallory, call), Err(Denied::Hidden)));
    }
}

async fn live(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let (mut stage, mut model) = (Stage::new().await, Model::new());
    let mut before = stage.look();
    prop_assert_eq!(&before, &expected(&model));
    for step in steps {
        let step = model.resolved(step);
        let was_lent = model.binding.is_some();
        let takes = only_takes(&model, step);
        if let Step::Run { person, call, chosen } = step {
            let seen = stage.run(person, call, chosen).await;
            prop_assert_eq!(seen, model.call(person, call, chosen).0, "{:?}", step);
        }
        let done = stage.step(&model, step);
        prop_assert_eq!(done, model.step(step), "{:?}", step);

        let after = stage.look();
        prop_assert_eq!(&after, &expected(&model), "after {:?}", step);
        if takes || done != Verdict::Done {
            let won = &held(&after, model.binding.is_some()) - &held(&before, was_lent);
            prop_assert!(won.is_empty(), "{:?} gave {:?}", step, won);
        }
        assert_oauth_is_its_owners(&model, &after)?;
        before = after;
    }
    assert_nothing_crosses(&stage);
    Ok(())
}

#[test]
fn whatever_happens_everybody_may_do_exactly_what_the_rules_say() {
    let cases = Some(Config::default().cases).filter(|cases| *cases != UNSAID).unwrap_or(LIVES);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();

    let result = TestRunner::new(config).run(&life(), |steps| runtime.block_on(live(steps)));

    result.unwrap();
}
