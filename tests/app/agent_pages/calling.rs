//! Running an agent's action by its form: as yourself or as a connection that somebody preselected, with and without a
//! script.

use crate::agent_pages::stage::CRM;
use crate::agent_pages::stage::Stage;
use crate::agent_pages::stage::add_own;
use crate::agent_pages::stage::add_preselected;
use crate::agent_pages::stage::agent;
use crate::agent_pages::stage::connect_crm;
use crate::agent_pages::stage::share_with_everyone;
use crate::support::Answer;
use crate::support::Client;

/// Presses the button of a form as htmx does.
async fn press(client: &Client, page: &Answer, fields: &[(&str, &str)]) -> Answer {
    let form = page.form_of("Run");
    let (csrf, key) = (form.value("csrf").unwrap(), form.value("odeus.key").unwrap());
    let all: Vec<(&str, &str)> = fields.iter().copied().chain([("csrf", csrf), ("odeus.key", key)]).collect();
    client.call(http::Method::POST, form.action()).header("hx-request", "true").fields(&all).send().await
}

#[tokio::test]
async fn a_member_without_an_account_runs_a_preselected_action_and_learns_nothing_of_its_connection() {
    let stage = Stage::start().await;
    let (ada, max) = (stage.ada().await, stage.max().await);
    connect_crm(&ada, "Ada’s own secret name").await;
    let agent = agent(&ada, "Sales").await;
    let action = add_preselected(&ada, &agent, CRM, "getContact").await;
    share_with_everyone(&ada, &agent).await;

    let page = max.get(&action).await;
    assert!(page.shows("runs as a connection that the agent’s builder chose"), "{}", page.body);
    let ran = page.form_of("Run").set("contactId", "con_1").submit().await;
    assert_eq!(ran.status, 303, "{}", ran.body);
    let run = ran.follow().await;

    assert!(run.shows("Succeeded") && run.shows("Lena Fischer"), "{}", run.body);
    assert!(run.shows("a connection that the agent’s builder chose"));
    for page in [max.get(&agent).await, max.get(&action).await, run, max.get("/w/acme/runs").await] {
        assert!(!page.body.contains("secret name") && !page.body.contains("production key"), "{}", page.body);
    }
}

#[tokio::test]
async fn a_call_is_answered_by_its_records_page_and_reloading_that_sends_nothing() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    connect_crm(&eve, "Mine").await;
    let agent = agent(&eve, "Sales").await;
    let action = add_own(&eve, &agent, CRM, "listContacts").await;
    let before = stage.calls("GET", "/crm/v1/contacts");

    let page = eve.get(&action).await;
    let form = page.form_of("Run");
    assert_eq!(form.value("limit"), Some("20"), "the document’s default");
    let run = form.set("q", "northwind").submit().await;
    let path = run.location().to_owned();
    let shown = run.follow().await;

    assert_eq!(shown.texts(".table--result th")[..2], ["id", "name"]);
    assert_eq!(shown.texts(".table--result tbody tr").len(), 1);
    assert!(shown.shows("GET http") && shown.shows("?q=northwind"), "{}", shown.body);
    eve.get(&path).await;
    assert_eq!(stage.calls("GET", "/crm/v1/contacts") - before, 1);
    // The page that sent it once does not send something else under the same key.
    let reused = page.form_of("Run").set("q", "x").submit().await;
    assert_eq!(reused.status, 409, "{}", reused.body);
    assert!(reused.shows("this page had sent another call before"), "{}", reused.body);
    assert_eq!(reused.form_of("Run").value("q"), Some("x"), "nothing typed is lost");
    let again = reused.form_of("Run").submit().await;
    assert_eq!(again.status, 303);
}

