//! A schema of the document as JSON Schema 2020-12, without references.
//!
//! Only keywords that are known, with values of the right kind, come through: what comes out always compiles, whatever
//! the document says. References are put in place; one that leads back into itself is cut to an open value, and where a
//! schema would grow too large the deep parts are. Cutting only ever admits more, and the provider still checks.
//! For the same reason `oneOf` becomes `anyOf`: vendors' alternatives overlap, and two that are cut are both open.

use std::collections::HashMap;

use jsonschema::PatternOptions;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::integrations::document::Problem;
use crate::domain::integrations::document::keywords;
use crate::domain::integrations::document::keywords::Kind;
use crate::domain::integrations::document::source::Place;
use crate::domain::integrations::document::source::Source;
use crate::domain::integrations::document::source::entries;
use crate::domain::integrations::document::source::is_true;
use crate::domain::integrations::document::source::items;
use crate::domain::integrations::document::source::reference;
use crate::domain::integrations::document::source::weight;

/// How deep an input may be described: its JSON is then at most 64 levels deep (D-45).
const DEPTHS: [usize; 7] = [30, 8, 5, 3, 2, 1, 0];

/// How many values a document's schemas are walked for, in all.
const MAX_WORK: usize = 2_000_000;
/// How many patterns are tried.
const MAX_PATTERNS: usize = 1000;
/// How many calls deep the walk goes; it must end before the stack does.
const MAX_LEVEL: usize = 96;

/// How much a document may ask of the reader: a small text can be made to take hours.
pub(super) struct Allowance {
    /// Which patterns can be used; vendors repeat few patterns very often.
    patterns: HashMap<String, bool>,
    /// How many values may still be walked before only outlines are read.
    work: usize,
}

impl Allowance {
    pub(super) fn new() -> Self {
        Self { patterns: HashMap::new(), work: MAX_WORK }
    }

    /// Whether the engine that needs only linear time takes the pattern. Others could be made to run for hours.
    fn admits(&mut self, pattern: &str) -> bool {
        if let Some(known) = self.patterns.get(pattern) {
            return *known;
        }
        if pattern.len() > 1000 || self.patterns.len() >= MAX_PATTERNS {
            return false;
        }
        let schema = json!({ "pattern": pattern });
        let options = jsonschema::options().with_pattern_options(PatternOptions::regex().size_limit(1 << 20));
        let admitted = options.build(&schema).is_ok();
        self.patterns.insert(pattern.to_owned(), admitted);
        admitted
    }
}

/// Why a schema did not come out.
enum Halt {
    /// It grew over the budget.
    TooLarge,
    /// Something in it is wrong.
    Wrong(Problem),
}

/// The schema at `place`, of about `budget` values at most. `None` where even its outline is larger.
pub(super) fn convert(
    source: &Source<'_>,
    allowance: &mut Allowance,
    place: &Place<'_>,
    budget: usize,
) -> Result<Option<Value>, Problem> {
    let tries = DEPTHS.into_iter().map(|max_depth| (max_depth, false)).chain([(0, true)]);
    for (max_depth, bare) in tries {
        if allowance.work == 0 && !bare {
            continue;
        }
        let mut converter = Converter {
            source,
            allowance,
            pointer: &place.pointer,
            budget,
            max_depth,
            bare,
            open: Vec::new(),
            level: 0,
            cuts: 0,
        };
        match converter.schema(place.value, 0) {
            Ok(schema) => return Ok(Some(schema)),
            Err(Halt::TooLarge) => {}
            Err(Halt::Wrong(problem)) => return Err(problem),
        }
    }
    Ok(None)
}

struct Converter<'c, 'a> {
    source: &'c Source<'a>,
    allowance: &'c mut Allowance,
    pointer: &'c str,
    budget: usize,
    max_depth: usize,
    /// Whether words for people are kept short.
    bare: bool,
    /// The references that are being put in place.
    open: Vec<String>,
    /// How many calls deep this is; references through alternatives can go on without going deeper into the input.
    level: usize,
    /// How often something was made wider than the document says.
    cuts: usize,
}

impl Converter<'_, '_> {
    fn schema(&mut self, value: &Value, depth: usize) -> Result<Value, Halt> {
        self.spend(1)?;
        self.level += 1;
        self.allowance.work = self.allowance.work.saturating_sub(1);
        let schema = match value {
            Value::Object(words) => match reference(value) {
                Some(reference) => self.referred(reference, words, depth),
                None if self.is_too_deep(depth) => self.cut(value),
                None => self.keywords(words, depth),
            },
            Value::Bool(false) => Ok(json!({ "not": {} })),
            Value::Bool(true) | Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => Ok(json!({})),
        };
        self.level -= 1;
        schema
    }

    fn is_too_deep(&self, depth: usize) -> bool {
        depth > self.max_depth || self.level > MAX_LEVEL
    }

    fn spend(&mut self, weight: usize) -> Result<(), Halt> {
        self.budget = self.budget.checked_sub(weight).ok_or(Halt::TooLarge)?;
        Ok(())
    }

    /// The keywords without schemas in them, paid for.
    fn plain(&mut self, words: &Map<String, Value>) -> Result<Map<String, Value>, Halt> {
        // Words that mean nothing here have to be walked over all the same.
        self.spend(words.len() / 16)?;
        let schema = keywords::plain(words);
        let mut schema = if self.bare { keywords::bare(schema) } else { schema };
        let admitted = schema.get("pattern").and_then(Value::as_str).is_none_or(|it| self.allowance.admits(it));
        if !admitted {
            schema.remove("pattern");
        }
        let is_wider = !admitted || (words.contains_key("enum") && !schema.contains_key("enum"));
        self.cuts += usize::from(is_wider);
        self.spend(schema.values().map(weight).sum::<usize>().saturating_sub(schema.len()))?;
        Ok(schema)
    }

