//! Deciding who may use an integration, on its pages: what admins decide and foresee, and what others read.

use crate::support::cast;

use crate::support::Answer;
use crate::support::Client;
use crate::support::stage::CRM;
use crate::support::stage::Stage;
use crate::support::stage::connect_crm;
use crate::support::stage::crm_key;

const GRID: &str = "/w/acme/integrations";

fn access(query: &str) -> String {
    format!("{CRM}/access?{query}")
}

fn review(query: &str) -> String {
    format!("{CRM}/access/review?{query}")
}

async fn confirm(admin: &Client, query: &str, button: &str) -> Answer {
    let answer = admin.get(&review(query)).await.form_of(button).submit().await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.follow().await
}

#[tokio::test]
async fn an_admin_restricts_an_integration_to_people_and_sees_first_who_loses_it() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, max) = (stage.ada().await, stage.max().await);
    let mia = stage.app.cast.mia.id;
    connect_crm(&max, "Sales key").await;

    let found = ada.get(&access("to=only&q=mia")).await;
    let chosen = ada.get(&access(&format!("to=only&user={mia}&q=eve"))).await;
    let foreseen = ada.get(&review(&format!("action=&to=only&user={mia}"))).await;

    assert!(found.texts("#access-offers .choice").iter().any(|one| one.contains("Mia Member")), "{}", found.body);
    assert!(chosen.text("#chosen").contains("Mia Member"), "what was chosen is kept while looking for others");
    assert_eq!(foreseen.text("h1"), "Restrict Sandbox CRM?");
    assert!(
        foreseen.shows("2 people lose Sandbox CRM") && foreseen.shows("Eve Editor, Max Member"),
        "{}",
        foreseen.body
    );
    assert!(foreseen.shows("Their connections stay and wait") && foreseen.shows("Sales key"));
    assert_eq!(max.get(CRM).await.form_of("Connect").value("auth_type"), Some("api_key"), "nothing has changed yet");

    let saved = foreseen.form_of("Restrict Sandbox CRM").submit().await.follow().await;

    assert!(saved.shows("Saved. It holds from the next call.") && saved.text("#chosen").contains("Mia Member"));
    let his = max.get(CRM).await;
    assert!(
        his.shows("Not open to you") && his.shows("Ask Ada Admin.") && !his.shows("Connect another account"),
        "{}",
        his.body
    );
    assert!(max.get(GRID).await.shows("Restricted to certain people"));
    let csrf = max.get("/w/acme/profile").await.attribute("input[name=csrf]", "value").unwrap();
    let sent = max
        .post(&format!("{CRM}/connections"), &[("csrf", &*csrf), ("auth_type", "api_key"), ("key", crm_key())])
        .await;
    assert!(sent.status == 403 && sent.shows("Ask Ada Admin."), "{}", sent.body);
    assert!(ada.get(CRM).await.form_of("Connect").value("auth_type").is_some(), "admins keep it");

    confirm(&ada, "action=&to=everyone", "Open to everyone").await;
    assert!(!max.get(CRM).await.shows("Not open to you"));
}

#[tokio::test]
async fn a_group_has_what_is_restricted_to_it_and_its_page_says_so() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, max) = (stage.ada().await, stage.max().await);
    let cast = &stage.app.cast;
    let group = cast::group(&mut stage.app.conn(), &cast.ada, "Sales", &[&cast.max]);

    confirm(&ada, &format!("action=&to=only&group={group}"), "Restrict Sandbox CRM").await;
    confirm(&ada, &format!("action=createDeal&to=only&group={group}"), "Restrict Create a deal").await;

    assert!(!max.get(CRM).await.shows("Not open to you"));
    let page = ada.get(&format!("/w/acme/groups/{group}")).await;
    assert!(page.shows("Restricted integration") && page.shows("Restricted action of Sandbox CRM"), "{}", page.body);
    let deletion = ada.get(&format!("/w/acme/groups/{group}/deletion")).await;
    assert_eq!(deletion.texts(".row__aside"), ["1 person loses it", "1 person loses it"]);
    deletion.form_of("Delete group").submit().await;
    assert!(max.get(CRM).await.shows("Not open to you"));
}

