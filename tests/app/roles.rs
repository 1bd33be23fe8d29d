//! The page of roles: what each may do in plain words, switched by admins alone.

use crate::agent_pages::stage::agent;
use crate::support::TestApp;

const ROLES: &str = "/w/acme/roles";
const NEW_AGENT: &str = "/w/acme/agents/new";

#[tokio::test]
async fn an_admin_takes_a_permission_and_gives_it_back() {
    let app = TestApp::start();
    let (ada, max) = (app.signed_in(&app.cast.ada).await, app.signed_in(&app.cast.max).await);
    agent(&max, "Before").await;

    let page = ada.get(ROLES).await;
    assert_eq!(page.form_of("Save permissions").value("member"), Some("createAgents"));
    let saved = page.form_of("Save permissions").clear("member").submit().await.follow().await;
    assert!(saved.shows("Saved. It holds from the next call."), "{}", saved.body);
    assert_eq!(max.get(NEW_AGENT).await.status, 403);
    assert_eq!(saved.form_of("Save permissions").value("member"), None);
    saved.form_of("Save permissions").set("member", "createAgents").submit().await;

    assert_eq!(max.get(NEW_AGENT).await.status, 200);
}

#[tokio::test]
async fn everybody_reads_what_the_roles_may_do_and_who_can_switch_it() {
    let app = TestApp::start();
    let max = app.signed_in(&app.cast.max).await;

    let page = max.get(ROLES).await;

    assert!(page.shows("Put a connection on an agent’s action"), "{}", page.body);
    assert!(page.shows("Workspace admins switch permissions."));
    assert!(!page.body.contains("checkbox") && !page.body.contains("Save permissions"));
    assert_eq!(max.post(ROLES, &[]).await.status, 403);
}
