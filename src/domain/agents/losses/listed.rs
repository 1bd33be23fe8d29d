//! The first of many, and how many there are in all: what is said before something is taken away names so many that a page
//! holds them, and does not keep quiet about the rest.

use diesel::QueryableByName;
use diesel::backend::Backend;
use diesel::deserialize;
use diesel::deserialize::FromSql;
use diesel::row::NamedRow;
use diesel::sql_types::BigInt;

/// How many of each kind are named.
pub const NAMED_AT_MOST: i64 = 200;

/// The first of them, and how many there are.
#[derive(Clone, Debug)]
pub struct FirstOf<T> {
    /// Those that are named.
    pub items: Vec<T>,
    /// How many there are, named or not.
    pub total: i64,
}

impl<T> Default for FirstOf<T> {
    fn default() -> Self {
        Self { items: Vec::new(), total: 0 }
    }
}

impl<T> FirstOf<T> {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many are named, where that is not all.
    pub fn cut(&self) -> Option<usize> {
        let named = self.items.len();
        i64::try_from(named).is_ok_and(|named| named < self.total).then_some(named)
    }

    /// The same of what each is turned into.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> FirstOf<U> {
        FirstOf { items: self.items.into_iter().map(f).collect(), total: self.total }
    }
}

/// A row with how many there are in a column `total`: `count(*) OVER ()`.
pub(in crate::domain::agents::losses) struct Counted<T> {
    item: T,
    total: i64,
}

impl<DB: Backend, T: QueryableByName<DB>> QueryableByName<DB> for Counted<T>
where
    i64: FromSql<BigInt, DB>,
{
    fn build<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
        Ok(Self { item: T::build(row)?, total: NamedRow::get::<BigInt, i64>(row, "total")? })
    }
}

impl<T> From<Vec<Counted<T>>> for FirstOf<T> {
    fn from(rows: Vec<Counted<T>>) -> Self {
        let total = rows.first().map_or(0, |row| row.total);
        Self { items: rows.into_iter().map(|row| row.item).collect(), total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_are_named_is_said_only_where_that_is_not_all() {
        let all = FirstOf { items: vec!["a", "b"], total: 2 };
        let some = FirstOf { items: vec!["a", "b"], total: 3 };

        assert_eq!((all.cut(), some.cut(), FirstOf::<()>::default().cut()), (None, Some(2), None));
        assert_eq!(some.map(str::len).total, 3);
    }
}
