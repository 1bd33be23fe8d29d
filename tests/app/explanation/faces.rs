//! Explain over the API and on its page.

use http::Method;
use serde_json::Value;
use serde_json::json;

use crate::api::stage::CONNECTIONS;
use crate::api::stage::Stage;
use crate::api::stage::agent_with;
use crate::api::stage::connect_crm;
use crate::api::stage::id;
use crate::api::stage::made;
use crate::api::stage::members;
use crate::api::stage::problem;
use crate::api::stage::shown;
use crate::api::stage::wrong_fields;
use crate::support::cast;

#[tokio::test]
async fn the_owner_and_admins_ask_by_program() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let (eve, max) = (stage.eve(), &stage.app.cast.max);
    let connection = id(&connect_crm(&eve, "Company CRM").await);
    let access = format!("{CONNECTIONS}/{connection}/access");
    let about_max = format!("{access}?user={}", max.id);

    let before = shown(&eve.get(&about_max).await);
    assert_eq!(
        members(&before),
        [
            "agents",
            "attaches_as",
            "attaching_stopped_by",
            "is_owner",
            "may_attach",
            "may_use",
            "share_ended_at",
            "stopped_by",
            "through",
            "user"
        ]
    );
    assert_eq!(members(&before["user"]), ["email", "id", "name", "role", "status"]);
    assert_eq!((&before["may_use"], &before["stopped_by"][0]["code"]), (&json!(false), &json!("not_shared")));
    assert_eq!(before["agents"], json!({ "items": [], "next": null }));
    problem(&stage.max().get(&about_max).await, 404, "not_found");
    let share = json!({ "grantee": { "type": "user", "id": max.id.to_string() }, "access": "use" });
    made(&eve.json(Method::POST, &format!("{CONNECTIONS}/{connection}/shares"), &share).await);

    let after = shown(&stage.ada().get(&about_max).await);
    assert_eq!((&after["may_use"], &after["stopped_by"]), (&json!(true), &json!([])));
    assert_eq!(members(&after["through"][0]), ["access", "expires_at", "group", "share", "type"]);
    assert_eq!((&after["may_attach"], &after["attaches_as"]), (&json!(false), &Value::Null));
    assert_eq!(after["attaching_stopped_by"][0]["code"], "permission_missing");
    problem(&stage.max().get(&about_max).await, 403, "forbidden");
    assert_eq!(wrong_fields(&eve.get(&access).await), ["user"]);
    assert_eq!(wrong_fields(&eve.get(&format!("{access}?user=max")).await), ["user"]);
    assert_eq!(wrong_fields(&eve.get(&format!("{access}?user={}", stage.app.cast.mallory.id)).await), ["user"]);
    assert_eq!(wrong_fields(&eve.get(&format!("{about_max}&who=me")).await), ["who"]);
    let preselected = json!({ "integration": "sandbox-crm", "action": "listContacts", "credentials": "preselected",
        "connection_id": connection });
    let (agent, _) = agent_with(&eve, &preselected).await;
    let lent = &shown(&eve.get(&about_max).await)["agents"]["items"][0];
    assert_eq!(lent["agent"], json!({ "id": agent, "name": "Helper" }));
    assert_eq!((&lent["may_run"], &lent["stopped_by"][0]["code"]), (&json!(false), &json!("agent_not_shared")));
    stage.app.mails().await;
}

#[tokio::test]
async fn on_the_page_a_person_is_found_as_one_types_and_the_rule_is_read() {
    let stage = Stage::with(&["sandbox-crm"]).await;
    let cast = &stage.app.cast;
    let connection = id(&connect_crm(&stage.eve(), "Company CRM").await);
    let browser = stage.app.signed_in(&cast.eve).await;
    let page = browser.get(&format!("/w/acme/connections/{connection}")).await;
    let access = page.attribute("a[href$='/access']", "href").unwrap();

    let found = browser.get(&access).await.form_of("Find").set("q", "mia").submit().await;
    let page = browser.get(&found.attribute("#found a", "href").unwrap()).await;
    assert!(page.shows("Mia Member cannot use it"), "{}", page.body);
    assert!(page.shows("not shared with Mia Member, with a group of theirs, or with everyone"), "{}", page.body);
    let sales = cast::group(&mut stage.app.conn(), &cast.ada, "Sales", &[&cast.mia]);
    let share = json!({ "grantee": { "type": "group", "id": sales.to_string() }, "access": "use" });
    made(&stage.eve().json(Method::POST, &format!("{CONNECTIONS}/{connection}/shares"), &share).await);
    let page = browser.get(&format!("{access}?user={}", cast.mia.id)).await;
    assert!(page.shows("Mia Member can use it It is shared with them by Sales."), "{}", page.body);
    let shares = browser.get(&format!("/w/acme/connections/{connection}/shares")).await;
    let of_mia = shares.attribute("#share-people a", "href").unwrap();
    assert_eq!(of_mia, format!("{access}?user={}", cast.mia.id));
    for nobody in ["nobody".to_owned(), cast.mallory.id.to_string()] {
        let page = browser.get(&format!("{access}?user={nobody}")).await;
        assert!(page.status == 200 && page.shows("There is no such person in this workspace"), "{}", page.body);
    }
    let none = browser.get(&format!("{access}?q=zzz")).await;
    assert!(none.shows("No word of anybody’s name or address begins with “zzz”."), "{}", none.body);
    assert_eq!(stage.app.signed_in(&cast.mia).await.get(&access).await.status, 403);
    assert_eq!(stage.app.signed_in(&cast.max).await.get(&access).await.status, 404);
    stage.app.mails().await;
}
