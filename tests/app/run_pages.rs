//! The pages of runs: what ran, for each of the people whom it concerns, and no more than concerns them.

use diesel::RunQueryDsl;
use diesel::sql_query;

use crate::agent_pages::stage::CRM;
use crate::agent_pages::stage::Stage;
use crate::agent_pages::stage::add_own;
use crate::agent_pages::stage::add_preselected;
use crate::agent_pages::stage::agent;
use crate::agent_pages::stage::connect_crm;
use crate::agent_pages::stage::hrefs;
use crate::agent_pages::stage::share_with_everyone;
use crate::support::Client;

/// An agent of Eve's that runs as a key of hers, and a run of Max's; the agent's and the run's address.
async fn borrowed(stage: &Stage, eve: &Client, max: &Client) -> (String, String) {
    connect_crm(eve, "Sales key").await;
    let agent = agent(eve, "Sales").await;
    let action = add_preselected(eve, &agent, CRM, "getContact").await;
    share_with_everyone(eve, &agent).await;
    let ran = max.get(&action).await.form_of("Run").set("contactId", "con_1").submit().await;
    assert_eq!(ran.status, 303, "{}", ran.body);
    assert_eq!(stage.calls("GET", "/crm/v1/contacts/con_1"), 1);
    (agent, ran.location().to_owned())
}

#[tokio::test]
async fn each_sees_what_concerns_them() {
    let stage = Stage::start().await;
    let (ada, eve, max, mia) = (stage.ada().await, stage.eve().await, stage.max().await, stage.mia().await);
    let (_, run) = borrowed(&stage, &eve, &max).await;

    // The caller: what was sent and came back, never the connection.
    let caller = max.get(&run).await;
    assert!(caller.shows("Max Member (you)") && caller.shows("Lena Fischer") && caller.shows("con_1"));
    assert!(caller.shows("a connection that the agent’s builder chose"));
    assert!(!caller.body.contains("Sales key"), "{}", caller.body);
    // The connection's owner and an admin: who used it for what, never what was sent.
    for (who, as_whom) in [(&eve, "“Sales key”, yours, preselected"), (&ada, "“Sales key”, Eve Editor’s, preselected")]
    {
        let page = who.get(&run).await;
        assert!(page.shows("Max Member") && page.shows(as_whom), "{}", page.body);
        assert!(page.shows("What was sent and what came back is for Max Member alone."));
        assert!(!page.body.contains("Lena Fischer") && !page.body.contains("con_1"), "{}", page.body);
    }
    // Anybody else: nothing.
    assert_eq!(mia.get(&run).await.status, 404);
    assert_eq!(mia.get(&format!("{run}/response")).await.status, 404);
}

#[tokio::test]
async fn lists_are_mine_on_my_connections_and_for_admins_all() {
    let stage = Stage::start().await;
    let (ada, eve, max) = (stage.ada().await, stage.eve().await, stage.max().await);
    let (_, run) = borrowed(&stage, &eve, &max).await;
    let listed = async |who: &Client, view: &str| {
        let page = who.get(&format!("/w/acme/runs?view={view}")).await;
        assert_eq!(page.status, 200);
        hrefs(&page, "tbody a")
    };

    assert_eq!(listed(&max, "mine").await, [&*run]);
    assert!(listed(&eve, "mine").await.is_empty());
    assert_eq!(listed(&eve, "on_my_connections").await, [&*run]);
    assert!(listed(&max, "on_my_connections").await.is_empty());
    assert_eq!(listed(&ada, "all").await, [&*run]);
    assert!(ada.get("/w/acme/runs").await.texts(".tabs a").contains(&"All".to_owned()));
    assert!(!max.get("/w/acme/runs").await.texts(".tabs a").contains(&"All".to_owned()));
    assert_eq!(listed(&eve, "all").await, listed(&eve, "mine").await, "only an admin has that list");
    assert!(eve.get("/w/acme/runs").await.shows("No runs yet"));
}

