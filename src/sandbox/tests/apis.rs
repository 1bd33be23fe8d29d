//! The calendar, the CRM and the holidays.

use chrono::Duration;
use serde_json::json;

use crate::sandbox::CRM_KEYS;
use crate::sandbox::tests::support::noon;
use crate::sandbox::tests::support::started;

#[actix_web::test]
async fn each_token_opens_its_persons_own_calendar() {
    let provider = started();
    let ada = provider.tokens_of("ada@sandbox.example", "calendar.read").await;
    let mia = provider.tokens_of("mia@sandbox.example", "calendar.read").await;

    let adas = provider.get_as("/calendar/v1/events?q=dentist", &ada.access).await;
    let mias = provider.get_as("/calendar/v1/events?q=dentist", &mia.access).await;

    assert_eq!(adas.json()["calendar"], "ada@sandbox.example");
    assert_eq!(adas.json()["total"], 1);
    let id = adas.json()["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(mias.json()["calendar"], "mia@sandbox.example");
    assert_eq!(mias.json()["total"], 0);
    let path = format!("/calendar/v1/events/{id}");
    assert_eq!(provider.get_as(&path, &mia.access).await.status, 404);
    assert_eq!(provider.get_as(&path, &ada.access).await.status, 200);
}

#[actix_web::test]
async fn events_are_listed_from_now_or_between_two_times() {
    let provider = started();
    let ada = provider.tokens_of("ada@sandbox.example", "calendar.read").await;
    let tomorrow = (noon() + Duration::days(1)).format("%Y-%m-%d");
    let after = (noon() + Duration::days(2)).format("%Y-%m-%d");
    let list = |query: String| {
        let path = format!("/calendar/v1/events{query}");
        let (provider, token) = (&provider, &ada.access);
        async move { provider.get_as(&path, token).await }
    };

    let ahead = list(String::new()).await;
    let one_day = list(format!("?from={tomorrow}&to={after}")).await;
    let ever = list("?from=2000-01-01T00:00:00%2B01:00&limit=2".to_owned()).await;
    let nonsense = list("?from=soon".to_owned()).await;
    let too_many = list("?limit=101".to_owned()).await;

    assert_eq!(ahead.json()["total"], 3);
    assert_eq!(one_day.json()["items"][0]["title"], "Interview: platform engineer");
    assert_eq!(one_day.json()["total"], 1);
    assert_eq!(ever.json()["total"], 5);
    assert_eq!(ever.json()["items"].as_array().unwrap().len(), 2);
    assert_eq!((nonsense.status, too_many.status), (422, 422));
}

#[actix_web::test]
async fn an_event_is_created_changed_and_deleted() {
    let provider = started();
    let scope = "calendar.read calendar.write";
    let token = provider.tokens_of("max@sandbox.example", scope).await.access;
    let new = json!({
        "title": "Draft",
        "start": "2030-02-01T10:00:00+01:00",
        "end": "2030-02-01T09:30:00Z",
        "attendees": ["mia@sandbox.example"],
    });

    let created = provider.ask("POST", "/calendar/v1/events").bearer(&token).json(new).await;
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/calendar/v1/events/{id}");
    let changed = provider.ask("PATCH", &path).bearer(&token).json(json!({"title": "Second draft"})).await;
    let removed = provider.ask("DELETE", &path).bearer(&token).send().await;
    let gone = provider.get_as(&path, &token).await;

    assert_eq!(created.status, 201);
    assert_eq!(created.json()["calendar"], "max@sandbox.example");
    assert_eq!(created.json()["start"], "2030-02-01T09:00:00Z");
    assert_eq!(changed.json()["title"], "Second draft");
    assert_eq!(changed.json()["end"], "2030-02-01T09:30:00Z");
    assert_eq!(removed.json()["calendar"], "max@sandbox.example");
    assert_eq!(gone.status, 404);
}

#[actix_web::test]
async fn an_event_that_makes_no_sense_is_refused_with_its_field() {
    let provider = started();
    let token = provider.tokens_of("max@sandbox.example", "calendar.write").await.access;
    let (start, end) = ("2030-02-01T09:00:00Z", "2030-02-01T10:00:00Z");

    for (event, status, field) in [
        (json!({"title": " ", "start": start, "end": end}), 422, "title"),
        (json!({"title": "a", "start": end, "end": start}), 422, "end"),
        (json!({"title": "a", "start": start, "end": end, "attendees": ["x"]}), 422, "attendees"),
        (json!({"title": "a", "start": "soon", "end": end}), 400, ""),
        (json!({"title": "a", "start": start, "end": end, "room": "b"}), 400, ""),
    ] {
        let reply = provider.ask("POST", "/calendar/v1/events").bearer(&token).json(event.clone()).await;

        assert_eq!(reply.status, status, "{event}");
        let error = &reply.json()["error"];
        assert_eq!(error["field"].as_str().unwrap_or_default(), field, "{event}");
    }
}

#[actix_web::test]
async fn a_key_opens_its_account_and_is_never_shown() {
    let provider = started();

    for key in &CRM_KEYS {
        let me = provider.ask("GET", "/crm/v1/me").key(key.key).send().await;
        let list = provider.ask("GET", "/crm/v1/contacts?q=NORTH").key(key.key).send().await;

        assert_eq!(me.json()["account"], key.account);
        assert_eq!(list.json()["total"], 1);
        for reply in [me, list] {
            assert!(!reply.body.contains(key.key));
            assert!(reply.headers.iter().all(|(_, value)| !value.contains(key.key)));
        }
    }
}

#[actix_web::test]
async fn a_missing_or_false_key_is_unauthorised() {
    let provider = started();

    let without = provider.ask("GET", "/crm/v1/me").send().await;
    let false_one = provider.ask("GET", "/crm/v1/me").key("crm_live_no").send().await;

    assert_eq!(without.json()["error"]["code"], "key_missing");
    assert_eq!(false_one.json()["error"]["code"], "key_invalid");
    assert_eq!((without.status, false_one.status), (401, 401));
    assert!(!false_one.body.contains("crm_live_no"));
}

#[actix_web::test]
async fn the_read_only_key_may_not_write() {
    let provider = started();
    let contact = json!({"name": "Nora", "email": "nora@adatum.example"});
    let write = |key: &'static str| {
        let ask = provider.ask("POST", "/crm/v1/contacts").key(key);
        ask.json(contact.clone())
    };

    let read_only = write(CRM_KEYS[1].key).await;
    let full = write(CRM_KEYS[0].key).await;
    let twice = write(CRM_KEYS[0].key).await;

    assert_eq!(read_only.status, 403);
    assert_eq!(full.status, 201);
    assert_eq!(twice.status, 409);
}

