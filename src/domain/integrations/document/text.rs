//! From text to a tree: JSON or YAML, within limits.
//!
//! A document is text from a stranger, so size, depth and number of nodes are bounded before a tree of it exists, and a
//! key that stands twice is refused: two readers could disagree on which of the two counts (D-71). Both syntaxes go
//! through one visitor, so that both keep the same rules and the order of the text.

use std::cell::Cell;
use std::fmt;

use serde::de::DeserializeSeed;
use serde::de::Deserializer;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value;

use crate::domain::integrations::document::Problem;
use crate::kernel::text;

/// The longest text that is read.
const MAX_BYTES: usize = 5 * 1024 * 1024;
/// How deep lists and objects may stand in each other.
const MAX_DEPTH: usize = 64;
/// How many values a document may have, after aliases are replaced.
const MAX_NODES: usize = 500_000;
/// How many values may come from aliases. Documents hardly use them; bombs do.
const MAX_REPLAYED: usize = 100_000;

/// The document as a tree.
pub(super) fn parse(text: &str) -> Result<Value, Problem> {
    if text.len() > MAX_BYTES {
        return Err(start("the document is longer than 5 MiB; keep only the operations that you need"));
    }
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(start("the document is empty; paste or upload an OpenAPI document"));
    }
    // YAML in flow style begins with a brace too; what is no JSON may still be that.
    let json = text.trim_start().starts_with('{').then(|| parse_json(text));
    match json {
        Some(Ok(tree)) => Ok(tree),
        Some(Err(problem)) => parse_yaml(text).map_err(|_also| problem),
        None => parse_yaml(text),
    }
}

fn start(message: &str) -> Problem {
    Problem { pointer: "line 1, column 1".to_owned(), message: message.to_owned() }
}

fn parse_json(text: &str) -> Result<Value, Problem> {
    let nodes = Cell::new(0);
    let mut reader = serde_json::Deserializer::from_str(text);
    let tree = Tree { depth: 0, nodes: &nodes }.deserialize(&mut reader);
    tree.and_then(|tree| reader.end().map(|()| tree)).map_err(|error| {
        let pointer = format!("line {}, column {}", error.line(), error.column());
        // The library repeats the place at the end of its message.
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        Problem { pointer, message: format!("this is not valid JSON: {message}") }
    })
}

fn parse_yaml(text: &str) -> Result<Value, Problem> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: MAX_NODES * 2,
            max_documents: 1,
            max_aliases: 10_000,
            max_anchors: 10_000,
            max_recorded_anchor_events: MAX_NODES,
            max_total_scalar_bytes: MAX_BYTES * 2,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_REPLAYED,
            max_replay_stack_depth: 16,
        },
        // YAML 1.2: `no` is a word (and Norway), `0123` is no number.
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    let nodes = Cell::new(0);
    let tree = serde_saphyr::with_deserializer_from_str_with_options(text, options, |reader| {
        Tree { depth: 0, nodes: &nodes }.deserialize(reader)
    });
    tree.map_err(|error| {
        let pointer = error.location().map_or_else(
            || "line 1, column 1".to_owned(),
            |location| format!("line {}, column {}", location.line(), location.column()),
        );
        let message = text::cut(&error.without_snippet().to_string(), 300);
        Problem { pointer, message: format!("this is not valid YAML, or more than is read: {message}") }
    })
}

/// Makes a [`Value`], counting.
#[derive(Clone, Copy)]
struct Tree<'a> {
    depth: usize,
    nodes: &'a Cell<usize>,
}

impl Tree<'_> {
    fn inside<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            Err(E::custom("it is nested deeper than 64 levels"))
        } else {
            Ok(Self { depth, ..self })
        }
    }

    fn count<E: Error>(self) -> Result<(), E> {
        self.nodes.set(self.nodes.get() + 1);
        if self.nodes.get() > MAX_NODES { Err(E::custom("it has more than 500000 values")) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON has")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("the key “{}” stands twice", text::cut(&key, 60))));
            }
            object.insert(key, entries.next_value_seed(inside)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_syntaxes_give_the_same_tree_in_the_order_of_the_text() {
        let json = parse(r#"{"b": [1, 2.5, null, true], "a": {"200": "no"}}"#).unwrap();
        let yaml = parse("b: [1, 2.5, null, true]\na:\n  200: no\n").unwrap();

        assert_eq!(json, yaml);
        assert_eq!(yaml.to_string(), r#"{"b":[1,2.5,null,true],"a":{"200":"no"}}"#);
    }

    #[test]
    fn yaml_words_stay_words() {
        let tree = parse("a: no\nb: NO\nc: 0123\nd: 2023-08-16\ne: 'on'\nf: on\ng: 1_000\nh: true\n").unwrap();

        assert_eq!(
            tree.to_string(),
            r#"{"a":"no","b":"NO","c":"0123","d":"2023-08-16","e":"on","f":"on","g":"1_000","h":true}"#
        );
    }

    #[test]
    fn yaml_in_flow_style_is_read() {
        assert_eq!(parse("{a: 1, b: [x]}").unwrap().to_string(), r#"{"a":1,"b":["x"]}"#);
    }

    #[test]
    fn an_error_in_the_text_names_its_place() {
        let json = parse("{\n  \"a\": 1,\n  \"b\" 2\n}").unwrap_err();
        let yaml = parse("a: 1\nb: [1, 2\nc: 3\n").unwrap_err();

        assert_eq!(json.pointer, "line 3, column 7");
        assert!(json.message.starts_with("this is not valid JSON: expected `:`"), "{}", json.message);
        assert!(yaml.pointer.starts_with("line "), "{yaml:?}");
        assert!(yaml.message.starts_with("this is not valid YAML"), "{yaml:?}");
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        let json = parse(r#"{"a": 1, "a": 2}"#).unwrap_err();
        let yaml = parse("a: 1\na: 2\n").unwrap_err();

        assert!(json.message.contains("the key “a” stands twice"), "{json:?}");
        assert!(yaml.message.contains('a') && yaml.pointer == "line 2, column 1", "{yaml:?}");
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));

        assert!(parse(&deep(63)).is_ok());
        assert!(parse(&deep(64)).unwrap_err().message.contains("deeper than 64"));
        let yaml = format!("a: {}{}", "[".repeat(80), "]".repeat(80));
        assert!(parse(&yaml).is_err());
        // A text that would exhaust the stack of a reader without a bound.
        assert!(parse(&"[".repeat(200_000)).is_err());
        assert!(parse(&"{\"a\":".repeat(200_000)).is_err());
    }

    #[test]
    fn an_alias_bomb_is_refused_quickly() {
        use std::fmt::Write;
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            writeln!(bomb, "a{level}: &a{level} [{aliases}]").unwrap();
        }

        assert!(parse(&bomb).is_err());
    }

    #[test]
    fn a_long_text_is_refused() {
        let text = format!("a: {}", "x".repeat(MAX_BYTES));

        assert!(parse(&text).unwrap_err().message.contains("5 MiB"));
        assert!(parse("  \n").unwrap_err().message.contains("empty"));
    }

    #[test]
    fn a_few_aliases_and_merge_keys_are_read() {
        let tree = parse("base: &base {a: 1}\nuse: *base\nmore:\n  <<: *base\n  b: 2\n").unwrap();

        assert_eq!(tree.to_string(), r#"{"base":{"a":1},"use":{"a":1},"more":{"b":2,"a":1}}"#);
    }
}
