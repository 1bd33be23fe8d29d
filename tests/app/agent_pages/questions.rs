//! What stands between a call and its answer: connect, choose, confirm. What was filled in survives each of them (R8, R9).

use crate::agent_pages::stage::CALENDAR;
use crate::agent_pages::stage::CRM;
use crate::agent_pages::stage::Stage;
use crate::agent_pages::stage::add_own;
use crate::agent_pages::stage::add_preselected;
use crate::agent_pages::stage::agent;
use crate::agent_pages::stage::connect_crm;
use crate::agent_pages::stage::crm_key;
use crate::agent_pages::stage::share_with_everyone;
use crate::support::Answer;
use crate::support::Client;
use crate::support::Form;
use http::Method;
use serde_json::json;

/// The calendar's action that everyone may run as themselves, opened by Mia.
async fn calendar(stage: &Stage) -> (Client, String) {
    let (eve, mia) = (stage.eve().await, stage.mia().await);
    let agent = agent(&eve, "Scheduling").await;
    let action = add_own(&eve, &agent, CALENDAR, "createEvent").await;
    share_with_everyone(&eve, &agent).await;
    (mia, action)
}

fn filled(page: &Answer) -> Form {
    let form = page.form_of("Run").set("title", "Intro & <b>call</b>");
    form.set("start", "2026-12-01T10:00:00Z").set("end", "2026-12-01T10:30:00Z")
}

/// From the prompt to the provider and back.
async fn connect(stage: &Stage, browser: &Client, asked: &Answer) -> Answer {
    let integration = browser.get(&asked.attribute("a.btn--primary", "href").unwrap()).await;
    assert_eq!(integration.status, 200, "{}", integration.body);
    let flow = integration.form_of("Connect").submit().await.follow().await;
    let authorize = flow.attribute("a[href*='/oauth/authorize']", "href").expect("a link to the provider");
    let back = browser.get(&stage.consent(&authorize).await).await;
    assert!(back.location().contains("?draft="), "{} {}", back.status, back.location());
    back.follow().await
}

#[tokio::test]
async fn whoever_has_no_connection_is_asked_connects_and_goes_on_with_what_they_filled_in() {
    let stage = Stage::start().await;
    let (mia, action) = calendar(&stage).await;

    let asked = filled(&mia.get(&action).await).submit().await;

    assert_eq!(asked.text("h1"), "This action needs your Sandbox Calendar");
    assert!(asked.shows("You, with your own Sandbox Calendar account."), "{}", asked.body);
    assert!(asked.shows("Intro & <b>call</b>"));
    let going_on = connect(&stage, &mia, &asked).await;
    // Coming back changes nothing by itself: the call goes on by a button, which a script presses.
    assert!(going_on.shows("Connected. Going on…"), "{}", going_on.body);
    assert!(going_on.attribute("form[data-autosubmit]", "action").is_some());
    assert_eq!(stage.calls("POST", "/calendar/v1/events"), 0);
    let confirm = going_on.form_of("Continue").submit().await;
    assert_eq!(confirm.text("h1"), "Run this?");
    assert!(confirm.shows("Intro & <b>call</b>") && confirm.shows("added when sent"), "{}", confirm.body);
    let run = confirm.form_of("Run").submit().await.follow().await;

    assert!(run.shows("Succeeded") && run.shows("Intro & <b>call</b>"), "{}", run.body);
    assert_eq!(stage.calls("POST", "/calendar/v1/events"), 1);
    let calls = stage.outside.received_at("/calendar/v1/events");
    let principal = calls.iter().find(|(method, ..)| method == "POST").and_then(|call| call.3.clone());
    assert_eq!(principal.as_deref(), Some("ada@sandbox.example"), "the person that was chosen at the provider");
}

#[tokio::test]
async fn not_now_leads_back_to_the_form_as_it_was_filled() {
    let stage = Stage::start().await;
    let (mia, action) = calendar(&stage).await;
    let asked = filled(&mia.get(&action).await).submit().await;

    let back = mia.get(&asked.attribute("a.btn--quiet", "href").unwrap()).await;

    assert_eq!(back.form_of("Run").value("title"), Some("Intro & <b>call</b>"));
    assert_eq!(back.form_of("Run").value("start"), Some("2026-12-01T10:00:00Z"));
    assert!(back.attribute("form[data-autosubmit]", "action").is_none());
}

#[tokio::test]
async fn a_draft_is_its_callers_alone_and_one_that_is_gone_is_said_to_be() {
    let stage = Stage::start().await;
    let (mia, action) = calendar(&stage).await;
    let asked = filled(&mia.get(&action).await).submit().await;
    let link = asked.attribute("a.btn--quiet", "href").unwrap();
    let max = stage.max().await;

    let foreign = max.get(&link).await;

    assert!(!foreign.body.contains("Intro &amp;"), "{}", foreign.body);
    assert!(foreign.shows("What you had filled in is not kept any more."), "{}", foreign.body);
    assert_eq!(max.get(&format!("{action}?draft=nonsense")).await.status, 400);
}

