//! The page: what each entry says, and where it leads.

use diesel::RunQueryDsl;
use diesel::sql_query;

use crate::agent_pages::stage::Stage;
use crate::agent_pages::stage::agent;
use crate::agent_pages::stage::hrefs;
use crate::audit::a_run;
use crate::audit::write_runs;
use crate::support::Answer;
use crate::support::TestApp;

fn said(page: &Answer) -> Vec<String> {
    assert_eq!(page.status, 200, "{}", page.body);
    page.texts(".log__said")
}

#[tokio::test]
async fn a_runs_entry_names_the_caller_the_agent_the_action_and_the_connection() {
    let stage = Stage::start().await;
    let (_, run) = a_run(&stage).await;

    let page = stage.ada().await.get("/w/acme/audit?kind=run").await;

    assert_eq!(said(&page), ["Max Member ran See a contact through Sales assistant"]);
    let entry = page.text(".log .row");
    assert!(entry.contains("as Sales key (Eve Editor)") && entry.contains("from 127.0.0.1"), "{entry}");
    assert_eq!(hrefs(&page, ".log__said a"), [run], "the run itself is one click away");
    assert!(hrefs(&page, ".row__meta a")[0].starts_with("/w/acme/connections/"));
}

#[tokio::test]
async fn each_entry_is_a_sentence_and_leads_to_its_thing() {
    let stage = Stage::start().await;
    let (agent, _) = a_run(&stage).await;
    let ada = stage.ada().await;

    let page = ada.get("/w/acme/audit").await;

    let said = said(&page);
    for sentence in [
        "Eve Editor made the connection Sales key",
        "Eve Editor made the agent Sales assistant",
        "Eve Editor put See a contact on Sales assistant",
        "Eve Editor chose the connection for See a contact on Sales assistant",
        "Eve Editor shared the agent Sales assistant with the entire workspace, to use",
        "Max Member signed in",
        "Ada Admin brought in the integration Sandbox CRM",
        "The operator added Max Member as member",
    ] {
        assert!(said.iter().any(|it| it == sentence), "“{sentence}” is not among {said:#?}");
    }
    let links = hrefs(&page, ".log__said a");
    for link in ["/w/acme/integrations/sandbox-crm", &agent] {
        assert!(links.iter().any(|it| it == link), "{link} is not among {links:?}");
    }
    // No link is a dead end.
    for link in links {
        let status = ada.get(&link).await.status;
        assert_eq!(status, 200, "{link}");
    }
}

#[tokio::test]
async fn what_is_gone_keeps_its_name_and_has_no_link() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    crate::agent_pages::stage::connect_crm(&eve, "Old key").await;
    let connection = hrefs(&eve.get("/w/acme/connections").await, ".row a.stretch, tbody a").remove(0);
    eve.get(&format!("{connection}/deletion")).await.form_of("Delete connection").submit().await;

    let page = stage.ada().await.get("/w/acme/audit?kind=connection").await;

    assert_eq!(said(&page)[0], "Eve Editor deleted the connection Old key");
    assert!(hrefs(&page, ".log__said a").is_empty(), "{}", page.body);
}

#[tokio::test]
async fn an_agent_that_is_not_open_to_the_admin_is_named_without_a_link() {
    let stage = Stage::start().await;
    let agent = agent(&stage.eve().await, "Private helper").await;
    let ada = stage.ada().await;

    let page = ada.get("/w/acme/audit?kind=agent").await;

    assert_eq!(ada.get(&agent).await.status, 404);
    assert_eq!(said(&page), ["Eve Editor made the agent Private helper"]);
    assert!(hrefs(&page, ".log__said a").is_empty());
}

#[tokio::test]
async fn it_is_for_admins_alone() {
    let app = TestApp::start();
    for (person, status) in [(&app.cast.ada, 200), (&app.cast.eve, 403), (&app.cast.max, 403), (&app.cast.mallory, 404)]
    {
        let browser = app.signed_in(person).await;
        for path in ["/w/acme/audit", "/w/acme/audit.csv", "/w/acme/audit.jsonl"] {
            assert_eq!(browser.get(path).await.status, status, "{} at {path}", person.name);
        }
    }
    let navigation = async |person| app.signed_in(person).await.get("/").await.follow().await.texts(".nav a");
    assert!(navigation(&app.cast.ada).await.contains(&"Audit".to_owned()));
    assert!(!navigation(&app.cast.eve).await.contains(&"Audit".to_owned()));
}

#[tokio::test]
async fn another_workspaces_log_is_another() {
    let app = TestApp::start();
    write_runs(&mut app.conn(), &app, 3);

    let page = app.signed_in(&app.cast.mallory).await.get("/w/globex/audit").await;

    assert!(said(&page).iter().all(|it| it.starts_with("Mallory") || it.starts_with("The operator")), "{}", page.body);
}

#[tokio::test]
async fn a_long_log_has_pages() {
    let app = TestApp::start();
    write_runs(&mut app.conn(), &app, 60);
    let ada = app.signed_in(&app.cast.ada).await;

    let first = ada.get("/w/acme/audit?kind=run").await;
    let second = ada.get(&hrefs(&first, "a[rel=next]").remove(0)).await;

    assert_eq!((said(&first).len(), said(&second).len()), (50, 10));
    assert!(hrefs(&second, "a[rel=next]").is_empty() && second.shows("Newest"));
}

#[tokio::test]
async fn what_this_version_does_not_know_is_said_by_its_name() {
    let app = TestApp::start();
    write_runs(&mut app.conn(), &app, 1);
    sql_query(
        "UPDATE audit_events SET action = 'webhook.key_rotated', object_kind = 'webhook' WHERE object_kind = 'run'",
    )
    .execute(&mut app.conn())
    .unwrap();

    let page = app.signed_in(&app.cast.ada).await.get("/w/acme/audit?actor=max@acme.example").await;

    assert_eq!(said(&page)[0], "Max Member key rotated the webhook that is gone");
}
