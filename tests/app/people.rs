//! The pages of people: inviting, roles, deactivating with what it says first, adopting, switching workspaces.

use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use odeus::authz::actions::ManagePeople;
use odeus::authz::facts::Role;
use odeus::authz::proof::authorize;
use odeus::domain::people::invitations;
use odeus::domain::people::invitations::Invitation;
use odeus::domain::people::invitations::InviteError;
use odeus::domain::people::invitations::Way;
use odeus::domain::people::members;
use odeus::domain::people::memberships::Membership;
use odeus::kernel::clock::Clock;
use odeus::kernel::ids::UserId;

use crate::support::Answer;
use crate::support::TestApp;
use crate::support::cast;
use crate::support::cast::Person;
use crate::support::database;
use crate::support::stage::Stage;
use crate::support::stage::connect_crm;

const PEOPLE: &str = "/w/acme/people";
const ADOPTIONS: &str = "/w/acme/people/adoptions";

/// The line that has these words in it.
fn row(page: &Answer, words: &str) -> String {
    let mut rows = page.texts("li.row");
    rows.retain(|row| row.contains(words));
    assert_eq!(rows.len(), 1, "“{words}” in {}", page.body);
    rows.remove(0)
}

#[tokio::test]
async fn several_people_are_invited_by_mail_and_the_others_stay_in_the_form() {
    let app = TestApp::start();
    let ada = app.signed_in(&app.cast.ada).await;
    let form = || async { ada.get(PEOPLE).await.form_of("Invite") };

    let typed = "Nia New <nia@acme.example>, max@acme.example; nobody";
    let some = form().await.set("emails", typed).set("role", "editor").submit().await;
    let all = form().await.set("emails", "tom@acme.example").submit().await.follow().await;

    assert_eq!(some.status, 422);
    assert!(some.shows("1 person invited by mail. Not invited:"), "{}", some.body);
    assert!(some.shows("max@acme.example: This person is a member already."), "{}", some.body);
    assert!(some.shows("nobody: This is not an e-mail address"), "{}", some.body);
    let kept = some.form_of("Invite");
    assert_eq!((kept.value("emails"), kept.value("role")), (Some("max@acme.example\nnobody"), Some("editor")));
    assert!(all.shows("Invited: 1 person."), "{}", all.body);
    assert!(row(&all, "Nia New").contains("Editor") && row(&all, "Nia New").ends_with("Invited"));
    let mut to: Vec<String> = app.mails().await.iter().map(|mail| mail.to.email.clone()).collect();
    to.sort();
    assert_eq!(to, ["nia@acme.example", "tom@acme.example"]);
}

#[tokio::test]
async fn links_are_shown_once_to_be_handed_over_and_made_anew_for_whoever_has_not_come() {
    let app = TestApp::start();
    let ada = app.signed_in(&app.cast.ada).await;

    let form = ada.get(PEOPLE).await.form_of("Invite");
    let shown = form.set("emails", "nia@acme.example").set("way", "link").submit().await;
    let first = shown.attribute("#link-1", "value").unwrap();
    let list = ada.get(&format!("{PEOPLE}?q=nia")).await;
    let person = list.attribute("li.row a", "href").unwrap();
    let again = ada.get(&person).await.form_of("Show a link to hand over").submit().await;
    let second = again.attribute("#link", "value").unwrap();

    assert_eq!((shown.status, again.status), (201, 201));
    assert!(!list.body.contains("token=") && first != second);
    let browser = app.anon();
    let path = second.split_once("/set-password").unwrap().1;
    let page = browser.get(&format!("/set-password{path}")).await;
    page.form("form").set("password", "a sentence of several words").submit().await;
    assert_eq!(browser.get("/w/acme/agents").await.status, 200);
    let path = first.split_once("/set-password").unwrap().1;
    assert_eq!(app.anon().get(&format!("/set-password{path}")).await.status, 410, "the other link ended with it");
    assert!(app.mails().await.is_empty());
}

#[tokio::test]
async fn a_role_is_changed_and_the_last_admin_is_told_why_not() {
    let app = TestApp::start();
    let (ada, max) = (app.signed_in(&app.cast.ada).await, app.signed_in(&app.cast.max).await);
    let at = |id| format!("{PEOPLE}/{id}");

    let page = ada.get(&at(app.cast.max.id)).await;
    assert_eq!(page.form_of("Save role").value("role"), Some("member"));
    let saved = page.form_of("Save role").set("role", "admin").submit().await.follow().await;
    assert!(saved.shows("It holds from their next call."), "{}", saved.body);
    assert_eq!(max.get(ADOPTIONS).await.status, 200);
    max.get(&at(app.cast.ada.id)).await.form_of("Save role").set("role", "member").submit().await;
    let last = max.get(&at(app.cast.max.id)).await.form_of("Save role").set("role", "member").submit().await;

    assert_eq!(ada.get(ADOPTIONS).await.status, 403);
    assert_eq!(last.status, 422);
    assert!(last.shows("This is the workspace’s last active admin."), "{}", last.body);
    let leave = max.get(&format!("{}/deactivation", at(app.cast.max.id))).await.form_of("Deactivate Max Member");
    let leave = leave.submit().await;
    assert_eq!(leave.status, 422);
    assert!(leave.shows("This is the workspace’s last active admin."), "{}", leave.body);
}

