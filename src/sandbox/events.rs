//! The people's calendars.

use chrono::DateTime;
use chrono::Duration;
use chrono::NaiveTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;

use crate::sandbox::people::PEOPLE;

/// Everyone's calendar, by the address of its owner.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Calendars {
    last_id: u64,
    by_owner: BTreeMap<String, Vec<Event>>,
}

/// Something that takes place.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    pub(crate) attendees: Vec<String>,
    pub(crate) notes: String,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A seeded event: whose, how many days from today, from and to in minutes after midnight, what, and with whom.
type Seed = (&'static str, i64, i64, i64, &'static str, &'static [&'static str]);

const SEEDS: [Seed; 17] = [
    ("ada", -1, 900, 960, "Review of the quarter", &["max"]),
    ("ada", 0, 570, 585, "Stand-up", &["eve", "max", "mia"]),
    ("ada", 1, 600, 660, "Interview: platform engineer", &["eve"]),
    ("ada", 2, 840, 900, "Board preparation", &[]),
    ("ada", 4, 780, 840, "Dentist", &[]),
    ("eve", 0, 570, 585, "Stand-up", &["ada", "max", "mia"]),
    ("eve", 1, 600, 660, "Interview: platform engineer", &["ada"]),
    ("eve", 3, 540, 720, "Quiet hours", &[]),
    ("max", 0, 570, 585, "Stand-up", &["ada", "eve", "mia"]),
    ("max", 1, 900, 945, "Northwind: price talk", &["team"]),
    ("max", 5, 480, 1020, "Day off", &[]),
    ("mia", 0, 570, 585, "Stand-up", &["ada", "eve", "max"]),
    ("mia", 2, 720, 780, "Lunch with Ada", &["ada"]),
    ("mia", 3, 1080, 1140, "Climbing", &[]),
    ("team", 1, 900, 945, "Northwind: price talk", &["max"]),
    ("team", 2, 600, 660, "All hands", &["ada", "eve", "max", "mia"]),
    ("team", 6, 540, 1020, "Office closed: fire drill", &[]),
];

impl Calendars {
    /// Gives each person who has nothing ahead some events around today.
    pub(crate) fn fill(&mut self, now: DateTime<Utc>) {
        let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
        for person in &PEOPLE {
            if self.of(person.email).iter().any(|event| event.end > now) {
                continue;
            }
            let own = SEEDS.iter().filter(|(owner, ..)| address(owner) == person.email);
            for (_, day, from, to, title, with) in own {
                let day = midnight + Duration::days(*day);
                let event = Event {
                    id: self.next_id(),
                    title: (*title).to_owned(),
                    start: day + Duration::minutes(*from),
                    end: day + Duration::minutes(*to),
                    attendees: with.iter().map(|name| address(name)).collect(),
                    notes: String::new(),
                    updated_at: now,
                };
                self.of_mut(person.email).push(event);
            }
        }
    }

    /// A person's events, in no order.
    pub(crate) fn of(&self, owner: &str) -> &[Event] {
        self.by_owner.get(owner).map_or(&[], Vec::as_slice)
    }

    /// The same, to change.
    pub(crate) fn of_mut(&mut self, owner: &str) -> &mut Vec<Event> {
        self.by_owner.entry(owner.to_owned()).or_default()
    }

    /// An id that was not used before.
    pub(crate) fn next_id(&mut self) -> String {
        self.last_id += 1;
        format!("evt_{}", self.last_id)
    }
}

impl Event {
    /// Whether title, notes or attendees have the wanted text in them, given in lower case.
    pub(crate) fn mentions(&self, wanted: &str) -> bool {
        [&self.title, &self.notes].into_iter().chain(&self.attendees).any(|text| text.to_lowercase().contains(wanted))
    }
}

fn address(name: &str) -> String {
    format!("{name}@sandbox.example")
}
