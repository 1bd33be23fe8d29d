//! Who may use or edit an agent, given and taken by pages.

use diesel::RunQueryDsl;

use crate::agent_pages::stage::CRM;
use crate::agent_pages::stage::Stage;
use crate::agent_pages::stage::add_preselected;
use crate::agent_pages::stage::agent;
use crate::agent_pages::stage::connect_crm;
use crate::support::TestApp;
use crate::support::cast;

#[tokio::test]
async fn people_are_found_by_name_or_address_and_given_what_was_chosen() {
    let app = TestApp::start();
    let (eve, max) = (app.signed_in(&app.cast.eve).await, app.signed_in(&app.cast.max).await);
    let agent = agent(&eve, "Sales").await;

    let page = eve.get(&format!("{agent}?tab=build")).await;
    let nobody = page.form_of("Find people and groups").set("q", "zzz").submit().await;
    assert!(nobody.shows("No word of a name or address here, nor of a group’s, begins with “zzz”."), "{}", nobody.body);
    let found = nobody.form_of("Find people and groups").set("q", "max@acme").submit().await;
    let shared = found.form_of("Share with Max Member").set("access", "edit").submit().await.follow().await;
    assert!(shared.shows("Max Member may edit it"), "{}", shared.body);
    app.mails().await;

    let build = max.get(&format!("{agent}?tab=build")).await;
    let renamed = build.form("form[action$='/edit']").set("name", "Better sales").submit().await.follow().await;
    assert_eq!(renamed.text("h1"), "Better sales");
    // Whoever edits it shares it, but only its maker deletes it.
    assert!(!renamed.shows("Delete agent…"));
    assert_eq!(max.get(&format!("{agent}/deletion")).await.status, 403);
}

#[tokio::test]
async fn what_was_shared_is_taken_away_again() {
    let app = TestApp::start();
    let (eve, mia) = (app.signed_in(&app.cast.eve).await, app.signed_in(&app.cast.mia).await);
    let agent = agent(&eve, "Sales").await;
    let page = eve.get(&format!("{agent}?tab=build&q=Mia")).await;
    page.form_of("Share with Mia Member").submit().await;
    app.mails().await;
    assert_eq!(mia.get(&agent).await.status, 200);

    let page = eve.get(&format!("{agent}?tab=build")).await;
    let after = page.form_of("Take away from Mia Member").submit().await.follow().await;

    assert!(after.shows("It holds from their next call."), "{}", after.body);
    assert_eq!(mia.get(&agent).await.status, 404);
}

#[tokio::test]
async fn whoever_has_it_already_is_not_offered_it_and_sharing_twice_says_so() {
    let app = TestApp::start();
    let eve = app.signed_in(&app.cast.eve).await;
    let agent = agent(&eve, "Sales").await;
    let page = eve.get(&format!("{agent}?tab=build")).await;

    let (one, two) = (page.form_of("Share with everyone in Acme"), page.form_of("Share with everyone in Acme"));
    one.submit().await;
    let twice = two.submit().await;

    assert_eq!(twice.status, 422);
    assert!(twice.shows("shared with them already"), "{}", twice.body);
    assert!(!twice.body.contains("Share with everyone in Acme"));
    let owner = eve.get(&format!("{agent}?tab=build&q=Eve")).await;
    assert!(owner.shows("Eve Editor owns it") && !owner.body.contains("Share with Eve Editor"), "{}", owner.body);
    app.mails().await;
}

#[tokio::test]
async fn a_group_is_found_and_given_what_was_chosen() {
    let app = TestApp::start();
    let (eve, mia) = (app.signed_in(&app.cast.eve).await, app.signed_in(&app.cast.mia).await);
    let sales = cast::group(&mut app.conn(), &app.cast.ada, "Sales team", &[&app.cast.mia]);
    let agent = agent(&eve, "Helper").await;

    let found = eve.get(&format!("{agent}?tab=build&q=sales")).await;
    assert!(found.shows("Sales team 1 person"), "{}", found.body);
    let page = found.form_of("Share with the group Sales team").set("access", "edit").submit().await.follow().await;
    assert!(page.shows("Sales team may edit it"), "{}", page.body);
    assert!(mia.get(&format!("{agent}?tab=build")).await.body.contains("Add an action"));
    let again = eve.get(&format!("{agent}?tab=build&q=sales")).await;
    assert!(!again.body.contains("Share with the group Sales team"), "{}", again.body);

    cast::leave(&mut app.conn(), &app.cast.ada, sales, &app.cast.mia);
    assert_eq!(mia.get(&agent).await.status, 404);
    app.mails().await;
}

#[tokio::test]
async fn d36_an_editor_takes_anothers_connection_off_or_puts_their_own_and_cannot_point_it_elsewhere() {
    let stage = Stage::start().await;
    let (eve, max) = (stage.eve().await, stage.max().await);
    connect_crm(&eve, "Eves key").await;
    let agent = agent(&eve, "Sales").await;
    let form = add_preselected(&eve, &agent, CRM, "listContacts").await;
    let page = eve.get(&format!("{agent}?tab=build&q=max@acme")).await;
    page.form_of("Share with Max Member").set("access", "edit").submit().await;
    let grant = format!(
        "INSERT INTO role_permissions VALUES ('{}', 'member', 'configurePreselectedConnections')",
        stage.app.cast.acme.id
    );
    diesel::sql_query(grant).execute(&mut stage.app.conn()).unwrap();
    let edit = format!("{form}/edit");

    // The connection is not his: it is not offered, and its id is as if it were not there.
    let page = max.get(&edit).await;
    assert!(!page.body.contains("Eves key") && page.shows("a connection that you may not see"), "{}", page.body);
    let kept = eve.get(&edit).await.attribute("input[name=connection_id]", "value").unwrap();
    let token = page.attribute("input[name=csrf]", "value").unwrap();
    let refused =
        max.post(&edit, &[("credentials", "preselected"), ("connection_id", &*kept), ("csrf", &*token)]).await;
    assert!(matches!(refused.status, 404 | 422), "{}: {}", refused.status, refused.body);
    // Another action with the same connection is another attachment, which he may not make.
    let add = [
        ("integration", CRM),
        ("action", "createDeal"),
        ("credentials", "preselected"),
        ("connection_id", &*kept),
        ("csrf", &*token),
    ];
    let refused = max.post(&format!("{agent}/actions"), &add).await;
    assert!(matches!(refused.status, 404 | 422), "{}: {}", refused.status, refused.body);
    assert!(!eve.get(&format!("{agent}?tab=build")).await.shows("Create a deal Sandbox CRM"), "nothing was added");
    // What he leaves as it is goes on to run as Eve's.
    let kept_as_it_is = max.get(&edit).await.form("form[action$='/edit']");
    assert_eq!(kept_as_it_is.value("credentials"), Some("keep"));
    assert_eq!(kept_as_it_is.submit().await.status, 303);
    let ran = max.get(&form).await.form_of("Run").submit().await.follow().await;
    assert!(ran.shows("Succeeded"), "{}", ran.body);

    connect_crm(&max, "Max key").await;
    let page = max.get(&edit).await;
    let own = page.attribute("input[name=connection_id]", "value").unwrap();
    let save = page.form("form[action$='/edit']").set("credentials", "preselected").set("connection_id", &own);
    assert_eq!(save.submit().await.status, 303);
    assert!(max.get(&edit).await.shows("Max key"));
    let save = max.get(&edit).await.form("form[action$='/edit']").set("credentials", "own");
    assert_eq!(save.submit().await.status, 303);
    assert!(!max.get(&edit).await.shows("Preselected, as it is"));
    stage.app.mails().await;
}
