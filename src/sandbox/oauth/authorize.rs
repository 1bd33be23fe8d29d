//! `/oauth/authorize`: the page on which a person lets an app act for them.
//!
//! Until client and redirect address are known to belong together, every mistake is shown here: redirecting to an
//! address nobody registered would make this an open redirector. After that, mistakes go back to the app.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use url::Url;

use crate::sandbox::call::Call;
use crate::sandbox::call::Params;
use crate::sandbox::chance;
use crate::sandbox::oauth::ledger::Code;
use crate::sandbox::oauth::ledger::CodeUse;
use crate::sandbox::oauth::scope;
use crate::sandbox::oauth::scope::Scope;
use crate::sandbox::oauth::scope::Scopes;
use crate::sandbox::pages;
use crate::sandbox::people;
use crate::sandbox::people::PEOPLE;

/// The parameters that travel through the consent form.
const CARRIED: [&str; 7] =
    ["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"];

struct Asked {
    client_id: String,
    redirect_uri: String,
    challenge: String,
    scopes: Scopes,
    back: Box<Back>,
}

/// The way back to the app.
struct Back {
    address: Url,
    state: Option<String>,
    issuer: String,
}

enum Mistake {
    /// Shown here.
    Page(&'static str),
    /// Told to the app.
    Redirect(Box<Back>, &'static str, &'static str),
}

/// `GET`: shows who asks for what, and lets the person answer.
pub(crate) fn ask(call: &Call) -> HttpResponse {
    let params = call.query();
    match read(call, &params) {
        Ok(asked) => {
            let carried = CARRIED.iter().filter_map(|name| params.find(name).map(|value| (*name, value))).collect();
            pages::consent(&pages::Consent {
                client: &asked.client_id,
                host: &asked.back.address.origin().ascii_serialization(),
                wishes: asked.scopes.iter().map(|scope| scope.words()).collect(),
                carried,
                people: &PEOPLE,
                chosen: params
                    .find("login_hint")
                    .and_then(people::find)
                    .map_or("ada@sandbox.example", |person| person.email),
            })
        }
        Err(mistake) => mistake.answer(),
    }
}

/// `POST`: sends the person back to the app, with a code or with their refusal.
pub(crate) fn decide(call: &Call) -> HttpResponse {
    if call.is_from_elsewhere() {
        return Mistake::Page("This form was sent from another site.").answer();
    }
    let form = call.form().unwrap_or_default();
    let asked = match read(call, &form) {
        Ok(asked) => asked,
        Err(mistake) => return mistake.answer(),
    };
    if form.find("decision") != Some("allow") {
        return asked.back.refuse("access_denied", "the person said no");
    }
    let Some(person) = form.find("person").and_then(people::find) else {
        return Mistake::Page("Go back and pick the person who gives access.").answer();
    };
    let Ok(code) = chance::token("sbx_code_") else {
        return asked.back.refuse("server_error", "no randomness");
    };

    let terms = Code {
        client_id: asked.client_id,
        redirect_uri: asked.redirect_uri,
        challenge: asked.challenge,
        email: person.email.to_owned(),
        scopes: asked.scopes,
        given_at: call.world.now(),
        used: CodeUse::Not,
    };
    call.world.write(|state| state.ledger.add_code(&code, terms));
    asked.back.with(&[("code", &code)])
}

fn read(call: &Call, params: &Params) -> Result<Asked, Mistake> {
    if params.has_repeats() {
        return Err(Mistake::Page("A parameter came twice."));
    }
    let client = call
        .world
        .clients
        .iter()
        .find(|client| Some(client.id.as_str()) == params.find("client_id"))
        .ok_or(Mistake::Page("No app is registered under this client_id."))?;
    let redirect_uri = params.find("redirect_uri").ok_or(Mistake::Page("The redirect_uri is missing."))?;
    let address = Url::parse(redirect_uri)
        .ok()
        .filter(|address| client.may_be_answered_at(address))
        .ok_or(Mistake::Page("This redirect_uri is not registered for the app."))?;
    let back = Box::new(Back {
        address,
        state: params.find("state").map(str::to_owned),
        issuer: call.world.public_url.clone(),
    });

    if params.find("response_type") != Some("code") {
        let why = "response_type must be code";
        return Err(Mistake::Redirect(back, "unsupported_response_type", why));
    }
    let challenge = params.find("code_challenge").filter(|text| is_s256(text));
    let Some(challenge) = challenge.filter(|_| has_s256_method(params)) else {
        let why = "PKCE with code_challenge_method=S256 is required";
        return Err(Mistake::Redirect(back, "invalid_request", why));
    };
    let scopes = scope::read(params.find("scope").unwrap_or(Scope::CalendarRead.name()))
        .filter(|scopes| scopes.iter().all(|scope| scope.is_for_people()));
    let Some(scopes) = scopes else {
        let why = "a scope is unknown or cannot be given by a person";
        return Err(Mistake::Redirect(back, "invalid_scope", why));
    };
    Ok(Asked {
        client_id: client.id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        challenge: challenge.to_owned(),
        scopes,
        back,
    })
}

fn has_s256_method(params: &Params) -> bool {
    params.find("code_challenge_method") == Some("S256")
}

/// A SHA-256 in base64url has 43 characters.
fn is_s256(challenge: &str) -> bool {
    challenge.len() == 43 && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

impl Mistake {
    fn answer(self) -> HttpResponse {
        match self {
            Self::Page(why) => pages::refused(why),
            Self::Redirect(back, error, why) => back.refuse(error, why),
        }
    }
}

impl Back {
    fn refuse(self, error: &str, why: &str) -> HttpResponse {
        self.with(&[("error", error), ("error_description", why)])
    }

    fn with(mut self, pairs: &[(&str, &str)]) -> HttpResponse {
        self.address
            .query_pairs_mut()
            .extend_pairs(pairs)
            .extend_pairs(self.state.iter().map(|state| ("state", state)))
            .append_pair("iss", &self.issuer);
        HttpResponse::SeeOther().insert_header((LOCATION, self.address.as_str())).finish()
    }
}
