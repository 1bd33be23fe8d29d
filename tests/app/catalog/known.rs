//! What is known and meant, each with its reason. A line that is not needed any more makes a test fail, so that the
//! list only holds what is so.

/// Integrations without a check operation, and why.
pub(crate) const WITHOUT_CHECK: &[(&str, &str)] = &[];

/// Integrations whose check does not tell which account it is, and why.
pub(crate) const WITHOUT_ACCOUNT: &[(&str, &str)] = &[
    ("anthropic", "a key belongs to a workspace, and no call that such a key may make says which"),
    ("deepl", "the only call about the account says how much was translated, and not whose it is"),
    ("mistral", "a key belongs to a workspace, and no call that such a key may make says which"),
    ("openai", "a key belongs to a project, and no call that a project's key may make says which"),
    ("sendgrid", "a key that may only send may not ask whose it is, and sending is what most keys are for"),
];

/// Operations that need no scope, and why; `*` is every operation of the integration.
pub(crate) const WITHOUT_SCOPES: &[(&str, &str, &str)] = &[
    ("github", "getAuthenticatedUser", "any token may ask who it is; the scope `user` would only add private details"),
    (
        "intercom",
        "*",
        "what an app may do is set in its settings; https://developers.intercom.com/docs/build-an-integration/learn-more/authentication/setting-up-oauth has no scope",
    ),
    (
        "notion",
        "*",
        "what an integration may do is set where it is registered; Notion's authorize address has no scope",
    ),
    ("slack", "authTest", "any token may ask who it is: https://api.slack.com/methods/auth.test"),
];

/// A difference to the vendor's description that is right all the same.
pub(crate) struct Meant {
    /// The document.
    pub(crate) key: &'static str,
    /// The operation; empty for any.
    pub(crate) operation: &'static str,
    /// How the difference begins.
    pub(crate) difference: &'static str,
    /// Why it is right, with where the vendor says so.
    pub(crate) why: &'static str,
}

/// Sheets, Docs and Tasks have no call that says whose they are; Google has one for all of its services.
const GOOGLE_ACCOUNT: Meant = Meant {
    key: "",
    operation: "getAccount",
    difference: "https://openidconnect.googleapis.com/v1/userinfo is not at",
    why: "the userinfo endpoint of https://accounts.google.com/.well-known/openid-configuration",
};

/// How Outlook is told in what form to answer; the description is made of Graph's metadata, which knows no headers.
const OUTLOOK_PREFER: Meant = Meant {
    key: "",
    operation: "",
    difference: "header Prefer: the vendor has no such parameter",
    why: "https://learn.microsoft.com/graph/api/user-list-calendarview and message-get, optional headers",
};