#[tokio::test]
async fn of_several_connections_the_caller_chooses_once() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    connect_crm(&eve, "First").await;
    connect_crm(&eve, "Second").await;
    let agent = agent(&eve, "Sales").await;
    let action = add_own(&eve, &agent, CRM, "getContact").await;
    assert!(eve.get(&agent).await.shows("Choose which of your 2 connections"));

    let asked = eve.get(&action).await.form_of("Run").set("contactId", "con_1").submit().await;

    assert_eq!(asked.text("h1"), "Which Sandbox CRM should it use?");
    assert_eq!(asked.texts(".choice__title"), ["First", "Second"]);
    let nothing = asked.form_of("Continue").submit().await;
    assert_eq!(nothing.text("h1"), "Which Sandbox CRM should it use?", "nothing chosen, so it asks again");
    let second = asked.attribute(".choice:nth-of-type(2) input", "value").unwrap();
    let run = asked.form_of("Continue").set("odeus.connection", &second).submit().await.follow().await;
    assert!(run.shows("Succeeded") && run.shows("“Second”, yours"), "{}", run.body);
    let again = eve.get(&action).await.form_of("Run").set("contactId", "con_2").submit().await;
    assert_eq!(again.status, 303, "asked once: {}", again.body);
    assert!(eve.get(&agent).await.shows("as yourself"));
}

#[tokio::test]
async fn what_is_shared_is_offered_with_its_owner_what_it_allows_and_its_end() {
    let stage = Stage::start().await;
    let (eve, max) = (stage.eve().await, stage.max().await);
    let (by_program, cast) = (stage.app.token(&stage.app.cast.eve), &stage.app.cast);
    let agent = agent(&eve, "Sales").await;
    let action = add_own(&eve, &agent, CRM, "getContact").await;
    share_with_everyone(&eve, &agent).await;
    for (name, access, end) in [("First", "use", Some("2027-01-31T12:00:00Z")), ("Second", "attach", None)] {
        connect_crm(&eve, name).await;
        let listed = by_program.get("/api/v1/connections").await.json();
        let newest = listed["items"][0]["id"].as_str().unwrap().to_owned();
        let with = json!({ "type": "user", "id": cast.max.id.to_string() });
        let share = json!({ "grantee": with, "access": access, "expires_at": end });
        let shared = by_program.json(Method::POST, &format!("/api/v1/connections/{newest}/shares"), &share).await;
        assert_eq!(shared.status, 201, "{}", shared.body);
    }

    let asked = max.get(&action).await.form_of("Run").set("contactId", "con_1").submit().await;
    let offered = asked.texts(".choice__help");
    assert!(offered[0].ends_with("API key · Eve Editor’s, shared with you to use, until 31 Jan 2027"), "{offered:?}");
    assert!(offered[1].ends_with("API key · Eve Editor’s, shared with you to use and attach"), "{offered:?}");
    let path = action.replace("/w/acme/", "/api/v1/");
    let call = json!({ "input": { "contactId": "con_1" } });
    let asked_too = stage.app.token(&cast.max).json(Method::POST, &format!("{path}/runs"), &call).await;
    let choices = &asked_too.json()["choices"];
    assert_eq!((&choices[0]["access"], &choices[1]["access"]), (&json!("use"), &json!("attach")), "{choices}");
    assert_eq!(
        (&choices[0]["access_until"], &choices[1]["access_until"]),
        (&json!("2027-01-31T12:00:00Z"), &json!(null))
    );
    let (_, tail) = crm_key().split_at(crm_key().len() - 4);
    assert!(!asked.text("main").contains(tail) && !choices.to_string().contains(tail), "no part of the key");
    stage.app.mails().await;
}

