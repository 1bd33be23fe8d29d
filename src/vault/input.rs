//! Secrets on their way in: from a form, an API body or a provider's answer. They can be sealed and nothing else, so
//! they have neither `Display` nor `Serialize` nor `Clone`, `Debug` prints the type's name, and they are overwritten
//! when dropped. What reads them is private to the vault (D-14).

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use zeroize::Zeroizing;

use crate::outbound::label::Label;
use crate::outbound::label::NoLabel;
use crate::vault::VaultError;
use crate::vault::plain::Plain;

/// One secret text.
///
/// ```compile_fail
/// # let secret = odeus::vault::input::SecretInput::from(String::new());
/// format!("{secret}");
/// ```
/// ```compile_fail
/// # let secret = odeus::vault::input::SecretInput::from(String::new());
/// secret.clone();
/// ```
/// ```compile_fail
/// # let secret = odeus::vault::input::SecretInput::from(String::new());
/// serde_json::to_string(&secret);
/// ```
pub struct SecretInput(Zeroizing<String>);

impl SecretInput {
    /// Whether it has nothing but spaces.
    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// The same without the spaces and line ends that pasting leaves around it.
    #[must_use]
    pub fn trimmed(self) -> Self {
        Self::from(self.0.trim().to_owned())
    }

    /// What was typed into a field that is no secret, if it is the label of a host (D-40). Nothing else comes out.
    pub fn into_label(self) -> Result<Label, NoLabel> {
        self.0.parse()
    }

    pub(in crate::vault) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretInput {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl<'de> Deserialize<'de> for SecretInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl fmt::Debug for SecretInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretInput(..)")
    }
}

/// The parts of one credential by name: `token`, `credentials`, or the fields that an integration asks for.
/// They are sealed together.
///
/// ```compile_fail
/// # let fields = odeus::vault::input::SecretFields::default();
/// serde_json::to_string(&fields);
/// ```
/// ```compile_fail
/// # let fields = odeus::vault::input::SecretFields::default();
/// fields.clone();
/// ```
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct SecretFields(BTreeMap<String, SecretInput>);

impl SecretFields {
    /// One part.
    pub fn one(name: &str, secret: SecretInput) -> Self {
        Self(BTreeMap::from([(name.to_owned(), secret)]))
    }

    /// Puts a part in; it replaces one of that name.
    pub fn insert(&mut self, name: &str, secret: SecretInput) {
        self.0.insert(name.to_owned(), secret);
    }

    /// Whether there is a part of that name, empty or not.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The part of that name.
    pub fn find(&self, name: &str) -> Option<&SecretInput> {
        self.0.get(name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is no part at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The part of that name, taken out.
    pub(in crate::vault) fn take(&mut self, name: &str) -> Option<SecretInput> {
        self.0.remove(name)
    }

    /// One JSON object `{name: value}`, written into a buffer large enough never to be copied.
    pub(in crate::vault) fn into_plain(self) -> Result<Plain, VaultError> {
        let shown: BTreeMap<&str, &str> =
            self.0.iter().map(|(name, secret)| (name.as_str(), secret.expose())).collect();
        let room: usize = shown.iter().map(|(name, value)| 6 * (name.len() + value.len()) + 6).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(room + 2));
        serde_json::to_writer(&mut *bytes, &shown).map_err(|_unwritable| VaultError::NotFields)?;
        Ok(Plain::new(bytes))
    }
}

impl FromIterator<(String, SecretInput)> for SecretFields {
    fn from_iter<I: IntoIterator<Item = (String, SecretInput)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let mut fields = SecretFields::one("api_key", SecretInput::from("CANARY-1".to_owned()));
        fields.insert("other", SecretInput::from("CANARY-2".to_owned()));

        assert!(!format!("{fields:?}").contains("CANARY"));
        assert_eq!(format!("{:?}", fields.find("other").unwrap()), "SecretInput(..)");
    }

    #[test]
    fn fields_survive_the_way_through_json() {
        let fields: SecretFields = serde_json::from_str(r#"{"b": "\"q\"\n", "a": "ü"}"#).unwrap();

        assert_eq!(fields.names().collect::<Vec<_>>(), ["a", "b"]);
        let again = fields.into_plain().unwrap().into_fields().unwrap();
        assert_eq!(again.find("a").unwrap().expose(), "ü");
        assert_eq!(again.find("b").unwrap().expose(), "\"q\"\n");
    }

    #[test]
    fn pasted_spaces_are_no_secret() {
        let secret = |text: &str| SecretInput::from(text.to_owned());

        assert!(secret(" \n").is_empty());
        assert_eq!(secret(" key \n").trimmed().expose(), "key");
    }
}
