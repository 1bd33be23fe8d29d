//! Forms as a browser sends them: action, method and fields are read from the page, so a broken form breaks its test.

use http::Method;
use scraper::ElementRef;
use scraper::Html;
use scraper::Selector;

use crate::support::client::Answer;
use crate::support::client::Client;

/// A form on a page, to be filled in.
pub(crate) struct Form {
    client: Client,
    method: Method,
    action: String,
    fields: Vec<(String, String)>,
    /// Names that the form has but would not send as it is: boxes that are not ticked.
    empty: Vec<String>,
}

impl Form {
    pub(super) fn read(answer: &Answer, selector: &str) -> Self {
        let page = Html::parse_document(&answer.body);
        let form = page.select(&select(selector)).next();
        let form = form.unwrap_or_else(|| panic!("no form “{selector}” in {}", answer.body));
        assert_eq!(form.value().name(), "form", "“{selector}” is no form");
        Self::of(answer, form)
    }

    pub(super) fn of_button(answer: &Answer, button: &str) -> Self {
        let page = Html::parse_document(&answer.body);
        let says = |element: &ElementRef<'_>| {
            let text = element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
            text == button || element.attr("aria-label") == Some(button)
        };
        let has_it = |form: &ElementRef<'_>| form.select(&select("button")).any(|element| says(&element));
        let form = page.select(&select("form")).find(has_it);
        let form = form.unwrap_or_else(|| panic!("no form with the button “{button}” in {}", answer.body));
        let mut filled = Self::of(answer, form);
        let pressed = form.select(&select("button")).find(|element| says(element));
        // A browser sends the button that was pressed.
        if let Some((name, value)) =
            pressed.and_then(|it| Some((it.attr("name")?, it.attr("value").unwrap_or_default())))
        {
            filled.fields.push((name.to_owned(), value.to_owned()));
        }
        filled
    }

    fn of(answer: &Answer, form: ElementRef<'_>) -> Self {
        let (mut fields, mut empty) = (Vec::new(), Vec::new());
        for element in form.select(&select("input, textarea, select")) {
            let name = element.attr("name").unwrap_or_default().to_owned();
            if name.is_empty() || element.attr("disabled").is_some() {
                continue;
            }
            match value_of(&element) {
                Some(value) => fields.push((name, value)),
                None => empty.push(name),
            }
        }
        let path = answer.path.split('?').next().unwrap_or_default().to_owned();
        let action = form.attr("action").filter(|action| !action.is_empty()).map_or(path, str::to_owned);
        let action = action.split('#').next().unwrap_or_default().to_owned();
        let is_post = form.attr("method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
        let method = if is_post { Method::POST } else { Method::GET };
        Self { client: answer.client.clone(), method, action, fields, empty }
    }

    /// Types a value, chooses an option, or ticks a box. The form must have the field.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        if let Some(field) = self.fields.iter_mut().find(|(field, _)| field == name) {
            value.clone_into(&mut field.1);
            return self;
        }
        assert!(self.empty.iter().any(|field| field == name), "the form {} has no field “{name}”", self.action);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Takes the tick out of a box, or a field out of the form.
    pub(crate) fn clear(mut self, name: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.empty.push(name.to_owned());
        self
    }

    /// Ticks one of several boxes of a name.
    pub(crate) fn tick(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Takes the tick out of one of several boxes of a name.
    pub(crate) fn untick(mut self, name: &str, value: &str) -> Self {
        let before = self.fields.len();
        self.fields.retain(|(field, ticked)| field != name || ticked != value);
        assert!(self.fields.len() < before, "the form {} has no ticked box “{value}”", self.action);
        self
    }

    /// What the form would send for a field.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Where the form goes.
    pub(crate) fn action(&self) -> &str {
        &self.action
    }

    /// Presses the button.
    pub(crate) async fn submit(self) -> Answer {
        let fields: Vec<(&str, &str)> =
            self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if self.method == Method::GET {
            let query = serde_urlencoded::to_string(fields).unwrap();
            return self.client.get(&format!("{}?{query}", self.action)).await;
        }
        self.client.post(&self.action, &fields).await
    }
}

/// What a field sends; nothing for a box without a tick.
fn value_of(element: &ElementRef<'_>) -> Option<String> {
    match (element.value().name(), element.attr("type")) {
        ("textarea", _) => Some(element.text().collect::<String>().trim_start_matches('\n').to_owned()),
        ("select", _) => {
            let chosen = element.select(&select("option[selected]")).next();
            let option = chosen.or_else(|| element.select(&select("option")).next())?;
            Some(option.attr("value").map_or_else(|| option.text().collect(), str::to_owned))
        }
        (_, Some("checkbox" | "radio")) if element.attr("checked").is_none() => None,
        (_, Some("checkbox")) => Some(element.attr("value").unwrap_or("on").to_owned()),
        (_, Some("submit" | "button" | "file")) => None,
        _ => Some(element.attr("value").unwrap_or_default().to_owned()),
    }
}

fn select(selector: &str) -> Selector {
    Selector::parse(selector).unwrap()
}
