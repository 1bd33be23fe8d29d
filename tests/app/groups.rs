//! The pages of groups: who may look, who may change, and what a deletion says first.

use diesel::RunQueryDsl;
use diesel::sql_query;
use odeus::authz::actions::ManagePeople;
use odeus::authz::proof::authorize;
use odeus::domain::people::groups::Group;
use odeus::domain::people::groups::roster;
use odeus::kernel::clock::Clock;

use crate::support::Answer;
use crate::support::Client;
use crate::support::TestApp;
use crate::support::cast;
use crate::support::database;
use crate::support::stage::Stage;
use crate::support::stage::connect_crm;

const GROUPS: &str = "/w/acme/groups";

/// Makes a group by the form; its address.
async fn group(admin: &Client, name: &str) -> String {
    let answer = admin.get(GROUPS).await.form_of("Create group").set("name", name).submit().await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.location().to_owned()
}

/// The line that has these words in it.
fn row(page: &Answer, words: &str) -> String {
    let mut rows = page.texts("li.row");
    rows.retain(|row| row.contains(words));
    assert_eq!(rows.len(), 1, "“{words}” in {}", page.body);
    rows.remove(0)
}

#[tokio::test]
async fn an_admin_makes_a_group_and_finds_people_for_it() {
    let app = TestApp::start();
    let ada = app.signed_in(&app.cast.ada).await;

    let sales = group(&ada, "Sales").await;
    let found = ada.get(&sales).await.form_of("Find").set("q", "mia@").submit().await;
    let added = found.form_of("Add Mia Member").submit().await.follow().await;

    assert!(added.shows("1 member") && added.shows("mia@acme.example"), "{}", added.body);
    let again = added.form_of("Find").set("q", "Mia").submit().await;
    assert!(again.shows("In the group") && !again.body.contains("Add Mia Member"), "{}", again.body);
    let out = added.form_of("Take out Mia Member").submit().await.follow().await;
    assert!(out.shows("Nobody is in this group yet."), "{}", out.body);
    assert_eq!(row(&ada.get(GROUPS).await, "Sales"), "SalesNo members yet");
}

#[tokio::test]
async fn pasted_addresses_are_added_and_the_unknown_ones_named_and_kept() {
    let app = TestApp::start();
    let ada = app.signed_in(&app.cast.ada).await;
    let sales = group(&ada, "Sales").await;
    let pasted = "Mia Member <MIA@acme.example>, max@acme.example; mallory@globex.example\nnobody";

    let answer = ada.get(&sales).await.form_of("Add them").set("addresses", pasted).submit().await;

    assert_eq!(answer.status, 422);
    assert!(answer.shows("2 people added. Nobody active here has these 2 addresses:"), "{}", answer.body);
    assert_eq!(answer.form_of("Add them").value("addresses"), Some("mallory@globex.example\nnobody"));
    assert!(answer.shows("Members 2"), "{}", answer.body);
    let all = ada.get(&sales).await.form_of("Add them").set("addresses", "mia@acme.example eve@acme.example");
    let all = all.submit().await.follow().await;
    assert!(all.shows("1 person added. 1 person was in the group already."), "{}", all.body);
    let none = all.form_of("Add them").set("addresses", " ,; ").submit().await;
    assert_eq!(none.status, 422);
    assert!(none.shows("Please paste at least one address."), "{}", none.body);
}

#[tokio::test]
async fn a_name_that_is_taken_or_empty_is_said_beside_the_field() {
    let app = TestApp::start();
    let ada = app.signed_in(&app.cast.ada).await;
    group(&ada, "Sales").await;
    let support = group(&ada, "Support").await;

    let twice = ada.get(GROUPS).await.form_of("Create group").set("name", "Sales").submit().await;
    let taken = ada.get(&support).await.form_of("Rename").set("name", "Sales").submit().await;
    let empty = ada.get(&support).await.form_of("Rename").set("name", "  ").submit().await;
    let renamed = ada.get(&support).await.form_of("Rename").set("name", "Care").submit().await.follow().await;

    assert_eq!((twice.status, taken.status, empty.status), (422, 422, 422));
    assert_eq!(twice.text("#name-error"), "There is a group with this name already.");
    assert_eq!(twice.form_of("Create group").value("name"), Some("Sales"));
    assert_eq!(taken.text("#name-error"), "There is a group with this name already.");
    assert_eq!(taken.text("h1"), "Support");
    assert_eq!(empty.text("#name-error"), "Please fill this in.");
    assert_eq!(renamed.text("h1"), "Care");
}

