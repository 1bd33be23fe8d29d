//! The small forms of a connection: its name, its secret.

use askama::Template;

use crate::domain::connections::Connection;
use crate::http::credential::CredentialField;
use crate::http::form::Mistakes;
use crate::http::page::Shell;
use crate::http::pending::Pending;
use crate::kernel::ids::ConnectionId;
use crate::web::connections::pages::Face;

/// Another name.
#[derive(Debug, Template)]
#[template(path = "connections/name.html")]
pub struct NamePage {
    /// The frame.
    pub shell: Shell,
    /// The connection.
    pub id: ConnectionId,
    /// Its name as it is.
    pub before: String,
    /// What was typed.
    pub name: String,
    /// What is wrong with it.
    pub mistakes: Mistakes,
}

/// Another secret.
#[derive(Debug, Template)]
#[template(path = "connections/secret.html")]
pub struct SecretPage {
    /// The frame.
    pub shell: Shell,
    /// The connection.
    pub connection: Connection,
    /// Its integration.
    pub face: Face,
    /// The call that waits for it (R9).
    pub pending: Option<Pending>,
    /// What to fill in.
    pub fields: Vec<CredentialField>,
    /// What is wrong with it.
    pub mistakes: Mistakes,
    /// Why it was not taken.
    pub refusal: Option<String>,
}
