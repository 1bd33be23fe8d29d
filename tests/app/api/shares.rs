//! Sharing connections over the API: who may, with whom, until when; and that it holds from the next call.

use chrono::Duration;
use http::Method;
use serde_json::Value;
use serde_json::json;

use crate::api::stage::CONNECTIONS;
use crate::api::stage::Stage;
use crate::api::stage::connect_crm;
use crate::api::stage::id;
use crate::api::stage::items;
use crate::api::stage::made;
use crate::api::stage::members;
use crate::api::stage::pluck;
use crate::api::stage::problem;
use crate::api::stage::shown;
use crate::api::stage::wrong_fields;
use crate::support::Client;
use crate::support::cast;
use crate::support::cast::Person;
use crate::support::stage;

const MAX_AT_SANDBOX: &str = "max@sandbox.example";

/// A stage with the CRM, and Eve's key to it; the address of its shares.
async fn eves_key() -> (Stage, String, String) {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let connection = format!("{CONNECTIONS}/{}", id(&connect_crm(&stage.eve(), "Company CRM").await));
    let shares = format!("{connection}/shares");
    (stage, connection, shares)
}

fn with(grantee: Value, access: &str) -> Value {
    let mut body = json!({ "access": access });
    body["grantee"] = grantee;
    body
}

fn user(person: &Person) -> Value {
    json!({ "type": "user", "id": person.id.to_string() })
}

fn everyone() -> Value {
    json!({ "type": "workspace" })
}

async fn share(client: &Client, shares: &str, body: &Value) -> Value {
    made(&client.json(Method::POST, shares, body).await)
}

#[tokio::test]
async fn a_share_gives_access_until_it_is_taken_away() {
    let (stage, connection, shares) = eves_key().await;
    let (eve, max) = (stage.eve(), stage.max());
    assert_eq!(max.get(&connection).await.status, 404);

    let one = share(&eve, &shares, &with(user(&stage.app.cast.max), "use")).await;

    assert_eq!(members(&one), ["access", "created_at", "created_by", "expires_at", "grantee", "has_ended", "id"]);
    let grantee = json!({ "type": "user", "id": stage.app.cast.max.id.to_string(), "name": "Max Member" });
    assert_eq!((&one["grantee"], &one["access"], &one["expires_at"]), (&grantee, &json!("use"), &Value::Null));
    assert_eq!(items(&eve.get(&shares).await), std::slice::from_ref(&one));
    let seen = shown(&max.get(&connection).await);
    assert_eq!((&seen["access"], &seen["owner"]["name"]), (&json!("use"), &json!("Eve Editor")));
    let listed = items(&max.get(&format!("{CONNECTIONS}?view=shared")).await);
    assert_eq!(pluck(&listed, "name"), ["Company CRM"]);

    let gone = eve.call(Method::DELETE, &format!("{shares}/{}", id(&one))).send().await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    assert_eq!(max.get(&connection).await.status, 404);
    assert!(items(&max.get(&format!("{CONNECTIONS}?view=shared")).await).is_empty());
    let again = eve.call(Method::DELETE, &format!("{shares}/{}", id(&one))).send().await;
    problem(&again, 404, "not_found");
    stage.app.mails().await;
}

#[tokio::test]
async fn a_share_is_reached_by_the_address_of_its_own_connection_alone() {
    let (stage, connection, shares) = eves_key().await;
    let (eve, max) = (stage.eve(), stage.max());
    let of_max = format!("{CONNECTIONS}/{}/shares", id(&connect_crm(&max, "Max’s key").await));
    let one = share(&eve, &shares, &with(everyone(), "use")).await;
    let wrong = format!("{of_max}/{}", id(&one));

    let taken = max.call(Method::DELETE, &wrong).send().await;
    let changed = max.json(Method::PATCH, &wrong, &json!({ "access": "attach" })).await;

    problem(&taken, 404, "not_found");
    assert_eq!(changed.status, 404, "{}", changed.body);
    assert_eq!(shown(&max.get(&connection).await)["access"], "use");
    stage.app.mails().await;
}

#[tokio::test]
async fn only_the_owner_and_admins_share_and_a_plain_member_shares_what_they_own() {
    let (stage, connection, shares) = eves_key().await;
    let body = with(user(&stage.app.cast.mia), "use");
    let of_max = format!("{CONNECTIONS}/{}/shares", id(&connect_crm(&stage.max(), "Mine").await));

    // Not visible, then visible but not theirs to share.
    problem(&stage.max().json(Method::POST, &shares, &body).await, 404, "not_found");
    problem(&stage.mallory().json(Method::POST, &shares, &body).await, 404, "not_found");
    share(&stage.eve(), &shares, &with(user(&stage.app.cast.max), "attach")).await;
    let refused = problem(&stage.max().json(Method::POST, &shares, &body).await, 403, "forbidden");
    assert!(refused["detail"].as_str().unwrap().contains("owner or a workspace admin"), "{refused}");
    problem(&stage.max().get(&shares).await, 403, "forbidden");

    let by_admin = share(&stage.ada(), &shares, &body).await;
    assert_eq!(by_admin["created_by"], "Ada Admin");
    share(&stage.max(), &of_max, &body).await;
    let mias = items(&stage.mia().get(&format!("{CONNECTIONS}?view=shared")).await);
    assert_eq!(pluck(&mias, "name"), ["Mine", "Company CRM"]);
    assert_eq!(stage.mia().get(&connection).await.status, 200);
    stage.app.mails().await;
}

