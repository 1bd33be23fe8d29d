//! The built-in integrations. They ship in the binary and cannot be changed at run time (D-22).

use std::sync::Arc;
use std::sync::LazyLock;

use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::document;

/// The documents, in the order of their names.
const DOCUMENTS: &[(&str, &str)] = &[
    ("airtable", include_str!("airtable.yaml")),
    ("anthropic", include_str!("anthropic.yaml")),
    ("asana", include_str!("asana.yaml")),
    ("bigquery", include_str!("bigquery.yaml")),
    ("calendly", include_str!("calendly.yaml")),
    ("confluence", include_str!("confluence.yaml")),
    ("deepl", include_str!("deepl.yaml")),
    ("dropbox", include_str!("dropbox.yaml")),
    ("frankfurter", include_str!("frankfurter.yaml")),
    ("github", include_str!("github.yaml")),
    ("gitlab", include_str!("gitlab.yaml")),
    ("gmail", include_str!("gmail.yaml")),
    ("google-calendar", include_str!("google-calendar.yaml")),
    ("google-contacts", include_str!("google-contacts.yaml")),
    ("google-docs", include_str!("google-docs.yaml")),
    ("google-drive", include_str!("google-drive.yaml")),
    ("google-sheets", include_str!("google-sheets.yaml")),
    ("google-tasks", include_str!("google-tasks.yaml")),
    ("hubspot", include_str!("hubspot.yaml")),
    ("intercom", include_str!("intercom.yaml")),
    ("jira", include_str!("jira.yaml")),
    ("linear", include_str!("linear.yaml")),
    ("microsoft-teams", include_str!("microsoft-teams.yaml")),
    ("microsoft-to-do", include_str!("microsoft-to-do.yaml")),
    ("mistral", include_str!("mistral.yaml")),
    ("nager-date", include_str!("nager-date.yaml")),
    ("notion", include_str!("notion.yaml")),
    ("onedrive", include_str!("onedrive.yaml")),
    ("open-meteo", include_str!("open-meteo.yaml")),
    ("openai", include_str!("openai.yaml")),
    ("outlook-calendar", include_str!("outlook-calendar.yaml")),
    ("outlook-mail", include_str!("outlook-mail.yaml")),
    ("pipedrive", include_str!("pipedrive.yaml")),
    ("sendgrid", include_str!("sendgrid.yaml")),
    ("slack", include_str!("slack.yaml")),
    ("stripe", include_str!("stripe.yaml")),
    ("wikipedia", include_str!("wikipedia.yaml")),
    ("zendesk", include_str!("zendesk.yaml")),
    ("zoom", include_str!("zoom.yaml")),
];

static BUILTIN: LazyLock<Vec<Arc<Definition>>> = LazyLock::new(|| {
    let read = DOCUMENTS.iter().filter_map(|(key, text)| match document::read(text) {
        Ok(document) => Some(Arc::new(document.definition)),
        Err(problems) => {
            // A test reads them all, so that a release never gets here.
            tracing::error!(integration.key = key, ?problems, "cannot read the built-in integration {key}");
            None
        }
    });
    read.collect()
});

/// Every built-in integration.
pub fn builtin() -> &'static [Arc<Definition>] {
    &BUILTIN
}

#[cfg(test)]
mod tests;
