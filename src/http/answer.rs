//! What a provider answered, made ready to be looked at: rows where there are rows, a tree of JSON as a flat list of
//! lines (so that a template needs no recursion), plain text otherwise. Everything is bounded, and everything is text
//! that a template escapes: a provider's bytes are never markup here (D-47).

use std::collections::HashMap;

use serde_json::Map;
use serde_json::Value;

use crate::kernel::text;

const MAX_LINES: usize = 1_500;
const MAX_DEPTH: usize = 24;
const MAX_TEXT: usize = 4_000;
const MAX_RAW: usize = 40_000;
const MAX_ROWS: usize = 100;
const MAX_COLUMNS: usize = 10;
const MAX_CELL: usize = 160;
/// How deep rows are looked for: `{"data": {"items": […]}}`.
const ROWS_WITHIN: usize = 3;

/// An answer's body.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The rows, if it has some.
    pub table: Option<Table>,
    /// The lines of the JSON, if it is JSON.
    pub lines: Vec<Line>,
    /// What it says, if it is something else.
    pub raw: Option<String>,
    /// How large it is, for people.
    pub size: String,
    /// Whether anything is left out here: it was cut where it was stored, or is too long to show.
    pub is_cut: bool,
}

/// The rows of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Where in the answer they stand; empty if they are all of it.
    pub name: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// Their cells.
    pub rows: Vec<Vec<String>>,
    /// How many rows there are in all.
    pub total: usize,
    /// How many columns are not shown.
    pub hidden_columns: usize,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The member's name.
    pub name: String,
    /// Whether all of it are numbers.
    pub is_number: bool,
}

/// A line of a JSON tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// An object or a list begins.
    Open {
        /// Its name or place.
        key: String,
        /// `{ 3 }` or `[ 2 ]`.
        size: String,
        /// Whether it is unfolded at first.
        is_open: bool,
    },
    /// A single value.
    Single {
        /// Its name or place; none for the whole.
        key: Option<String>,
        /// The class of its colour: `str`, `num` or `lit`.
        kind: &'static str,
        /// It, as JSON.
        text: String,
    },
    /// What is left out.
    Left(String),
    /// The object or list that was open ends.
    Close,
}

impl Answer {
    /// That of a body; `is_cut` if there was more of it.
    pub fn of(body: &[u8], is_cut: bool) -> Self {
        let size = size(body.len());
        if let Ok(value) = serde_json::from_slice::<Value>(body) {
            return Self { size, is_cut, ..Self::of_json(&value) };
        }
        let (raw, is_short) = readable(body);
        Self { raw: raw.filter(|raw| !raw.is_empty()), size, is_cut: is_cut || is_short, ..Self::default() }
    }

    /// That of a JSON value.
    pub fn of_json(value: &Value) -> Self {
        let table = rows(value).map(|(name, items)| Table::of(name, items));
        let mut tree = Tree { lines: Vec::new(), unfolded: usize::from(table.is_none()) };
        tree.root(value);
        Self { table, lines: tree.lines, ..Self::default() }
    }

    /// Whether there is anything to fold.
    pub fn is_nested(&self) -> bool {
        self.lines.iter().any(|line| matches!(line, Line::Open { .. }))
    }

    /// Whether there is nothing to see.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.raw.is_none()
    }
}

/// The text of bytes that are text, and whether it was shortened.
fn readable(body: &[u8]) -> (Option<String>, bool) {
    let whole = match std::str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        // A cut may go through a letter; anything else is no text.
        Err(error) if error.error_len().is_none() => String::from_utf8_lossy(body).into_owned(),
        Err(_) => return (Some(format!("{} of data that is no text.", size(body.len()))), false),
    };
    if whole.contains('\0') {
        return (Some(format!("{} of data that is no text.", size(body.len()))), false);
    }
    let shown: String = whole.chars().take(MAX_RAW).collect();
    let is_short = shown.len() < whole.len();
    (Some(shown), is_short)
}

