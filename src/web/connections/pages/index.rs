//! The lists of connections.

use std::sync::Arc;

use askama::Template;

use crate::authz::facts::AuthType;
use crate::domain::connections::Connection;
use crate::domain::connections::ConnectionStatus;
use crate::domain::connections::visible::Standing;
use crate::domain::connections::visible::Which;
use crate::domain::integrations::definition::Definition;
use crate::http::page::Shell;
use crate::kernel::paging::Cursor;
use crate::kernel::paging::Listed;
use crate::web::connections::pages::Face;

/// What a list is narrowed to.
#[derive(Clone, Debug)]
pub struct Sought {
    /// Which list.
    pub view: Which,
    /// An integration's key.
    pub integration: Option<String>,
    /// A state.
    pub status: Option<ConnectionStatus>,
    /// Where the page begins.
    pub cursor: Option<Cursor>,
}

impl Default for Sought {
    fn default() -> Self {
        Self { view: Which::Mine, integration: None, status: None, cursor: None }
    }
}

/// What a list is made of.
#[derive(Debug)]
pub struct Found {
    /// The page's connections.
    pub connections: Listed<Connection>,
    /// The person's own that wait for them.
    pub waiting: Vec<Connection>,
    /// What they may use, counted.
    pub standings: Vec<Standing>,
    /// Every integration.
    pub definitions: Vec<Arc<Definition>>,
}

/// A list of connections.
#[derive(Debug, Default, Template)]
#[template(path = "connections/index.html")]
pub struct IndexPage {
    /// The frame.
    pub shell: Shell,
    /// What it is narrowed to.
    pub sought: Sought,
    /// How many are the person's own.
    pub mine: i64,
    /// How many are shared with them.
    pub shared: i64,
    /// Keys and names of the integrations to choose from.
    pub integrations: Vec<(String, String)>,
    /// The connections.
    pub rows: Vec<Row>,
    /// The person's own that wait for them.
    pub waiting: Vec<Row>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// One connection in a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The connection.
    pub connection: Connection,
    /// Its integration.
    pub face: Face,
}

impl Row {
    /// Whether only integration, owner and state are shown (R1).
    fn is_masked(&self) -> bool {
        self.connection.auth_type == AuthType::Oauth && !self.connection.is_owner
    }
}

impl IndexPage {
    /// The page of what was found.
    pub fn of(shell: Shell, sought: Sought, found: Found) -> Self {
        let count = |is_owner: bool| {
            found.standings.iter().filter(|one| one.is_owner == is_owner).map(|one| one.count).sum::<i64>()
        };
        let row = |connection: Connection| {
            let definition = found.definitions.iter().find(|one| one.key == connection.integration);
            Row { face: Face::of(&connection, definition.map(Arc::as_ref)), connection }
        };
        Self {
            mine: count(true),
            shared: count(false),
            integrations: found.definitions.iter().map(|one| (one.key.clone(), one.name.clone())).collect(),
            rows: found.connections.items.into_iter().map(row).collect(),
            waiting: found.waiting.into_iter().map(row).collect(),
            next: found.connections.next.map(|cursor| cursor.to_string()),
            shell,
            sought,
        }
    }

    fn is_at(&self, view: &str) -> bool {
        self.sought.view.as_str() == view
    }

    fn is_narrowed(&self) -> bool {
        self.sought.integration.is_some() || self.sought.status.is_some()
    }

    fn is_integration(&self, key: &str) -> bool {
        self.sought.integration.as_deref() == Some(key)
    }

    fn is_status(&self, status: ConnectionStatus) -> bool {
        self.sought.status == Some(status)
    }

    /// Another list, not narrowed.
    fn view(&self, view: &str) -> String {
        format!("{}?view={view}", self.shell.urls.connections())
    }

    /// Another page of this list.
    fn page(&self, cursor: &str) -> String {
        let mut query = vec![("view", self.sought.view.as_str())];
        query.extend(self.sought.integration.as_deref().map(|key| ("integration", key)));
        query.extend(self.sought.status.map(|status| ("status", status.as_str())));
        query.extend(Some(("cursor", cursor)).filter(|(_, cursor)| !cursor.is_empty()));
        format!("{}?{}", self.shell.urls.connections(), serde_urlencoded::to_string(query).unwrap_or_default())
    }
}