#[tokio::test]
async fn nobody_shares_an_oauth_connection_admins_included() {
    let stage = stage::Stage::with(&["sandbox-calendar"]).await;
    stage.connect_calendar(&stage.max().await, MAX_AT_SANDBOX).await;
    let (max, ada) = (stage.app.token(&stage.app.cast.max), stage.app.token(&stage.app.cast.ada));
    let shares = format!("{CONNECTIONS}/{}/shares", id(&items(&max.get(CONNECTIONS).await)[0]));

    for (client, grantee) in
        [(&max, user(&stage.app.cast.mia)), (&ada, user(&stage.app.cast.ada)), (&ada, json!({ "type": "workspace" }))]
    {
        let refused = problem(&client.json(Method::POST, &shares, &with(grantee, "use")).await, 403, "forbidden");
        assert!(refused["detail"].as_str().unwrap().contains("never shared"), "{refused}");
        problem(&client.get(&shares).await, 403, "forbidden");
    }
    problem(
        &stage
            .app
            .token(&stage.app.cast.mia)
            .json(Method::POST, &shares, &with(json!({"type": "workspace"}), "use"))
            .await,
        404,
        "not_found",
    );
}

#[tokio::test]
async fn a_group_and_the_workspace_reach_whoever_is_in_them() {
    let (stage, connection, shares) = eves_key().await;
    let sales = cast::group(&mut stage.app.conn(), &stage.app.cast.ada, "Sales", &[&stage.app.cast.max]);
    let eve = stage.eve();

    let group = share(&eve, &shares, &with(json!({ "type": "group", "id": sales.to_string() }), "attach")).await;
    assert_eq!(group["grantee"]["name"], "Sales");
    assert_eq!(shown(&stage.max().get(&connection).await)["access"], "attach");
    assert_eq!(stage.mia().get(&connection).await.status, 404);
    share(&eve, &shares, &with(json!({ "type": "workspace" }), "use")).await;
    assert_eq!(shown(&stage.mia().get(&connection).await)["access"], "use");

    let people = items(&eve.get(&format!("{connection}/people?q=m")).await);
    let max = people.iter().find(|one| one["name"] == "Max Member").unwrap();
    let through = max["through"].as_array().unwrap();
    assert_eq!(max["access"], "attach");
    assert_eq!(pluck(through, "type"), ["group", "workspace"]);
    assert_eq!(through[0]["group"], "Sales");
    assert!(people.iter().all(|one| one["name"] != "Eve Editor"), "the owner is none of them: {people:?}");

    cast::leave(&mut stage.app.conn(), &stage.app.cast.ada, sales, &stage.app.cast.max);
    assert_eq!(shown(&stage.max().get(&connection).await)["access"], "use");
    stage.app.mails().await;
}

#[tokio::test]
async fn whom_and_until_when_is_checked_with_the_field_that_is_wrong() {
    let (stage, _, shares) = eves_key().await;
    let eve = stage.eve();
    let post = async |body: Value| eve.json(Method::POST, &shares, &body).await;
    let now = stage.app.clock.now();
    let max = user(&stage.app.cast.max);

    let stranger = with(user(&stage.app.cast.mallory), "use");
    assert_eq!(wrong_fields(&post(stranger).await), ["grantee"]);
    assert_eq!(wrong_fields(&post(with(json!({ "type": "group", "id": uuid() }), "use")).await), ["grantee"]);
    assert_eq!(wrong_fields(&post(with(user(&stage.app.cast.eve), "use")).await), ["grantee"]);
    assert_eq!(wrong_fields(&post(with(json!({ "type": "user" }), "use")).await), ["grantee.id"]);
    let mia = format!("/api/v1/members/{}", stage.app.cast.mia.id);
    shown(&stage.ada().json(Method::PATCH, &mia, &json!({ "status": "deactivated" })).await);
    assert_eq!(wrong_fields(&post(with(user(&stage.app.cast.mia), "use")).await), ["grantee"]);
    let mut ended = with(max.clone(), "use");
    ended["expires_at"] = json!(now - Duration::minutes(1));
    assert_eq!(wrong_fields(&post(ended).await), ["expires_at"]);
    made(&post(with(max.clone(), "use")).await);
    problem(&post(with(max, "attach")).await, 409, "already_shared");
    stage.app.mails().await;
}

