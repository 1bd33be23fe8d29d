//! What a deletion breaks.

use askama::Template;

use crate::authz::facts::AuthType;
use crate::domain::connections::Connection;
use crate::http::page::Shell;
use crate::web::connections::pages::Face;
use crate::web::connections::pages::show::Dependents;

/// What a deletion breaks.
#[derive(Debug, Template)]
#[template(path = "connections/deletion.html")]
pub struct DeletionPage {
    /// The frame.
    pub shell: Shell,
    /// The connection.
    pub connection: Connection,
    /// Its integration.
    pub face: Face,
    /// What depends on it.
    pub dependents: Dependents,
}

impl DeletionPage {
    fn is_oauth(&self) -> bool {
        self.connection.auth_type == AuthType::Oauth
    }

    /// How much another person's sign-in is used is theirs to know (R1).
    fn shows_runs(&self) -> bool {
        self.connection.is_owner || !self.is_oauth()
    }

    fn breaks_nothing(&self) -> bool {
        let usage = self.dependents.usage;
        usage.agents == 0 && usage.people == 0
    }
}
