//! What may happen to codes, grants and tokens: pure rules over what is remembered.
//!
//! A grant is what one person gave one app. It has one refresh token at a time; each use replaces it, and a replaced
//! one used again means that two parties hold it, so the grant ends (RFC 9700 §4.14.2). Tokens are kept as
//! fingerprints only.

use chrono::DateTime;
use chrono::Duration;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::VecDeque;

use crate::sandbox::chance::fingerprint;
use crate::sandbox::oauth::refusal::OauthError;
use crate::sandbox::oauth::scope::Scopes;
use crate::sandbox::oauth::terms::Fresh;
use crate::sandbox::oauth::terms::Issued;
use crate::sandbox::oauth::terms::Moment;
use crate::sandbox::oauth::terms::Redemption;
use crate::sandbox::oauth::terms::Renewal;

const CODE_LIFE: Duration = Duration::seconds(60);
const FORGIVEN_FOR: Duration = Duration::seconds(10);
const SPENT_KEPT: usize = 500;

/// Whether a refresh token that was just replaced may be shown once more.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rotation {
    /// Never: the grant ends.
    Strict,
    /// For ten seconds, and the answer is the same as before.
    Forgiving,
}

/// Codes, grants and access tokens.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Ledger {
    last_grant: u64,
    codes: BTreeMap<String, Code>,
    grants: BTreeMap<String, Grant>,
    access: BTreeMap<String, Access>,
}

/// A code on its way from the consent page to the token endpoint.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) email: String,
    pub(crate) scopes: Scopes,
    pub(crate) given_at: DateTime<Utc>,
    pub(crate) used: CodeUse,
}

/// What became of a code.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum CodeUse {
    /// Nothing yet.
    Not,
    /// It was shown with something wrong beside it; it is burnt.
    Refused,
    /// It became this grant.
    Granted(String),
}

/// What one person gave one app.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) email: String,
    pub(crate) scopes: Scopes,
    pub(crate) given_at: DateTime<Utc>,
    refresh: String,
    spent: VecDeque<String>,
    #[serde(skip)]
    recent: Option<Recent>,
}

/// What an access token stands for.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Access {
    pub(crate) subject: Subject,
    pub(crate) scopes: Scopes,
    pub(crate) expires_at: DateTime<Utc>,
    grant: Option<String>,
}

/// For whom an access token speaks.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Subject {
    Person(String),
    ServiceAccount(String),
}

/// The last renewal, for the ten seconds in which a forgiving sandbox repeats it.
#[derive(Clone)]
struct Recent {
    spent: String,
    at: DateTime<Utc>,
    issued: Issued,
}

impl Grant {
    /// The answer to the last renewal, where it may be given again: soon, and while its successor is unused.
    fn repeat(&self, shown_mark: &str, now: DateTime<Utc>, rotation: Rotation) -> Option<&Issued> {
        match rotation {
            Rotation::Strict => None,
            Rotation::Forgiving => self
                .recent
                .as_ref()
                .filter(|recent| recent.spent == shown_mark && now - recent.at < FORGIVEN_FOR)
                .map(|recent| &recent.issued),
        }
    }
}

impl Ledger {
    /// Remembers a code that is about to be handed out.
    pub(crate) fn add_code(&mut self, code: &str, terms: Code) {
        let now = terms.given_at;
        // Spent codes stay for a while, so that a second use is noticed.
        self.codes.retain(|_, old| now - old.given_at < CODE_LIFE * 10);
        self.codes.insert(fingerprint(code), terms);
    }

    /// Turns a code into a grant, once. A second use ends the grant that the first one made (RFC 6749 §4.1.2).
    pub(crate) fn redeem(
        &mut self,
        shown: &Redemption<'_>,
        fresh: Fresh,
        moment: Moment,
    ) -> Result<Issued, OauthError> {
        let code = self
            .codes
            .get_mut(&fingerprint(shown.code))
            .filter(|code| code.client_id == shown.client_id)
            .ok_or(OauthError::InvalidGrant("the code is not known"))?;
        match std::mem::replace(&mut code.used, CodeUse::Refused) {
            CodeUse::Not => {}
            CodeUse::Refused => return Err(OauthError::InvalidGrant("the code was used before")),
            CodeUse::Granted(id) => {
                self.end(&id);
                return Err(OauthError::InvalidGrant("the code was used before; its grant has ended"));
            }
        }

        if moment.now - code.given_at >= CODE_LIFE {
            return Err(OauthError::InvalidGrant("the code has expired"));
        }
        if code.redirect_uri != shown.redirect_uri {
            return Err(OauthError::InvalidGrant("redirect_uri is not the one the code was sent to"));
        }
        if code.challenge != fingerprint(shown.verifier) {
            return Err(OauthError::InvalidGrant("code_verifier does not match code_challenge"));
        }

        self.last_grant += 1;
        let id = format!("grant_{}", self.last_grant);
        code.used = CodeUse::Granted(id.clone());
        let grant = Grant {
            client_id: code.client_id.clone(),
            email: code.email.clone(),
            scopes: code.scopes.clone(),
            given_at: moment.now,
            refresh: String::new(),
            spent: VecDeque::new(),
            recent: None,
        };
        let scopes = grant.scopes.clone();
        self.grants.insert(id.clone(), grant);
        self.issue(&id, scopes, fresh, moment)
    }

