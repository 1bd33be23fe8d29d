//! What an access token may be good for.

use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeSet;

/// One power that can be given to an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// See a person's calendar.
    #[serde(rename = "calendar.read")]
    CalendarRead,
    /// Change a person's calendar.
    #[serde(rename = "calendar.write")]
    CalendarWrite,
    /// Ask the warehouse; for service accounts.
    #[serde(rename = "warehouse.read")]
    WarehouseRead,
}

/// Several scopes.
pub(crate) type Scopes = BTreeSet<Scope>;

/// All there are.
pub(crate) const ALL: [Scope; 3] = [Scope::CalendarRead, Scope::CalendarWrite, Scope::WarehouseRead];

impl Scope {
    /// Its name in OAuth.
    pub fn name(self) -> &'static str {
        match self {
            Self::CalendarRead => "calendar.read",
            Self::CalendarWrite => "calendar.write",
            Self::WarehouseRead => "warehouse.read",
        }
    }

    /// What a person reads before giving it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::CalendarRead => "See your calendar and all events in it",
            Self::CalendarWrite => "Add, change and delete events in your calendar",
            Self::WarehouseRead => "Read all tables of the warehouse",
        }
    }

    /// Whether a person can give it, rather than a service account have it.
    pub(crate) fn is_for_people(self) -> bool {
        match self {
            Self::CalendarRead | Self::CalendarWrite => true,
            Self::WarehouseRead => false,
        }
    }
}

/// Reads names with blanks between; `None` if one is unknown or there is none at all.
pub(crate) fn read(text: &str) -> Option<Scopes> {
    let scopes: Option<Scopes> =
        text.split_ascii_whitespace().map(|name| ALL.into_iter().find(|scope| scope.name() == name)).collect();
    scopes.filter(|scopes| !scopes.is_empty())
}

/// Writes them as OAuth does: names with blanks between.
pub(crate) fn list(scopes: &Scopes) -> String {
    let names: Vec<_> = scopes.iter().map(|scope| scope.name()).collect();
    names.join(" ")
}
