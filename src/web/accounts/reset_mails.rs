//! "I forgot my password": a mail with a link to the stored address (D-54), three an hour at most (D-57). The answer is
//! the same whether there is such an account or not, and it takes the same time.

use std::time::Duration;

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use diesel::QueryResult;
use diesel::pg::PgConnection;
use tokio::time::Instant;

use crate::db::Db;
use crate::domain::accounts::throttle;
use crate::domain::accounts::throttle::Bucket;
use crate::domain::accounts::users;
use crate::domain::outbox;
use crate::domain::outbox::Kind;
use crate::domain::outbox::NewMail;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Mistakes;
use crate::http::gate::Public;
use crate::http::page;
use crate::kernel::clock::Clock;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::OutboxId;
use crate::kernel::text;
use crate::web::accounts::pages::ForgotPage;
use crate::web::accounts::pages::ForgotSentPage;

/// Longer than the work takes for either kind of address, so that the time tells nothing.
const ANSWER_AFTER: Duration = Duration::from_millis(150);

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ForgotForm {
    email: String,
}

impl Fields for ForgotForm {}

pub(super) async fn new(_: Public, session: Session) -> Result<HttpResponse, Error> {
    page::show(&ForgotPage::new(&session))
}

pub(super) async fn create(
    _: Public,
    Form(form): Form<ForgotForm>,
    session: Session,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Error> {
    let (begun, now) = (Instant::now(), clock.now());
    let mut mistakes = Mistakes::default();
    let Some(email) = mistakes.check("email", text::email(&form.email)) else {
        return page::refuse(&ForgotPage { email: form.email, mistakes, ..ForgotPage::new(&session) });
    };
    db.write(move |tx| Ok::<_, Error>(enqueue(tx, &email, now)?)).await?;
    tokio::time::sleep_until(begun + ANSWER_AFTER).await;
    page::show(&ForgotSentPage { email: form.email })
}

fn enqueue(tx: &mut PgConnection, email: &str, now: Timestamp) -> QueryResult<()> {
    let bucket = Bucket::mails(email);
    let is_enough = throttle::wait(tx, &bucket, now)?.is_some();
    let Some(user) = users::find_by_email(tx, email)?.filter(|_| !is_enough) else {
        return Ok(());
    };
    throttle::count(tx, &bucket, now)?;
    let mail = NewMail {
        workspace: None,
        user: user.id,
        kind: Kind::PasswordReset,
        dedupe_key: format!("{}:{}", Kind::PasswordReset, OutboxId::new()),
        payload: serde_json::json!({}),
    };
    outbox::enqueue(tx, mail, now).map(drop)
}