#[tokio::test]
async fn with_a_script_the_result_comes_beside_the_form_which_is_ready_for_another_call() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    connect_crm(&eve, "Mine").await;
    let agent = agent(&eve, "Sales").await;
    let action = add_own(&eve, &agent, CRM, "listContacts").await;
    let page = eve.get(&action).await;

    let first = press(&eve, &page, &[("q", "fabrikam"), ("limit", "5")]).await;

    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(first.texts("#action .table--result tbody tr").len(), 1);
    assert_eq!(first.form_of("Run").value("q"), Some("fabrikam"));
    assert_ne!(first.form_of("Run").value("odeus.key"), page.form_of("Run").value("odeus.key"));
    // The network dropped the answer: the same press again is the same call.
    let calls = stage.calls("GET", "/crm/v1/contacts");
    let repeated = press(&eve, &page, &[("q", "fabrikam"), ("limit", "5")]).await;
    assert_eq!((repeated.status, stage.calls("GET", "/crm/v1/contacts")), (200, calls));
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_with_what_was_typed() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    connect_crm(&eve, "Mine").await;
    let agent = agent(&eve, "Sales").await;
    let action = add_own(&eve, &agent, CRM, "createDeal").await;
    let page = eve.get(&action).await;

    let typed = page.form_of("Run").set("title", "Ten seats").set("amount", "lots").submit().await;

    assert_eq!(typed.status, 422);
    assert!(typed.shows("Not sent. Something needs a change."));
    let errors = typed.texts(".field__error");
    assert!(errors.contains(&"This should be a whole number, like 25.".to_owned()), "{errors:?}");
    assert!(errors.contains(&"Please fill this in.".to_owned()), "{errors:?}");
    let form = typed.form_of("Run");
    assert_eq!((form.value("title"), form.value("amount")), (Some("Ten seats"), Some("lots")));
    let fragment = press(&eve, &page, &[("title", "Ten seats")]).await;
    assert_eq!(fragment.status, 422);
    assert_eq!(fragment.form_of("Run").value("title"), Some("Ten seats"));
}

#[tokio::test]
async fn what_a_provider_answers_stays_text() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    connect_crm(&eve, "Mine").await;
    let agent = agent(&eve, "Sales").await;
    let create = add_own(&eve, &agent, CRM, "createContact").await;
    let list = add_own(&eve, &agent, CRM, "listContacts").await;
    let hostile = "<script>alert(1)</script>\"><img src=x>";

    let form = eve.get(&create).await.form_of("Run").set("name", hostile).set("email", "x@evil.example");
    let confirm = form.submit().await;
    assert!(!confirm.body.contains("<script>alert") && confirm.shows("<script>alert(1)"), "{}", confirm.body);
    let made = confirm.form_of("Run").submit().await.follow().await;
    assert!(made.shows("Succeeded"), "{}", made.body);
    let listed = eve.get(&list).await.form_of("Run").set("q", "evil").submit().await.follow().await;

    for page in [&made, &listed] {
        assert!(page.shows("<script>alert(1)"), "{}", page.body);
        assert!(!page.body.contains("<script>alert") && !page.body.contains("<img src=x"), "{}", page.body);
        assert!(page.attribute("[hx-disable] .json", "id").is_some(), "htmx leaves it alone");
    }
}

#[tokio::test]
async fn a_switched_off_agent_says_so_and_runs_nothing() {
    let stage = Stage::start().await;
    let (eve, max) = (stage.eve().await, stage.max().await);
    let agent = agent(&eve, "Sales").await;
    let action = add_own(&eve, &agent, CRM, "listContacts").await;
    share_with_everyone(&eve, &agent).await;
    let open = max.get(&action).await;
    let page = eve.get(&format!("{agent}?tab=build")).await;
    page.form("form[action$='/edit']").clear("enabled").submit().await;

    assert!(max.get("/w/acme/agents").await.shows("Off"));
    let used = max.get(&agent).await;
    assert!(used.shows("This agent is switched off.") && used.shows("ask Eve Editor"), "{}", used.body);
    assert!(max.get(&action).await.shows("Whoever edits it can switch it on."));
    let refused = open.form_of("Run").submit().await;
    assert_eq!(refused.status, 403);
    assert!(refused.shows("This agent is switched off."), "{}", refused.body);
}

#[tokio::test]
async fn a_failure_of_the_provider_is_told_in_words_with_its_answer() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    connect_crm(&eve, "Mine").await;
    let agent = agent(&eve, "Sales").await;
    let action = add_own(&eve, &agent, CRM, "getContact").await;

    let run = eve.get(&action).await.form_of("Run").set("contactId", "con_nobody").submit().await.follow().await;

    assert!(run.shows("Failed") && run.shows("Sandbox CRM found nothing there (404)."), "{}", run.body);
    assert!(run.attribute(".json", "id").is_some(), "{}", run.body);
}