/// `412 bytes`, `1.2 kB`, `3.4 MB`.
pub fn size(bytes: usize) -> String {
    let tenths = |unit: usize| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        1 => "1 byte".to_owned(),
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

/// The first list of objects, nearest to the root.
fn rows(value: &Value) -> Option<(String, Vec<&Map<String, Value>>)> {
    let mut level: Vec<(String, &Value)> = vec![(String::new(), value)];
    for _ in 0..ROWS_WITHIN {
        for (name, value) in &level {
            let items = value.as_array().map(|items| items.iter().map(Value::as_object).collect::<Option<Vec<_>>>());
            if let Some(Some(items)) = items.filter(|items| items.as_ref().is_some_and(|items| !items.is_empty())) {
                return Some((name.clone(), items));
            }
        }
        level = level
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_object()?)))
            .flat_map(|(name, object)| {
                let join = move |key: &String| if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                object.iter().map(move |(key, value)| (join(key), value))
            })
            .collect();
    }
    None
}

impl Table {
    fn of(name: String, items: Vec<&Map<String, Value>>) -> Self {
        let total = items.len();
        let shown: Vec<_> = items.into_iter().take(MAX_ROWS).collect();
        let mut names: Vec<&String> = Vec::new();
        let mut numbers: HashMap<&String, bool> = HashMap::new();
        for (key, value) in shown.iter().flat_map(|item| item.iter()) {
            if !numbers.contains_key(key) {
                names.push(key);
            }
            let is_number = numbers.entry(key).or_insert(true);
            *is_number &= value.is_number() || value.is_null();
        }
        let hidden_columns = names.len().saturating_sub(MAX_COLUMNS);
        names.truncate(MAX_COLUMNS);
        let cells = |item: &Map<String, Value>| -> Vec<String> {
            names.iter().map(|name| item.get(*name).map(cell).unwrap_or_default()).collect()
        };
        let rows = shown.iter().map(|item| cells(item)).collect();
        let column = |name: &&String| Column {
            name: (*name).clone(),
            is_number: numbers.get(*name).copied().unwrap_or_default(),
        };
        let columns = names.iter().map(column).collect();
        Self { name, columns, rows, total, hidden_columns }
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text::cut(text, MAX_CELL),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            text::cut(&value.to_string(), MAX_CELL)
        }
    }
}

struct Tree {
    lines: Vec<Line>,
    /// How many levels are unfolded at first.
    unfolded: usize,
}

impl Tree {
    /// The whole has no name, and its members need no fold around them.
    fn root(&mut self, value: &Value) {
        match value {
            Value::Object(object) if !object.is_empty() => self.object(object, 0),
            Value::Array(items) if !items.is_empty() => self.list(items, 0),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                self.single(None, value);
            }
        }
    }

    fn add(&mut self, key: String, value: &Value, depth: usize) {
        match value {
            Value::Object(object) if !object.is_empty() && depth < MAX_DEPTH => {
                self.open(key, format!("{{ {} }}", object.len()), depth);
                self.object(object, depth);
                self.lines.push(Line::Close);
            }
            Value::Array(items) if !items.is_empty() && depth < MAX_DEPTH => {
                self.open(key, format!("[ {} ]", items.len()), depth);
                self.list(items, depth);
                self.lines.push(Line::Close);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                self.single(Some(key), value);
            }
        }
    }

    fn open(&mut self, key: String, size: String, depth: usize) {
        self.lines.push(Line::Open { key, size, is_open: depth <= self.unfolded });
    }

    fn single(&mut self, key: Option<String>, value: &Value) {
        self.lines.push(Line::Single { key, kind: kind(value), text: shortened(&value.to_string()) });
    }

    fn object(&mut self, object: &Map<String, Value>, depth: usize) {
        self.members(object.len(), object.iter().map(|(key, value)| (key.clone(), value)), depth);
    }

    fn list(&mut self, items: &[Value], depth: usize) {
        let numbered = items.iter().enumerate().map(|(place, value)| (place.to_string(), value));
        self.members(items.len(), numbered, depth);
    }

    fn members<'a>(&mut self, count: usize, members: impl Iterator<Item = (String, &'a Value)>, depth: usize) {
        for (place, (key, value)) in members.enumerate() {
            if self.lines.len() >= MAX_LINES {
                self.lines.push(Line::Left(format!("{} more are not shown", count - place)));
                break;
            }
            self.add(shortened(&key), value, depth + 1);
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "str",
        Value::Number(_) => "num",
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => "lit",
    }
}

