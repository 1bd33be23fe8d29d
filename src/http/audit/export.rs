//! The log as a file. It is written page by page while it is read, so that a million entries need no more memory than a
//! thousand; between two pages no connection to the database is held.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::web::Data;
use futures_util::Stream;
use futures_util::stream;

use crate::authz::actions::ViewAudit;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::audit::entries;
use crate::domain::audit::entries::Entry;
use crate::domain::audit::entries::Filter;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::workspaces::Workspace;
use crate::http::audit::answer::AuditEntry;
use crate::http::audit::query::Asked;
use crate::http::audit::words::Sentence;
use crate::http::error::Error;
use crate::http::look::ActionFace;
use crate::kernel::paging::Cursor;
use crate::kernel::paging::Page;
use crate::words;

words! {
    /// What a file of the log looks like.
    Format {
        /// A table for spreadsheets.
        Csv = "csv",
        /// One JSON object on each line, as the API has them.
        Jsonl = "jsonl",
    }
}

/// What integrations are called, and their actions.
pub type Definitions = HashMap<String, Arc<Definition>>;

/// They by their keys.
pub fn definitions(all: Vec<Arc<Definition>>) -> Definitions {
    all.into_iter().map(|definition| (definition.key.clone(), definition)).collect()
}

/// What an action is called, by both keys.
pub fn action_name(definitions: &Definitions, integration: &str, action: &str) -> String {
    ActionFace::of(definitions.get(integration).map(AsRef::as_ref), integration, action).name
}

const COLUMNS: &str = "at,actor,actor_id,via,action,sentence,object_kind,object_id,object_name,connection_id,\
                       connection_name,agent_id,agent_name,ip,detail\r\n";

/// The file with what was asked for.
pub async fn file(
    proof: Authorized<ViewAudit, Workspace>,
    asked: Asked,
    format: Format,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let export = db
        .read(move |conn| {
            let filter = asked.filter(conn, &proof)?;
            let definitions = definitions(registry.list(conn, proof.actor().workspace)?);
            Ok::<_, Error>(Export { proof: Arc::new(proof), filter, format, definitions })
        })
        .await?;
    Ok(export.answer(db.get_ref().clone()))
}

/// What is to be written.
struct Export {
    proof: Arc<Authorized<ViewAudit, Workspace>>,
    filter: Filter,
    format: Format,
    definitions: Definitions,
}

/// How far the file is written.
enum Place {
    Beginning,
    After(Cursor),
    End,
}

impl Export {
    /// An answer that is written while it is sent.
    fn answer(self, db: Db) -> HttpResponse {
        let (kind, ending) = match self.format {
            Format::Csv => ("text/csv; charset=utf-8", "csv"),
            Format::Jsonl => ("application/x-ndjson", "jsonl"),
        };
        let (slug, day) = (&self.proof.resource().slug, self.proof.actor().at.format("%Y-%m-%d"));
        let name = format!("attachment; filename=\"audit-{slug}-{day}.{ending}\"");
        HttpResponse::Ok()
            .content_type(kind)
            .insert_header((header::CONTENT_DISPOSITION, name))
            .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox"))
            .streaming(self.chunks(db))
    }

    /// One chunk for each page. Where the database goes away in the middle, the answer is cut off, and so never looks
    /// whole.
    fn chunks(self, db: Db) -> impl Stream<Item = Result<Bytes, Error>> {
        let export = Arc::new(self);
        stream::try_unfold(Place::Beginning, move |place| {
            let (export, db) = (Arc::clone(&export), db.clone());
            async move {
                let after = match place {
                    Place::Beginning => None,
                    Place::After(cursor) => Some(cursor),
                    Place::End => return Ok(None),
                };
                let read = Arc::clone(&export);
                let page = Page::bulk(after);
                let listed =
                    db.read(move |conn| Ok::<_, Error>(entries::list(conn, &read.proof, &read.filter, &page)?)).await?;
                let mut chunk = if after.is_none() { export.head() } else { String::new() };
                for entry in listed.items {
                    chunk.push_str(&export.line(entry)?);
                }
                Ok(Some((Bytes::from(chunk), listed.next.map_or(Place::End, Place::After))))
            }
        })
    }

    fn head(&self) -> String {
        match self.format {
            Format::Csv => COLUMNS.to_owned(),
            Format::Jsonl => String::new(),
        }
    }

    fn line(&self, entry: Entry) -> Result<String, Error> {
        match self.format {
            Format::Csv => Ok(self.row(&entry)),
            Format::Jsonl => {
                let mut line = serde_json::to_string(&AuditEntry::of(entry)).map_err(Error::internal)?;
                line.push('\n');
                Ok(line)
            }
        }
    }

    fn row(&self, entry: &Entry) -> String {
        let names = |integration: &str, action: &str| action_name(&self.definitions, integration, action);
        let id = |id: Option<String>| id.unwrap_or_default();
        let word = |word: &Option<String>| word.clone().unwrap_or_default();
        let cells = [
            entry.at.to_rfc3339(),
            word(&entry.actor_name),
            id(entry.actor.map(|id| id.to_string())),
            entry.via.to_string(),
            entry.action.clone(),
            Sentence::of(entry, &names).to_string(),
            entry.object_kind.clone(),
            entry.object_id.clone(),
            word(&entry.object_name),
            id(entry.connection.map(|id| id.to_string())),
            word(&entry.connection_name),
            id(entry.agent.map(|id| id.to_string())),
            word(&entry.agent_name),
            word(&entry.ip),
            entry.detail.to_string(),
        ];
        let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
        format!("{}\r\n", cells.join(","))
    }
}

/// A cell by RFC 4180. What a spreadsheet would take for a formula gets an apostrophe in front: names come from people, and
/// a file that admins open must not compute what a member wrote.
fn cell(text: &str) -> String {
    let is_formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\r', '\n', ';']) || is_formula {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_cell_whatever_stands_in_it() {
        assert_eq!(cell("Ada"), "Ada");
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("she said \"no\"\r\n"), "\"she said \"\"no\"\"\r\n\"");
    }

    #[test]
    fn a_formula_stays_words() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(\"https://evil.example\")"] {
            assert!(cell(formula).starts_with("\"'"), "{formula}");
        }
    }
}
