//! Who can help, by name: where a workspace admin could decide otherwise, a refusal says whom to ask.

use actix_web::http::StatusCode;
use diesel::QueryResult;
use diesel::pg::PgConnection;
use serde_json::json;

use crate::authz::actor::Actor;
use crate::authz::policy::Reason;
use crate::authz::proof::Denied;
use crate::domain::people::members;
use crate::http::error::Error;
use crate::kernel::ids::UserId;

/// How many admins are named: more are no help.
const NAMED_AT_MOST: i64 = 3;

/// The error of a decision, with who can help.
pub fn denied(conn: &mut PgConnection, actor: &Actor, denied: Denied) -> Error {
    match denied {
        Denied::Forbidden(reason) => forbidden(conn, actor, reason).unwrap_or_else(Error::from),
        other @ (Denied::Hidden | Denied::Database(_)) => other.into(),
    }
}

/// 403 with the reason and, where admins can help, their names.
pub fn forbidden(conn: &mut PgConnection, actor: &Actor, reason: Reason) -> QueryResult<Error> {
    if !reason.is_for_admins() {
        return Ok(Error::forbidden(reason));
    }
    let admins = members::admins(conn, actor.workspace, NAMED_AT_MOST)?;
    let people: Vec<_> = admins.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect();
    let words = said(&reason.to_string(), &admins);
    Ok(Error::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", words).with("who_can_help", people))
}

/// The reason as a page says it, with who can help.
pub fn sentence(conn: &mut PgConnection, actor: &Actor, reason: Reason) -> QueryResult<String> {
    if !reason.is_for_admins() {
        return Ok(reason.to_string());
    }
    Ok(said(&reason.to_string(), &members::admins(conn, actor.workspace, NAMED_AT_MOST)?))
}

/// `… Ask Ada Admin or Bob.`
fn said(reason: &str, admins: &[(UserId, String)]) -> String {
    let names: Vec<&str> = admins.iter().map(|(_, name)| name.as_str()).collect();
    let whom = match names.as_slice() {
        [] => return reason.to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    };
    format!("{reason} Ask {whom}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admins_are_named_as_people_name_them() {
        let named = |names: &[&str]| {
            let people: Vec<_> = names.iter().map(|name| (UserId::new(), (*name).to_owned())).collect();
            said("No.", &people)
        };

        assert_eq!(named(&[]), "No.");
        assert_eq!(named(&["Ada"]), "No. Ask Ada.");
        assert_eq!(named(&["Ada", "Bob", "Cy"]), "No. Ask Ada, Bob or Cy.");
    }
}
