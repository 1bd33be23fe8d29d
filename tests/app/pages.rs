//! Every page, with a hostile text in every place that has a text: it stays text, and the page stays a page.

use std::collections::BTreeSet;
use std::collections::HashSet;

use odeus::http::gate;
use odeus::http::gate::Route;
use odeus::web;
use scraper::ElementRef;
use scraper::Html;
use scraper::Selector;

use crate::support::TestApp;

const HOSTILE: &str = "\"><script>alert('x')</script><img src=x onerror=alert(1)>' {{ 7*7 }} javascript:alert(1)";

/// Every page, with the heading that says which one it is.
fn samples() -> Vec<(String, Html, String)> {
    let all = [
        web::accounts::pages::samples,
        web::agents::pages::samples,
        web::audit::pages::samples,
        web::connections::pages::samples,
        web::groups::pages::samples,
        web::integrations::pages::samples,
        web::mails::pages::samples,
        web::oauth::pages::samples,
        web::people::pages::samples,
        web::profile::pages::samples,
        web::roles::pages::samples,
        web::runs::pages::samples,
    ];
    let pages = all.iter().enumerate().flat_map(|(room, samples)| {
        samples(HOSTILE).into_iter().enumerate().map(move |(number, page)| (room, number, page.unwrap()))
    });
    pages
        .map(|(room, number, page)| {
            let html = Html::parse_document(&page);
            let title = html.select(&select("title")).next().map(|title| title.text().collect::<String>());
            (
                format!("sample {number} of room {room}, {}", title.unwrap_or_default().split('·').next().unwrap()),
                html,
                page,
            )
        })
        .collect()
}

fn select(selector: &str) -> Selector {
    Selector::parse(selector).unwrap()
}

fn none(breaches: &BTreeSet<String>) {
    assert!(breaches.is_empty(), "\n{}\n", breaches.iter().cloned().collect::<Vec<_>>().join("\n"));
}

#[test]
fn what_people_typed_stays_text() {
    let mut breaches = BTreeSet::new();
    for (which, html, page) in samples() {
        if page.contains("<script>alert") || page.contains("<img src=x") {
            breaches.insert(format!("{which}: not escaped"));
        }
        for (name, value) in html.select(&select("*")).flat_map(|element| element.value().attrs()) {
            if name.starts_with("on") || name.starts_with("hx-on") || name == "style" {
                breaches.insert(format!("{which}: {name}"));
            }
            let is_address = matches!(name, "href" | "src" | "action" | "formaction" | "hx-get" | "hx-post");
            if is_address && !value.starts_with(['/', '#', '?']) && !value.starts_with("https://") {
                breaches.insert(format!("{which}: {name}={value}"));
            }
        }
    }
    none(&breaches);
}

#[test]
fn a_page_has_one_heading_and_a_label_for_each_input() {
    let mut breaches = BTreeSet::new();
    for (which, html, _) in samples() {
        let mut note = |what: String| breaches.insert(format!("{which}: {what}"));
        let headings = html.select(&select("h1")).count();
        if headings != 1 {
            note(format!("{headings} h1"));
        }
        let mut ids = HashSet::new();
        for element in html.select(&select("[id]")) {
            let id = element.attr("id").unwrap();
            if !ids.insert(id) {
                note(format!("the id {id} stands twice"));
            }
        }
        for input in html.select(&select("input:not([type=hidden]), select, textarea")) {
            if !is_labelled(&html, &input) {
                note(format!("no label: {}", input.html()));
            }
        }
        for attribute in ["aria-describedby", "aria-labelledby", "for"] {
            for element in html.select(&select(&format!("[{attribute}]"))) {
                for id in element.attr(attribute).unwrap().split_whitespace().filter(|id| !ids.contains(id)) {
                    note(format!("{attribute}={id} names nothing"));
                }
            }
        }
    }
    none(&breaches);
}

fn is_labelled(html: &Html, input: &ElementRef<'_>) -> bool {
    let by_label = |id: &str| html.select(&select("label")).any(|label| label.attr("for") == Some(id));
    let inside = input.ancestors().filter_map(ElementRef::wrap).any(|ancestor| ancestor.value().name() == "label");
    inside || input.attr("aria-label").is_some() || input.attr("id").is_some_and(by_label)
}

#[test]
fn a_form_that_is_posted_carries_the_sessions_token() {
    let mut breaches = BTreeSet::new();
    // Pages of people who are not signed in have no token to carry.
    for (which, html, _) in samples().into_iter().filter(|(_, _, page)| page.contains("name=\"csrf\"")) {
        for form in html.select(&select("form[method=post]")) {
            if form.select(&select("input[name=csrf]")).count() != 1 {
                breaches.insert(format!("{which}: {:?}", form.attr("action")));
            }
        }
    }
    none(&breaches);
}

#[tokio::test]
async fn every_address_on_a_page_is_a_route() {
    // Routes are known once an app answers.
    let app = TestApp::start();
    app.anon().get("/healthz").await;
    let routes = gate::routes();
    let mut breaches = BTreeSet::new();

    for (which, html, _) in samples() {
        for element in html.select(&select("[href], [src], [action], [hx-get], [hx-post]")) {
            for name in ["href", "src", "action", "hx-get", "hx-post"] {
                let Some(address) = element.attr(name).filter(|address| address.starts_with('/')) else { continue };
                let is_post = name == "hx-post" || (name == "action" && element.attr("method") == Some("post"));
                let method = if is_post { "POST" } else { "GET" };
                let path = address.split(['?', '#']).next().unwrap();
                if !is_route(&routes, method, path) {
                    breaches.insert(format!("{which}: {method} {path} leads nowhere"));
                }
            }
        }
    }
    none(&breaches);
}

fn is_route(routes: &[Route], method: &str, path: &str) -> bool {
    routes.iter().filter(|route| route.method == method).any(|route| {
        if route.path.starts_with("/static/") && path.starts_with("/static/") {
            return true;
        }
        let (pattern, path): (Vec<&str>, Vec<&str>) = (route.path.split('/').collect(), path.split('/').collect());
        pattern.len() == path.len() && pattern.iter().zip(&path).all(|(part, is)| part.starts_with('{') || part == is)
    })
}
