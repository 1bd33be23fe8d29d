//! The page to bring in an integration.

use askama::Template;

use crate::domain::integrations::custom::ImportError;
use crate::domain::integrations::document::Problem;
use crate::http::form::Mistakes;
use crate::http::page::Shell;

/// The page to bring in an integration.
#[derive(Debug, Default, Template)]
#[template(path = "integrations/import.html")]
pub struct ImportPage {
    /// The frame.
    pub shell: Shell,
    /// The key that was typed.
    pub key: String,
    /// The document that was sent.
    pub document: String,
    /// What is wrong with the fields.
    pub mistakes: Mistakes,
    /// What is wrong with the document.
    pub problems: Vec<Problem>,
}

impl ImportPage {
    /// The page with what was sent and what is wrong with it.
    pub fn refused(shell: Shell, key: String, document: String, error: ImportError) -> Self {
        let (mut mistakes, mut problems) = (Mistakes::default(), Vec::new());
        if document.trim().is_empty() {
            mistakes.add("document", "The document is missing. Paste it, or choose a file.");
        } else {
            match error {
                ImportError::Problems(found) => problems = found,
                ImportError::Key(error) => mistakes.add("key", error),
                ImportError::KeyTaken(_) => mistakes.add("key", error),
                ImportError::Database(_) => {}
            }
        }
        Self { shell, key, document, mistakes, problems }
    }
}