#[actix_web::test]
async fn a_deal_keeps_the_note_in_its_header() {
    let provider = started();
    let key = CRM_KEYS[0].key;
    let deal = json!({"contactId": "con_1", "title": "Ten seats", "amount": 4600, "stage": "won"});

    let created = provider.ask("POST", "/crm/v1/deals").key(key).header("X-Note", "Met at the fair").json(deal).await;
    let for_nobody = provider
        .ask("POST", "/crm/v1/deals")
        .key(key)
        .json(json!({"contactId": "con_99", "title": "Ten seats", "amount": 1}))
        .await;
    let won = provider.ask("GET", "/crm/v1/deals?contactId=con_1&stage=won").key(key).send().await;

    assert_eq!(created.status, 201);
    assert_eq!(created.json()["note"], "Met at the fair");
    assert_eq!(created.json()["currency"], "EUR");
    assert_eq!(for_nobody.status, 422);
    assert_eq!(won.json()["items"][0]["id"], created.json()["id"]);
}

#[actix_web::test]
async fn holidays_are_open_to_all() {
    let provider = started();

    let countries = provider.ask("GET", "/holidays/v1/countries").send().await;
    let germany = provider.ask("GET", "/holidays/v1/de/2026").send().await;
    let america = provider.ask("GET", "/holidays/v1/US/2026").send().await;
    let unknown = provider.ask("GET", "/holidays/v1/XX/2026").send().await;
    let long_ago = provider.ask("GET", "/holidays/v1/DE/1815").send().await;

    assert_eq!(countries.json()["countries"].as_array().unwrap().len(), 7);
    assert_eq!(germany.json()["holidays"][1]["date"], "2026-04-03");
    assert_eq!(germany.json()["holidays"][1]["name"], "Good Friday");
    assert_eq!(america.json()["holidays"][3]["date"], "2026-05-25");
    assert_eq!(america.json()["holidays"][9]["date"], "2026-11-26");
    assert_eq!((unknown.status, long_ago.status), (404, 422));
}
