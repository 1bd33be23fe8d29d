//! The document while it is read: its tree, its references, and what was noticed on the way.
//!
//! The tree is walked as it is, without a typed model. `roas` and `oas3` each model one version strictly, and vendors'
//! documents are not strict (keywords of 3.1 in 3.0, words where numbers belong): a typed model refuses the whole for a
//! slip in a response that is never read here. Odeus needs a tenth of OpenAPI, and that tenth with exact messages.

use percent_encoding::percent_decode_str;
use serde_json::Map;
use serde_json::Value;

use crate::domain::integrations::document::Problem;
use crate::kernel::text;

/// How many references may point on to one another.
const MAX_HOPS: usize = 64;
/// How many notes are kept; a vendor's whole API can give thousands.
const MAX_NOTES: usize = 300;

/// The document while it is read.
pub(super) struct Source<'a> {
    root: &'a Value,
    notes: Vec<Problem>,
    dropped: usize,
}

/// A value and where it stands, after references.
#[derive(Clone)]
pub(super) struct Place<'a> {
    /// The value.
    pub(super) value: &'a Value,
    /// Its JSON pointer.
    pub(super) pointer: String,
}

impl<'a> Place<'a> {
    /// The document itself.
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, pointer: String::new() }
    }

    /// The place at `key` in this one, if there is one.
    pub(super) fn child(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key)?;
        Some(Self { value, pointer: join(&self.pointer, key) })
    }
}

impl<'a> Source<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self { root, notes: Vec::new(), dropped: 0 }
    }

    /// The whole document.
    pub(super) fn root(&self) -> Place<'a> {
        Place::root(self.root)
    }

    /// Remembers what could not be carried over.
    pub(super) fn note(&mut self, pointer: &str, message: impl Into<String>) {
        if self.notes.len() < MAX_NOTES {
            let (pointer, message) = (text::cut(pointer, 400), text::cut(&message.into(), 600));
            self.notes.push(Problem { pointer, message });
        } else {
            self.dropped += 1;
        }
    }

    /// Everything noted, and how much was left out of that.
    pub(super) fn take_notes(&mut self) -> Vec<Problem> {
        if self.dropped > 0 {
            self.notes.push(Problem::new("", format!("{} more notes are not listed", self.dropped)));
            self.dropped = 0;
        }
        std::mem::take(&mut self.notes)
    }

    /// Follows `$ref` until there is none.
    pub(super) fn resolve(&self, place: Place<'a>) -> Result<Place<'a>, Problem> {
        let mut place = place;
        for _ in 0..MAX_HOPS {
            let Some(reference) = reference(place.value) else { return Ok(place) };
            let value = self.target(reference, &place.pointer)?;
            place = Place { value, pointer: reference.trim_start_matches('#').to_owned() };
        }
        Err(Problem::new(&place.pointer, "the reference points back to itself; point it to the thing that is meant"))
    }

    /// What a reference points to.
    pub(super) fn target(&self, reference: &str, pointer: &str) -> Result<&'a Value, Problem> {
        let Some(path) = reference.strip_prefix('#') else {
            let message = format!(
                "“{reference}” points outside of the document, and nothing is fetched; copy what it points to into \
                 components and refer to it as #/components/…"
            );
            return Err(Problem::new(pointer, message));
        };
        let found = percent_decode_str(path).decode_utf8().ok().and_then(|path| self.root.pointer(&path));
        found.ok_or_else(|| {
            Problem::new(pointer, format!("“{reference}” points to nothing in this document; add it or mend the name"))
        })
    }
}

/// The reference that `value` is, if it is one.
pub(super) fn reference(value: &Value) -> Option<&str> {
    value.get("$ref")?.as_str()
}

/// `pointer` with one more step.
pub(super) fn join(pointer: &str, key: impl AsRef<str>) -> String {
    format!("{pointer}/{}", key.as_ref().replace('~', "~0").replace('/', "~1"))
}

/// A text at `key`, with nothing that cannot be shown, at most `max` characters.
pub(super) fn prose(value: &Value, key: &str, max: usize) -> Option<String> {
    let text = clean(value.get(key)?.as_str()?, max);
    if text.is_empty() { None } else { Some(text) }
}

/// `text` without control and invisible characters other than newlines, cut to `max` characters.
pub(super) fn clean(text: &str, max: usize) -> String {
    // A long text is not looked at as a whole: a document can refer to one thousands of times.
    let head = text.char_indices().nth(max * 2).and_then(|(at, _)| text.get(..at)).unwrap_or(text);
    let lines = head.trim().lines().map(|line| text::cut(&line.replace('\t', "  "), max));
    let text = lines.collect::<Vec<_>>().join("\n");
    match text.char_indices().nth(max) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default().trim_end()),
        None => text,
    }
}

/// The entries of an object; nothing where `value` is none.
pub(super) fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

/// The items of a list; nothing where `value` is none.
pub(super) fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether `key` is there and true.
pub(super) fn is_true(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// How much a value takes: one for each value in it, and one for each 64 bytes of text.
pub(super) fn weight(value: &Value) -> usize {
    let mut left = usize::MAX;
    spend(value, &mut left);
    usize::MAX - left
}

/// Whether a value weighs at most `most`. Looks at no more of it than that.
pub(super) fn is_at_most(value: &Value, most: usize) -> bool {
    let mut left = most;
    spend(value, &mut left)
}

fn spend(value: &Value, left: &mut usize) -> bool {
    let own = match value {
        Value::String(text) => 1 + text.len() / 64,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => 1,
    };
    let Some(rest) = left.checked_sub(own) else { return false };
    *left = rest;
    match value {
        Value::Array(items) => items.iter().all(|item| spend(item, left)),
        Value::Object(object) => object.iter().all(|(key, value)| {
            *left = left.saturating_sub(key.len() / 64);
            spend(value, left)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}
