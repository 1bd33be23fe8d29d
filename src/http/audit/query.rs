//! What is asked of the log: words from an address, made into a filter, or told what is wrong with each.

use chrono::DateTime;
use chrono::Days;
use chrono::NaiveDate;
use chrono::NaiveTime;
use diesel::pg::PgConnection;
use uuid::Uuid;

use crate::authz::actions::ViewAudit;
use crate::authz::proof::Authorized;
use crate::domain::audit;
use crate::domain::audit::entries;
use crate::domain::audit::entries::Filter;
use crate::domain::audit::entries::Known;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::form::Mistakes;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::UserId;

/// The things of one name that are looked for at most.
const MOST_THINGS: i64 = 20;
/// The people who are named when several fit.
const MOST_PEOPLE: usize = 5;

/// What the log is narrowed to, as it was said.
#[derive(Clone, Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Who did it: a person’s id, address, or name.
    #[param(value_type = Option<String>)]
    pub actor: String,
    /// What it happened to: an id, an integration’s key, or the exact name of a connection, agent, group or person. Runs
    /// are found by their connection and their agent too.
    #[param(value_type = Option<String>)]
    pub object: String,
    /// The kind of thing it happened to.
    #[param(value_type = Option<String>, example = "connection")]
    pub kind: String,
    /// Not before this: a date, or a time as in RFC 3339.
    #[param(value_type = Option<String>, example = "2026-11-25")]
    pub since: String,
    /// Not after this date, or before this time.
    #[param(value_type = Option<String>, example = "2026-11-25T12:00:00Z")]
    pub until: String,
}

/// What was asked, understood.
#[derive(Clone, Debug, Default)]
pub struct Understood {
    /// The filter.
    pub filter: Filter,
    /// The person it is narrowed to, where they are known.
    pub person: Option<Known>,
}

impl Asked {
    /// Whether nothing is asked but everything.
    pub fn is_everything(&self) -> bool {
        [&self.actor, &self.object, &self.kind, &self.since, &self.until].iter().all(|word| word.trim().is_empty())
    }

    /// The words, for an address.
    pub fn pairs(&self) -> [(&'static str, &str); 5] {
        [
            ("actor", self.actor.as_str()),
            ("object", &self.object),
            ("kind", &self.kind),
            ("since", &self.since),
            ("until", &self.until),
        ]
    }

    /// What it means, and what cannot be understood.
    pub fn understand(
        &self,
        conn: &mut PgConnection,
        proof: &Authorized<ViewAudit, Workspace>,
    ) -> Result<(Understood, Mistakes), Error> {
        let mut mistakes = Mistakes::default();
        let (actor, person) = self.person(conn, proof, &mut mistakes)?;
        let filter = Filter {
            actor,
            objects: self.things(conn, proof)?,
            kind: self.kind(&mut mistakes),
            since: moment("since", &self.since, 0, &mut mistakes),
            until: moment("until", &self.until, 1, &mut mistakes),
        };
        if mistakes.is_empty() && filter.since.zip(filter.until).is_some_and(|(since, until)| since >= until) {
            mistakes.add("until", "This is before the beginning. Swap the two, or leave one out.");
        }
        Ok((Understood { filter, person }, mistakes))
    }

    /// The filter, or 422.
    pub fn filter(&self, conn: &mut PgConnection, proof: &Authorized<ViewAudit, Workspace>) -> Result<Filter, Error> {
        let (understood, mistakes) = self.understand(conn, proof)?;
        if mistakes.is_empty() {
            return Ok(understood.filter);
        }
        Err(Error::invalid_fields(mistakes.iter().map(|(field, message)| (field.to_owned(), message.to_owned()))))
    }

    fn person(
        &self,
        conn: &mut PgConnection,
        proof: &Authorized<ViewAudit, Workspace>,
        mistakes: &mut Mistakes,
    ) -> Result<(Option<UserId>, Option<Known>), Error> {
        let text = self.actor.trim();
        if text.is_empty() {
            return Ok((None, None));
        }
        let mut fitting = entries::people(conn, proof, text, i64::try_from(MOST_PEOPLE).unwrap_or_default() + 1)?;
        let is_exact = |known: &Known| known.email.eq_ignore_ascii_case(text) || known.id.to_string() == text;
        if fitting.len() == 1 || fitting.first().is_some_and(is_exact) {
            let known = fitting.remove(0);
            return Ok((Some(known.id), Some(known)));
        }
        // Whoever left is known by their id alone.
        if let Ok(id) = text.parse::<UserId>() {
            return Ok((Some(id), None));
        }
        if fitting.is_empty() {
            mistakes.add("actor", "Nobody here has that name or address.");
            return Ok((None, None));
        }
        let more = if fitting.len() > MOST_PEOPLE { ", and others" } else { "" };
        let named: Vec<String> =
            fitting.iter().take(MOST_PEOPLE).map(|known| format!("{} ({})", known.name, known.email)).collect();
        let named = named.join(", ");
        mistakes.add("actor", format!("Several people fit: {named}{more}. Type the address of the one you mean."));
        Ok((None, None))
    }

    fn things(&self, conn: &mut PgConnection, proof: &Authorized<ViewAudit, Workspace>) -> Result<Vec<String>, Error> {
        let text = self.object.trim();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        if let Ok(id) = text.parse::<Uuid>() {
            return Ok(vec![id.to_string()]);
        }
        // A name may be an integration's key as well.
        let mut things = entries::things(conn, proof, text, MOST_THINGS)?;
        things.push(text.to_owned());
        Ok(things)
    }

    fn kind(&self, mistakes: &mut Mistakes) -> Option<String> {
        let kind = self.kind.trim();
        if !kind.is_empty() && !audit::KINDS.contains(&kind) {
            mistakes.add("kind", format!("This must be one of {}.", audit::KINDS.join(", ")));
        }
        Some(kind.to_owned()).filter(|kind| !kind.is_empty())
    }
}

/// A date is its first moment, `days` later; a time is itself.
fn moment(field: &'static str, text: &str, days: u64, mistakes: &mut Mistakes) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let date = || {
        let date: NaiveDate = text.parse().ok()?;
        Some(date.checked_add_days(Days::new(days))?.and_time(NaiveTime::MIN).and_utc())
    };
    let time = || DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    let moment = date().or_else(time);
    if moment.is_none() {
        mistakes.add(field, "Write a date like 2026-11-25, or a time like 2026-11-25T09:30:00Z.");
    }
    moment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, days: u64) -> Result<String, String> {
        let mut mistakes = Mistakes::default();
        let moment = moment("since", text, days, &mut mistakes);
        moment.map(|at| at.to_rfc3339()).ok_or_else(|| mistakes.of("since").unwrap_or_default().to_owned())
    }

    #[test]
    fn a_date_is_whole_and_a_time_is_exact() {
        assert_eq!(read("2026-11-25", 0).unwrap(), "2026-11-25T00:00:00+00:00");
        assert_eq!(read(" 2026-11-25 ", 1).unwrap(), "2026-11-26T00:00:00+00:00");
        assert_eq!(read("2026-11-25T12:00:00+02:00", 1).unwrap(), "2026-11-25T10:00:00+00:00");
        assert_eq!(read("", 0), Err(String::new()));
        for wrong in ["yesterday", "2026-13-01", "25.11.2026", "+262142-12-31T25:00:00Z"] {
            assert!(read(wrong, 1).unwrap_err().contains("Write a date"), "{wrong}");
        }
    }
}
