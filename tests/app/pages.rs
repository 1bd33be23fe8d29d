//! Every page, with a hostile text in every place that has a text: it stays text, and the page stays a page.

use std::collections::HashSet;

use odeus::http::gate;
use odeus::http::gate::Route;
use odeus::web;
use scraper::ElementRef;
use scraper::Html;
use scraper::Selector;

use crate::support::TestApp;

const HOSTILE: &str = "\"><script>alert('x')</script><img src=x onerror=alert(1)>' {{ 7*7 }} javascript:alert(1)";

fn samples() -> Vec<String> {
    let all = [web::accounts::pages::samples, web::profile::pages::samples];
    all.iter().flat_map(|samples| samples(HOSTILE)).map(|page| page.unwrap()).collect()
}

fn select(selector: &str) -> Selector {
    Selector::parse(selector).unwrap()
}

#[test]
fn what_people_typed_stays_text() {
    for page in samples() {
        assert!(!page.contains("<script>alert") && !page.contains("<img src=x"), "{page}");
        let html = Html::parse_document(&page);
        for element in html.select(&select("*")) {
            for (name, value) in element.value().attrs() {
                assert!(!name.starts_with("on") && !name.starts_with("hx-on") && name != "style", "{name} in {page}");
                let leads_away = matches!(name, "href" | "src" | "action") && !value.starts_with(['/', '#', '?']);
                assert!(!leads_away, "{name}={value}");
            }
        }
    }
}

#[test]
fn a_page_has_one_heading_and_a_label_for_each_input() {
    for page in samples() {
        let html = Html::parse_document(&page);
        assert_eq!(html.select(&select("h1")).count(), 1, "{page}");
        let mut ids = HashSet::new();
        for element in html.select(&select("[id]")) {
            assert!(ids.insert(element.attr("id").unwrap()), "{} stands twice in {page}", element.attr("id").unwrap());
        }
        for input in html.select(&select("input:not([type=hidden]), select, textarea")) {
            assert!(is_labelled(&html, &input), "{} has no label", input.html());
        }
        for attribute in ["aria-describedby", "aria-labelledby", "for"] {
            for element in html.select(&select(&format!("[{attribute}]"))) {
                for id in element.attr(attribute).unwrap().split_whitespace() {
                    assert!(ids.contains(id), "{attribute}={id} names nothing in {page}");
                }
            }
        }
    }
}

fn is_labelled(html: &Html, input: &ElementRef<'_>) -> bool {
    let by_label = |id: &str| html.select(&select("label")).any(|label| label.attr("for") == Some(id));
    let inside = input.ancestors().filter_map(ElementRef::wrap).any(|ancestor| ancestor.value().name() == "label");
    inside || input.attr("aria-label").is_some() || input.attr("id").is_some_and(by_label)
}

#[test]
fn every_address_on_a_page_is_a_route() {
    // Routes are known once an app was built.
    let _app = TestApp::start_blocking();
    let routes = gate::routes();

    for page in samples() {
        let html = Html::parse_document(&page);
        for element in html.select(&select("[href], [src], [action]")) {
            let method = if element.attr("method") == Some("post") { "POST" } else { "GET" };
            for name in ["href", "src", "action"] {
                let Some(address) = element.attr(name).filter(|address| address.starts_with('/')) else { continue };
                let path = address.split(['?', '#']).next().unwrap();
                let is_later =
                    ["/integrations", "/connections", "/agents", "/runs"].iter().any(|end| path.ends_with(end));
                assert!(is_later || is_route(&routes, method, path), "{method} {path} leads nowhere");
            }
        }
    }
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
