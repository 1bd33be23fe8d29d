//! People by the beginning of any word of their name or address, as one types. The triggers on `memberships` and `users`
//! keep each text from each of its words on (`member_beginnings`), so that a search is a range of an index that a page can
//! stop in, however many match. That is also its order: by what matched.

use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Text;
use diesel::sql_types::Uuid;

use crate::authz::actor::Actor;
use crate::domain::people::members::Member;

/// What was typed, as a range of beginnings: from it on, until before what does not begin with it any more.
#[derive(Clone, Debug)]
pub struct Typed {
    /// The first that fits.
    pub from: String,
    /// The first that fits no more.
    pub until: String,
}

impl Typed {
    /// From a search field; nothing if nothing was typed.
    pub fn of(query: &str) -> Option<Self> {
        let from = query.split_whitespace().collect::<Vec<_>>().join(" ");
        let from: String = from.chars().filter(|c| !c.is_control()).collect();
        // The last code point there is. It stands in no text: it is no character.
        (!from.is_empty()).then(|| Self { until: format!("{from}\u{10FFFF}"), from })
    }
}

/// The members of the workspace `$1` who are found by the range from `$2` until `$3`, each once, by the first text that fits:
/// columns `user_id` and `beginning`. Lower case is the database's, here as in the triggers.
pub(in crate::domain::people) const FOUND: &str = "(SELECT b.user_id, b.beginning FROM member_beginnings b
    WHERE b.workspace_id = $1 AND b.beginning >= lower($2) AND b.beginning < lower($3)
      AND NOT EXISTS (SELECT 1 FROM member_beginnings d WHERE d.workspace_id = $1 AND d.user_id = b.user_id
          AND d.beginning >= lower($2) AND d.beginning < b.beginning))";

/// The active members whom `query` finds, at most `limit`; nobody for an empty one. For pickers.
pub fn members(conn: &mut PgConnection, actor: &Actor, query: &str, limit: i64) -> QueryResult<Vec<Member>> {
    let Some(typed) = Typed::of(query) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT m.user_id AS user, u.name, u.email, m.role, m.status
         FROM {FOUND} f JOIN memberships m ON m.workspace_id = $1 AND m.user_id = f.user_id JOIN users u ON u.id = m.user_id
         WHERE m.status = 'active' ORDER BY f.beginning, f.user_id LIMIT $4"
    );
    diesel::sql_query(sql)
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Text, _>(typed.from)
        .bind::<Text, _>(typed.until)
        .bind::<BigInt, _>(limit)
        .load(conn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_what_is_not_seen_are_left_out_of_what_was_typed() {
        let typed = |query| Typed::of(query).map(|typed| typed.from);

        assert_eq!(typed("  Ada \t Love\0 "), Some("Ada Love".to_owned()));
        assert_eq!(typed(" \n\0"), None);
    }
}