    /// Replaces a refresh token and gives a new access token.
    pub(crate) fn renew(
        &mut self,
        shown: Renewal<'_>,
        fresh: Fresh,
        moment: Moment,
        rotation: Rotation,
    ) -> Result<Issued, OauthError> {
        let shown_mark = fingerprint(shown.refresh_token);
        let (id, grant) = self
            .grants
            .iter()
            .find(|(_, grant)| grant.refresh == shown_mark || grant.spent.contains(&shown_mark))
            .filter(|(_, grant)| grant.client_id == shown.client_id)
            .ok_or(OauthError::InvalidGrant("the refresh token is not known or was revoked"))?;
        let id = id.clone();

        if grant.refresh != shown_mark {
            if let Some(issued) = grant.repeat(&shown_mark, moment.now, rotation) {
                return Ok(issued.clone());
            }
            self.end(&id);
            return Err(OauthError::InvalidGrant("the refresh token was used before; the grant has ended"));
        }

        let scopes = shown.scopes.unwrap_or_else(|| grant.scopes.clone());
        if !scopes.is_subset(&grant.scopes) {
            return Err(OauthError::InvalidScope("the grant does not have that scope"));
        }
        let issued = self.issue(&id, scopes, fresh, moment)?;
        if let Some(grant) = self.grants.get_mut(&id) {
            grant.recent = Some(Recent { spent: shown_mark, at: moment.now, issued: issued.clone() });
        }
        Ok(issued)
    }

    /// Gives an access token to a service account.
    pub(crate) fn admit(&mut self, client_email: &str, scopes: Scopes, fresh: Fresh, moment: Moment) -> Issued {
        let subject = Subject::ServiceAccount(client_email.to_owned());
        let mut issued = self.add_access(subject, None, scopes, fresh, moment);
        issued.refresh_token = None;
        issued
    }

    /// Takes a token back: a refresh token with its whole grant, an access token alone. One that nobody knows is
    /// nobody's loss (RFC 7009 §2.2).
    pub(crate) fn revoke(&mut self, token: &str, client_id: &str) -> Result<(), OauthError> {
        let mark = fingerprint(token);
        let grant = self.grants.iter().find(|(_, grant)| grant.refresh == mark || grant.spent.contains(&mark));
        if let Some((id, grant)) = grant {
            if grant.client_id != client_id {
                return Err(OauthError::UnauthorizedClient);
            }
            let id = id.clone();
            self.end(&id);
        } else if let Some(access) = self.access.get(&mark) {
            let owner = access.grant.as_ref().and_then(|id| self.grants.get(id));
            if owner.is_none_or(|grant| grant.client_id != client_id) {
                return Err(OauthError::UnauthorizedClient);
            }
            self.access.remove(&mark);
        }
        Ok(())
    }

    /// What an access token stands for, expired or not.
    pub(crate) fn find_access(&self, token: &str) -> Option<&Access> {
        self.access.get(&fingerprint(token))
    }

    /// The grants there are, by id.
    pub(crate) fn grants(&self) -> impl Iterator<Item = (&str, &Grant)> {
        self.grants.iter().map(|(id, grant)| (id.as_str(), grant))
    }

    /// Ends one grant with all its tokens.
    pub(crate) fn end(&mut self, id: &str) {
        self.grants.remove(id);
        self.access.retain(|_, access| access.grant.as_deref() != Some(id));
    }

    /// Ends every grant of a person and says how many there were.
    pub(crate) fn end_all_of(&mut self, email: &str) -> usize {
        let ids: Vec<String> =
            self.grants().filter(|(_, grant)| grant.email == email).map(|(id, _)| id.to_owned()).collect();
        for id in &ids {
            self.end(id);
        }
        ids.len()
    }

    /// Lets every access token expire and says how many there were.
    pub(crate) fn expire_all(&mut self, now: DateTime<Utc>) -> usize {
        for access in self.access.values_mut() {
            access.expires_at = access.expires_at.min(now);
        }
        self.access.len()
    }

    fn issue(&mut self, id: &str, scopes: Scopes, fresh: Fresh, moment: Moment) -> Result<Issued, OauthError> {
        let grant = self.grants.get_mut(id).ok_or(OauthError::InvalidGrant("the grant has ended"))?;
        let before = std::mem::replace(&mut grant.refresh, fingerprint(&fresh.refresh));
        if !before.is_empty() {
            grant.spent.push_back(before);
        }
        if grant.spent.len() > SPENT_KEPT {
            grant.spent.pop_front();
        }
        let subject = Subject::Person(grant.email.clone());
        Ok(self.add_access(subject, Some(id.to_owned()), scopes, fresh, moment))
    }

    fn add_access(
        &mut self,
        subject: Subject,
        grant: Option<String>,
        scopes: Scopes,
        fresh: Fresh,
        moment: Moment,
    ) -> Issued {
        // Expired ones stay for an hour, so that their bearer hears "expired" and not "unknown".
        let hour_ago = moment.now - Duration::hours(1);
        self.access.retain(|_, access| access.expires_at > hour_ago);
        let expires_at = moment.now + moment.life;
        let access = Access { subject, scopes: scopes.clone(), expires_at, grant };
        self.access.insert(fingerprint(&fresh.access), access);
        Issued { access_token: fresh.access, refresh_token: Some(fresh.refresh), scopes, expires_at }
    }
}