#[tokio::test]
async fn a_restricted_action_is_marked_for_those_who_may_not_use_it() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, max, mia) = (stage.ada().await, stage.max().await, stage.app.cast.mia.id);

    let page = confirm(&ada, &format!("action=createDeal&to=only&user={mia}"), "Restrict Create a deal").await;

    assert_eq!(page.text("h1"), "Who may use Create a deal");
    assert!(page.shows("1 person"), "{}", page.body);
    let restricted =
        |page: &Answer| page.texts("#action-list tr").iter().filter(|row| row.contains("Restricted")).count();
    let (his, hers) = (max.get(CRM).await, ada.get(CRM).await);
    assert_eq!((restricted(&his), restricted(&hers)), (1, 0));
    assert!(!his.shows("Not open to you"));
    assert_eq!(ada.get(&access("action=no-such-action")).await.status, 404);
    assert_eq!(ada.get(&review("action=no-such-action&to=only")).await.status, 422);
}

#[tokio::test]
async fn a_way_to_connect_that_admins_keep_says_who_can_set_one_up() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, max) = (stage.ada().await, stage.max().await);
    let key = connect_crm(&max, "Sales key").await;

    let foreseen = ada.get(&review("ways=true&reserved=api_key")).await;
    assert!(foreseen.shows("1 connection of people who are no admins was made by API key"), "{}", foreseen.body);
    foreseen.form_of("Save").submit().await;

    let his = max.get(CRM).await;
    assert!(his.shows("Admins only") && his.shows("Ask Ada Admin."), "{}", his.body);
    let csrf = max.get("/w/acme/profile").await.attribute("input[name=csrf]", "value").unwrap();
    let fields = [("csrf", &*csrf), ("auth_type", "api_key"), ("key", crm_key())];
    assert_eq!(max.post(&format!("{CRM}/connections"), &fields).await.status, 403);
    let replaced = max.get(&format!("{key}/secret")).await.form_of("Replace").set("key", crm_key()).submit().await;
    assert_eq!(replaced.status, 403, "{}", replaced.body);
    assert!(max.get(&key).await.shows("Active"), "it works on");
    confirm(&ada, "ways=true", "Save").await;
    assert!(!max.get(CRM).await.shows("Admins only"));
}

#[tokio::test]
async fn whoever_is_named_and_is_not_here_comes_back_with_the_form() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, eve) = (stage.ada().await, stage.eve().await);
    let (mia, stranger) = (stage.app.cast.mia.id, stage.app.cast.mallory.id);

    let answer = ada.get(&review(&format!("action=&to=only&user={mia}&user={stranger}"))).await;

    assert_eq!((answer.status, answer.text("#chosen-error").contains("not in the workspace")), (422, true));
    assert!(answer.text("#chosen").contains("Mia Member"), "what was chosen is kept");
    for page in [access(""), review("enabled=false")] {
        assert_eq!(eve.get(&page).await.status, 403);
        assert_eq!(
            stage.app.signed_in(&stage.app.cast.mallory).await.get(&page.replace("acme", "globex")).await.status,
            404
        );
    }
}

#[tokio::test]
async fn whoever_is_deactivated_for_good_loses_what_was_open_to_them_by_name() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, mia) = (stage.ada().await, stage.app.cast.mia.id);
    confirm(&ada, &format!("action=&to=only&user={mia}"), "Restrict Sandbox CRM").await;

    let page = ada.get(&format!("/w/acme/people/{mia}/deactivation")).await;
    assert!(page.shows("They lose 1 restricted integration or action that is open to them by name"), "{}", page.body);
    let done = page.form_of("Deactivate Mia Member").set("for_good", "true").submit().await.follow().await;
    assert!(done.shows("Mia Member is out."), "{}", done.body);

    let left = ada.get(&access("")).await;
    assert!(!left.text("#chosen").contains("Mia Member"), "{}", left.body);
}