#[tokio::test]
async fn a_list_is_narrowed_by_agent_and_outcome() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    connect_crm(&eve, "Mine").await;
    let (one, two) = (agent(&eve, "One").await, agent(&eve, "Two").await);
    for (agent, contact) in [(&one, "con_1"), (&two, "con_nobody")] {
        let action = add_own(&eve, agent, CRM, "getContact").await;
        eve.get(&action).await.form_of("Run").set("contactId", contact).submit().await;
    }
    let page = eve.get("/w/acme/runs").await;
    assert_eq!(page.texts("tbody tr").len(), 2);

    let failed = page.form_of("Filter").set("status", "failed").submit().await;
    assert_eq!(failed.texts("tbody td:nth-child(2)"), ["Two"]);
    let of_one = page.form_of("Filter").set("agent", one.rsplit('/').next().unwrap()).submit().await;
    assert_eq!(of_one.texts("tbody td:nth-child(2)"), ["One"]);
    let none = of_one.form_of("Filter").set("status", "timed_out").submit().await;
    assert!(none.shows("No run fits."), "{}", none.body);
    // The filter goes along to the other lists.
    assert!(hrefs(&of_one, ".tabs a").iter().all(|href| href.contains("agent=")));
}

#[tokio::test]
async fn a_long_list_has_pages() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    connect_crm(&eve, "Mine").await;
    let agent = agent(&eve, "Sales").await;
    let action = add_own(&eve, &agent, CRM, "getContact").await;
    eve.get(&action).await.form_of("Run").set("contactId", "con_1").submit().await;
    let copies = "INSERT INTO runs SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(),
                      'idempotency_key', NULL, 'started_at', r.started_at - n * interval '1 minute'))).*
                  FROM runs r, generate_series(1, 60) n";
    sql_query(copies).execute(&mut stage.app.conn()).unwrap();

    let first = eve.get("/w/acme/runs").await;
    assert_eq!(first.texts("tbody tr").len(), 50);
    let second = eve.get(&hrefs(&first, "a[rel=next]").remove(0)).await;

    assert_eq!(second.texts("tbody tr").len(), 11);
    assert!(second.texts("a[rel=next]").is_empty() && second.shows("Newest"));
}

#[tokio::test]
async fn an_answer_is_taken_away_as_a_file_that_no_browser_opens_here() {
    let stage = Stage::start().await;
    let (eve, max) = (stage.eve().await, stage.max().await);
    let (_, run) = borrowed(&stage, &eve, &max).await;

    let file = max.get(&format!("{run}/response")).await;

    assert_eq!((file.status, file.header("content-type")), (200, "application/octet-stream"));
    assert!(file.header("content-disposition").starts_with("attachment;"));
    assert_eq!(file.header("content-security-policy"), "sandbox");
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    assert_eq!(file.json()["name"], "Lena Fischer");
    assert_eq!(eve.get(&format!("{run}/response")).await.status, 404, "the owner sees that it ran, not what");
}

#[tokio::test]
async fn a_run_is_run_again_with_what_it_was_given() {
    let stage = Stage::start().await;
    let (eve, max) = (stage.eve().await, stage.max().await);
    let (_, run) = borrowed(&stage, &eve, &max).await;
    let link = max.get(&run).await.attribute(".page-head__actions a", "href").unwrap();

    let form = max.get(&link).await;
    assert_eq!(form.form_of("Run").value("contactId"), Some("con_1"));
    let again = form.form_of("Run").submit().await;

    assert_eq!(again.status, 303);
    assert_ne!(again.location(), run);
    // Somebody else's run fills nothing in.
    assert_eq!(eve.get(&link).await.form_of("Run").value("contactId"), Some(""));
}

#[tokio::test]
async fn a_run_outlives_its_agent_and_its_connection() {
    let stage = Stage::start().await;
    let (eve, max) = (stage.eve().await, stage.max().await);
    let (agent, run) = borrowed(&stage, &eve, &max).await;
    eve.get(&format!("{agent}/deletion")).await.form_of("Delete agent").submit().await;

    let page = max.get(&run).await;

    assert!(page.shows("a deleted agent") && page.shows("Lena Fischer"), "{}", page.body);
    assert!(page.texts(".page-head__actions a").is_empty(), "there is nothing to run again");
    assert!(max.get("/w/acme/runs").await.shows("a deleted agent"));
}