#[tokio::test]
async fn deactivating_says_first_what_stops_and_what_is_left_is_adopted() {
    let stage = Stage::with(&["sandbox-crm", "sandbox-calendar"]).await;
    let (ada, eve) = (stage.ada().await, stage.eve().await);
    connect_crm(&eve, "Sales key").await;
    stage.connect_calendar(&eve, "eve@sandbox.example").await;
    let at = format!("{PEOPLE}/{}", stage.app.cast.eve.id);

    let first = ada.get(&format!("{at}/deactivation")).await;
    assert!(first.shows("1 connection by OAuth stop"), "{}", first.body);
    assert!(first.shows("1 connection stops until an admin adopts it"), "{}", first.body);
    let done = first.form_of("Deactivate Eve Editor").submit().await.follow().await;
    assert!(done.shows("Eve Editor is out.") && done.shows("Deactivated"), "{}", done.body);
    assert_eq!(eve.get("/w/acme/agents").await.status, 303);
    assert!(ada.get(PEOPLE).await.shows("People who left have left things behind"));
    let left = ada.get(ADOPTIONS).await;
    assert!(row(&left, "Sales key").contains("Sandbox CRM"), "{}", left.body);
    let wrong = left.form_of("Give to this person: Sales key").set("email", "nobody@acme.example").submit().await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.shows("There is no such active member in this workspace."), "{}", wrong.body);
    let form = wrong.form_of("Give to this person: Sales key");
    assert_eq!(form.value("email"), Some("nobody@acme.example"));
    let adopted = form.set("email", "max@acme.example").submit().await.follow().await;
    assert!(adopted.shows("Sales key belongs to Max Member now and works again."), "{}", adopted.body);
    assert!(stage.max().await.get("/w/acme/connections").await.shows("Sales key"));

    let back = ada.get(&at).await.form_of("Reactivate").submit().await.follow().await;
    assert!(back.shows("Eve Editor is back."), "{}", back.body);
    assert!(stage.eve().await.get("/w/acme/connections").await.shows("Active"), "her sign-in is as it was");
}

#[tokio::test]
async fn a_member_sees_who_is_here_and_not_what_admins_see() {
    let app = TestApp::start();
    let (ada, max) = (app.signed_in(&app.cast.ada).await, app.signed_in(&app.cast.max).await);
    let mia = format!("{PEOPLE}/{}", app.cast.mia.id);
    ada.get(&format!("{mia}/deactivation")).await.form_of("Deactivate Mia Member").submit().await;

    let list = max.get(PEOPLE).await;

    assert!(list.shows("Ada Admin") && !list.body.contains("Mia Member"), "{}", list.body);
    assert!(!list.body.contains("Invite people") && !list.body.contains("no connections"), "{}", list.body);
    assert_eq!(max.get(&mia).await.status, 404);
    assert_eq!(max.get(&format!("{PEOPLE}/{}/deactivation", app.cast.ada.id)).await.status, 403);
    assert!(ada.get(&format!("{PEOPLE}?status=deactivated")).await.shows("Mia Member"));
}

#[tokio::test]
async fn somebody_in_two_workspaces_switches_between_them() {
    let app = TestApp::start();
    let (mallory, now) = (&app.cast.mallory, app.clock.now());
    members::add(&mut app.conn(), app.cast.acme.id, mallory.id, Role::Member, now).unwrap();
    let browser = app.signed_in(mallory).await;

    let here = browser.get("/w/globex/agents").await;
    let names = here.texts(".switcher .menu__item");
    let there = here.attribute(".switcher .menu__item:not([aria-current])", "href").unwrap();
    let page = browser.get(&there).await;

    assert_eq!(names, ["A Acme", "G Globex"]);
    assert_eq!((there.as_str(), page.status), ("/w/acme/integrations", 200));
    assert!(page.texts(".whoami").iter().all(|text| text.contains("Member")), "the role is that of the workspace");
}

