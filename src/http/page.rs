//! What every page of a workspace shows around its content, and how a template becomes an answer.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use askama::Template;
use chrono::Duration;
use diesel::QueryResult;
use diesel::pg::PgConnection;

use crate::authz::actor::Actor;
use crate::authz::facts::Permission;
use crate::authz::facts::Role;
use crate::domain::accounts::users;
use crate::domain::people::invitations::answers;
use crate::domain::people::workspaces;
use crate::http::error::Error;
use crate::http::session;
use crate::http::urls::Urls;
use crate::kernel::clock::Timestamp;
use crate::words;

words! {
    /// The part of the navigation that a page belongs to.
    Section {
        /// What can be connected.
        Integrations = "integrations",
        /// What is connected.
        Connections = "connections",
        /// Agents.
        Agents = "agents",
        /// What ran.
        Runs = "runs",
        /// People, groups and roles.
        People = "people",
        /// Who did what.
        Audit = "audit",
        /// What was written to people.
        Mails = "mails",
        /// The person's own page.
        Profile = "profile",
    }
}

/// What the browser's session brings to a page: the token for its forms, and what the request before has to say.
#[derive(Clone, Debug, Default)]
pub struct Visit {
    csrf: String,
    toast: Option<String>,
}

impl Visit {
    /// Takes it from the session; what was to be said is said once.
    pub fn of(session: &Session) -> Self {
        let toast =
            if session.contains_key(TOAST) { session.remove_as::<String>(TOAST).and_then(Result::ok) } else { None };
        Self { csrf: session::csrf_token(session).unwrap_or_default(), toast }
    }

    /// The token, and what is to be said: for pages without the frame of a workspace.
    pub fn into_parts(self) -> (String, Option<String>) {
        (self.csrf, self.toast)
    }
}

const TOAST: &str = "toast";

/// Says `message` on the next page.
pub fn toast(session: &Session, message: &str) -> Result<(), Error> {
    session.insert(TOAST, message).map_err(|error| Error::internal(error.to_string()))
}

/// The frame of a page.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The addresses of the workspace.
    pub urls: Urls,
    /// The workspace's name.
    pub workspace: String,
    /// The workspaces that the person can switch to: name and address of the first page.
    pub workspaces: Vec<(String, String)>,
    /// Whether an invitation to another workspace waits for their answer.
    pub is_invited: bool,
    /// The person's name.
    pub person: String,
    /// Their role.
    pub role: Role,
    /// Which permissions they hold.
    pub permissions: crate::authz::actor::Permissions,
    /// The token for forms.
    pub csrf: String,
    /// Where the page belongs.
    pub section: Section,
    /// What the request before has to say.
    pub toast: Option<String>,
    /// The time of the request, for relative dates.
    pub now: Timestamp,
}

impl Default for Shell {
    /// An empty frame, for pages that are built part by part.
    fn default() -> Self {
        Self {
            urls: Urls::of("acme"),
            workspace: String::new(),
            workspaces: Vec::new(),
            is_invited: false,
            person: String::new(),
            role: Role::Member,
            permissions: crate::authz::actor::Permissions::default(),
            csrf: String::new(),
            section: Section::Integrations,
            toast: None,
            now: Timestamp::default(),
        }
    }
}

impl Shell {
    /// Loads what the frame shows.
    pub fn load(conn: &mut PgConnection, actor: &Actor, section: Section, visit: Visit) -> QueryResult<Self> {
        let all = workspaces::of_user(conn, actor.user)?;
        let current = all.iter().find(|workspace| workspace.id == actor.workspace);
        let person = users::find(conn, actor.user)?;
        Ok(Self {
            urls: Urls::of(current.map_or("", |workspace| &workspace.slug)),
            workspace: current.map(|workspace| workspace.name.clone()).unwrap_or_default(),
            workspaces: all.iter().map(|w| (w.name.clone(), Urls::of(&w.slug).integrations())).collect(),
            is_invited: answers::is_waited_for(conn, actor.user)?,
            person: person.map(|person| person.name).unwrap_or_default(),
            role: actor.role,
            permissions: actor.permissions,
            csrf: visit.csrf,
            section,
            toast: visit.toast,
            now: actor.at,
        })
    }

