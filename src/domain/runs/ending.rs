//! How a call that left, or tried to, ended: what the answer or its absence means, and what to tell people. Purely
//! decided. What may have happened is never called a failure.

use crate::domain::integrations::definition::Effect;
use crate::domain::integrations::definition::FailureRule;
use crate::domain::oauth::renewal::RenewError;
use crate::domain::oauth::renewal::wait;
use crate::domain::runs::run::RunStatus;
use crate::kernel::text;
use crate::outbound::client::SendError;
use crate::outbound::request::Response;
use crate::vault::CallError;

/// How a call ended.
#[derive(Debug)]
pub struct Ending {
    /// In a word.
    pub status: RunStatus,
    /// What happened and what to do, for people; nothing where all went well.
    pub detail: Option<String>,
    /// The answer, if there was one.
    pub response: Option<Response>,
    /// Whether the provider may have seen it.
    pub may_have_left: bool,
    /// When to try again, where it did not leave because somebody else renews the access.
    pub retry_after_seconds: Option<i64>,
}

impl Ending {
    fn without_answer(status: RunStatus, detail: String) -> Self {
        Self { status, detail: Some(detail), response: None, may_have_left: false, retry_after_seconds: None }
    }
}

/// What is called, and how.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The integration's name.
    pub integration: &'a str,
    /// Whether it changes something.
    pub effect: Effect,
    /// How a failure with status 200 looks there.
    pub failure: Option<&'a FailureRule>,
}

/// What an answer means.
pub fn by_response(asked: &Asked<'_>, response: Response) -> Ending {
    let detail = complaint(asked, &response);
    let status = if detail.is_none() { RunStatus::Succeeded } else { RunStatus::Failed };
    Ending { status, detail, response: Some(response), may_have_left: true, retry_after_seconds: None }
}

fn complaint(asked: &Asked<'_>, response: &Response) -> Option<String> {
    let integration = asked.integration;
    let status = response.status;
    let wait = || {
        let header = response.headers.iter().find(|(name, _)| name == "retry-after");
        header.map_or_else(|| " in a while".to_owned(), |(_, value)| format!(" after {} s", text::cut(value, 40)))
    };
    Some(match status {
        200..=299 => {
            let answer = asked.failure.and_then(|_| serde_json::from_slice(&response.body).ok());
            let reason = asked.failure.zip(answer).and_then(|(rule, answer)| rule.reason(&answer))?;
            match text::cut(&reason, 300) {
                reason if reason.is_empty() => format!("{integration} said that it did not work."),
                reason => format!("{integration} said that it did not work: {reason}."),
            }
        }
        304 => return None,
        401 => format!("{integration} did not accept the credential (401)."),
        403 => format!("{integration} does not let this account do that (403)."),
        404 => format!("{integration} found nothing there (404)."),
        429 => format!("{integration} had too many requests (429). Try again{}.", wait()),
        500..=599 => format!("{integration} has a problem of its own ({status}). Try again{}.", wait()),
        _ => format!("{integration} did not do it ({status}); its answer says why."),
    })
}

/// What it means that no answer came.
pub fn by_error(asked: &Asked<'_>, error: &CallError) -> Ending {
    let status = match error {
        CallError::Send(error) => by_send_error(asked.effect, error),
        CallError::OutsideOrigins
        | CallError::MissingField(_)
        | CallError::Unsendable(_)
        | CallError::Slot
        | CallError::Vault(_) => RunStatus::Refused,
    };
    let may_have_left = error.may_have_arrived();
    let mut detail = sentence(&error.to_string());
    if may_have_left && asked.effect == Effect::Write {
        detail.push_str(&look_first(asked.integration));
    }
    Ending { may_have_left, ..Ending::without_answer(status, detail) }
}