#[tokio::test]
async fn somebody_with_an_account_is_a_member_only_once_they_accept() {
    let app = TestApp::start();
    let (ada, mallory) = (app.signed_in(&app.cast.ada).await, app.signed_in(&app.cast.mallory).await);

    let form = ada.get(PEOPLE).await.form_of("Invite").set("emails", "mallory@globex.example").set("role", "editor");
    let list = form.submit().await.follow().await;
    let mail = app.mails().await.remove(0);

    assert!(row(&list, "Mallory Admin").ends_with("Invited"), "{}", list.body);
    assert!(mail.text.contains("/invitations\n") && !mail.text.contains("token="), "{}", mail.text);
    assert_eq!(mallory.get("/w/acme/agents").await.status, 404);
    let stranger = app.anon().get("/invitations").await;
    assert_eq!((stranger.status, stranger.location()), (303, "/sign-in?next=%2Finvitations"));
    assert_eq!(ada.get("/invitations").await.texts("h2"), [""; 0], "it is hers alone");
    assert!(mallory.get("/w/globex/agents").await.texts(".switcher .menu__item").contains(&"Invitations".to_owned()));
    let shown = mallory.get("/invitations").await;
    assert!(shown.shows("Ada Admin invited you as Editor"), "{}", shown.body);
    let inside = shown.form_of("Join Acme").submit().await.follow().await;
    assert!(inside.shows("You are a member of Acme now."), "{}", inside.body);
    assert_eq!(mallory.get("/w/acme/agents").await.status, 200);
    assert!(row(&ada.get(PEOPLE).await, "Mallory Admin").ends_with("Active"));
    let again = shown.form_of("Join Acme").submit().await.follow().await;
    assert!(again.shows("That invitation is not open any more."), "{}", again.body);
}

#[tokio::test]
async fn an_invitation_is_declined_or_taken_back_and_nothing_of_it_stays() {
    let app = TestApp::start();
    let (ada, mallory) = (app.signed_in(&app.cast.ada).await, app.signed_in(&app.cast.mallory).await);
    let invite = async || {
        let form = ada.get(PEOPLE).await.form_of("Invite").set("emails", "mallory@globex.example");
        assert_eq!(form.submit().await.status, 303);
    };

    invite().await;
    let asked = mallory.get("/invitations").await;
    let declined = asked.form_of("Decline the invitation to Acme").submit().await.follow().await;
    assert!(declined.shows("You declined the invitation to Acme."), "{}", declined.body);
    assert!(!ada.get(PEOPLE).await.shows("Mallory"));
    invite().await;
    let late = mallory.get("/invitations").await.form_of("Join Acme");
    let person = ada.get(&format!("{PEOPLE}?status=invited")).await.attribute("li.row a", "href").unwrap();
    let person = ada.get(&person).await;
    assert!(
        !person.body.contains("/deactivation") && person.shows("nothing can be shared with them"),
        "{}",
        person.body
    );
    let list = person.form_of("Take the invitation back").submit().await.follow().await;

    assert!(list.shows("Mallory Admin is not invited any more.") && list.texts("li.row").len() == 4, "{}", list.body);
    assert!(late.submit().await.follow().await.shows("That invitation is not open any more."));
    assert_eq!(mallory.get("/w/acme/agents").await.status, 404);
    assert!(app.mails().await.is_empty(), "what does not hold any more is not written");
    let log = ada.get("/w/acme/audit").await;
    assert!(log.shows("declined the invitation") && log.shows("took back the invitation of"), "{}", log.body);
}

#[tokio::test]
async fn whoever_is_in_no_workspace_is_led_to_their_invitations() {
    let app = TestApp::start();
    let (ada, max) = (app.signed_in(&app.cast.ada).await, app.signed_in(&app.cast.max).await);
    let mallory = app.signed_in(&app.cast.mallory).await;
    let form = mallory.get("/w/globex/people").await.form_of("Invite").set("emails", "max@acme.example");
    form.submit().await;
    app.mails().await;

    assert_eq!(max.get("/").await.location(), "/w/acme/integrations");
    diesel::sql_query("UPDATE memberships SET status = 'deactivated' WHERE user_id = $1 AND status = 'active'")
        .bind::<diesel::sql_types::Uuid, _>(app.cast.max.id)
        .execute(&mut app.conn())
        .unwrap();

    assert_eq!(max.get("/").await.location(), "/invitations");
    assert_eq!(ada.get("/").await.location(), "/w/acme/integrations");
}

#[test]
fn inviting_again_hands_no_link_over_once_another_workspace_has_taken_the_person_in() {
    let (database, now) = (database(), Clock::system().now());
    let conn = &mut database.conn();
    let cast = cast::create(conn, now);
    let invite = |conn: &mut PgConnection, admin: &Person, way| -> UserId {
        let actor = admin.actor(conn, now);
        let proof = authorize(conn, actor, &()).unwrap();
        let new = Invitation { email: "nia@acme.example".to_owned(), name: None, role: Role::Member, way };
        invitations::invite(conn, &proof, &new).unwrap().user
    };
    let nia = invite(conn, &cast.ada, Way::Link);
    let again = |conn: &mut PgConnection| {
        let actor = cast.ada.actor(conn, now);
        let proof = authorize::<ManagePeople, Membership>(conn, actor, &nia).unwrap();
        invitations::invite_again(conn, &proof, Way::Link).map(|invited| invited.token.is_some())
    };

    let alone = again(conn);
    invite(conn, &cast.mallory, Way::Mail);
    let taken_in = again(conn);

    assert!(matches!(alone, Ok(true)), "{alone:?}");
    assert!(matches!(taken_in, Err(InviteError::LinkUnsafe)), "{taken_in:?}");
}