fn uuid() -> &'static str {
    "019a0000-0000-7000-8000-000000000000"
}

#[tokio::test]
async fn a_share_ends_by_itself_and_makes_room_for_a_new_one() {
    let (stage, connection, shares) = eves_key().await;
    let (eve, max) = (stage.eve(), stage.max());
    let mut body = with(user(&stage.app.cast.max), "use");
    body["expires_at"] = json!(stage.app.clock.now() + Duration::days(3));
    let one = share(&eve, &shares, &body).await;
    let seen = shown(&max.get(&connection).await);
    assert_eq!(seen["access_until"], one["expires_at"]);

    // The app's clock is the machine's here: the end is moved instead of the time.
    diesel::RunQueryDsl::execute(
        diesel::sql_query("UPDATE connection_shares SET expires_at = now() - interval '1 second'"),
        &mut stage.app.conn(),
    )
    .unwrap();

    assert_eq!(max.get(&connection).await.status, 404);
    assert!(items(&max.get(CONNECTIONS).await).is_empty());
    assert!(items(&eve.get(&format!("{connection}/people")).await).is_empty());
    assert_eq!(items(&eve.get(&shares).await)[0]["has_ended"], true);
    let path = format!("{shares}/{}", id(&one));
    problem(&eve.json(Method::PATCH, &path, &json!({ "access": "attach" })).await, 409, "share_ended");
    share(&eve, &shares, &with(user(&stage.app.cast.max), "use")).await;
    assert_eq!(max.get(&connection).await.status, 200);
    assert_eq!(items(&eve.get(&shares).await).len(), 1);
    stage.app.mails().await;
}

#[tokio::test]
async fn a_share_is_changed_member_by_member() {
    let (stage, connection, shares) = eves_key().await;
    let (eve, max) = (stage.eve(), stage.max());
    let mut body = with(user(&stage.app.cast.max), "use");
    body["expires_at"] = json!(stage.app.clock.now() + Duration::days(3));
    let one = share(&eve, &shares, &body).await;
    let path = format!("{shares}/{}", id(&one));

    let stronger = shown(&eve.json(Method::PATCH, &path, &json!({ "access": "attach" })).await);
    assert_eq!((&stronger["access"], &stronger["expires_at"]), (&json!("attach"), &one["expires_at"]));
    let endless = shown(&eve.json(Method::PATCH, &path, &json!({ "expires_at": null })).await);
    assert_eq!((&endless["access"], &endless["expires_at"]), (&json!("attach"), &Value::Null));

    let seen = shown(&max.get(&connection).await);
    assert_eq!((&seen["access"], &seen["access_until"]), (&json!("attach"), &Value::Null));
    assert_eq!(wrong_fields(&eve.json(Method::PATCH, &path, &json!({ "who": 1 })).await), ["who"]);
    let past = json!({ "expires_at": stage.app.clock.now() - Duration::minutes(1) });
    assert_eq!(wrong_fields(&eve.json(Method::PATCH, &path, &past).await), ["expires_at"]);
    assert_eq!(shown(&max.get(&connection).await)["access_until"], Value::Null);
    stage.app.mails().await;
}

#[tokio::test]
async fn what_was_taken_away_a_moment_ago_is_put_back_as_it_was() {
    let (stage, connection, shares) = eves_key().await;
    let (eve, ada) = (stage.eve(), stage.ada());
    let mut body = with(user(&stage.app.cast.max), "attach");
    body["expires_at"] = json!(stage.app.clock.now() + Duration::days(3));
    let one = share(&ada, &shares, &body).await;
    let path = format!("{shares}/{}", id(&one));
    eve.call(Method::DELETE, &path).send().await;

    // Only whoever took it away undoes it, and once.
    let undo = format!("{path}/restoration");
    problem(&ada.json(Method::POST, &undo, &json!({})).await, 409, "too_late");
    let back = shown(&eve.json(Method::POST, &undo, &json!({})).await);

    assert_eq!(back, one);
    assert_eq!(shown(&stage.max().get(&connection).await)["access"], "attach");
    problem(&eve.json(Method::POST, &undo, &json!({})).await, 409, "too_late");

    eve.call(Method::DELETE, &path).send().await;
    diesel::RunQueryDsl::execute(
        diesel::sql_query("UPDATE removed_connection_shares SET removed_at = removed_at - interval '13 seconds'"),
        &mut stage.app.conn(),
    )
    .unwrap();
    problem(&eve.json(Method::POST, &undo, &json!({})).await, 409, "too_late");
    assert_eq!(stage.max().get(&connection).await.status, 404);
    stage.app.mails().await;
}
