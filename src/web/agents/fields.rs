//! The form of an action, as a page shows it: each input of the schema with what was typed into it and what is wrong with
//! it. Inputs keep the names of the document; what the form itself needs is named so that no input is in its way.

use std::collections::BTreeMap;

use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::form;
use crate::domain::integrations::form::FieldKind;
use crate::domain::integrations::form::FormField;
use crate::domain::integrations::validation::FieldError;

/// The form's own fields. An OpenAPI document hardly names an input like this.
pub(super) const KEY: &str = "odeus.key";
pub(super) const CONFIRMATION: &str = "odeus.confirmation";
pub(super) const CONNECTION: &str = "odeus.connection";
pub(super) const DRAFT: &str = "odeus.draft";

/// One input.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its id on the page; the name may have anything in it.
    pub id: String,
    /// What it takes.
    pub field: FormField,
    /// What it holds.
    pub value: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// The inputs of an action, and what is wrong with none of them in particular.
#[derive(Clone, Debug, Default)]
pub struct Fieldset {
    /// The inputs.
    pub fields: Vec<Field>,
    /// What is wrong with the input as a whole.
    pub errors: Vec<String>,
}

impl Fieldset {
    /// As it is at first: with the document's defaults.
    pub(super) fn fresh(action: &ActionDefinition) -> Self {
        Self::with(action, |field| field.default.clone().unwrap_or_default())
    }

    /// Filled with an input.
    pub(super) fn filled(action: &ActionDefinition, input: &serde_json::Value) -> Self {
        let mut values = form::form_values(action, input);
        Self::with(action, |field| values.remove(&field.name).unwrap_or_default())
    }

    /// Filled with what was typed.
    pub(super) fn typed(action: &ActionDefinition, pairs: &[(String, String)]) -> Self {
        let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, value) in pairs {
            values.entry(name).or_default().push(value);
        }
        Self::with(action, |field| values.remove(field.name.as_str()).unwrap_or_default().join("\n"))
    }

    fn with(action: &ActionDefinition, mut value: impl FnMut(&FormField) -> String) -> Self {
        let numbered = form::fields(action).into_iter().enumerate();
        let fields = numbered.map(|(place, field)| Field {
            id: format!("in-{place}"),
            value: value(&field),
            field,
            error: None,
        });
        Self { fields: fields.collect(), errors: Vec::new() }
    }

    /// With what is wrong, each beside its input: `attendees.0.email` beside `attendees`.
    pub(super) fn refused(mut self, errors: Vec<FieldError>) -> Self {
        for FieldError { field, message } in errors {
            let place = self.fields.iter_mut().filter(|it| it.is_about(&field)).max_by_key(|it| it.field.name.len());
            match place {
                Some(it) => {
                    let inside = field.strip_prefix(&it.field.name).map(|path| path.trim_start_matches('.'));
                    let said = match inside {
                        Some(path) if !path.is_empty() => format!("{path}: {message}"),
                        Some(_) | None => message,
                    };
                    it.error = Some(it.error.take().map_or_else(|| said.clone(), |before| format!("{before} {said}")));
                }
                None if field.is_empty() => self.errors.push(message),
                None => self.errors.push(format!("{field}: {message}")),
            }
        }
        self
    }

    /// Whether something needs a change.
    pub fn is_refused(&self) -> bool {
        !self.errors.is_empty() || self.fields.iter().any(|it| it.error.is_some())
    }

    /// The inputs that need a change: id, label, what is wrong.
    pub fn mistakes(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.fields.iter().filter_map(|it| Some((it.id.as_str(), it.field.label.as_str(), it.error.as_deref()?)))
    }

    /// Whether anything was filled in.
    pub fn is_filled(&self) -> bool {
        self.given().next().is_some()
    }

    /// What was filled in: label and value.
    pub fn given(&self) -> impl Iterator<Item = (&str, &str)> {
        let filled = self.fields.iter().filter(|it| !it.value.trim().is_empty());
        filled.map(|it| (it.field.label.as_str(), it.value.as_str()))
    }
}

impl Field {
    fn is_about(&self, field: &str) -> bool {
        let name = &self.field.name;
        field == name || field.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'))
    }

