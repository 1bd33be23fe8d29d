//! Making an agent and its actions by pages, with every mistake in words and nothing typed lost.

use http::Method;

use crate::agent_pages::stage::CRM;
use crate::agent_pages::stage::Stage;
use crate::agent_pages::stage::add_own;
use crate::agent_pages::stage::add_preselected;
use crate::agent_pages::stage::agent;
use crate::agent_pages::stage::connect_crm;
use crate::agent_pages::stage::crm_account;
use crate::agent_pages::stage::hrefs;
use crate::agent_pages::stage::picked;
use crate::agent_pages::stage::share_with_everyone;
use crate::support::TestApp;

#[tokio::test]
async fn whoever_has_no_agent_is_told_what_one_is_and_makes_the_first() {
    let app = TestApp::start();
    let eve = app.signed_in(&app.cast.eve).await;

    let empty = eve.get("/w/acme/agents").await;
    assert!(empty.shows("No agents yet") && empty.shows("Create the first agent"), "{}", empty.body);

    let page = eve.get("/w/acme/agents/new").await;
    let refused = page.form_of("Create agent").set("name", " ").set("description", "Books meetings").submit().await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.text("#name-error"), "Please fill this in.");
    assert_eq!(refused.form_of("Create agent").value("description"), Some("Books meetings"));

    let made = refused.form_of("Create agent").set("name", "Scheduling").submit().await.follow().await;
    assert_eq!(made.text("h1"), "Scheduling");
    assert!(made.shows("Books meetings · by you"), "{}", made.body);
    let list = eve.get("/w/acme/agents").await;
    assert!(list.shows("No actions yet"), "{}", list.body);
}

#[tokio::test]
async fn an_agent_is_for_its_maker_alone_until_it_is_shared() {
    let app = TestApp::start();
    let (eve, max) = (app.signed_in(&app.cast.eve).await, app.signed_in(&app.cast.max).await);
    let agent = agent(&eve, "Mine").await;

    assert_eq!(max.get(&agent).await.status, 404);
    assert!(max.get("/w/acme/agents").await.shows("No agents yet"));

    share_with_everyone(&eve, &agent).await;

    let seen = max.get(&agent).await;
    assert_eq!(seen.status, 200);
    assert!(seen.shows("by Eve Editor") && !seen.shows("Build"), "{}", seen.body);
    // Asking for the other face shows the one that is theirs.
    assert!(max.get(&format!("{agent}?tab=build")).await.texts("form[action$='/edit']").is_empty());
    assert_eq!(max.post(&format!("{agent}/edit"), &[("name", "x")]).await.status, 403);
}

#[tokio::test]
async fn an_action_is_added_step_by_step_without_a_script() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    let agent = agent(&eve, "Sales").await;

    let page = picked(&eve, &agent, CRM, "createContact").await;
    let form = page.form_of("Add action");
    assert_eq!((form.value("credentials"), form.value("requires_confirmation")), (Some("own"), Some("true")));
    assert!(page.shows("Changes data"));
    let reads = picked(&eve, &agent, CRM, "listContacts").await;
    assert_eq!(reads.form_of("Add action").value("requires_confirmation"), None);

    let built = form.submit().await.follow().await;
    assert_eq!(built.texts("tbody .badge"), ["Their own credentials"]);
    let used = eve.get(&agent).await;
    assert!(used.shows("Create a contact") && used.shows("Needs your Sandbox CRM"), "{}", used.body);
    // It is there once.
    let again = eve.get(&format!("{agent}?tab=build&integration={CRM}&action=createContact")).await;
    assert!(again.shows("Create a contact (on the agent already)"));
    assert!(again.texts("input[name=credentials]").is_empty());
}

#[tokio::test]
async fn without_the_permission_there_is_no_picker_and_a_forged_form_is_refused() {
    let stage = Stage::start().await;
    let max = stage.max().await;
    connect_crm(&max, "Max’s key").await;
    let agent = agent(&max, "Mine").await;

    let page = picked(&max, &agent, CRM, "listContacts").await;

    assert!(page.attribute("input[name=connection_id]", "value").is_none());
    assert!(page.attribute("input[value=preselected]", "value").is_none());
    assert!(page.shows("configurePreselectedConnections"));
    let connections = stage.app.token(&stage.app.cast.max).get("/api/v1/connections").await.json();
    let id = connections["items"][0]["id"].as_str().unwrap();
    let csrf = page.form_of("Add action").value("csrf").unwrap().to_owned();
    let forged = [
        ("csrf", &*csrf),
        ("integration", CRM),
        ("action", "listContacts"),
        ("credentials", "preselected"),
        ("connection_id", id),
    ];
    let refused = max.post(&format!("{agent}/actions"), &forged).await;
    assert_eq!(refused.status, 403);
    assert!(refused.shows("does not have the permission"), "{}", refused.body);
    assert!(max.get(&agent).await.shows("No actions yet"));
}

