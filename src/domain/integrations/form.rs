//! A page's form made from an action's input schema, and the way back.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::validation::FieldError;

/// One field of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormField {
    /// The input's name.
    pub name: String,
    /// What people read.
    pub label: String,
    /// What it means.
    pub help: Option<String>,
    /// What it takes.
    pub kind: FieldKind,
    /// Whether it must be filled in.
    pub required: bool,
    /// What it holds at first.
    pub default: Option<String>,
    /// An example.
    pub example: Option<String>,
    /// Where the value goes: `path`, `query`, `header` or `body`.
    pub location: String,
}

/// What a field takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// One line.
    Text,
    /// Several lines.
    Multiline,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// One of these.
    Choice(Vec<String>),
    /// A moment.
    DateTime,
    /// A day.
    Date,
    /// One item a line.
    List,
    /// JSON.
    Json,
}

/// The fields, in the order of the document.
pub fn fields(action: &ActionDefinition) -> Vec<FormField> {
    let _ = action;
    Vec::new()
}

/// The input from a form's pairs; pairs that name no input are left out.
pub fn input_from_form(action: &ActionDefinition, pairs: &[(String, String)]) -> Result<Value, Vec<FieldError>> {
    let _ = (action, pairs);
    Ok(Value::Null)
}

/// The texts to fill the form with again.
pub fn form_values(action: &ActionDefinition, input: &Value) -> BTreeMap<String, String> {
    let _ = (action, input);
    BTreeMap::new()
}
