//! An action's input: one flat object of parameters and the properties of the body.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::integrations::definition::BodyContent;
use crate::domain::integrations::definition::BodyShape;
use crate::domain::integrations::definition::Parameter;
use crate::domain::integrations::definition::Spread;
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
pub(super) fn assemble(read: Vec<parameters::Read>, body: Option<Body>, spread: Option<&str>) -> Result<Input, String> {
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
    let body = body.map(|body| input.add_body(body, spread)).transpose()?;
    if spread.is_some() && body.is_none() {
        return Err("it has no body of which something could be spread".to_owned());
    }
    Ok(Input { schema: input.finish(), parameters, body })
}

/// Names of inputs, fixed values and defaults.
type Sent = (Vec<String>, Vec<(String, Value)>, Vec<(String, Value)>);

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

    fn add_body(&mut self, body: Body, spread: Option<&str>) -> Result<BodyShape, String> {
        let Body { encoding, content_type, required, schema, styles } = body;
        let beside = body::properties(&schema)
            .filter(|found| !found.by_name.keys().any(|name| self.properties.contains_key(name)));
        let content = if let Some(found) = beside {
            self.add_beside(found, required, spread)?
        } else if let Some(name) = spread {
            return Err(format!("its body has no “{name}” whose properties could be inputs"));
        } else {
            let name = if self.properties.contains_key("body") { "request_body" } else { "body" };
            self.add(name, schema, required == Some(true));
            BodyContent::Whole(name.to_owned())
        };
        Ok(BodyShape { encoding, content_type, required: required == Some(true), content, styles })
    }

    fn add_beside(
        &mut self,
        found: Properties,
        body_required: Option<bool>,
        spread: Option<&str>,
    ) -> Result<BodyContent, String> {
        let Properties { mut by_name, required, alternatives } = found;
        // A body that may be left out asks for its properties only where one of them is there. Many documents forget to
        // say that a body is required; one that lists required properties means it.
        let must = body_required != Some(false);
        let inside = spread.map(|name| inside(&mut by_name, name)).transpose()?;
        let (names, fixed, defaults) = self.add_properties(by_name, &required, must)?;
        let required: Vec<&String> = required.iter().filter(|name| names.contains(name)).collect();
        if !must && !required.is_empty() {
            let dependent: Map<String, Value> = names.iter().map(|name| (name.clone(), json!(required))).collect();
            self.rules.insert("dependentRequired".to_owned(), Value::Object(dependent));
        }
        if must && !alternatives.is_empty() {
            self.rules.insert("anyOf".to_owned(), Value::Array(alternatives));
        }
        let spread = inside.map(|(name, Properties { by_name, required, .. })| {
            let (names, fixed, defaults) = self.add_properties(by_name, &required, must)?;
            Ok::<_, String>(Spread { name, names, fixed, defaults })
        });
        Ok(BodyContent::Properties { names, fixed, defaults, spread: spread.transpose()? })
    }

    /// The properties that are inputs, those that are fixed, and what is sent of required ones that are left out.
    fn add_properties(&mut self, by_name: Map<String, Value>, required: &[String], must: bool) -> Result<Sent, String> {
        let (mut names, mut fixed, mut defaults) = (Vec::new(), Vec::new(), Vec::new());
        for (name, schema) in by_name {
            let is_required = required.contains(&name);
            if let Some(value) = body::fixed(&schema).filter(|_| is_required) {
                fixed.push((name, value.clone()));
                continue;
            }
            if self.properties.contains_key(&name) {
                return Err(format!("its body says twice what “{name}” is"));
            }
            let default = schema.get("default").filter(|value| is_required && must && !value.is_null());
            defaults.extend(default.map(|value| (name.clone(), value.clone())));
            let is_asked_for = is_required && must && default.is_none();
            self.add(&name, schema, is_asked_for);
            names.push(name);
        }
        Ok((names, fixed, defaults))
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

/// Takes the property that is to be spread out of the body's.
fn inside(by_name: &mut Map<String, Value>, name: &str) -> Result<(String, Properties), String> {
    let found = by_name.remove(name).as_ref().and_then(body::properties);
    let found = found.ok_or_else(|| format!("its body has no “{name}” whose properties could be inputs"))?;
    Ok((name.to_owned(), found))
}
