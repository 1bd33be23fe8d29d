//! What the pages of connections show.

pub mod access;
pub mod deletion;
pub mod forms;
pub mod index;
pub mod samples;
pub mod shares;
pub mod show;

pub use crate::web::connections::pages::samples::samples;

use crate::domain::connections::Connection;
use crate::domain::integrations::definition::Definition;

/// The face of an integration: its name, and its icon's name where it has one.
#[derive(Clone, Debug, Default)]
pub struct Face {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its icon's name.
    pub icon: String,
}

impl Face {
    /// Of a connection's integration; its key stands for one that is no longer there.
    pub fn of(connection: &Connection, definition: Option<&Definition>) -> Self {
        let key = connection.integration.clone();
        let name = definition.map_or_else(|| key.clone(), |definition| definition.name.clone());
        let icon = definition.and_then(|definition| definition.icon.clone()).unwrap_or_default();
        Self { key, name, icon }
    }
}
