//! Questions that are asked at the same time share a statement, and each is answered as if it had been asked alone.

use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_query;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use futures_util::future::join_all;
use odeus::db::DbError;
use odeus::db::batched::Batched;
use tokio::runtime::Handle;

use crate::support::database;

#[derive(QueryableByName)]
struct Shares {
    #[diesel(sql_type = BigInt)]
    share: i64,
    #[diesel(sql_type = BigInt)]
    together: i64,
}

/// A thousand shared among so many people; with how many questions the answer came.
fn share(conn: &mut PgConnection, people: &[i64]) -> QueryResult<Vec<(i64, i64)>> {
    let shares: Vec<Shares> = sql_query(
        "SELECT 1000 / people AS share, count(*) OVER () AS together FROM unnest($1) WITH ORDINALITY AS q (people, place)
         ORDER BY place",
    )
    .bind::<Array<BigInt>, _>(people)
    .load(conn)?;
    Ok(shares.into_iter().map(|it| (it.share, it.together)).collect())
}

#[actix_web::test]
async fn each_question_gets_its_own_answer_and_those_that_wait_share_a_statement() {
    let database = database();
    let shares = Batched::open(database.db(), &Handle::current(), share);

    let answers = join_all((1..=200).map(|people| shares.ask(people))).await;

    let answers: Vec<(i64, i64)> = answers.into_iter().map(Result::unwrap).collect();
    let expected: Vec<i64> = (1..=200).map(|people| 1000 / people).collect();
    assert_eq!(answers.iter().map(|(share, _)| *share).collect::<Vec<_>>(), expected);
    assert!(answers.iter().any(|(_, together)| *together > 1), "{answers:?}");
    assert!(answers.iter().all(|(_, together)| *together <= 64), "{answers:?}");
}

#[actix_web::test]
async fn a_question_that_cannot_be_answered_does_not_take_others_along() {
    let database = database();
    let shares = Batched::open(database.db(), &Handle::current(), share);

    let answers = join_all([2, 0, 5].map(|people| shares.ask(people))).await;

    assert!(matches!(answers.as_slice(), [Ok((500, _)), Err(DbError::Query(_)), Ok((200, _))]), "{answers:?}");
}

#[actix_web::test]
async fn while_the_database_is_away_each_is_told_so_and_afterwards_it_is_asked_again() {
    let database = database();
    let shares = Batched::open(database.db(), &Handle::current(), share);
    shares.ask(1).await.unwrap();

    database.close();
    let away = join_all([1, 2, 3].map(|people| shares.ask(people))).await;
    database.open();
    let back = shares.ask(4).await;

    assert!(away.iter().all(|answer| matches!(answer, Err(DbError::Unavailable(_)))), "{away:?}");
    assert!(matches!(back, Ok((250, _))), "{back:?}");
}