#[tokio::test]
async fn a_member_looks_and_an_admin_changes() {
    let app = TestApp::start();
    let (ada, max) = (app.signed_in(&app.cast.ada).await, app.signed_in(&app.cast.max).await);
    let sales = group(&ada, "Sales").await;

    let (list, page) = (max.get(GROUPS).await, max.get(&sales).await);

    assert!(list.shows("Sales") && !list.body.contains("Create group"), "{}", list.body);
    assert_eq!(page.text("h1"), "Sales");
    for form in ["Rename", "Add them", "Delete group", "Where it has access"] {
        assert!(!page.body.contains(form), "{form}: {}", page.body);
    }
    assert!(page.shows("Workspace admins decide who is in a group."));
    assert_eq!(max.get(&format!("{sales}/deletion")).await.status, 403);
    let mallory = app.signed_in(&app.cast.mallory).await;
    assert_eq!(mallory.get(&sales).await.status, 404);
    let elsewhere = sales.replace("/w/acme/", "/w/globex/");
    assert_eq!(mallory.get(&elsewhere).await.status, 404);
}

#[tokio::test]
async fn deleting_a_group_says_first_who_loses_what() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (ada, eve) = (stage.ada().await, stage.eve().await);
    let sales = group(&ada, "Sales").await;
    let address = "max@acme.example mia@acme.example";
    ada.get(&sales).await.form_of("Add them").set("addresses", address).submit().await;
    connect_crm(&eve, "Sales key").await;
    give_to(&stage, sales.rsplit('/').next().unwrap());

    let page = ada.get(&sales).await;
    let first = ada.get(&format!("{sales}/deletion")).await;
    let after = first.form_of("Delete group").submit().await.follow().await;

    assert!(page.shows("Where it has access 2") && page.shows("Sandbox CRM, of Eve Editor; may use"), "{}", page.body);
    assert!(row(&first, "Sales key").ends_with("Sandbox CRM, of Eve Editor; may use 1 person loses it"));
    assert!(row(&first, "An agent of Eve Editor").ends_with("Private to its people; may use 2 people lose it"));
    assert!(!first.body.contains("Secret agent"), "{}", first.body);
    assert!(after.shows("The group “Sales” is deleted.") && after.shows("No groups yet"), "{}", after.body);
    assert_eq!(ada.get(&sales).await.status, 404);
}

/// Eve shares her key and an agent with the group; Max has the key in another way, too.
fn give_to(stage: &Stage, group: &str) {
    use diesel::RunQueryDsl;

    let (acme, eve, max) = (&stage.app.cast.acme.id, &stage.app.cast.eve.id, &stage.app.cast.max.id);
    let share = |column: &str, grantee: &str| {
        format!(
            "INSERT INTO connection_shares (workspace_id, id, connection_id, connection_auth, {column}, access, created_by,
                 created_at) SELECT '{acme}', gen_random_uuid(), id, auth_type, '{grantee}', 'use', '{eve}', now()
             FROM connections"
        )
    };
    let agent = format!(
        "WITH a AS (INSERT INTO agents VALUES ('{acme}', gen_random_uuid(), '{eve}', 'Secret agent', '', '', true, now(),
             now()) RETURNING id)
         INSERT INTO agent_shares (workspace_id, id, agent_id, grantee_group, access, created_by, created_at)
         SELECT '{acme}', gen_random_uuid(), id, '{group}', 'use', '{eve}', now() FROM a"
    );
    for sql in [share("grantee_group", group), share("grantee_user", &max.to_string()), agent] {
        sql_query(sql).execute(&mut stage.app.conn()).unwrap();
    }
}

#[test]
fn whoever_has_left_is_not_added_to_a_group() {
    let (database, now) = (database(), Clock::system().now());
    let conn = &mut database.conn();
    let cast = cast::create(conn, now);
    let group = cast::group(conn, &cast.ada, "Sales", &[]);
    let gone = format!("UPDATE memberships SET status = 'deactivated' WHERE user_id = '{}'", cast.max.id);
    sql_query(gone).execute(conn).unwrap();
    let ada = cast.ada.actor(conn, now);
    let proof = authorize::<ManagePeople, Group>(conn, ada, &group).unwrap();

    let by_id = roster::add(conn, &proof, cast.max.id).unwrap();
    let by_address = roster::add_by_address(conn, &proof, std::slice::from_ref(&cast.max.email)).unwrap();

    assert_eq!((by_id, by_address.people, by_address.unknown), (false, vec![], vec![cast.max.email.clone()]));
}