#[tokio::test]
async fn a_builder_is_told_plainly_as_whom_everyone_acts() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    connect_crm(&eve, "Sales key").await;
    let agent = agent(&eve, "Sales").await;

    let page = picked(&eve, &agent, CRM, "listContacts").await;
    assert!(page.shows(&format!("Everyone who can use this agent acts as {}.", crm_account())), "{}", page.body);
    let nothing = page.form_of("Add action").set("credentials", "preselected").clear("connection_id").submit().await;
    assert_eq!(nothing.status, 422);
    assert_eq!(nothing.text("#connection_id-error"), "Choose the connection that everyone is to act as.");
    assert_eq!(nothing.form_of("Add action").value("credentials"), Some("preselected"));

    add_preselected(&eve, &agent, CRM, "listContacts").await;

    let built = eve.get(&format!("{agent}?tab=build")).await;
    assert_eq!(built.texts("tbody .badge"), ["Preselected"]);
    assert!(built.shows("Sales key"));
}

#[tokio::test]
async fn a_binding_that_broke_is_named_and_mended() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    connect_crm(&eve, "First key").await;
    let agent = agent(&eve, "Sales").await;
    let action = add_preselected(&eve, &agent, CRM, "listContacts").await;
    let program = stage.app.token(&stage.app.cast.eve);
    let id = program.get("/api/v1/connections").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let deleted = program.call(Method::DELETE, &format!("/api/v1/connections/{id}")).send().await;
    assert!(deleted.status < 300, "{}", deleted.body);

    let built = eve.get(&format!("{agent}?tab=build")).await;
    assert_eq!(built.texts("tbody .badge"), ["Broken"]);
    let used = eve.get(&action).await;
    assert!(used.shows("This cannot run now.") && used.shows("has to choose another"), "{}", used.body);

    connect_crm(&eve, "Second key").await;
    let mend = hrefs(&built, "tbody a").remove(0);
    let page = eve.get(&mend).await;
    let second = page.attribute("input[name=connection_id]", "value").unwrap();
    let form = page.form_of("Save").set("credentials", "preselected").set("connection_id", &second);
    let mended = form.submit().await.follow().await;

    assert_eq!(mended.texts("tbody .badge"), ["Preselected"]);
    assert!(mended.shows("Second key"));
}

#[tokio::test]
async fn an_action_changes_its_credentials_and_its_question_and_goes() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    connect_crm(&eve, "Sales key").await;
    let agent = agent(&eve, "Sales").await;
    let action = add_preselected(&eve, &agent, CRM, "listContacts").await;

    let page = eve.get(&format!("{action}/edit")).await;
    assert_eq!(page.form_of("Save").value("credentials"), Some("keep"));
    let kept = page.form_of("Save").set("requires_confirmation", "true").submit().await.follow().await;
    assert_eq!(kept.texts("tbody .badge"), ["Preselected"]);
    let form = eve.get(&format!("{action}/edit")).await.form_of("Save").set("credentials", "own");
    assert_eq!(form.submit().await.follow().await.texts("tbody .badge"), ["Their own credentials"]);

    let going = eve.get(&format!("{action}/deletion")).await;
    assert!(going.shows("Remove “Find contacts”?") && going.shows("Nobody can run it through “Sales” any more."));
    let gone = going.form_of("Remove action").submit().await.follow().await;
    assert!(gone.shows("None yet."), "{}", gone.body);
    assert_eq!(eve.get(&action).await.status, 404);
}

#[tokio::test]
async fn a_page_says_what_goes_with_an_agent_before_it_goes() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    let agent = agent(&eve, "Sales").await;
    add_own(&eve, &agent, CRM, "listContacts").await;
    share_with_everyone(&eve, &agent).await;

    let page = eve.get(&format!("{agent}/deletion")).await;
    assert!(page.shows("Delete “Sales”?") && page.shows("Its one action") && page.shows("Its one share"));
    let gone = page.form_of("Delete agent").submit().await.follow().await;

    assert!(gone.shows("No agents yet") && gone.shows("“Sales” is deleted."), "{}", gone.body);
    assert_eq!(eve.get(&agent).await.status, 404);
}

#[tokio::test]
async fn what_people_call_things_stays_text() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    let name = "\"><script>alert(1)</script>";
    connect_crm(&eve, name).await;
    let agent = agent(&eve, name).await;
    let action = add_preselected(&eve, &agent, CRM, "listContacts").await;

    let pages = ["/w/acme/agents".to_owned(), agent.clone(), format!("{agent}?tab=build"), action.clone()];
    for path in pages.into_iter().chain([format!("{action}/edit"), format!("{agent}/deletion")]) {
        let page = eve.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains("<script>alert") && page.shows("<script>alert(1)"), "{path}");
    }
}