/// The differences that are meant.
pub(crate) const MEANT: &[Meant] = &[
    Meant {
        key: "github",
        operation: "",
        difference: "header X-GitHub-Api-Version: the vendor has no such parameter",
        why: "https://docs.github.com/rest/about-the-rest-api/api-versions asks for it on every request",
    },
    Meant { key: "google-docs", ..GOOGLE_ACCOUNT },
    Meant { key: "google-sheets", ..GOOGLE_ACCOUNT },
    Meant { key: "google-tasks", ..GOOGLE_ACCOUNT },
    Meant {
        key: "google-contacts",
        operation: "",
        difference: "query requestMask.includeField: the vendor requires it",
        why: "only where requestMask is used, which its reference calls deprecated: personFields takes its place",
    },
    Meant {
        key: "google-contacts",
        operation: "updateContact",
        difference: "body.metadata: the vendor only answers with it",
        why: "people.updateContact refuses a person without metadata.sources, as its own description says",
    },
    Meant {
        key: "google-drive",
        operation: "shareFile",
        difference: "body.emailAddress: the vendor only answers with it",
        why: "permissions.create takes it for a user or a group; the description marks it as output for all methods",
    },
    Meant {
        key: "google-drive",
        operation: "shareFile",
        difference: "body.domain: the vendor only answers with it",
        why: "permissions.create takes it for a domain; the description marks it as output for all methods",
    },
    Meant {
        key: "microsoft-teams",
        operation: "createChat",
        difference: "body.members[].@odata.type: the vendor has no such property",
        why: "https://learn.microsoft.com/graph/api/chat-post: which kind of member it is; the metadata has no annotations",
    },
    Meant {
        key: "microsoft-teams",
        operation: "createChat",
        difference: "body.members[].user@odata.bind: the vendor has no such property",
        why: "https://learn.microsoft.com/graph/api/chat-post: who the member is; the metadata has no annotations",
    },
    Meant {
        key: "onedrive",
        operation: "createFolder",
        difference: "body.@microsoft.graph.conflictBehavior: the vendor has no such property",
        why: "https://learn.microsoft.com/graph/api/driveitem-post-children; the metadata has no annotations",
    },
    Meant {
        key: "onedrive",
        operation: "findSites",
        difference: "the vendor has no path /sites",
        why: "https://learn.microsoft.com/graph/api/site-search; the description is cut to other parts of Graph",
    },
    Meant {
        key: "onedrive",
        operation: "listSiteDrives",
        difference: "the vendor has no path /sites/{siteId}/drives",
        why: "https://learn.microsoft.com/graph/api/drive-list; the description is cut to other parts of Graph",
    },
    Meant { key: "outlook-mail", ..OUTLOOK_PREFER },
    Meant { key: "outlook-calendar", ..OUTLOOK_PREFER },
    Meant {
        key: "notion",
        operation: "createComment",
        difference: "header Notion-Version: the vendor has no such parameter",
        why: "https://developers.notion.com/reference/versioning: a request without it is refused",
    },
    Meant {
        key: "notion",
        operation: "getSelf",
        difference: "the vendor's answer has no /bot/workspace_name",
        why: "https://developers.notion.com/reference/get-self answers with it; the description leaves out what a bot has",
    },
    Meant {
        key: "slack",
        operation: "",
        difference: "query oldest: it is string, the vendor's is number",
        why: "a message's timestamp is its id and a text, as the answers have it; as a number it would lose digits",
    },
    Meant {
        key: "slack",
        operation: "",
        difference: "query latest: it is string, the vendor's is number",
        why: "a message's timestamp is its id and a text, as the answers have it; as a number it would lose digits",
    },
    Meant {
        key: "slack",
        operation: "threadReplies",
        difference: "query ts: it is string, the vendor's is number",
        why: "a message's timestamp is its id and a text, as the answers have it; as a number it would lose digits",
    },
    Meant {
        key: "slack",
        operation: "findUserByEmail",
        difference: "scope users:read: the vendor lists none such here",
        why: "https://api.slack.com/scopes/users:read.email is only granted together with users:read",
    },
    Meant {
        key: "stripe",
        operation: "",
        difference: "header Stripe-Version: the vendor has no such parameter",
        why: "https://docs.stripe.com/api/versioning: without it the account's own version answers",
    },
];

impl Meant {
    /// Whether it speaks of this difference.
    pub(crate) fn covers(&self, key: &str, difference: &str) -> bool {
        let Some((operation, words)) = difference.split_once(": ") else { return false };
        self.key == key
            && (self.operation.is_empty() || self.operation == operation)
            && words.starts_with(self.difference)
    }

    /// Whether a request is refused for the same reason: the difference names the place in front of its colon.
    pub(crate) fn covers_refusal(&self, key: &str, refusal: &str) -> bool {
        let place = self.difference.split(':').next().unwrap_or_default();
        let Some((operation, words)) = refusal.split_once(": ") else { return false };
        // An item of a list has a number there, `members[0]`, and none here.
        let words = words.replace(|c: char| c.is_ascii_digit(), "");
        let is_of_address =
            self.difference.ends_with(" is not at") || self.difference.starts_with("the vendor has no path");
        let is_elsewhere = is_of_address && words.starts_with("there is no ");
        let is_place =
            is_elsewhere || words.strip_prefix(place).is_some_and(|rest| rest.starts_with([':', ' ', '.', '[']));
        self.key == key && (self.operation.is_empty() || self.operation == operation) && is_place
    }
}
