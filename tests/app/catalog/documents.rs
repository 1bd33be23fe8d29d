//! The documents of the catalogue as they are on disk, so that a changed one is read without building anything anew.

use std::fs;
use std::path::PathBuf;

use odeus::domain::integrations::definition::Definition;
use odeus::domain::integrations::document;
use serde_json::Value;

/// Where the documents are.
pub(crate) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/domain/integrations/catalog");

/// One document, as it is written and as it is read.
pub(crate) struct Document {
    pub(crate) key: String,
    pub(crate) text: String,
    /// The document as OpenAPI, references and all.
    pub(crate) root: Value,
    /// What the loader makes of it.
    pub(crate) definition: Definition,
    /// What the loader could not carry over.
    pub(crate) notes: Vec<String>,
}

/// An operation of a document.
pub(crate) struct Operation<'d> {
    /// Its `operationId`.
    pub(crate) id: &'d str,
    pub(crate) method: &'d str,
    pub(crate) path: &'d str,
    /// What all operations of the path have.
    pub(crate) item: &'d Value,
    pub(crate) value: &'d Value,
}

/// Every document, in the order of their names.
pub(crate) fn all() -> Vec<Document> {
    let files = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|it| it == "yaml")).collect();
    files.sort();
    files.iter().map(Document::open).collect()
}

impl Document {
    fn open(path: &PathBuf) -> Self {
        let key = path.file_stem().unwrap().to_str().unwrap().to_owned();
        Self::read(&key, fs::read_to_string(path).unwrap())
    }

    /// Reads a document of that name.
    pub(crate) fn read(key: &str, text: String) -> Self {
        let read = document::read(&text).unwrap_or_else(|problems| panic!("{key}: {problems:#?}"));
        let root = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{key}: {error}"));
        let notes = read.notes.iter().map(|note| format!("{}: {}", note.pointer, note.message)).collect();
        Self { key: key.to_owned(), text, root, definition: read.definition, notes }
    }

    /// Its operations, in their order.
    pub(crate) fn operations(&self) -> Vec<Operation<'_>> {
        let mut operations = Vec::new();
        for (path, item) in self.root["paths"].as_object().into_iter().flatten() {
            for (method, value) in item.as_object().into_iter().flatten() {
                if matches!(method.as_str(), "get" | "put" | "post" | "delete" | "patch" | "head") {
                    let id = value["operationId"].as_str().unwrap_or_default();
                    operations.push(Operation { id, method, path, item, value });
                }
            }
        }
        operations
    }

    /// The address of the server that counts for `operation`, as it is written.
    pub(crate) fn server(&self, operation: &Operation<'_>) -> String {
        let places = [operation.value, operation.item, &self.root];
        let server = places.iter().find_map(|place| place["servers"][0]["url"].as_str());
        server.unwrap_or_default().trim_end_matches('/').to_owned()
    }

    /// The names of its security schemes of type `oauth2`.
    pub(crate) fn oauth_schemes(&self) -> Vec<&str> {
        let schemes = self.root["components"]["securitySchemes"].as_object().into_iter().flatten();
        schemes.filter(|(_, scheme)| scheme["type"] == "oauth2").map(|(name, _)| name.as_str()).collect()
    }

    /// The alternatives of scopes that `operation` asks for, one list for each requirement with an OAuth scheme.
    pub(crate) fn scopes(&self, operation: &Operation<'_>) -> Vec<Vec<String>> {
        let stated = operation.value.get("security").or_else(|| self.root.get("security"));
        let oauth = self.oauth_schemes();
        let requirements = stated.and_then(Value::as_array).into_iter().flatten();
        let schemes = requirements.flat_map(|requirement| requirement.as_object().into_iter().flatten());
        let schemes = schemes.filter(|(name, _)| oauth.contains(&name.as_str()));
        schemes.map(|(_, scopes)| strings(scopes)).collect()
    }
}

/// The texts of a list.
pub(crate) fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
}
