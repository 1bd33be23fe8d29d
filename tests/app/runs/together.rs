//! Callers who are asked about in the same statement: each is told what they would be told alone, in whatever order they
//! came. A mistake here would hand one person another's rights or credential.

use std::fmt::Debug;

use diesel::QueryResult;
use diesel::pg::PgConnection;
use odeus::authz::facts::AuthType;
use odeus::domain::agents::agent_action;
use odeus::domain::agents::agent_action::Wanted;
use odeus::domain::people::actors;
use odeus::domain::people::actors::Arrival;
use odeus::domain::people::actors::Presented;
use odeus::domain::people::tokens;
use odeus::domain::runs::admission;
use odeus::domain::runs::admission::Question;
use odeus::domain::runs::target::Inquiry;

use crate::runs::world::World;

/// Asks all together, in both orders, and each alone.
fn each_gets_their_own<Q: Clone, A: Debug>(
    conn: &mut PgConnection,
    questions: &[Q],
    ask: fn(&mut PgConnection, &[Q]) -> QueryResult<Vec<A>>,
) -> Vec<String> {
    let shown = |answers: Vec<A>| answers.iter().map(|answer| format!("{answer:?}")).collect::<Vec<_>>();
    let alone: Vec<String> = questions.chunks(1).flat_map(|one| shown(ask(conn, one).unwrap())).collect();
    assert_eq!(shown(ask(conn, questions).unwrap()), alone);
    let backwards: Vec<Q> = questions.iter().rev().cloned().collect();
    let mut answers = shown(ask(conn, &backwards).unwrap());
    answers.reverse();
    assert_eq!(answers, alone);
    alone
}

#[tokio::test]
async fn callers_get_their_own_connections_and_nobody_elses() {
    let world = World::new().await;
    let (eve, max, mia) = (&world.cast.eve, &world.cast.max, &world.cast.mia);
    let (of_eve, of_max) = (world.api_key(eve, "KEY-OF-EVE"), world.api_key(max, "KEY-OF-MAX"));
    let agent = world.agent();
    let (own, lent) = (world.own(agent, "getThing"), world.lent(agent, "addThing", of_eve));
    let kinds = vec![AuthType::ApiKey];
    let mut questions = Vec::new();
    for person in [max, mia, &world.cast.mallory, eve] {
        let actor = world.actor(person);
        questions.push(Question::Resolved(Inquiry { actor: actor.clone(), action: own, with: kinds.clone() }));
        questions.push(Question::Lent(Inquiry { actor: actor.clone(), action: lent, with: [0; 32] }));
        questions.push(Question::Chosen(Inquiry { actor, action: own, with: of_max }));
    }

    let answers = each_gets_their_own(&mut world.conn(), &questions, admission::load_all);

    let with = |connection: &str| answers.iter().map(|it| it.contains(connection)).collect::<Vec<_>>();
    let (yes, no) = (true, false);
    // For each: whichever is theirs, the preselected one, and Max's, which only he may know of.
    assert_eq!(with(&of_max.to_string()), [yes, no, yes, no, no, no, no, no, no, no, no, no]);
    assert_eq!(with(&of_eve.to_string()), [no, yes, no, no, yes, no, no, no, no, yes, yes, no]);
}

#[tokio::test]
async fn tokens_and_actions_are_told_apart() {
    let world = World::new().await;
    let conn = &mut world.conn();
    let people = [&world.cast.max, &world.cast.mallory, &world.cast.ada];
    let now = world.clock.now();
    let arrival = Arrival { ip: None, at: now };
    let mut presented: Vec<Presented> = people
        .iter()
        .map(|it| tokens::create_for(conn, it.workspace.id, it.id, "Key", now).unwrap())
        .map(|token| Presented::new(&token, arrival))
        .collect();
    presented.insert(1, Presented::new("odeus_nobodys", arrival));
    let agent = world.agent();
    let keys = [world.own(agent, "getThing"), world.own(agent, "addThing")];
    let wanted: Vec<Wanted> =
        people.iter().flat_map(|it| keys.map(|key| Wanted { workspace: it.workspace.id, user: it.id, key })).collect();

    let actors = each_gets_their_own(conn, &presented, actors::by_tokens);
    let actions = each_gets_their_own(conn, &wanted, agent_action::load_all);

    let names = |id: &str| actors.iter().map(|it| it.contains(id)).collect::<Vec<_>>();
    assert_eq!(names(&world.cast.max.id.to_string()), [true, false, false, false]);
    assert_eq!(names(&world.cast.mallory.id.to_string()), [false, false, true, false]);
    assert_eq!(actors[1], "None");
    let there: Vec<bool> = actions.iter().map(|it| it != "None").collect();
    assert_eq!(there, [true, true, false, false, true, true]);
}
