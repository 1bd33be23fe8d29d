//! The filters, in the form and over the API.

use crate::agent_pages::stage::Stage;
use crate::agent_pages::stage::agent;
use crate::audit::a_run;
use crate::support::Answer;
use crate::support::Client;

fn said(page: &Answer) -> Vec<String> {
    assert_eq!(page.status, 200, "{}", page.body);
    page.texts(".log__said")
}

async fn narrowed(ada: &Client, field: &str, value: &str) -> Answer {
    ada.get("/w/acme/audit").await.form_of("Filter").set(field, value).submit().await
}

#[tokio::test]
async fn a_person_is_found_by_name_and_by_address() {
    let stage = Stage::start().await;
    a_run(&stage).await;
    let ada = stage.ada().await;

    for words in ["Max", "max member", "MAX@acme.example", &stage.app.cast.max.id.to_string()] {
        let page = narrowed(&ada, "actor", words).await;
        assert!(!said(&page).is_empty() && said(&page).iter().all(|it| it.starts_with("Max Member ")), "{words}");
        assert_eq!(page.form_of("Filter").value("actor"), Some("max@acme.example"));
    }
}

#[tokio::test]
async fn words_that_fit_nobody_or_several_are_kept_and_answered_beside_the_field() {
    let stage = Stage::start().await;
    let ada = stage.ada().await;

    for (field, words, answer) in [
        ("actor", "Zoe", "Nobody here has that name or address."),
        ("actor", "Member", "Several people fit: Max Member (max@acme.example), Mia Member (mia@acme.example)."),
        ("since", "yesterday", "Write a date like 2026-11-25"),
    ] {
        let page = narrowed(&ada, field, words).await;

        assert_eq!(page.status, 422, "{words}");
        assert!(page.text(&format!("#{field}-error")).contains(answer), "{}", page.body);
        assert_eq!(page.form_of("Filter").value(field), Some(words));
    }
    let backwards = ada.get("/w/acme/audit?since=2026-11-25&until=2026-11-24").await;
    assert!(backwards.text("#until-error").contains("before the beginning"));
}

#[tokio::test]
async fn a_thing_is_found_by_name_key_and_id_and_brings_the_runs_that_used_it() {
    let stage = Stage::start().await;
    let (agent_address, _) = a_run(&stage).await;
    agent(&stage.eve().await, "Another").await;
    let ada = stage.ada().await;
    let run = "Max Member ran See a contact through Sales assistant";

    for words in ["sales key", "Sales assistant", agent_address.rsplit('/').next().unwrap()] {
        let said = said(&narrowed(&ada, "object", words).await);
        assert!(said.iter().any(|it| it == run) && said.iter().any(|it| it.starts_with("Eve ")), "{words}: {said:?}");
        assert!(!said.iter().any(|it| it.contains("Another")), "{words}: {said:?}");
    }
    let of_integration = said(&narrowed(&ada, "object", "sandbox-crm").await);
    assert!(of_integration.contains(&"Ada Admin brought in the integration Sandbox CRM".to_owned()));
    assert!(narrowed(&ada, "object", "nothing of that name").await.shows("No entry fits."));
}

#[tokio::test]
async fn a_time_has_a_beginning_and_an_end() {
    let stage = Stage::start().await;
    a_run(&stage).await;
    let ada = stage.ada().await;
    let day = |days: i64| (stage.app.clock.now() + chrono::Duration::days(days)).format("%Y-%m-%d").to_string();
    let between = async |since: &str, until: &str| {
        let form = ada.get("/w/acme/audit").await.form_of("Filter");
        form.set("since", since).set("until", until).submit().await
    };

    assert!(!said(&between(&day(0), &day(0)).await).is_empty(), "the last day is part of it");
    assert!(between(&day(1), "").await.shows("No entry fits."));
    assert!(between("", &day(-1)).await.shows("No entry fits."));
}

#[tokio::test]
async fn filters_go_along_to_the_next_page_and_into_the_files() {
    let stage = Stage::start().await;
    a_run(&stage).await;

    let page = stage.ada().await.get("/w/acme/audit?kind=connection&actor=eve@acme.example").await;
    let files = crate::agent_pages::stage::hrefs(&page, ".page-head__actions a");

    assert_eq!(files.len(), 2);
    for file in files {
        let body = stage.ada().await.get(&file).await.body;
        assert!(body.contains("connection.created") && !body.contains("run.begun") && !body.contains("Ada Admin"));
    }
}
