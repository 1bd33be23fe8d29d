//! Integrations that a workspace brings in itself, as OpenAPI documents: text, parsed as data (D-70).

use diesel::ExpressionMethods;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use ring::digest::SHA256;
use ring::digest::digest;

use crate::authz::actions::CreateIntegration;
use crate::authz::proof::Authorized;
use crate::database_errors;
use crate::db::DbError;
use crate::db::conflict;
use crate::db::schema::custom_integrations;
use crate::domain::audit;
use crate::domain::integrations::document;
use crate::domain::integrations::document::Document;
use crate::domain::integrations::document::Problem;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::workspaces::Workspace;
use crate::kernel::text;
use crate::outbound::guard::Egress;

/// The most bytes a document may have.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;

/// Stands in the addresses of integrations where a key would.
const RESERVED: &str = "import";

/// A document was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It cannot be read, or says what is not allowed here.
    #[error("the document has {} problem(s)", .0.len())]
    Problems(Vec<Problem>),
    /// The key is not one.
    #[error(transparent)]
    Key(#[from] text::TextError),
    /// There is an integration with that key.
    #[error("There is an integration with the key “{0}” already. Choose another key.")]
    KeyTaken(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(ImportError);

/// Reads a document and looks at every address in it, without keeping anything. Takes a while for a large one: not for a
/// thread that serves requests.
pub fn read(text: &str, egress: &Egress) -> Result<Document, ImportError> {
    if text.len() > MAX_BYTES {
        let message = "The document is too large: at most 5 MiB.".to_owned();
        return Err(ImportError::Problems(vec![Problem { pointer: String::new(), message }]));
    }
    let document = document::read(text).map_err(ImportError::Problems)?;
    let refused: Vec<Problem> = document
        .definition
        .addresses()
        .into_iter()
        .filter_map(|(pointer, url)| {
            egress.check_url(&url).err().map(|blocked| Problem { pointer, message: blocked.to_string() })
        })
        .collect();
    if refused.is_empty() { Ok(document) } else { Err(ImportError::Problems(refused)) }
}

/// Brings an integration in under `key`, or under the key that its document names; returns the key.
pub fn create(
    conn: &mut PgConnection,
    registry: &Registry,
    proof: &Authorized<CreateIntegration, Workspace>,
    key: Option<&str>,
    text: &str,
    document: &Document,
) -> Result<String, ImportError> {
    let actor = proof.actor();
    let key = text::slug(key.unwrap_or(&document.definition.key))?;
    if registry.is_builtin(&key) || key == RESERVED {
        return Err(ImportError::KeyTaken(key));
    }
    let taken = |error: diesel::result::Error| {
        let is_taken =
            ["custom_integrations_pkey", "custom_integrations_key_taken"].iter().any(|c| conflict::is(&error, c));
        if is_taken { ImportError::KeyTaken(key.clone()) } else { error.into() }
    };
    diesel::insert_into(custom_integrations::table)
        .values((
            custom_integrations::workspace_id.eq(actor.workspace),
            custom_integrations::key.eq(&key),
            custom_integrations::document.eq(text),
            custom_integrations::digest.eq(digest(&SHA256, text.as_bytes()).as_ref()),
            custom_integrations::created_by.eq(actor.user),
            custom_integrations::created_at.eq(actor.at),
        ))
        .execute(conn)
        .map_err(taken)?;
    audit::record(conn, actor, audit::Event::new("integration.created", "integration", &key))?;
    Ok(key)
}
