//! Whether an input fits an action's schema, said field by field to the person who filled it in.
//!
//! `jsonschema` decides; its messages are for developers, so that each of its findings is said again in plain words.

use std::fmt;
use std::sync::Arc;
use std::sync::OnceLock;

use jsonschema::Draft;
use jsonschema::PatternOptions;
use jsonschema::ValidationError;
use jsonschema::Validator;
use jsonschema::error::TypeKind;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use crate::domain::integrations::definition::ActionDefinition;
use crate::kernel::text;

/// How many findings are told at once.
const MAX_ERRORS: usize = 20;

/// What is wrong with one input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The input's name, or a dotted path into it; empty where the input as a whole is meant.
    pub field: String,
    /// What is wrong and what to do, for people.
    pub message: String,
}

impl FieldError {
    pub(in crate::domain::integrations) fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), message: message.into() }
    }
}

/// A schema made ready for use, once, at its first use; clones share it.
#[derive(Clone, Default)]
pub(in crate::domain::integrations) struct Compiled(Arc<OnceLock<Option<Validator>>>);

impl Compiled {
    fn validator(&self, schema: &Value) -> Option<&Validator> {
        let build = || {
            let options = jsonschema::options().with_draft(Draft::Draft202012).offline();
            options.with_pattern_options(PatternOptions::regex()).build(schema).ok()
        };
        self.0.get_or_init(build).as_ref()
    }
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Compiled")
    }
}

impl ActionDefinition {
    /// Whether `input` fits the schema.
    pub fn validate(&self, input: &Value) -> Result<(), Vec<FieldError>> {
        if !input.is_object() {
            return Err(vec![FieldError::new("", "The input should be an object.")]);
        }
        let Some(validator) = self.compiled.validator(&self.input_schema) else {
            return Err(vec![FieldError::new(
                "",
                "This action's description cannot be used. Import the document again.",
            )]);
        };
        let mut errors: Vec<FieldError> = Vec::new();
        for finding in validator.iter_errors(input).take(MAX_ERRORS) {
            for error in told(&finding) {
                if !errors.contains(&error) {
                    errors.push(error);
                }
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all others are told as they are")]
fn told(finding: &ValidationError<'_>) -> Vec<FieldError> {
    let field = dotted(finding.instance_path().as_str());
    let inside = |name: &str| if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
    match finding.kind() {
        ValidationErrorKind::Required { property } => {
            vec![FieldError::new(&inside(property.as_str().unwrap_or_default()), "Please fill this in.")]
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|name| FieldError::new(&inside(name), "There is no such input.")).collect()
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => closest(context)
            .unwrap_or_else(|| vec![FieldError::new(&field, "This fits none of the forms it can have.")]),
        kind => vec![FieldError::new(&field, message(kind))],
    }
}

/// What the alternative says that the value was most likely meant to be: the one that takes its type.
fn closest(context: &[Vec<ValidationError<'_>>]) -> Option<Vec<FieldError>> {
    let is_other_type = |finding: &ValidationError<'_>| matches!(finding.kind(), ValidationErrorKind::Type { .. });
    let mut fitting = context.iter().filter(|findings| !findings.is_empty() && !findings.iter().any(is_other_type));
    let first = fitting.next()?;
    if fitting.next().is_some() { None } else { Some(first.iter().take(MAX_ERRORS).flat_map(told).collect()) }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library may find more; the last sentence fits them all")]
fn message(kind: &ValidationErrorKind) -> String {
    match kind {
        ValidationErrorKind::Type { kind } => type_message(kind),
        ValidationErrorKind::Enum { options } => format!("Choose one of these: {}.", listed(options)),
        ValidationErrorKind::Constant { expected_value } => format!("This has to be {}.", shown(expected_value)),
        ValidationErrorKind::MinLength { limit } => format!("This is too short: at least {limit} characters."),
        ValidationErrorKind::MaxLength { limit } => format!("This is too long: at most {limit} characters."),
        ValidationErrorKind::Minimum { limit } => format!("This is too small: at least {limit}."),
        ValidationErrorKind::Maximum { limit } => format!("This is too large: at most {limit}."),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("This has to be more than {limit}."),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("This has to be less than {limit}."),
        ValidationErrorKind::MultipleOf { multiple_of } => format!("This has to be a multiple of {multiple_of}."),
        ValidationErrorKind::MinItems { limit } => format!("These are too few: at least {limit}."),
        ValidationErrorKind::MaxItems { limit } => format!("These are too many: at most {limit}."),
        ValidationErrorKind::UniqueItems => "Each of these may stand here once only.".to_owned(),
        ValidationErrorKind::MinProperties { limit } => format!("These are too few entries: at least {limit}."),
        ValidationErrorKind::MaxProperties { limit } => format!("These are too many entries: at most {limit}."),
        ValidationErrorKind::Pattern { pattern } => {
            format!("This does not have the form it should have ({}).", text::cut(pattern, 200))
        }
        _ => "This does not fit what the action takes.".to_owned(),
    }
}

fn type_message(kind: &TypeKind) -> String {
    let word = |name: &str| match name {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "an object",
        _ => "empty",
    };
    let names = match kind {
        TypeKind::Single(one) => word(&one.to_string()).to_owned(),
        TypeKind::Multiple(several) => {
            several.iter().map(|one| word(&one.to_string())).collect::<Vec<_>>().join(" or ")
        }
    };
    format!("This should be {names}.")
}

fn listed(options: &Value) -> String {
    let options = options.as_array().map_or(&[][..], Vec::as_slice);
    let mut list = options.iter().take(12).map(shown).collect::<Vec<_>>().join(", ");
    if options.len() > 12 {
        list.push_str(", …");
    }
    list
}

fn shown(value: &Value) -> String {
    text::cut(&value.as_str().map_or_else(|| value.to_string(), str::to_owned), 60)
}

/// `/attendees/0/email` as `attendees.0.email`.
fn dotted(pointer: &str) -> String {
    let steps = pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
    steps.collect::<Vec<_>>().join(".")
}
