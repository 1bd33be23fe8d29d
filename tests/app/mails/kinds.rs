//! Which mails come, to whom, and which do not.

use crate::agent_pages::stage::CALENDAR;
use crate::agent_pages::stage::CRM;
use crate::agent_pages::stage::Stage;
use crate::agent_pages::stage::add_own;
use crate::agent_pages::stage::add_preselected;
use crate::agent_pages::stage::agent;
use crate::agent_pages::stage::connect_crm;
use crate::agent_pages::stage::share_with_everyone;

#[tokio::test]
async fn the_owner_is_told_when_somebody_else_puts_their_connection_on_an_agent() {
    let stage = Stage::start().await;
    let (max, ada) = (stage.max().await, stage.ada().await);
    connect_crm(&max, "Max’s key").await;
    let helper = agent(&ada, "Admin helper").await;

    add_preselected(&ada, &helper, CRM, "getContact").await;
    let mails = stage.app.mails().await;

    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!(mail.to.email, "max@acme.example");
    assert_eq!(mail.subject, "Ada Admin put your connection Max’s key on an agent");
    for words in ["Admin helper", "See a contact", "Sandbox CRM", "http://127.0.0.1/w/acme/connections/"] {
        assert!(mail.text.contains(words), "{words}: {}", mail.text);
    }
}

#[tokio::test]
async fn nobody_is_told_what_they_did_themselves() {
    let stage = Stage::start().await;
    let eve = stage.eve().await;
    connect_crm(&eve, "Mine").await;
    let helper = agent(&eve, "Helper").await;

    add_preselected(&eve, &helper, CRM, "getContact").await;
    add_own(&eve, &helper, CALENDAR, "listEvents").await;

    assert!(stage.app.mails().await.is_empty());
}

#[tokio::test]
async fn what_was_taken_back_before_the_mail_went_is_not_mailed() {
    let stage = Stage::start().await;
    let (max, ada) = (stage.max().await, stage.ada().await);
    connect_crm(&max, "Max’s key").await;
    let helper = agent(&ada, "Admin helper").await;
    let action = add_preselected(&ada, &helper, CRM, "getContact").await;

    let form = ada.get(&format!("{action}/deletion")).await.form("main form");
    assert_eq!(form.submit().await.status, 303);

    assert!(stage.app.mails().await.is_empty());
}

#[tokio::test]
async fn who_uses_an_agent_is_told_once_when_it_needs_their_connection() {
    let stage = Stage::start().await;
    let (eve, max) = (stage.eve().await, stage.max().await);
    connect_crm(&eve, "Sales key").await;
    let helper = agent(&eve, "Sales assistant").await;
    let action = add_preselected(&eve, &helper, CRM, "getContact").await;
    share_with_everyone(&eve, &helper).await;
    stage.app.mails().await;
    max.get(&action).await.form_of("Run").set("contactId", "con_1").submit().await;
    assert!(stage.app.mails().await.is_empty());

    add_own(&eve, &helper, CALENDAR, "listEvents").await;
    let mails = stage.app.mails().await;
    add_own(&eve, &helper, CALENDAR, "createEvent").await;

    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!(mail.to.email, "max@acme.example", "Mia may use it too, and never has");
    assert_eq!(mail.subject, "Sales assistant needs your Sandbox Calendar connection");
    let link = mail.text.lines().find(|line| line.starts_with("http://127.0.0.1/w/acme/agents/")).unwrap();
    let page = max.get(link.strip_prefix("http://127.0.0.1").unwrap()).await;
    assert_eq!(page.status, 200);
    assert!(stage.app.mails().await.is_empty(), "once for each agent and integration");
}

#[tokio::test]
async fn who_has_a_connection_or_lost_the_agent_meanwhile_is_not_told() {
    let stage = Stage::start().await;
    let (eve, max, mia) = (stage.eve().await, stage.max().await, stage.mia().await);
    connect_crm(&eve, "Sales key").await;
    let helper = agent(&eve, "Sales assistant").await;
    let first = add_preselected(&eve, &helper, CRM, "getContact").await;
    share_with_everyone(&eve, &helper).await;
    for browser in [&max, &mia] {
        browser.get(&first).await.form_of("Run").set("contactId", "con_1").submit().await;
    }

    // Max has a key of his own; Mia cannot open the agent any more when the mail is written.
    connect_crm(&max, "Mine").await;
    add_own(&eve, &helper, CRM, "listContacts").await;
    let page = eve.get(&format!("{helper}?tab=build")).await;
    page.form("form[action$='/shares/deletion']").submit().await;

    let mails = stage.app.mails().await;
    assert!(mails.iter().all(|mail| !mail.subject.contains("needs your")), "{mails:?}");
}
