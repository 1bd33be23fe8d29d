//! The `OpenAPI` documents under which the sandbox's four APIs can be imported.

const WRITTEN_FOR: &str = "https://sandbox.example";

const DOCUMENTS: [(&str, &str); 4] = [
    ("sandbox-calendar", include_str!("documents/sandbox-calendar.yaml")),
    ("sandbox-crm", include_str!("documents/sandbox-crm.yaml")),
    ("sandbox-warehouse", include_str!("documents/sandbox-warehouse.yaml")),
    ("sandbox-holidays", include_str!("documents/sandbox-holidays.yaml")),
];

/// All four documents by key, with the addresses of the sandbox at that origin.
pub fn documents(public_url: &str) -> Vec<(&'static str, String)> {
    DOCUMENTS.iter().map(|(key, text)| (*key, addressed(text, public_url))).collect()
}

/// One document by its key.
pub fn document(key: &str, public_url: &str) -> Option<String> {
    DOCUMENTS.iter().find(|(name, _)| *name == key).map(|(_, text)| addressed(text, public_url))
}

fn addressed(text: &str, public_url: &str) -> String {
    text.replace(WRITTEN_FOR, public_url.trim_end_matches('/'))
}