fn by_send_error(effect: Effect, error: &SendError) -> RunStatus {
    match error {
        SendError::TimedOut { .. } => RunStatus::TimedOut,
        SendError::ForeignOrigin { .. }
        | SendError::Blocked(_)
        | SendError::ForbiddenHeader { .. }
        | SendError::RequestTooLarge { .. } => RunStatus::Refused,
        SendError::Unresolvable { .. }
        | SendError::Unreachable { .. }
        | SendError::Untrusted { .. }
        | SendError::Redirected { .. } => RunStatus::Failed,
        SendError::TooLarge { .. }
        | SendError::Inflated { .. }
        | SendError::Malformed { .. }
        | SendError::Broken { .. }
        | SendError::StrayPeer { .. } => match effect {
            Effect::Read => RunStatus::Failed,
            Effect::Write => RunStatus::Unknown,
        },
    }
}

/// What it means that the access could not be renewed. Nothing had left.
pub fn by_renewal(asked: &Asked<'_>, error: &RenewError, needs_reconnect: String) -> Ending {
    let integration = asked.integration;
    match error {
        RenewError::NeedsReconnect(_) => Ending::without_answer(RunStatus::NeedsReconnect, needs_reconnect),
        RenewError::Misconfigured(_) => Ending::without_answer(
            RunStatus::Refused,
            format!(
                "{integration} does not accept the OAuth client of your workspace. A workspace admin has to set it right."
            ),
        ),
        RenewError::Busy { retry_after_seconds } => Ending {
            retry_after_seconds: Some(*retry_after_seconds),
            ..Ending::without_answer(
                RunStatus::Failed,
                format!("The access to {integration} is just being renewed. Nothing was sent; try again shortly."),
            )
        },
        RenewError::Paused { retry_after_seconds } => Ending::without_answer(
            RunStatus::Failed,
            format!(
                "{integration} could not renew the access a moment ago and is left alone for now. Nothing was sent; try \
                 again in {}.",
                wait(*retry_after_seconds)
            ),
        ),
        RenewError::Unreachable(_) => Ending::without_answer(
            RunStatus::Failed,
            format!("{integration} cannot be reached to renew the access. Nothing was sent; try again in a while."),
        ),
        RenewError::Gone => Ending::without_answer(
            RunStatus::Refused,
            "The connection was deleted meanwhile. Nothing was sent.".to_owned(),
        ),
        RenewError::Failed(_) => Ending::without_answer(
            RunStatus::Failed,
            "The access could not be renewed because of a problem of ours. Nothing was sent; try again.".to_owned(),
        ),
    }
}

/// What it means that the connection has no credential at all.
pub fn without_secret(needs_reconnect: String) -> Ending {
    Ending::without_answer(RunStatus::NeedsReconnect, needs_reconnect)
}

/// What it means that all of it took too long together.
pub fn by_deadline(asked: &Asked<'_>) -> Ending {
    let mut detail = format!("{} took too long to answer.", asked.integration);
    if asked.effect == Effect::Write {
        detail.push_str(&look_first(asked.integration));
    }
    Ending { may_have_left: true, ..Ending::without_answer(RunStatus::TimedOut, detail) }
}

fn look_first(integration: &str) -> String {
    format!(" It may have been done all the same: look in {integration} before you run it again.")
}

