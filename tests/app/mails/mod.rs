//! Mails as people meet them: which ones come, which ones they want, and what an admin sees of them.

mod kinds;
mod outage;
mod overview;
mod preferences;

use odeus::domain::outbox;
use odeus::domain::outbox::Kind;
use odeus::domain::outbox::NewMail;

use crate::agent_pages::stage::CALENDAR;
use crate::agent_pages::stage::Stage;
use crate::support::TestApp;
use crate::support::cast::Person;

/// A calendar of Max's that has to be connected again, and the mail about it in the outbox.
async fn broken_calendar(stage: &Stage) -> String {
    let max = stage.max().await;
    let way =
        max.get(&format!("/w/acme/integrations/{CALENDAR}")).await.form_of("Connect").submit().await.follow().await;
    let back = stage.consent(&way.attribute("a[rel=noreferrer]", "href").unwrap()).await;
    let connection = max.get(&back).await.location().to_owned();
    break_connections(stage);
    connection
}

/// Every connection loses its grant, as a renewal would find out; its owner is told once.
fn break_connections(stage: &Stage) {
    use diesel::RunQueryDsl;

    let conn = &mut stage.app.conn();
    let max = &stage.app.cast.max;
    let sql = "UPDATE connections SET status = 'needs_reconnect', status_reason = 'The grant ended.' RETURNING id";
    let ids: Vec<Id> = diesel::sql_query(sql).load(conn).unwrap();
    for Id { id } in ids {
        let mail = NewMail {
            workspace: Some(max.workspace.id),
            user: max.id,
            kind: Kind::NeedsReconnect,
            dedupe_key: format!("needs_reconnect:{id}:{}", odeus::kernel::ids::OutboxId::new()),
            payload: serde_json::json!({ "connection": id }),
        };
        outbox::enqueue(conn, mail, stage.app.clock.now()).unwrap();
    }
}

#[derive(diesel::QueryableByName)]
struct Id {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    id: uuid::Uuid,
}

/// A mail about nothing that exists: its letter cannot be written, and it is given up at the first try.
pub(crate) fn enqueue_hopeless(app: &TestApp, person: &Person, key: &str) {
    let mail = NewMail {
        workspace: Some(person.workspace.id),
        user: person.id,
        kind: Kind::NeedsReconnect,
        dedupe_key: key.to_owned(),
        payload: serde_json::json!({ "secret": "CANARY-payload" }),
    };
    outbox::enqueue(&mut app.conn(), mail, app.clock.now()).unwrap();
}