    /// An open value in place of one that goes too deep; one that has nothing in it stays as it is.
    fn cut(&mut self, value: &Value) -> Result<Value, Halt> {
        let Value::Object(words) = value else { return Ok(json!({})) };
        let mut schema = self.plain(words)?;
        if words.keys().any(|key| key == "$ref" || keywords::kind(key) != Kind::Other) {
            self.cuts += 1;
            let is_object = schema.get("type").map_or(words.contains_key("properties"), |kind| kind == "object");
            schema.retain(|key, _| matches!(key.as_str(), "title" | "description" | "type"));
            if is_object {
                schema.insert("type".to_owned(), json!("object"));
            }
        }
        let schema = Value::Object(schema);
        Ok(if is_nullable(words) { keywords::nullable(schema) } else { schema })
    }

    fn referred(&mut self, reference: &str, beside: &Map<String, Value>, depth: usize) -> Result<Value, Halt> {
        let target = self.source.target(reference, self.pointer).map_err(Halt::Wrong)?;
        let mut schema = if self.is_too_deep(depth) || self.open.iter().any(|open| open == reference) {
            self.cut(target)?
        } else {
            self.open.push(reference.to_owned());
            let schema = self.schema(target, depth);
            self.open.pop();
            schema?
        };
        // What stands beside a reference says more about this one use of it.
        let beside = beside.iter().filter(|(key, _)| *key != "$ref").map(|(key, value)| (key.clone(), value.clone()));
        let (notes, rules): (Map<_, _>, Map<_, _>) = beside.partition(|(key, _)| keywords::is_annotation(key));
        if keywords::say_something(&rules) {
            let rules = self.keywords(&rules, depth)?;
            schema = json!({ "allOf": [schema, rules] });
        }
        if is_nullable(&rules) {
            schema = keywords::nullable(schema);
        }
        if let Value::Object(schema) = &mut schema {
            schema.extend(self.plain(&notes)?);
        }
        Ok(schema)
    }

    fn keywords(&mut self, words: &Map<String, Value>, depth: usize) -> Result<Value, Halt> {
        let mut schema = self.plain(words)?;
        for (key, value) in words {
            let (key, inner) = match keywords::kind(key) {
                Kind::Schema if key == "items" && value.is_array() => ("prefixItems", self.list(value, depth + 1)?),
                Kind::Schema => (key.as_str(), self.single(key, value, depth)?),
                Kind::Schemas if key == "prefixItems" => (key.as_str(), self.list(value, depth + 1)?),
                Kind::Schemas if key == "oneOf" && !words.contains_key("anyOf") => ("anyOf", self.list(value, depth)?),
                Kind::Schemas if key != "oneOf" => (key.as_str(), self.list(value, depth)?),
                Kind::Named => (key.as_str(), self.named(key, value, depth)?),
                Kind::Schemas | Kind::Other => (key.as_str(), None),
            };
            if let Some(inner) = inner {
                schema.insert(key.to_owned(), inner);
            }
        }
        self.drop_read_only(words, &mut schema);
        let schema = Value::Object(schema);
        Ok(if is_nullable(words) { keywords::nullable(schema) } else { schema })
    }

    fn single(&mut self, key: &str, value: &Value, depth: usize) -> Result<Option<Value>, Halt> {
        match value {
            Value::Bool(flag) => Ok(Some(Value::Bool(*flag))),
            Value::Object(_) => {
                let cuts = self.cuts;
                let schema = self.schema(value, depth + 1)?;
                // Here less is admitted when more is said: what was cut must not be said at all.
                let narrows = matches!(key, "not" | "if" | "then" | "else");
                Ok(if narrows && self.cuts > cuts { None } else { Some(schema) })
            }
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => Ok(None),
        }
    }

    fn list(&mut self, value: &Value, depth: usize) -> Result<Option<Value>, Halt> {
        let schemas = items(Some(value)).iter().map(|item| self.schema(item, depth)).collect::<Result<Vec<_>, _>>()?;
        Ok(if schemas.is_empty() { None } else { Some(Value::Array(schemas)) })
    }

    fn named(&mut self, key: &str, value: &Value, depth: usize) -> Result<Option<Value>, Halt> {
        let mut schemas = Map::new();
        for (name, value) in entries(Some(value)) {
            if key == "patternProperties" && !self.allowance.admits(name) {
                self.cuts += 1;
            } else {
                schemas.insert(name.clone(), self.schema(value, depth + 1)?);
            }
        }
        Ok(if schemas.is_empty() { None } else { Some(Value::Object(schemas)) })
    }

    /// Takes out the properties that only answers have.
    fn drop_read_only(&self, words: &Map<String, Value>, schema: &mut Map<String, Value>) {
        let is_read_only = |property: &Value| {
            let target = reference(property).and_then(|it| self.source.target(it, self.pointer).ok());
            is_true(property, "readOnly") || target.is_some_and(|target| is_true(target, "readOnly"))
        };
        for (name, property) in entries(words.get("properties")) {
            if is_read_only(property) {
                if let Some(Value::Object(properties)) = schema.get_mut("properties") {
                    properties.shift_remove(name);
                }
                if let Some(Value::Array(required)) = schema.get_mut("required") {
                    required.retain(|required| required != name);
                }
            }
        }
    }
}

fn is_nullable(words: &Map<String, Value>) -> bool {
    words.get("nullable") == Some(&Value::Bool(true))
}