/// An error's message as a sentence for people. A host at its beginning stays as it is.
pub(in crate::domain::runs) fn sentence(message: &str) -> String {
    let message = text::cut(message, 400);
    let message = message.trim_end_matches('.');
    let begins_with_host = message.split(' ').next().is_some_and(|word| word.contains('.'));
    let mut letters = message.chars();
    match letters.next() {
        Some(letter) if !begins_with_host => format!("{}{}.", letter.to_uppercase(), letters.as_str()),
        Some(_) | None => format!("{message}."),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::outbound::failure::Phase;

    const SLACK: Asked<'static> = Asked { integration: "Slack", effect: Effect::Write, failure: None };

    fn response(status: u16, body: &str) -> Response {
        Response { status, headers: Vec::new(), body: body.as_bytes().to_vec(), duration: Duration::ZERO }
    }

    fn ended(effect: Effect, error: SendError) -> (RunStatus, bool) {
        let ending = by_error(&Asked { effect, ..SLACK }, &CallError::Send(error));
        (ending.status, ending.may_have_left)
    }

    #[test]
    fn what_the_provider_says_decides() {
        for (status, expected) in [
            (200, RunStatus::Succeeded),
            (204, RunStatus::Succeeded),
            (400, RunStatus::Failed),
            (401, RunStatus::Failed),
            (403, RunStatus::Failed),
            (404, RunStatus::Failed),
            (429, RunStatus::Failed),
            (500, RunStatus::Failed),
        ] {
            let ending = by_response(&SLACK, response(status, "{}"));

            assert_eq!(ending.status, expected, "{status}");
            assert_eq!(ending.response.unwrap().status, status);
        }
    }

    #[test]
    fn a_failure_in_an_answer_of_status_200_is_a_failure_with_its_reason() {
        let rule =
            FailureRule { pointer: "/ok".to_owned(), equals: Some(json!(false)), message: Some("/error".to_owned()) };
        let asked = Asked { failure: Some(&rule), ..SLACK };

        let failed = by_response(&asked, response(200, r#"{"ok":false,"error":"channel_not_found"}"#));
        let succeeded = by_response(&asked, response(200, r#"{"ok":true}"#));

        assert_eq!(failed.status, RunStatus::Failed);
        assert_eq!(failed.detail.as_deref(), Some("Slack said that it did not work: channel_not_found."));
        assert_eq!(succeeded.status, RunStatus::Succeeded);
    }

    #[test]
    fn what_may_have_happened_is_not_called_a_failure() {
        let host = || "slack.com".to_owned();
        let cut_off = || SendError::Malformed { host: host(), problem: "it ends too early" };
        let late = |phase| SendError::TimedOut { host: host(), phase };

        assert_eq!(ended(Effect::Write, cut_off()), (RunStatus::Unknown, true));
        assert_eq!(ended(Effect::Read, cut_off()), (RunStatus::Failed, true));
        assert_eq!(ended(Effect::Write, late(Phase::Head)), (RunStatus::TimedOut, true));
        assert_eq!(ended(Effect::Write, late(Phase::Queue)), (RunStatus::TimedOut, false));
        assert_eq!(ended(Effect::Write, SendError::Unresolvable { host: host() }), (RunStatus::Failed, false));
        assert_eq!(ended(Effect::Write, SendError::ForeignOrigin { origin: host() }), (RunStatus::Refused, false));
    }

    #[test]
    fn a_write_that_may_have_arrived_says_to_look_first() {
        let late = || CallError::Send(SendError::TimedOut { host: "slack.com".to_owned(), phase: Phase::Body });
        let detail = |effect| by_error(&Asked { effect, ..SLACK }, &late()).detail.unwrap();

        assert!(detail(Effect::Write).ends_with("look in Slack before you run it again."));
        assert!(!detail(Effect::Read).contains("look in"));
    }

    #[test]
    fn a_dead_grant_says_who_can_mend_it_and_a_busy_one_when_to_come_again() {
        let dead = by_renewal(&SLACK, &RenewError::NeedsReconnect("SECRET REASON".to_owned()), "Ask Ada.".to_owned());
        let busy = by_renewal(&SLACK, &RenewError::Busy { retry_after_seconds: 3 }, String::new());

        assert_eq!((dead.status, dead.detail.as_deref()), (RunStatus::NeedsReconnect, Some("Ask Ada.")));
        assert_eq!((busy.retry_after_seconds, busy.may_have_left), (Some(3), false));
    }

    #[test]
    fn an_error_becomes_a_sentence() {
        assert_eq!(sentence("slack.com took too long"), "slack.com took too long.");
        assert_eq!(sentence("it ends."), "It ends.");
    }
}
