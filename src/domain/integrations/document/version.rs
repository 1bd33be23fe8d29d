//! Which kind of document this is: OpenAPI 3.0 or 3.1 is read, and others are named so that the person knows the way on.

use serde_json::Value;

use crate::domain::integrations::document::Problem;
use crate::kernel::text;

/// Whether the document is one that can be read.
pub(super) fn check(root: &Value) -> Result<(), Problem> {
    let text = |key: &str| match root.get(key) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    if !root.is_object() {
        return Err(Problem::new(
            "",
            "this is no OpenAPI document: it should be an object with openapi, info and paths",
        ));
    }
    if let Some(version) = text("openapi") {
        if version.starts_with("3.0") || version.starts_with("3.1") {
            return Ok(());
        }
        let version = text::cut(&version, 20);
        return Err(Problem::new("/openapi", format!("OpenAPI {version} is not read; use 3.0 or 3.1")));
    }
    if let Some(version) = text("swagger") {
        let message = format!(
            "this is a Swagger {} document; convert it to OpenAPI 3.0 or 3.1 (editor.swagger.io: Edit, Convert to \
             OpenAPI 3) and import the result",
            text::cut(&version, 20)
        );
        return Err(Problem::new("/swagger", message));
    }
    if text("kind").is_some_and(|kind| kind.starts_with("discovery#")) {
        let message = "this is a Google Discovery document; write the operations that you need as OpenAPI 3.1";
        return Err(Problem::new("/kind", message));
    }
    if text("asyncapi").is_some() || root.get("item").is_some() {
        return Err(Problem::new("", "this is no OpenAPI document; export the API as OpenAPI 3.0 or 3.1"));
    }
    Err(Problem::new("/openapi", "the version is missing; begin with openapi: 3.1.0 (3.0 is read as well)"))
}
