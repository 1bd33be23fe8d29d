//! Questions that are asked at the same time share a statement. What a statement costs by itself (the round trip, a plan of
//! ten tables set up and torn down) is several times what one more row in it costs. While one is answered the next ones
//! gather, so that the busier it is, the more of them share a statement, and nobody waits for company.

use diesel::QueryResult;
use diesel::pg::PgConnection;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::db::Db;
use crate::db::DbError;
use crate::db::conflict::is_connection_lost;

/// How many questions share a statement at most.
const MOST: usize = 64;

/// A place where questions of one kind are asked. Cheap to clone; its task ends with the last clone.
pub struct Batched<Q, A>(mpsc::Sender<Entry<Q, A>>);

/// Answers each of the questions, in their order.
pub type Answer<Q, A> = fn(&mut PgConnection, &[Q]) -> QueryResult<Vec<A>>;

struct Entry<Q, A> {
    question: Q,
    answer: oneshot::Sender<Result<A, DbError>>,
}

impl<Q, A> Clone for Batched<Q, A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<Q: Send + 'static, A: Send + 'static> Batched<Q, A> {
    /// One that asks `db`, by a task of its own in the runtime `home`.
    pub fn open(db: Db, home: &Handle, answer: Answer<Q, A>) -> Self {
        let (questions, asked) = mpsc::channel(MOST);
        home.spawn(serve(db, asked, answer));
        Self(questions)
    }

    /// The answer, by a statement that began after the question was asked.
    pub async fn ask(&self, question: Q) -> Result<A, DbError> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Entry { question, answer }).await.map_err(|_closed| DbError::Stopped)?;
        answered.await.map_err(|unanswered| DbError::Unavailable(Box::new(unanswered)))?
    }
}

/// The place of a question among those asked together, from an ordinality, which counts from one.
pub fn place(ordinality: i64) -> usize {
    usize::try_from(ordinality - 1).unwrap_or(usize::MAX)
}

/// The answers in the order of so many questions, from rows with their ordinality; none where no row came.
pub fn in_order<A>(questions: usize, rows: impl IntoIterator<Item = (i64, A)>) -> Vec<Option<A>> {
    let mut answers: Vec<Option<A>> = (0..questions).map(|_| None).collect();
    for (ordinality, row) in rows {
        if let Some(answer) = answers.get_mut(place(ordinality)) {
            *answer = Some(row);
        }
    }
    answers
}

async fn serve<Q: Send + 'static, A: Send + 'static>(
    db: Db,
    mut asked: mpsc::Receiver<Entry<Q, A>>,
    answer: Answer<Q, A>,
) {
    let mut batch = Vec::new();
    while asked.recv_many(&mut batch, MOST).await > 0 {
        let (questions, waiting): (Vec<Q>, Vec<_>) =
            batch.drain(..).map(|entry| (entry.question, entry.answer)).unzip();
        let answered = db.read(move |conn| {
            let answers = answer_all(conn, &questions, answer);
            for (waiting, answer) in waiting.into_iter().zip(answers) {
                // Whoever asked may have gone.
                waiting.send(answer).ok();
            }
            Ok::<_, DbError>(())
        });
        // Whoever asked has been told by what they waited for being dropped.
        if let Err(error) = answered.await {
            tracing::warn!(%error, "a batch of questions was not asked");
        }
    }
}

/// All in one statement; if that is refused, each by itself, so that one that cannot be answered does not take others along.
fn answer_all<Q, A>(conn: &mut PgConnection, questions: &[Q], answer: Answer<Q, A>) -> Vec<Result<A, DbError>> {
    match answer(conn, questions) {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(error) if questions.len() == 1 => vec![Err(error.into())],
        Err(error) if is_connection_lost(&error) => {
            let said = error.to_string();
            questions.iter().map(|_| Err(DbError::Unavailable(said.clone().into()))).collect()
        }
        Err(_) => questions.chunks(1).map(|one| Ok(answer(conn, one)?.pop().ok_or(diesel::NotFound)?)).collect(),
    }
}
