//! A person in front of a browser. They find things as people do: by the words on a button, a link or beside a field. And
//! they wait for what they want to see, never for a time.

use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use fantoccini::Client;
use fantoccini::Locator;
use fantoccini::actions::InputSource;
use fantoccini::actions::KeyAction;
use fantoccini::actions::KeyActions;
use fantoccini::elements::Element;
use fantoccini::key::Key;
use serde_json::Value;
use serde_json::json;

use crate::harness::driver::Scripts;
use crate::harness::examination;
use crate::support::cast::PASSWORD;
use crate::support::cast::Person;

/// How long to wait for something that will come.
const PATIENCE: Duration = Duration::from_secs(15);
const BETWEEN_LOOKS: Duration = Duration::from_millis(30);

/// The words that a control is known by, on the element in hand.
const NAME_OF_FOCUSED: &str = r#"
const it = document.activeElement;
if (it === document.body) return "the end of the page";
const words = text => (text || "").replace(/\s+/g, " ").trim();
const label = it.labels && it.labels[0];
return words(it.getAttribute("aria-label") || (label ? label.textContent : it.textContent));
"#;

/// Whether one sees where the focus is.
const IS_FOCUS_SEEN: &str = r#"
const it = document.activeElement;
// In a field for dates a part of it has the focus, and it is not `:focus-visible` itself.
if (it === document.body || !it.matches(":focus-visible, [type=date]")) return false;
const seen = (element, part) => {
  const style = getComputedStyle(element, part);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
};
const box = it.getBoundingClientRect();
// A link that fills its card shows it on the card, a radio on what it stands in.
return box.width > 0 && box.height > 0 && (seen(it) || seen(it, "::after") || seen(it.parentElement));
"#;

/// Somebody, or nobody yet, with a browser of their own.
#[derive(Clone)]
pub(crate) struct Visitor {
    name: String,
    origin: String,
    client: Client,
    scripts: Scripts,
}

impl Visitor {
    pub(super) fn new(name: &str, origin: &str, client: Client, scripts: Scripts) -> Self {
        Self { name: name.to_owned(), origin: origin.to_owned(), client, scripts }
    }