    /// How it is shown: the name of a control in the template.
    pub fn control(&self) -> &'static str {
        match &self.field.kind {
            // A browser's own picker would drop what is no day.
            FieldKind::Date if self.value.is_empty() || self.value.parse::<chrono::NaiveDate>().is_ok() => "date",
            FieldKind::Text | FieldKind::Number | FieldKind::Integer | FieldKind::DateTime | FieldKind::Date => "line",
            FieldKind::Multiline | FieldKind::List => "lines",
            FieldKind::Json => "json",
            FieldKind::Boolean | FieldKind::Choice(_) => "choice",
        }
    }

    /// What it takes, beside its label.
    pub fn kind(&self) -> &'static str {
        match &self.field.kind {
            FieldKind::Text | FieldKind::Multiline | FieldKind::Choice(_) => "",
            FieldKind::Number => "number",
            FieldKind::Integer => "whole number",
            FieldKind::Boolean => "yes or no",
            FieldKind::DateTime => "date and time",
            FieldKind::Date => "date",
            FieldKind::List => "one a line",
            FieldKind::Json => "JSON",
        }
    }

    /// Which keys a phone offers.
    pub fn keyboard(&self) -> &'static str {
        match &self.field.kind {
            FieldKind::Number => "decimal",
            FieldKind::Integer => "numeric",
            FieldKind::Text
            | FieldKind::Multiline
            | FieldKind::Boolean
            | FieldKind::Choice(_)
            | FieldKind::DateTime
            | FieldKind::Date
            | FieldKind::List
            | FieldKind::Json => "text",
        }
    }

    /// How many lines a box has at first.
    pub fn rows(&self) -> usize {
        let typed = self.value.lines().count() + 1;
        typed.clamp(if self.field.kind == FieldKind::List { 3 } else { 4 }, 16)
    }

    /// What can be chosen: value and words. A value that is none of these stays choosable, so that nothing is lost.
    pub fn choices(&self) -> Vec<(String, String)> {
        let mut choices: Vec<(String, String)> = match &self.field.kind {
            FieldKind::Choice(values) => values.iter().map(|it| (it.clone(), it.clone())).collect(),
            FieldKind::Boolean => vec![("true".to_owned(), "Yes".to_owned()), ("false".to_owned(), "No".to_owned())],
            FieldKind::Text
            | FieldKind::Multiline
            | FieldKind::Number
            | FieldKind::Integer
            | FieldKind::DateTime
            | FieldKind::Date
            | FieldKind::List
            | FieldKind::Json => Vec::new(),
        };
        if !self.value.is_empty() && !choices.iter().any(|(value, _)| *value == self.value) {
            choices.push((self.value.clone(), self.value.clone()));
        }
        choices
    }

    /// An example, or how a moment is written.
    pub fn placeholder(&self) -> &str {
        match (&self.field.example, &self.field.kind) {
            (Some(example), _) => example,
            (None, FieldKind::DateTime) => "2026-05-04T10:00:00+02:00",
            (None, _) => "",
        }
    }

    /// What explains it: the document's words, and for a moment that it is one somewhere.
    pub fn help(&self) -> Option<String> {
        let said = self.field.help.as_deref().map(str::trim).filter(|help| !help.is_empty());
        if self.field.kind != FieldKind::DateTime {
            return said.map(str::to_owned);
        }
        let hint = "Without an offset it is UTC.";
        Some(match said {
            Some(help) if help.ends_with(['.', '!', '?']) => format!("{help} {hint}"),
            Some(help) => format!("{help}. {hint}"),
            None => hint.to_owned(),
        })
    }

    /// Whether `value` is what it holds.
    pub fn holds(&self, value: &str) -> bool {
        self.value == value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, kind: FieldKind, value: &str) -> Field {
        let field = FormField {
            name: name.to_owned(),
            label: name.to_owned(),
            help: None,
            kind,
            required: false,
            default: None,
            example: None,
            location: "body".to_owned(),
        };
        Field { id: format!("in-{name}"), field, value: value.to_owned(), error: None }
    }

    fn error(field: &str, message: &str) -> FieldError {
        FieldError { field: field.to_owned(), message: message.to_owned() }
    }

    #[test]
    fn a_mistake_stands_beside_the_input_that_it_is_about() {
        let names = ["a", "a.b", "other"];
        let fields = names.map(|name| field(name, FieldKind::Json, "")).into_iter().collect();
        let errors = vec![
            error("a.0.email", "Too long."),
            error("a.b.c", "Too short."),
            error("a.b", "Please fill this in."),
            error("b", "There is no such input."),
            error("", "The input should be an object."),
        ];

        let refused = Fieldset { fields, errors: Vec::new() }.refused(errors);

        let beside: Vec<Option<&str>> = refused.fields.iter().map(|it| it.error.as_deref()).collect();
        assert_eq!(beside, [Some("0.email: Too long."), Some("c: Too short. Please fill this in."), None]);
        assert_eq!(refused.errors, ["b: There is no such input.", "The input should be an object."]);
        assert!(refused.is_refused());
    }

    #[test]
    fn what_was_typed_stays_even_where_it_is_none_of_the_choices() {
        let choice = field("stage", FieldKind::Choice(vec!["new".to_owned()]), "old");
        let day = |typed| field("day", FieldKind::Date, typed);

        assert_eq!(choice.choices().last(), Some(&("old".to_owned(), "old".to_owned())));
        // A browser shows nothing in its own picker for what is no day.
        assert_eq!([day("2026-12-01").control(), day("").control(), day("soon").control()], ["date", "date", "line"]);
    }

    #[test]
    fn a_moment_says_what_it_is_without_an_offset() {
        let with = |help: &str| {
            let mut field = field("start", FieldKind::DateTime, "");
            field.field.help = Some(help.to_owned());
            field.help()
        };

        assert_eq!(with("When it begins").as_deref(), Some("When it begins. Without an offset it is UTC."));
        assert_eq!(with("").as_deref(), Some("Without an offset it is UTC."));
        assert_eq!(field("q", FieldKind::Text, "").help(), None);
    }
}
