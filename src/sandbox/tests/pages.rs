//! The pages as people and browsers see them.

use scraper::Html;
use scraper::Selector;

use crate::sandbox::CRM_KEYS;
use crate::sandbox::PEOPLE;
use crate::sandbox::tests::support::Provider;
use crate::sandbox::tests::support::authorization;
use crate::sandbox::tests::support::encoded;
use crate::sandbox::tests::support::started;
use crate::sandbox::tests::support::started_with;

fn all(page: &Html, selector: &str) -> Vec<String> {
    page.select(&Selector::parse(selector).unwrap())
        .map(|element| element.text().collect::<String>().trim().to_owned())
        .collect()
}

fn values(page: &Html, selector: &str, attribute: &str) -> Vec<String> {
    page.select(&Selector::parse(selector).unwrap())
        .filter_map(|element| element.attr(attribute).map(str::to_owned))
        .collect()
}

async fn page(provider: &Provider, path: &str) -> Html {
    Html::parse_document(&provider.ask("GET", path).send().await.body)
}

fn consent_path() -> String {
    let form = authorization("calendar.read calendar.write");
    format!("/oauth/authorize?{}", encoded(&form))
}

#[actix_web::test]
async fn the_consent_page_says_who_asks_for_what_and_lets_one_choose() {
    let provider = started();

    let page = page(&provider, &consent_path()).await;

    assert!(all(&page, "h1")[0].starts_with("odeus demo asks for access"));
    assert_eq!(
        all(&page, ".wishes li"),
        ["See your calendar and all events in it", "Add, change and delete events in your calendar",]
    );
    let people = values(&page, "input[name=person]", "value");
    assert_eq!(people, PEOPLE.map(|person| person.email));
    assert_eq!(all(&page, "button"), ["Allow", "Deny"]);
}

#[actix_web::test]
async fn the_consent_form_works_as_it_stands() {
    let provider = started();
    let page = page(&provider, &format!("{}&login_hint=mia@sandbox.example", consent_path())).await;
    let names = values(&page, "input[type=hidden]", "name");
    let hidden = values(&page, "input[type=hidden]", "value");
    let mut form: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(hidden.iter().map(String::as_str)).collect();
    let person = values(&page, "input[checked]", "value");
    form.push(("person", &person[0]));
    form.push(("decision", "allow"));

    let reply = provider.ask("POST", "/oauth/authorize").header("Sec-Fetch-Site", "same-origin").form(&form).await;

    assert_eq!(person, ["mia@sandbox.example"]);
    assert!(reply.returned("code").is_some());
}

#[actix_web::test]
async fn what_an_app_sends_stays_text() {
    let hostile = "\"><script>alert(1)</script>";
    let provider = started_with(|options| options.clients[0].id = hostile.to_owned());
    let mut form = authorization("calendar.read");
    form[1].1 = hostile.to_owned();
    form[4].1 = hostile.to_owned();

    let page = page(&provider, &format!("/oauth/authorize?{}", encoded(&form))).await;

    assert!(all(&page, "script").is_empty());
    assert_eq!(values(&page, "input[name=state]", "value"), [hostile]);
}

#[actix_web::test]
async fn pages_can_be_used_by_everyone_and_run_no_inline_code() {
    let provider = started();
    provider.tokens_of("ada@sandbox.example", "calendar.read").await;

    for path in [String::from("/"), consent_path(), String::from("/oauth/authorize"), String::from("/nowhere")] {
        let reply = provider.ask("GET", &path).send().await;
        let page = Html::parse_document(&reply.body);

        assert_eq!(all(&page, "h1").len(), 1, "{path}");
        assert_eq!(all(&page, "script, style, [style], [onclick]").len(), 0, "{path}");
        assert_eq!(values(&page, "html", "lang"), ["en"], "{path}");
        let ids = values(&page, "[id]", "id");
        assert_eq!(ids.len(), ids.iter().collect::<std::collections::HashSet<_>>().len(), "{path}");
        let labelled = values(&page, "label[for]", "for");
        for id in values(&page, "input:not([type=hidden]):not([type=radio]), textarea", "id") {
            assert!(labelled.contains(&id), "{path} {id}");
        }
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{path}");
        assert!(!policy.contains("unsafe-inline"), "{path}");
        assert!(!policy.contains("form-action"), "{path}");
    }
}

#[actix_web::test]
async fn the_first_page_hands_out_keys_and_the_key_file() {
    let provider = started();

    let page = page(&provider, "/").await;
    let file = provider.ask("GET", "/service-account.json").send().await;
    let stylesheet = provider.ask("GET", "/sandbox.css").send().await;

    assert_eq!(values(&page, "#keys ~ input", "value"), CRM_KEYS.map(|key| key.key));
    assert_eq!(all(&page, "textarea")[0].trim(), file.body.trim());
    assert_eq!(file.json()["type"], "service_account");
    assert_eq!(file.json()["token_uri"], format!("{}/oauth/token", provider.public_url));
    assert!(file.header("content-disposition").unwrap().starts_with("attachment"));
    assert!(stylesheet.header("content-type").unwrap().starts_with("text/css"));
}

#[actix_web::test]
async fn a_person_can_take_access_back_on_the_first_page() {
    let provider = started();
    let given = provider.tokens_of("ada@sandbox.example", "calendar.read").await;
    let page = page(&provider, "/").await;
    let grant = values(&page, "form input[name=grant]", "value");

    let foreign =
        provider.ask("POST", "/removals").header("Sec-Fetch-Site", "same-site").form(&[("grant", &grant[0])]).await;
    let own = provider.ask("POST", "/removals").form(&[("grant", &grant[0])]).await;

    assert_eq!(foreign.status, 400);
    assert_eq!(own.status, 303);
    assert_eq!(provider.refresh(&given.refresh).await.error(), "invalid_grant");
}