fn shortened(text: &str) -> String {
    if text.len() <= MAX_TEXT {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(MAX_TEXT).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: &Value) -> Answer {
        Answer::of(value.to_string().as_bytes(), false)
    }

    #[test]
    fn a_list_of_objects_is_a_table_wherever_it_stands() {
        let items = json!([{"id": "a", "score": 1}, {"id": "b", "score": null, "note": {"x": 1}}]);

        for (answer, name) in [
            (of(&items), ""),
            (of(&json!({"total": 2, "items": items})), "items"),
            (of(&json!({"data": {"contacts": items}})), "data.contacts"),
        ] {
            let table = answer.table.unwrap();
            assert_eq!(table.name, name);
            assert_eq!(table.columns.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["id", "score", "note"]);
            assert_eq!(table.columns.iter().map(|it| it.is_number).collect::<Vec<_>>(), [false, true, false]);
            assert_eq!(table.rows, [["a", "1", ""], ["b", "", "{\"x\":1}"]]);
        }
    }

    #[test]
    fn other_lists_are_no_table() {
        for value in [json!([1, 2]), json!([]), json!({"items": [{"a": 1}, 2]}), json!("text"), json!(null)] {
            assert_eq!(of(&value).table, None, "{value}");
        }
    }

    #[test]
    fn a_tree_opens_and_closes_each_object_and_list() {
        let answer = of(&json!({"a": [true, {}], "b": "x"}));

        let open = |key: &str, size: &str| Line::Open { key: key.to_owned(), size: size.to_owned(), is_open: true };
        let single =
            |key: &str, kind, text: &str| Line::Single { key: Some(key.to_owned()), kind, text: text.to_owned() };
        assert_eq!(
            answer.lines,
            [
                open("a", "[ 2 ]"),
                single("0", "lit", "true"),
                single("1", "lit", "{}"),
                Line::Close,
                single("b", "str", "\"x\""),
            ]
        );
    }

    #[test]
    fn however_much_comes_little_is_shown_and_every_fold_ends() {
        let wide = of(&json!((0..10_000).collect::<Vec<_>>()));
        let mut deep = json!(1);
        for _ in 0..100 {
            deep = json!([deep]);
        }
        let deep = of(&deep);

        for answer in [wide, deep] {
            assert!(answer.lines.len() <= MAX_LINES + 2 * MAX_DEPTH, "{}", answer.lines.len());
            let opened = answer.lines.iter().filter(|line| matches!(line, Line::Open { .. })).count();
            let closed = answer.lines.iter().filter(|line| matches!(line, Line::Close)).count();
            assert_eq!(opened, closed);
            assert!(opened <= MAX_DEPTH);
        }
    }

    #[test]
    fn what_is_no_json_is_shown_as_it_is_and_data_is_named() {
        assert_eq!(Answer::of(b"<h1>Bad gateway</h1>", false).raw.as_deref(), Some("<h1>Bad gateway</h1>"));
        assert_eq!(Answer::of(b"{\"a\": [1, 2", true).raw.as_deref(), Some("{\"a\": [1, 2"));
        assert!(Answer::of(&[0xff, 0xd8, 0xff, 0x00], false).raw.unwrap().contains("no text"));
        assert!(Answer::of(b"", false).is_empty());
        assert!(Answer::of("ü".repeat(50_000).as_bytes(), false).is_cut);
    }

    #[test]
    fn a_size_is_said_as_people_say_it() {
        assert_eq!([size(1), size(412), size(1_250), size(5_000_000)], ["1 byte", "412 bytes", "1.2 kB", "5.0 MB"]);
    }
}
