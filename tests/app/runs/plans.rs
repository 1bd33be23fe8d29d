//! What every run asks is planned once per connection, not once per run.

use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::sql_types::BigInt;
use diesel::sql_types::Text;
use odeus::authz::facts::AuthType;
use odeus::db::DbError;
use odeus::domain::agents::agent_action;
use odeus::domain::agents::agent_action::Wanted;
use odeus::domain::people::actors;
use odeus::domain::people::actors::Arrival;
use odeus::domain::people::actors::Presented;
use odeus::domain::runs::admission;
use odeus::domain::runs::admission::Question;
use odeus::domain::runs::target::Inquiry;
use odeus::domain::runs::whole;
use odeus::kernel::ids::ConnectionId;

use crate::runs::ledger::closing;
use crate::runs::world::World;
use crate::runs::world::call;

#[derive(QueryableByName)]
struct Planned {
    #[diesel(sql_type = Text)]
    statement: String,
    #[diesel(sql_type = BigInt)]
    generic_plans: i64,
}

/// More often than Postgres tries plans for the values at hand.
const OFTEN: usize = 8;

#[actix_web::test]
async fn what_every_run_asks_is_not_planned_again() {
    let world = World::new().await;
    let connection = world.api_key(&world.cast.max, "key-of-max");
    let action = world.own(world.agent(), "getThing");
    let run = world.finished(&world.cast.max, action, call()).await;
    let actor = world.actor(&world.cast.max);
    let closings: Vec<_> = (0..OFTEN).map(|_| closing(&world, &run, connection)).collect();

    let db = world.database.db();
    let planned: Vec<Planned> = db
        .read(move |conn| {
            let arrival = Arrival { ip: None, at: actor.at };
            let wanted = Wanted { workspace: actor.workspace, user: actor.user, key: action };
            let questions = [
                Question::Lent(Inquiry { actor: actor.clone(), action, with: [0; 32] }),
                Question::Chosen(Inquiry { actor: actor.clone(), action, with: ConnectionId::new() }),
                Question::Resolved(Inquiry { actor, action, with: vec![AuthType::ApiKey] }),
            ];
            for closing in closings {
                actors::by_tokens(conn, &[Presented::new("odeus_none", arrival)])?;
                agent_action::load_all(conn, &[wanted])?;
                admission::load_all(conn, &questions)?;
                whole::write(conn, &[closing])?;
            }
            let named = "SELECT statement, generic_plans FROM pg_prepared_statements WHERE statement LIKE '%unnest(%'";
            Ok::<_, DbError>(diesel::sql_query(named).load(conn)?)
        })
        .await
        .unwrap();

    assert_eq!(planned.len(), 6);
    let anew: Vec<&str> = planned.iter().filter(|it| it.generic_plans == 0).map(|it| it.statement.as_str()).collect();
    assert!(anew.is_empty(), "{anew:?}");
}