    /// A frame with `text` wherever there is text: for the samples of pages.
    pub fn sample(text: &str) -> Self {
        let some = || text.to_owned();
        Self {
            workspace: some(),
            workspaces: vec![
                (some(), "/w/acme/integrations".to_owned()),
                (some(), "/w/globex/integrations".to_owned()),
            ],
            is_invited: true,
            person: some(),
            role: Role::Admin,
            permissions: Permission::ALL.iter().copied().collect(),
            csrf: some(),
            toast: Some(some()),
            ..Self::default()
        }
    }

    /// Whether the person is a workspace admin.
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// Whether the person may make agents.
    pub fn may_create_agents(&self) -> bool {
        self.permissions.contains(Permission::CreateAgents)
    }

    /// Whether the person may bring in integrations.
    pub fn may_create_integrations(&self) -> bool {
        self.permissions.contains(Permission::CreateIntegrations)
    }

    /// Whether the person may preselect connections.
    pub fn may_preselect(&self) -> bool {
        self.permissions.contains(Permission::ConfigurePreselectedConnections)
    }

    /// Whether the page belongs to this part of the navigation.
    pub fn is_in(&self, section: &str) -> bool {
        self.section.as_str() == section
    }

    /// Whether this is the first page of the workspace that one is in.
    pub fn is_workspace_at(&self, address: &str) -> bool {
        self.urls.integrations() == address
    }

    /// A time as people say it at the time of the request.
    pub fn ago(&self, at: &Timestamp) -> Ago {
        Ago::between(at, &self.now)
    }
}

/// A time as people say it, with the exact one for hovering and for machines.
#[derive(Clone, Debug)]
pub struct Ago {
    /// `3 min ago`.
    pub words: String,
    /// `25 Nov 2026, 09:12 UTC`.
    pub exact: String,
    /// RFC 3339.
    pub machine: String,
}

impl Ago {
    /// How long before (or after) `now` something was.
    pub fn between(at: &Timestamp, now: &Timestamp) -> Self {
        let passed = *now - *at;
        let (distance, is_past) = if passed < Duration::zero() { (-passed, false) } else { (passed, true) };
        let count = match distance {
            d if d < Duration::seconds(45) => None,
            d if d < Duration::minutes(60) => Some((d.num_seconds().saturating_add(30) / 60, "min")),
            d if d < Duration::hours(24) => Some((d.num_hours().max(1), "hour")),
            d if d < Duration::days(60) => Some((d.num_days(), "day")),
            d if d < Duration::days(730) => Some((d.num_days() / 30, "month")),
            d => Some((d.num_days() / 365, "year")),
        };
        let words = match count {
            None => "just now".to_owned(),
            Some((n, unit)) => {
                let plural = if n == 1 || unit == "min" { "" } else { "s" };
                if is_past { format!("{n} {unit}{plural} ago") } else { format!("in {n} {unit}{plural}") }
            }
        };
        Self { words, exact: at.format("%-d %b %Y, %H:%M:%S UTC").to_string(), machine: at.to_rfc3339() }
    }
}

/// 200 with a page.
pub fn show(template: &impl Template) -> Result<HttpResponse, Error> {
    answer(StatusCode::OK, template)
}

/// 422 with a page that says what needs a change.
pub fn refuse(template: &impl Template) -> Result<HttpResponse, Error> {
    answer(StatusCode::UNPROCESSABLE_ENTITY, template)
}

/// A page with a status of its own.
pub fn answer(status: StatusCode, template: &impl Template) -> Result<HttpResponse, Error> {
    let html = template.render().map_err(|error| Error::internal(format!("a template failed: {error}")))?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::VARY, "HX-Request"))
        .body(html))
}

/// 303 to another page of ours.
pub fn go(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_as_people_say_it() {
        let now = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let said = |seconds: i64| Ago::between(&(now - Duration::seconds(seconds)), &now).words;

        assert_eq!(said(5), "just now");
        assert_eq!(said(180), "3 min ago");
        assert_eq!(said(3700), "1 hour ago");
        assert_eq!(said(3 * 86_400), "3 days ago");
        assert_eq!(said(-7200), "in 2 hours");
    }
}
