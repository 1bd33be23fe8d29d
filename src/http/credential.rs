//! A credential in a form: the fields that an integration asks for, and what was typed into them. What is secret goes
//! straight into a [`SecretInput`] and never back into a page; the rest is shown again when the form is refused.

use std::collections::BTreeMap;

use crate::authz::facts::AuthType;
use crate::domain::integrations::definition::AuthMethod;
use crate::http::form::Mistakes;
use crate::http::form::Pairs;
use crate::vault::input::SecretInput;

/// One field.
#[derive(Clone, Debug, Default)]
pub struct CredentialField {
    /// Its id in the page, which may have a form for each auth type.
    pub id: String,
    /// Its name, as in the API.
    pub name: String,
    /// What people read.
    pub label: String,
    /// Where to find it.
    pub help: Option<String>,
    /// Whether it is hidden while typed.
    pub is_secret: bool,
    /// Whether it must be filled in.
    pub is_required: bool,
    /// Whether it has several lines.
    pub is_multiline: bool,
    /// What was typed, if that may be shown.
    pub value: String,
}

/// What was typed into the fields that are no secret.
pub type Kept = BTreeMap<String, String>;

/// The id in the page of a field of one auth type's form.
pub fn id(auth_type: AuthType, field: &str) -> String {
    format!("{auth_type}-{field}")
}

/// The fields of one way to authenticate, holding what was typed before.
pub fn fields(method: &AuthMethod, kept: &Kept) -> Vec<CredentialField> {
    let field = |field: &crate::domain::integrations::definition::Field| CredentialField {
        id: id(method.auth_type, &field.name),
        name: field.name.clone(),
        label: field.label.clone(),
        help: field.help.clone(),
        is_secret: field.secret,
        is_required: field.required,
        is_multiline: field.multiline,
        value: kept.get(&field.name).cloned().unwrap_or_default(),
    };
    method.fields.iter().map(field).collect()
}

/// What came back: every field as a secret, and beside it those that may be shown again.
pub fn read(method: Option<&AuthMethod>, pairs: Pairs) -> (BTreeMap<String, SecretInput>, Kept) {
    let is_open =
        |name: &str| method.is_some_and(|method| method.fields.iter().any(|field| field.name == name && !field.secret));
    let kept = pairs.0.iter().filter(|(name, _)| is_open(name)).cloned().collect();
    let secrets = pairs.0.into_iter().map(|(name, value)| (name, SecretInput::from(value))).collect();
    (secrets, kept)
}

/// Mistakes in fields, under the fields' ids.
pub fn mistakes(auth_type: AuthType, fields: Vec<(String, String)>) -> Mistakes {
    let mut mistakes = Mistakes::default();
    for (field, message) in fields {
        mistakes.add(id(auth_type, &field), message);
    }
    mistakes
}

/// The id of a field's help; empty where there is none to read.
pub fn help_id(field: &CredentialField) -> String {
    if field.help.is_some() || field.is_secret { format!("{}-help", field.id) } else { String::new() }
}
