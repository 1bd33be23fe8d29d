//! The calendar API: each access token opens its person's own calendar, and every answer says whose.

use actix_web::HttpResponse;
use chrono::DateTime;
use chrono::NaiveDate;
use chrono::NaiveTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use crate::sandbox::access;
use crate::sandbox::call::Call;
use crate::sandbox::call::Params;
use crate::sandbox::events::Event;
use crate::sandbox::oauth::scope::Scope;
use crate::sandbox::refusal::ApiError;

const LONGEST_TITLE: usize = 200;
const LONGEST_NOTES: usize = 4000;
const MOST_ATTENDEES: usize = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewEvent {
    title: String,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    #[serde(default)]
    attendees: Vec<String>,
    #[serde(default)]
    notes: String,
}

/// What to change; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    title: Option<String>,
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    attendees: Option<Vec<String>>,
    notes: Option<String>,
}

#[derive(Serialize)]
struct Shown<'a> {
    calendar: &'a str,
    #[serde(flatten)]
    event: &'a Event,
}

/// `GET /calendar/v1/me`
pub(crate) fn me(call: &Call) -> Result<HttpResponse, ApiError> {
    let person = access::person(call, Scope::CalendarRead)?;
    Ok(HttpResponse::Ok().json(json!({"email": person.email, "name": person.name})))
}

/// `GET /calendar/v1/events?from=&to=&q=&limit=`
pub(crate) fn list(call: &Call) -> Result<HttpResponse, ApiError> {
    let person = access::person(call, Scope::CalendarRead)?;
    let query = call.query();
    let from = time(&query, "from")?.unwrap_or_else(|| call.world.now());
    let to = time(&query, "to")?.unwrap_or(DateTime::<Utc>::MAX_UTC);
    let wanted = query.find("q").unwrap_or_default().to_lowercase();
    let limit = query.limit()?;

    let mut found: Vec<Event> = call.world.read(|state| {
        let events = state.calendars.of(person.email).iter();
        events.filter(|event| event.end > from && event.start < to && event.mentions(&wanted)).cloned().collect()
    });
    found.sort_by_key(|event| event.start);
    let total = found.len();
    found.truncate(limit);
    Ok(HttpResponse::Ok().json(json!({
        "calendar": person.email,
        "items": found,
        "total": total,
    })))
}

/// `GET /calendar/v1/events/{eventId}`
pub(crate) fn show(call: &Call) -> Result<HttpResponse, ApiError> {
    let person = access::person(call, Scope::CalendarRead)?;
    let id = call.part("event_id");
    let event = call.world.read(|state| {
        let mut events = state.calendars.of(person.email).iter();
        events.find(|event| event.id == id).cloned()
    });
    let event = event.ok_or(ApiError::NotFound("event in this calendar"))?;
    Ok(HttpResponse::Ok().json(Shown { calendar: person.email, event: &event }))
}

/// `POST /calendar/v1/events`
pub(crate) fn create(call: &Call) -> Result<HttpResponse, ApiError> {
    let person = access::person(call, Scope::CalendarWrite)?;
    let new: NewEvent = call.json()?;
    let mut event = Event {
        id: String::new(),
        title: new.title,
        start: new.start,
        end: new.end,
        attendees: new.attendees,
        notes: new.notes,
        updated_at: call.world.now(),
    };
    check(&event)?;

    let event = call.world.write(|state| {
        event.id = state.calendars.next_id();
        state.calendars.of_mut(person.email).push(event.clone());
        event
    });
    Ok(HttpResponse::Created().json(Shown { calendar: person.email, event: &event }))
}

/// `PATCH /calendar/v1/events/{eventId}`
pub(crate) fn update(call: &Call) -> Result<HttpResponse, ApiError> {
    let person = access::person(call, Scope::CalendarWrite)?;
    let changes: Changes = call.json()?;
    let id = call.part("event_id");
    let now = call.world.now();

    let event = call.world.write(|state| {
        let event = state
            .calendars
            .of_mut(person.email)
            .iter_mut()
            .find(|event| event.id == id)
            .ok_or(ApiError::NotFound("event in this calendar"))?;
        let next = Event {
            id: event.id.clone(),
            title: changes.title.unwrap_or_else(|| event.title.clone()),
            start: changes.start.unwrap_or(event.start),
            end: changes.end.unwrap_or(event.end),
            attendees: changes.attendees.unwrap_or_else(|| event.attendees.clone()),
            notes: changes.notes.unwrap_or_else(|| event.notes.clone()),
            updated_at: now,
        };
        check(&next)?;
        event.clone_from(&next);
        Ok(next)
    })?;
    Ok(HttpResponse::Ok().json(Shown { calendar: person.email, event: &event }))
}

/// `DELETE /calendar/v1/events/{eventId}`
pub(crate) fn remove(call: &Call) -> Result<HttpResponse, ApiError> {
    let person = access::person(call, Scope::CalendarWrite)?;
    let id = call.part("event_id");
    let is_removed = call.world.write(|state| {
        let events = state.calendars.of_mut(person.email);
        let before = events.len();
        events.retain(|event| event.id != id);
        events.len() < before
    });
    if !is_removed {
        return Err(ApiError::NotFound("event in this calendar"));
    }
    Ok(HttpResponse::Ok().json(json!({"calendar": person.email, "removed": id})))
}

fn check(event: &Event) -> Result<(), ApiError> {
    let complaint = if event.title.trim().is_empty() {
        ("title", "must not be empty")
    } else if event.title.chars().count() > LONGEST_TITLE {
        ("title", "must have at most 200 characters")
    } else if event.end <= event.start {
        ("end", "must be after start")
    } else if event.attendees.len() > MOST_ATTENDEES {
        ("attendees", "must be at most 50")
    } else if event.attendees.iter().any(|who| !who.contains('@')) {
        ("attendees", "must be email addresses")
    } else if event.notes.chars().count() > LONGEST_NOTES {
        ("notes", "must have at most 4000 characters")
    } else {
        return Ok(());
    };
    let (field, message) = complaint;
    Err(ApiError::Invalid { field, message })
}

/// A time, or a day for its first moment.
fn time(query: &Params, name: &'static str) -> Result<Option<DateTime<Utc>>, ApiError> {
    let Some(text) = query.find(name) else {
        return Ok(None);
    };
    // A `+` that was not escaped arrives as a blank.
    let text = text.replace(' ', "+");
    let moment = DateTime::parse_from_rfc3339(&text).map(|moment| moment.to_utc());
    let day = || text.parse().map(|day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc());
    moment
        .or_else(|_| day())
        .ok()
        .map(Some)
        .ok_or(ApiError::Invalid { field: name, message: "must be a time like 2030-01-31T09:00:00Z or a day" })
}
