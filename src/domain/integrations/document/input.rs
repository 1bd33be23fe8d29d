//! An action's input: one flat object of parameters and the properties of the body.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::integrations::definition::BodyContent;
use crate::domain::integrations::definition::BodyShape;
use crate::domain::integrations::definition::Parameter;
use crate::domain::integrations::document::body;
use crate::domain::integrations::document::body::Body;
use crate::domain::integrations::document::body::Properties;
use crate::domain::integrations::document::parameters;

/// The input's schema, and what becomes of it.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) schema: Value,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<BodyShape>,
}

/// Puts parameters and body into one object. `Err`: why they do not go together.
pub(super) fn assemble(read: Vec<parameters::Read>, body: Option<Body>) -> Result<Input, String> {
    let mut input = Draft::default();
    let mut parameters = Vec::new();
    for parameters::Read { parameter, schema } in read {
        if parameter.fixed.is_none() {
            if input.properties.contains_key(&parameter.name) {
                return Err(format!("two of its parameters are called “{}”", parameter.name));
            }
            let must = parameter.required && parameter.default.is_none();
            input.add(&parameter.name, schema, must);
        }
        parameters.push(parameter);
    }
    let body = body.map(|body| input.add_body(body));
    Ok(Input { schema: input.finish(), parameters, body })
}

#[derive(Default)]
struct Draft {
    properties: Map<String, Value>,
    required: Vec<String>,
    rules: Map<String, Value>,
}

impl Draft {
    fn add(&mut self, name: &str, schema: Value, must: bool) {
        // A form and a program both look for an object here.
        let schema = if schema.is_object() { schema } else { json!({}) };
        self.properties.insert(name.to_owned(), schema);
        if must {
            self.required.push(name.to_owned());
        }
    }

    fn add_body(&mut self, body: Body) -> BodyShape {
        let Body { encoding, content_type, required, schema, styles } = body;
        let beside = body::properties(&schema)
            .filter(|found| !found.by_name.keys().any(|name| self.properties.contains_key(name)));
        let content = if let Some(found) = beside {
            self.add_beside(found, required)
        } else {
            let name = if self.properties.contains_key("body") { "request_body" } else { "body" };
            self.add(name, schema, required == Some(true));
            BodyContent::Whole(name.to_owned())
        };
        BodyShape { encoding, content_type, required: required == Some(true), content, styles }
    }

    fn add_beside(&mut self, found: Properties, body_required: Option<bool>) -> BodyContent {
        let Properties { by_name, required, alternatives } = found;
        let mut names = Vec::new();
        let mut fixed = Vec::new();
        // A body that may be left out asks for its properties only where one of them is there. Many documents forget to
        // say that a body is required; one that lists required properties means it.
        let must = body_required != Some(false);
        for (name, schema) in by_name {
            let is_required = required.contains(&name);
            if let Some(value) = body::fixed(&schema).filter(|_| is_required) {
                fixed.push((name, value.clone()));
                continue;
            }
            self.add(&name, schema, is_required && must);
            names.push(name);
        }
        let required: Vec<&String> = required.iter().filter(|name| names.contains(name)).collect();
        if !must && !required.is_empty() {
            let dependent: Map<String, Value> = names.iter().map(|name| (name.clone(), json!(required))).collect();
            self.rules.insert("dependentRequired".to_owned(), Value::Object(dependent));
        }
        if must && !alternatives.is_empty() {
            self.rules.insert("anyOf".to_owned(), Value::Array(alternatives));
        }
        BodyContent::Properties { names, fixed }
    }

    fn finish(self) -> Value {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        schema.insert("properties".to_owned(), Value::Object(self.properties));
        if !self.required.is_empty() {
            schema.insert("required".to_owned(), json!(self.required));
        }
        schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        schema.extend(self.rules);
        Value::Object(schema)
    }
}
