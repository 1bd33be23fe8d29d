//! The parts of a credential in a body. They are secrets from the first byte on.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde::de::value::MapAccessDeserializer;
use serde_json::Map;
use serde_json::Value;
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::schema::OneOfBuilder;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::schema::Type;

use crate::domain::connections::connecting::ConnectError;
use crate::http::error::Error;
use crate::vault::input::SecretInput;

/// Parts by name.
#[derive(Debug, Default)]
pub(super) struct Fields(pub(super) BTreeMap<String, SecretInput>);

/// A text; or an object, as vendors hand out the keys of service accounts.
struct Field(SecretInput);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = BTreeMap::<String, Field>::deserialize(deserializer)?;
        Ok(Self(fields.into_iter().map(|(name, Field(secret))| (name, secret)).collect()))
    }
}

impl PartialSchema for Fields {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let object = ObjectBuilder::new().schema_type(Type::Object);
        let field = Schema::OneOf(OneOfBuilder::new().item(text).item(object).build());
        let fields = ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(field));
        let meaning = "The parts of a credential, by the names that the integration gives them: each a text, or the object \
                       that a vendor hands out as a service account’s key. They cannot be read again.";
        fields.description(Some(meaning)).write_only(true).into()
    }
}

impl ToSchema for Fields {
    fn name() -> Cow<'static, str> {
        "CredentialFields".into()
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Field, E> {
        Ok(Field(text.to_owned().into()))
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Field, E> {
        Ok(Field(text.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Field, A::Error> {
        let object = Map::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Field(Value::Object(object).to_string().into()))
    }
}

/// An error of connecting, with the fields as the body has them.
pub(super) fn refused(error: ConnectError) -> Error {
    if let ConnectError::Fields(fields) = error {
        return Error::invalid_fields(fields.into_iter().map(|(name, message)| (format!("fields.{name}"), message)));
    }
    error.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_come_as_a_text_or_as_the_object_it_is() {
        let fields: Fields = serde_json::from_str(r#"{"api_key": "k", "credentials": {"type": "service"}}"#).unwrap();

        assert_eq!(fields.0.keys().collect::<Vec<_>>(), ["api_key", "credentials"]);
        assert!(!fields.0.values().any(SecretInput::is_empty));
    }

    #[test]
    fn a_field_that_is_no_text_is_refused() {
        for wrong in [r#"{"a": 1}"#, r#"{"a": null}"#, r#"{"a": ["1"]}"#, r#""a""#] {
            assert!(serde_json::from_str::<Fields>(wrong).is_err(), "{wrong}");
        }
    }
}
