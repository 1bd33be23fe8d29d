//! The log as admins read it: on its page, as files, by the API, and however long it is.

mod files;
mod lengths;
mod narrowing;
mod page;

use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_query;
use odeus::authz::actions::ViewAudit;
use odeus::authz::proof::Authorized;
use odeus::authz::proof::authorize;
use odeus::domain::people::workspaces::Workspace;

use crate::agent_pages::stage::CRM;
use crate::agent_pages::stage::Stage;
use crate::agent_pages::stage::add_preselected;
use crate::agent_pages::stage::agent;
use crate::agent_pages::stage::connect_crm;
use crate::agent_pages::stage::share_with_everyone;
use crate::support::TestApp;

/// Eve's agent runs with a key of hers, and Max has run it once. Gives the agent's and the run's address.
async fn a_run(stage: &Stage) -> (String, String) {
    let (eve, max) = (stage.eve().await, stage.max().await);
    connect_crm(&eve, "Sales key").await;
    let agent = agent(&eve, "Sales assistant").await;
    let action = add_preselected(&eve, &agent, CRM, "getContact").await;
    share_with_everyone(&eve, &agent).await;
    let ran = max.get(&action).await.form_of("Run").set("contactId", "con_1").submit().await;
    assert_eq!(ran.status, 303, "{}", ran.body);
    (agent, ran.location().to_owned())
}

/// The proof that Ada has.
fn proof(app: &TestApp, conn: &mut PgConnection) -> Authorized<ViewAudit, Workspace> {
    let ada = app.cast.ada.actor(conn, app.clock.now());
    authorize::<ViewAudit, Workspace>(conn, ada, &()).unwrap()
}

/// Writes `count` events of Max's into Acme's log: runs, each a second older than the one before.
fn write_runs(conn: &mut PgConnection, app: &TestApp, count: i32) {
    sql_query(
        "INSERT INTO audit_events (workspace_id, id, at, actor_id, via, action, object_kind, object_id, detail)
         SELECT $1, gen_random_uuid(), now() - n * interval '1 second', $2, 'page', 'run.begun', 'run',
            gen_random_uuid()::text,
            jsonb_build_object('agent', gen_random_uuid(), 'integration', 'sandbox-crm', 'action', 'getContact')
         FROM generate_series(1, $3) n",
    )
    .bind::<diesel::sql_types::Uuid, _>(app.cast.acme.id)
    .bind::<diesel::sql_types::Uuid, _>(app.cast.max.id)
    .bind::<diesel::sql_types::Int4, _>(count)
    .execute(conn)
    .unwrap();
}
