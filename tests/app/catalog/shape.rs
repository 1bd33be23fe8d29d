//! A schema with its references and `allOf` put together, so that two schemas can be laid side by side.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

/// How deep references are followed.
const MAX_DEPTH: usize = 24;

/// A schema of one document.
#[derive(Clone, Copy)]
pub(crate) struct Schema<'d> {
    /// The document that its references point into.
    pub(crate) root: &'d Value,
    pub(crate) value: &'d Value,
    /// The vendor's name of the operation, for what is required of some operations only.
    pub(crate) operation: &'d str,
}

/// What a schema says.
#[derive(Clone, Default)]
pub(crate) struct Shape<'d> {
    /// Its types; empty where any is right.
    pub(crate) types: BTreeSet<&'d str>,
    pub(crate) properties: BTreeMap<&'d str, &'d Value>,
    pub(crate) required: BTreeSet<&'d str>,
    /// What further properties have to be; `true` where they may be anything.
    pub(crate) additional: Option<&'d Value>,
    pub(crate) items: Option<&'d Value>,
    pub(crate) choices: Option<Vec<&'d Value>>,
    pub(crate) format: Option<&'d str>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    /// Lists of which one has to fit, one list for each `anyOf` and `oneOf`.
    pub(crate) alternatives: Vec<Vec<&'d Value>>,
    pub(crate) is_read_only: bool,
    pub(crate) is_deprecated: bool,
    pub(crate) is_nullable: bool,
}

impl<'d> Schema<'d> {
    /// Another schema of the same document.
    pub(crate) fn with(self, value: &'d Value) -> Self {
        Self { value, ..self }
    }

    /// What it says.
    pub(crate) fn shape(self) -> Shape<'d> {
        let mut shape = Shape::default();
        self.add_to(&mut shape, 0);
        shape.infer_type();
        shape
    }

    fn add_to(self, shape: &mut Shape<'d>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        if let Some(target) = self.value["$ref"].as_str().and_then(|reference| follow(self.root, reference)) {
            self.with(target).add_to(shape, depth + 1);
        }
        for part in self.value["allOf"].as_array().into_iter().flatten() {
            self.with(part).add_to(shape, depth + 1);
        }
        self.add_own(shape, depth);
    }

    fn add_own(self, shape: &mut Shape<'d>, depth: usize) {
        let value = self.value;
        for kind in value["type"].as_array().map_or_else(|| vec![&value["type"]], |list| list.iter().collect()) {
            match kind.as_str() {
                Some("null") => shape.is_nullable = true,
                None | Some("any") => {}
                Some(kind) => {
                    shape.types.insert(kind);
                }
            }
        }
        for (name, property) in value["properties"].as_object().into_iter().flatten() {
            shape.properties.insert(name, property);
            if strings_of(&property["annotations"]["required"]).any(|it| it == self.operation) {
                shape.required.insert(name);
            }
        }
        shape.required.extend(strings_of(&value["required"]));
        if let Some(additional) = value.get("additionalProperties").filter(|it| **it != Value::Bool(false)) {
            shape.additional = Some(additional);
        }
        shape.items = value.get("items").or(shape.items);
        if let Some(choices) = value["enum"].as_array() {
            shape.choices = Some(choices.iter().collect());
        }
        if let Some(only) = value.get("const") {
            shape.choices = Some(vec![only]);
        }
        shape.format = value["format"].as_str().or(shape.format);
        shape.minimum = number(&value["minimum"]).or(shape.minimum);
        shape.maximum = number(&value["maximum"]).or(shape.maximum);
        shape.is_read_only |= value["readOnly"] == true;
        shape.is_deprecated |= value["deprecated"] == true;
        shape.is_nullable |= value["nullable"] == true;
        self.add_alternatives(shape, depth);
    }

    fn add_alternatives(self, shape: &mut Shape<'d>, depth: usize) {
        for word in ["anyOf", "oneOf"] {
            let Some(list) = self.value[word].as_array() else { continue };
            let is_null = |one: &&Value| one["type"] == "null";
            shape.is_nullable |= list.iter().any(|one| is_null(&one));
            let list: Vec<&Value> = list.iter().filter(|one| !is_null(one)).collect();
            match list.as_slice() {
                [one] => self.with(one).add_to(shape, depth + 1),
                _ => shape.alternatives.push(list),
            }
        }
    }
}

impl<'d> Shape<'d> {
    /// Every way to choose among the alternatives, each put together with what is said beside them.
    pub(crate) fn ways(&self, schema: Schema<'d>) -> Vec<Self> {
        let Some((first, rest)) = self.alternatives.split_first() else { return vec![self.clone()] };
        let mut ways = Vec::new();
        for one in first {
            let mut way = Self { alternatives: rest.to_vec(), ..self.clone() };
            schema.with(one).add_to(&mut way, 0);
            // An alternative says which type it is; what stands beside it only lists them.
            let own = schema.with(one).shape().types;
            if !own.is_empty() {
                way.types = own;
            }
            way.infer_type();
            ways.extend(way.ways(schema));
            if ways.len() > 400 {
                break;
            }
        }
        ways
    }

    /// Whether it is an object of which nothing further is said.
    pub(crate) fn is_open(&self) -> bool {
        self.properties.is_empty() && self.additional.is_none()
    }

    fn infer_type(&mut self) {
        if !self.types.is_empty() {
            return;
        }
        if !self.properties.is_empty() || self.additional.is_some() {
            self.types.insert("object");
        } else if self.items.is_some() {
            self.types.insert("array");
        } else if let Some(choices) = &self.choices {
            self.types.extend(choices.iter().map(|choice| type_of(choice)));
        }
    }
}

/// What type a value is of.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The value that a reference of the document itself points to.
pub(crate) fn follow<'d>(root: &'d Value, reference: &str) -> Option<&'d Value> {
    let pointer = reference.strip_prefix('#')?;
    root.pointer(pointer).or_else(|| root.pointer(&percent_encoding::percent_decode_str(pointer).decode_utf8_lossy()))
}

/// A value, or the one it refers to.
pub(crate) fn resolved<'d>(root: &'d Value, value: &'d Value) -> &'d Value {
    value["$ref"].as_str().and_then(|reference| follow(root, reference)).unwrap_or(value)
}

fn strings_of(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Discovery documents write numbers as texts.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}