    /// Goes to an address of Odeus.
    pub(crate) async fn open(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.origin)).await.unwrap();
    }

    /// Goes to where one is once more.
    pub(crate) async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    /// Signs in by the form, from wherever that leads.
    pub(crate) async fn sign_in(&self, person: &Person) {
        self.open("/sign-in").await;
        self.is_on("Sign in").await;
        self.fill("E-mail", &person.email).await;
        self.fill("Password", PASSWORD).await;
        self.press("Sign in").await;
        self.is_on("Integrations").await;
    }

    /// Is on the page with this heading, and the page is in order.
    pub(crate) async fn is_on(&self, heading: &str) {
        let path = format!("//h1[normalize-space(.)={}]", quoted(heading));
        self.find(&format!("the page “{heading}”"), &path).await;
        self.examines_page().await;
    }

    /// Looks at the page as it is now, with what has come into it by itself.
    pub(crate) async fn examines_page(&self) {
        // Without scripts axe does not run either; the pages are the same.
        if self.scripts == Scripts::On {
            examination::examine(&self.client).await;
        }
    }

    /// Sees these words, now or soon.
    pub(crate) async fn sees(&self, words: &str) {
        self.until(&format!("“{words}”"), async || self.reads().await.contains(words).then_some(())).await;
    }

    /// All the words that are to be seen now.
    pub(crate) async fn reads(&self) -> String {
        let Ok(body) = self.client.find(Locator::Css("body")).await else { return String::new() };
        let text = body.text().await.unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The whole page, with what is not to be seen.
    pub(crate) async fn source(&self) -> String {
        self.client.source().await.unwrap()
    }

    /// The path of the address that one is at.
    pub(crate) async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    /// Presses a button, follows a link, or opens a fold, by its words.
    pub(crate) async fn press(&self, name: &str) {
        let name = quoted(name);
        let path = format!(
            "//*[self::a or self::button or self::summary]\
             [@aria-label={name} or (not(@aria-label) and descendant-or-self::*[normalize-space(.)={name}])]"
        );
        self.click(&format!("the button {name}"), &path).await;
    }

    /// Types into the field with this label, in place of what is there.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// What the field with this label holds.
    pub(crate) async fn held(&self, label: &str) -> String {
        self.field(label).await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// Chooses from the list with this label.
    pub(crate) async fn select(&self, label: &str, option: &str) {
        self.field(label).await.select_by_label(option).await.unwrap();
    }

    /// Takes one of several, or ticks a box, by its first words.
    pub(crate) async fn choose(&self, title: &str) {
        self.click(&format!("the choice “{title}”"), &label(title)).await;
    }

    /// Presses a key, wherever the focus is.
    pub(crate) async fn key(&self, key: Key) {
        self.strike(&[char::from(key)]).await;
    }

    /// Types, wherever the focus is.
    pub(crate) async fn types(&self, text: &str) {
        self.strike(&text.chars().collect::<Vec<_>>()).await;
    }

    /// Goes by Tab to what has these words, and always sees where they are.
    pub(crate) async fn tabs_to(&self, name: &str) {
        let mut passed = Vec::new();
        while passed.len() < 80 {
            self.key(Key::Tab).await;
            let reached = self.focused().await;
            let is_at_end = self.asks("return document.activeElement === document.body", vec![]).await == json!(true);
            assert!(is_at_end || self.sees_focus().await, "{}: no sign of the focus on “{reached}”", self.name);
            let is_there = reached == name || reached.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '));
            passed.push(reached);
            if is_there {
                return;
            }
        }
        panic!("{}: no way by Tab to “{name}”, only to {passed:?}", self.name);
    }

    /// The words of what has the focus.
    pub(crate) async fn focused(&self) -> String {
        self.asks(NAME_OF_FOCUSED, vec![]).await.as_str().unwrap_or_default().to_owned()
    }

    /// Whether one sees where the focus is.
    pub(crate) async fn sees_focus(&self) -> bool {
        self.asks(IS_FOCUS_SEEN, vec![]).await == json!(true)
    }

    /// What a script finds out about the page.
    pub(crate) async fn asks(&self, script: &str, args: Vec<Value>) -> Value {
        examination::ask(&self.client, script, args).await
    }

    /// Keeps what is to be seen and the page's source, to look at after a failure.
    pub(super) async fn keep_evidence(&self, folder: &Path, journey: &str) {
        let place = folder.join(format!("{journey}-{}", self.name));
        if let Ok(picture) = self.client.screenshot().await {
            std::fs::write(place.with_extension("png"), picture).ok();
        }
        if let Ok(source) = self.client.source().await {
            std::fs::write(place.with_extension("html"), source).ok();
        }
    }

    pub(super) async fn close(self) {
        self.client.close().await.ok();
    }

    async fn strike(&self, keys: &[char]) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for value in keys {
            actions = actions.then(KeyAction::Down { value: *value }).then(KeyAction::Up { value: *value });
        }
        self.client.perform_actions(actions).await.unwrap();
    }

    async fn field(&self, name: &str) -> Element {
        let label = label(name);
        let path = format!("//*[@id={label}/@for] | {label}//input");
        self.find(&format!("the field “{name}”"), &path).await
    }

    async fn click(&self, what: &str, path: &str) {
        // What is covered by something that moves, or goes away in this moment, is tried again.
        self.until(what, async || self.visible(path).await?.click().await.ok()).await;
    }

    async fn find(&self, what: &str, path: &str) -> Element {
        self.until(what, async || self.visible(path).await).await
    }

    /// The first of those that can be seen.
    async fn visible(&self, path: &str) -> Option<Element> {
        for element in self.client.find_all(Locator::XPath(path)).await.ok()? {
            if element.is_displayed().await.unwrap_or(false) {
                return Some(element);
            }
        }
        None
    }

    async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look().await {
                return found;
            }
            if Instant::now() > end {
                let url = self.client.current_url().await.map(|url| url.to_string()).unwrap_or_default();
                panic!("{} waited in vain for {what} at {url}, and reads: {}", self.name, self.reads().await);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
}

/// A label by its words, or by those of its first part.
fn label(words: &str) -> String {
    let (all, first) = (quoted(words), quoted(&format!("{words} ")));
    format!("//label[descendant-or-self::*[normalize-space(.)={all} or starts-with(normalize-space(.), {first})]]")
}

/// A text in `XPath`, which knows no escapes.
fn quoted(text: &str) -> String {
    let mark = if text.contains('\'') { '"' } else { '\'' };
    format!("{mark}{text}{mark}")
}
