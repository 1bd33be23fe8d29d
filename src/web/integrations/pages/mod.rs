//! What the pages of integrations show.

pub mod access;
pub mod import;
pub mod index;
pub mod samples;
pub mod show;

pub use crate::web::integrations::pages::samples::samples;

use crate::kernel::text;

/// A description that may be Markdown, as one line of plain text.
fn plain(description: &str, max: usize) -> String {
    let line: Vec<&str> = description.split_whitespace().collect();
    text::cut(&line.join(" ").replace(['`', '*'], ""), max)
}

/// A finding of the document's reader as a sentence.
fn sentence(message: &str) -> String {
    if message.ends_with(['.', '!', '?']) { message.to_owned() } else { format!("{message}.") }
}
