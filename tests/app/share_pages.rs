//! The share dialog, as a page without a script: whom, what, until when; taken away and put back; and why an OAuth
//! connection is not shared.

use crate::support::Answer;
use crate::support::Client;
use crate::support::cast;
use crate::support::stage::CONNECTIONS;
use crate::support::stage::CRM;
use crate::support::stage::Stage;
use crate::support::stage::connect_crm;
use crate::support::stage::crm_key;

/// Eve's key to the CRM; her browser, and the address of the dialog.
async fn eves_key() -> (Stage, Client, String) {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let eve = stage.eve().await;
    let shares = format!("{}/shares", connect_crm(&eve, "Company CRM").await);
    (stage, eve, shares)
}

/// Chooses whoever a search finds first, as without a script.
async fn shared(browser: &Client, shares: &str, name: &str, access: &str) -> Answer {
    let found = browser.get(shares).await.form_of("Find").set("q", name).submit().await;
    assert_eq!(found.status, 200, "{}", found.body);
    let first = found.attribute("input[name=grantee]:not([disabled])", "value").unwrap();
    found.form_of("Share").set("grantee", &first).set("access", access).submit().await
}

#[tokio::test]
async fn people_and_groups_are_found_as_one_types_and_given_what_was_chosen() {
    let (stage, eve, shares) = eves_key().await;
    let cast = &stage.app.cast;
    cast::group(&mut stage.app.conn(), &cast.ada, "Maxima", &[&cast.mia]);
    assert!(eve.get(shares.trim_end_matches("/shares")).await.body.contains("data-dialog-open=\"share\""));

    let found = eve.get(&format!("{shares}?q=max")).await;
    let offers = found.texts("#share-offers .choice__title");
    assert_eq!(offers, ["Maxima", "MM Max Member", "Everyone in Acme"]);
    let answer = shared(&eve, &shares, "max", "attach").await;
    assert_eq!(answer.location(), shares);
    let page = answer.follow().await;

    assert!(page.shows("Maxima may use and attach it") && page.shows("shared by Eve Editor just now"), "{}", page.body);
    assert!(page.shows("If taken away: Mia Member loses it."), "{}", page.body);
    assert_eq!(page.texts("#share-people .row__title"), ["Mia Member"]);
    assert_eq!(page.texts("#share-people .badge"), ["by Maxima, may attach"]);
    let mia = stage.app.signed_in(&cast.mia).await;
    let seen = mia.get(&format!("{CONNECTIONS}?view=shared")).await;
    assert!(seen.shows("Company CRM") && seen.shows("may use and attach it"), "{}", seen.body);
    let has_it = eve.get(&format!("{shares}?q=maxima")).await;
    assert!(has_it.shows("Has it already: may use and attach it"), "{}", has_it.body);
    stage.app.mails().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept() {
    let (stage, eve, shares) = eves_key().await;

    let page = eve.get(&format!("{shares}?q=mia")).await;
    let nobody = page.form_of("Share").set("ends", "2001-01-31").set("access", "attach").submit().await;
    assert_eq!(nobody.status, 422);
    assert!(nobody.shows("Choose whom to share with"), "{}", nobody.body);
    let mia = nobody.attribute("input[name=grantee]:not([disabled])", "value").unwrap();
    assert!(mia.starts_with("user:"), "the search is kept: {mia}");
    let past = nobody.form_of("Share").set("grantee", &mia).submit().await;

    assert_eq!(past.status, 422);
    assert!(past.shows("Choose an end in the future, or none."), "{}", past.body);
    let form = past.form_of("Share");
    assert_eq!((form.value("grantee"), form.value("access")), (Some(mia.as_str()), Some("attach")));
    assert_eq!(form.value("ends"), Some("2001-01-31"));
    let done = form.set("ends", "2099-01-31").submit().await.follow().await;
    assert!(done.shows("until 31 Jan 2099"), "{}", done.body);
    stage.app.mails().await;
}

#[tokio::test]
async fn one_click_takes_it_away_and_another_puts_it_back() {
    let (stage, eve, shares) = eves_key().await;
    let max = stage.max().await;
    shared(&eve, &shares, "max", "use").await;
    let connection = shares.trim_end_matches("/shares");
    assert_eq!(max.get(connection).await.status, 200);

    let page = eve.get(&shares).await;
    let after = page.form_of("Take away from Max Member").submit().await.follow().await;
    assert!(after.shows("Taken away from Max Member. It holds already."), "{}", after.body);
    assert_eq!(max.get(connection).await.status, 404);

    let back = after.form_of("Undo").submit().await.follow().await;
    assert!(back.shows("It is as it was.") && back.shows("Max Member may use it"), "{}", back.body);
    assert_eq!(max.get(connection).await.status, 200);
    let again = after.form_of("Undo").submit().await.follow().await;
    assert!(again.shows("It is too late to undo this."), "{}", again.body);
    stage.app.mails().await;
}

#[tokio::test]
async fn a_share_is_changed_where_it_stands() {
    let (stage, eve, shares) = eves_key().await;
    shared(&eve, &shares, "max", "use").await;

    let form = eve.get(&shares).await.form_of("Save");
    let page = form.set("access", "attach").set("ends", "2099-05-01").submit().await.follow().await;

    assert!(page.shows("Max Member may use and attach it") && page.shows("until 1 May 2099"), "{}", page.body);
    stage.app.mails().await;
}

#[tokio::test]
async fn an_admin_shares_anothers_key_and_its_owner_sees_who_did() {
    let (stage, eve, shares) = eves_key().await;
    let (ada, max) = (stage.ada().await, stage.max().await);
    assert_eq!(max.get(&shares).await.status, 404);
    assert!(ada.get(CRM).await.body.contains(&format!("href=\"{shares}\"")));

    let page = ada.get(&shares).await;
    assert!(page.shows("owned by Eve Editor"), "{}", page.body);
    page.form_of("Share").set("grantee", "workspace").submit().await;

    assert!(eve.get(&shares).await.shows("shared by Ada Admin"));
    // Whoever may use it is told who can share it.
    let refused = max.get(&shares).await;
    assert_eq!(refused.status, 403);
    assert!(refused.shows("Only the owner or a workspace admin can do this."), "{}", refused.body);
    stage.app.mails().await;
    stage.app.assert_no_canary(&[crm_key()]).await;
}

#[tokio::test]
async fn of_an_oauth_connection_the_dialog_says_why_not_and_no_form_of_it_gets_through() {
    let stage = Stage::with(&["sandbox-calendar"]).await;
    let (eve, ada) = (stage.eve().await, stage.ada().await);
    let calendar = stage.connect_calendar(&eve, "eve@sandbox.example").await;
    let shares = format!("{calendar}/shares");

    for (browser, way) in [(&eve, "Put an action on an agent"), (&ada, "Ask Eve Editor to preselect it on an agent")] {
        let page = browser.get(&shares).await;
        assert_eq!(page.status, 200);
        assert!(page.shows("An OAuth connection cannot be shared") && page.shows(way), "{}", page.body);
        assert!(!page.body.contains("name=\"grantee\""));
        let token = page.attribute("input[name=csrf]", "value").unwrap();
        for (path, fields) in [
            (shares.clone(), vec![("grantee", "workspace"), ("access", "use"), ("csrf", &*token)]),
            (
                format!("{shares}/restoration"),
                vec![("share", "019a0000-0000-7000-8000-000000000000"), ("csrf", &*token)],
            ),
        ] {
            let refused = browser.post(&path, &fields).await;
            assert_eq!(refused.status, 403, "{}", refused.body);
            assert!(refused.shows("never shared"), "{}", refused.body);
        }
    }
    assert_eq!(stage.max().await.get(&shares).await.status, 404);
}

#[tokio::test]
async fn the_way_that_works_for_oauth_leads_to_an_agent_with_the_connection_chosen() {
    let stage = Stage::with(&["sandbox-calendar"]).await;
    let (eve, max) = (stage.eve().await, stage.max().await);
    let calendar = stage.connect_calendar(&eve, "eve@sandbox.example").await;
    let none = eve.get(&format!("{calendar}/shares")).await;
    assert!(none.shows("Make an agent"), "{}", none.body);
    eve.get("/w/acme/agents/new").await.form_of("Create agent").set("name", "Helper").submit().await;

    let page = eve.get(&format!("{calendar}/shares")).await;
    let way = page.attribute("#sharing a[href*='tab=build']", "href").unwrap();
    let build = eve.get(way.split('#').next().unwrap()).await;
    let picked = build.form_of("Choose").set("action", "listEvents").submit().await;
    let form = picked.form_of("Add action");
    assert_eq!(form.value("credentials"), Some("preselected"));
    assert!(calendar.ends_with(form.value("connection_id").unwrap()));
    assert_eq!(form.submit().await.status, 303);

    // Whoever may not preselect is not led there, and reads who can help.
    let calendar = stage.connect_calendar(&max, "max@sandbox.example").await;
    max.get("/w/acme/agents/new").await.form_of("Create agent").set("name", "Of Max").submit().await;
    let page = max.get(&format!("{calendar}/shares")).await;
    assert_eq!(page.attribute("#sharing a[href*='tab=build']", "href"), None);
    assert!(page.shows("A workspace admin can switch it on"), "{}", page.body);
    let of_max = stage.ada().await.get(&format!("{calendar}/shares")).await;
    assert_eq!(of_max.attribute("#sharing a[href*='tab=build']", "href"), None);
    assert!(of_max.shows("Ask Max Member to preselect it on an agent"), "{}", of_max.body);
}
