//! Pages of a list: a limit, and a cursor that names the last row seen (time and id), so that a page costs the same
//! however far down it is.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use uuid::Uuid;

use crate::kernel::clock::Timestamp;

/// The most rows one page may have.
pub const MAX_LIMIT: i64 = 100;
/// The rows of a page when nobody says otherwise.
pub const DEFAULT_LIMIT: i64 = 50;
/// The rows of a page when a whole list is written out, page by page.
pub const BULK_LIMIT: i64 = 1_000;

/// The last row of the page before: lists are ordered by time, then id, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The row's time.
    pub at: Timestamp,
    /// The row's id.
    pub id: Uuid,
}

/// A cursor that is not one of ours.
#[derive(Debug, thiserror::Error)]
#[error("the cursor is not one that a list gave")]
pub struct InvalidCursor;

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{}.{}", self.at.timestamp_micros(), self.id.simple());
        f.write_str(&URL_SAFE_NO_PAD.encode(text))
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let text = String::from_utf8(bytes).ok()?;
            let (micros, id) = text.split_once('.')?;
            let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
            Some(Self { at, id: Uuid::parse_str(id).ok()? })
        };
        parse().ok_or(InvalidCursor)
    }
}

/// Which page of a list is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    limit: i64,
    /// Rows after this one; the first page without.
    pub after: Option<Cursor>,
}

impl Page {
    /// A page of at most `limit` rows, between 1 and [`MAX_LIMIT`].
    pub fn new(limit: Option<i64>, after: Option<Cursor>) -> Self {
        Self { limit: limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT), after }
    }

    /// The next large page of a list that is written out whole.
    pub fn bulk(after: Option<Cursor>) -> Self {
        Self { limit: BULK_LIMIT, after }
    }

    /// How many rows the page has at most.
    pub fn limit(&self) -> i64 {
        self.limit
    }

    /// How many rows to ask the database for: one more than the page has, to know whether there is a next one.
    pub fn fetch(&self) -> i64 {
        self.limit + 1
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::new(None, None)
    }
}

/// One page of a list, and where the next one begins.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The rows, newest first.
    pub items: Vec<T>,
    /// The cursor of the next page, if there is one.
    pub next: Option<Cursor>,
}

impl<T> Listed<T> {
    /// Cuts `rows` (fetched with [`Page::fetch`]) to the page; `key` gives a row's place in the order.
    pub fn cut(mut rows: Vec<T>, page: &Page, key: impl Fn(&T) -> (Timestamp, Uuid)) -> Self {
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(&key).map(|(at, id)| Cursor { at, id }) } else { None };
        Self { items: rows, next }
    }

    /// Cuts a list that is made whole each time and has an order of its own; its cursor counts the rows before the page.
    pub fn slice(items: Vec<T>, page: &Page) -> Self {
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let before = page.after.and_then(|cursor| usize::try_from(cursor.id.as_u128()).ok()).unwrap_or_default();
        let after = before.saturating_add(limit);
        let more = items.len() > after;
        let items = items.into_iter().skip(before).take(limit).collect();
        let id = u128::try_from(after).map(Uuid::from_u128).unwrap_or_default();
        Self { items, next: more.then_some(Cursor { at: DateTime::UNIX_EPOCH, id }) }
    }

    /// The same page of other things.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Listed<U> {
        Listed { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_way_through_a_link() {
        let at = DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap();
        let cursor = Cursor { at, id: Uuid::from_u128(7) };

        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        assert!("nonsense".parse::<Cursor>().is_err());
    }

    #[test]
    fn a_list_that_is_made_whole_is_cut_to_pages() {
        let first = Listed::slice(vec![1, 2, 3, 4, 5], &Page::new(Some(2), None));
        let second = Listed::slice(vec![1, 2, 3, 4, 5], &Page::new(Some(2), first.next));
        let third = Listed::slice(vec![1, 2, 3, 4, 5], &Page::new(Some(2), second.next));

        assert_eq!((first.items, second.items, third.items), (vec![1, 2], vec![3, 4], vec![5]));
        assert_eq!(third.next, None);
    }
}
