//! Raw SQL that the server plans once per connection. `diesel::sql_query` is planned anew each time, which for a join
//! over ten tables costs more than running it; what every run asks goes through here.
//!
//! An array is written `unnest((SELECT $1))` in these statements: of `unnest($1)` the planner looks at each array's length,
//! finds that a plan for that length alone is cheaper than one for any, and so plans anew after all.

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::query_builder::Query;
use diesel::query_builder::QueryFragment;
use diesel::query_builder::QueryId;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;
use diesel::sql_types::Untyped;

/// A statement that goes on after `WITH bound AS (..)`: it begins with `SELECT`, `UPDATE` or, for further common table
/// expressions, with a comma. `$1` is the value bound first, and may stand in several places.
#[derive(Clone, Copy, Debug)]
pub struct Prepared<B> {
    sql: &'static str,
    binds: B,
}

/// No value yet.
#[derive(Clone, Copy, Debug)]
pub struct Unbound;

/// One more value.
#[derive(Clone, Copy, Debug)]
pub struct Bound<B, T, V> {
    before: B,
    value: V,
    sql_type: PhantomData<T>,
}

/// The statement without values.
pub fn prepared(sql: &'static str) -> Prepared<Unbound> {
    Prepared { sql, binds: Unbound }
}

impl<B> Prepared<B> {
    /// Binds the next value.
    pub fn bind<T, V>(self, value: V) -> Prepared<Bound<B, T, V>> {
        Prepared { sql: self.sql, binds: Bound { before: self.binds, value, sql_type: PhantomData } }
    }
}

impl QueryFragment<Pg> for Unbound {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("true");
        Ok(())
    }
}

impl<B, T, V> QueryFragment<Pg> for Bound<B, T, V>
where
    B: QueryFragment<Pg>,
    Pg: HasSqlType<T>,
    V: ToSql<T, Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.before.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        out.push_bind_param(&self.value)
    }
}

impl<B: QueryFragment<Pg>> QueryFragment<Pg> for Prepared<B> {
    /// Diesel counts a value where it is written, so each is written once, in an expression that nothing refers to and
    /// that the planner drops.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH bound AS (SELECT ");
        self.binds.walk_ast(out.reborrow())?;
        out.push_sql(") ");
        out.push_sql(self.sql);
        Ok(())
    }
}

impl<B> QueryId for Prepared<B> {
    type QueryId = ();

    /// The text is the identity.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<B> Query for Prepared<B> {
    type SqlType = Untyped;
}

impl<B, Conn> RunQueryDsl<Conn> for Prepared<B> {}