#[tokio::test]
async fn what_changes_something_is_shown_first_and_sent_once() {
    let stage = Stage::start().await;
    let (eve, max) = (stage.eve().await, stage.max().await);
    connect_crm(&eve, "Sales key").await;
    let agent = agent(&eve, "Sales").await;
    let action = add_preselected(&eve, &agent, CRM, "createContact").await;
    share_with_everyone(&eve, &agent).await;

    let page = max.get(&action).await;
    let asked = page.form_of("Run").set("name", "Nora Lind").set("email", "nora@adatum.example").submit().await;

    assert_eq!((asked.status, asked.text("h1")), (409, "Run this?".to_owned()));
    assert!(asked.shows("POST") && asked.shows("/crm/v1/contacts") && asked.shows("\"Nora Lind\""), "{}", asked.body);
    assert!(!asked.body.contains(crm_key()) && !asked.body.contains("Sales key"));
    assert_eq!(stage.calls("POST", "/crm/v1/contacts"), 0);
    // Other inputs need another word.
    let link = asked.attribute("a.btn:not(.btn--primary):not(.btn--quiet)", "href").unwrap();
    let changed = max.get(&link).await;
    assert_eq!(changed.form_of("Run").value("name"), Some("Nora Lind"));
    let asked_again = changed.form_of("Run").set("name", "Nora Berg").submit().await;
    let word = |page: &Answer| page.form_of("Run").value("odeus.confirmation").unwrap().to_owned();
    assert_ne!(word(&asked), word(&asked_again));
    let old_word = asked_again.form_of("Run").set("odeus.confirmation", &word(&asked)).submit().await;
    assert_eq!((old_word.status, stage.calls("POST", "/crm/v1/contacts")), (409, 0));

    let one = asked_again.form_of("Run").submit().await;
    let two = asked_again.form_of("Run").submit().await;

    assert_eq!((one.status, two.status), (303, 303));
    assert_eq!(one.location(), two.location(), "pressed twice, it is one call");
    assert_eq!(stage.calls("POST", "/crm/v1/contacts"), 1);
    assert!(one.follow().await.shows("Nora Berg"));
}

#[tokio::test]
async fn with_a_script_a_question_takes_the_place_of_the_page() {
    let stage = Stage::start().await;
    let (mia, action) = calendar(&stage).await;
    let form = filled(&mia.get(&action).await);
    let fields: Vec<(&str, &str)> =
        ["csrf", "odeus.key", "title", "start", "end"].iter().map(|name| (*name, form.value(name).unwrap())).collect();

    let asked = mia.call(Method::POST, form.action()).header("hx-request", "true").fields(&fields).send().await;

    assert_eq!((asked.status, asked.header("hx-retarget"), asked.header("hx-reselect")), (409, "#main", "#main"));
    assert_eq!(asked.text("#main h1"), "This action needs your Sandbox Calendar");
}

#[tokio::test]
async fn a_dead_grant_is_told_with_who_can_mend_it_and_where() {
    let stage = Stage::start().await;
    let (mia, action) = calendar(&stage).await;
    let asked = filled(&mia.get(&action).await).submit().await;
    let confirm = connect(&stage, &mia, &asked).await.form_of("Continue").submit().await;
    stage.outside.pull("expire-tokens").await;
    stage.outside.pull("revoke/ada@sandbox.example").await;

    let run = confirm.form_of("Run").submit().await.follow().await;

    assert!(run.shows("Needs reconnect") && run.shows("Open the connection to see to it."), "{}", run.body);
    let connection = run.attribute("a[href*='/connections/']", "href").unwrap();
    assert_eq!(mia.get(&connection).await.status, 200);
    // Before the next one is sent, the form says it, and what was filled in stays.
    assert!(mia.get(&action).await.shows("Needs reconnect"));
    let again = filled(&mia.get(&action).await).submit().await.follow().await;
    assert!(again.shows("has stopped working and has to be connected again."), "{}", again.body);
    let mails = stage.app.mails().await;
    let owner: Vec<_> = mails.iter().filter(|mail| !mail.subject.contains("shared")).collect();
    assert_eq!(owner.len(), 1, "told once");
}

/// A call of Mia's whose grant is dead: the page of its run.
async fn dead(stage: &Stage, mia: &Client, action: &str) -> Answer {
    let asked = filled(&mia.get(action).await).submit().await;
    let confirm = connect(stage, mia, &asked).await.form_of("Continue").submit().await;
    stage.outside.pull("expire-tokens").await;
    stage.outside.pull("revoke/ada@sandbox.example").await;
    confirm.form_of("Run").submit().await.follow().await
}

#[tokio::test]
async fn r9_a_connection_that_is_brought_back_to_life_leads_back_to_the_call() {
    let stage = Stage::start().await;
    let (mia, action) = calendar(&stage).await;
    let run = dead(&stage, &mia, &action).await;

    let page = mia.get(&run.attribute("a.btn--primary", "href").unwrap()).await;
    assert!(page.shows("Then the call that waits goes on with what you filled in."), "{}", page.body);
    let flow = page.form_of("Reconnect").submit().await.follow().await;
    let authorize = flow.attribute("a[href*='/oauth/authorize']", "href").expect("a link to the provider");
    let back = mia.get(&stage.consent(&authorize).await).await;
    assert!(back.location().contains(&format!("{action}?draft=")), "{} {}", back.status, back.location());
    let confirm = back.follow().await.form_of("Continue").submit().await;

    assert!(confirm.shows("Intro & <b>call</b>"), "{}", confirm.body);
    let run = confirm.form_of("Run").submit().await.follow().await;
    assert!(run.shows("Succeeded"), "{}", run.body);
    assert_eq!(stage.calls("POST", "/calendar/v1/events"), 2, "the one that was refused, and the one that went on");
    stage.app.mails().await;
}
