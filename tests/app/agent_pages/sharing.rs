//! Who may use or edit an agent, given and taken by pages.

use crate::agent_pages::stage::agent;
use crate::support::TestApp;

#[tokio::test]
async fn people_are_found_by_name_or_address_and_given_what_was_chosen() {
    let app = TestApp::start();
    let (eve, max) = (app.signed_in(&app.cast.eve).await, app.signed_in(&app.cast.max).await);
    let agent = agent(&eve, "Sales").await;

    let page = eve.get(&format!("{agent}?tab=build")).await;
    let nobody = page.form_of("Find people").set("q", "zzz").submit().await;
    assert!(nobody.shows("No word of anybody’s name or address begins with “zzz”."), "{}", nobody.body);
    let found = nobody.form_of("Find people").set("q", "max@acme").submit().await;
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
    assert!(owner.shows("Eve Editor has it") && !owner.body.contains("Share with Eve Editor"), "{}", owner.body);
    app.mails().await;
}
