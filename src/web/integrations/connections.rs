//! Connecting an integration: at once where a credential is typed, by way of the provider where people sign in (D-20).

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::Connect;
use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::proof::Authorized;
use crate::domain::connections::connecting::ConnectError;
use crate::domain::connections::connecting::Connecting;
use crate::domain::connections::connecting::NewConnection;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::registry::Registry;
use crate::domain::oauth::flows;
use crate::http::credential;
use crate::http::error::Error;
use crate::http::form::Form;
use crate::http::form::Pairs;
use crate::http::page;
use crate::http::page::Visit;
use crate::http::pending::Pending;
use crate::http::pending::PendingFields;
use crate::http::session;
use crate::http::urls::PublicUrl;
use crate::http::urls::Urls;
use crate::kernel::text;
use crate::web::integrations::pages::show::Attempt;
use crate::web::integrations::show;

/// The longest name of a connection; it may be empty.
const NAME: usize = 100;

/// What connecting goes through.
struct Parts {
    connecting: Data<Connecting>,
    registry: Data<Registry>,
    public: Data<PublicUrl>,
    urls: Urls,
}

/// What was sent, but for the credential.
struct Sent {
    auth_type: AuthType,
    origin: Option<Pending>,
    name: String,
}

pub(super) async fn create(
    proof: Authorized<Connect, Integration>,
    Form(mut pairs): Form<Pairs>,
    req: HttpRequest,
    urls: Urls,
    connecting: Data<Connecting>,
    registry: Data<Registry>,
    public: Data<PublicUrl>,
) -> Result<HttpResponse, Error> {
    let auth_type = pairs.take("auth_type").and_then(|word| word.parse().ok());
    let auth_type = auth_type.ok_or_else(|| Error::bad_request("Choose how to connect on the integration's page."))?;
    let name = pairs.take("name").unwrap_or_default();
    let (agent, action, draft) = (pairs.take("agent"), pairs.take("action"), pairs.take("draft"));
    let origin = Pending::read(PendingFields { agent, action, draft });
    let (parts, sent) = (Parts { connecting, registry, public, urls }, Sent { auth_type, origin, name });
    if auth_type == AuthType::Oauth {
        begin(proof, sent, &req, &parts).await
    } else {
        connect(proof, sent, pairs, &req, &parts).await
    }
}

async fn connect(
    proof: Authorized<Connect, Integration>,
    sent: Sent,
    pairs: Pairs,
    req: &HttpRequest,
    parts: &Parts,
) -> Result<HttpResponse, Error> {
    let (actor, key) = (proof.actor().clone(), proof.resource().key.clone());
    let (registry, workspace, wanted) = (parts.registry.clone(), actor.workspace, key.clone());
    let definition =
        parts.connecting.db.read(move |conn| Ok::<_, Error>(registry.find(conn, workspace, &wanted)?)).await?;
    let definition = definition.ok_or_else(Error::not_found)?;
    let (fields, kept) = credential::read(definition.method(sent.auth_type), pairs);
    let mut attempt =
        Attempt { auth_type: Some(sent.auth_type), name: sent.name, kept, origin: sent.origin, ..Attempt::default() };
    let name = match text::line(&attempt.name, NAME) {
        Ok(name) => name,
        Err(error) => {
            attempt.mistakes.add(credential::id(sent.auth_type, "name"), error);
            return give_back(actor, key, attempt, req, parts).await;
        }
    };
    let new = NewConnection { auth_type: sent.auth_type, name, fields };
    match parts.connecting.connect(proof, definition.clone(), new).await {
        Ok(id) => {
            page::toast(&session_of(req), &format!("Connected to {}.", definition.name))?;
            let to = Pending::return_to(attempt.origin);
            Ok(page::go(&parts.urls.after_connecting(&to, &id)))
        }
        Err(error) => {
            let attempt = refused(attempt, sent.auth_type, error)?;
            give_back(actor, key, attempt, req, parts).await
        }
    }
}

/// What is the person's to mend is said beside the form; the rest is an error.
fn refused(attempt: Attempt, auth_type: AuthType, error: ConnectError) -> Result<Attempt, Error> {
    match error {
        ConnectError::Fields(fields) => Ok(Attempt { mistakes: credential::mistakes(auth_type, fields), ..attempt }),
        ConnectError::Refused(why) | ConnectError::Unreached(why) => Ok(Attempt { refusal: Some(why), ..attempt }),
        error @ (ConnectError::NotOffered(_)
        | ConnectError::NotAllowed(_)
        | ConnectError::BrowserRequired
        | ConnectError::Gone
        | ConnectError::Vault(_)
        | ConnectError::Database(_)) => Err(error.into()),
    }
}

async fn give_back(
    actor: Actor,
    key: String,
    attempt: Attempt,
    req: &HttpRequest,
    parts: &Parts,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session_of(req));
    let page = show::load(&parts.connecting.db, &parts.registry, &parts.public, actor, key, visit).await?;
    page::refuse(&page.with(attempt))
}

/// Begins a flow and leads to the page that goes to the provider: a form may not lead out of Odeus by itself.
async fn begin(
    proof: Authorized<Connect, Integration>,
    sent: Sent,
    req: &HttpRequest,
    parts: &Parts,
) -> Result<HttpResponse, Error> {
    let (_, session) = session::signed_in(req).ok_or_else(|| Error::sign_in_first(req))?;
    let (actor, key) = (proof.actor().clone(), proof.resource().key.clone());
    let name = match text::line(&sent.name, NAME) {
        Ok(name) => name,
        Err(error) => {
            let mut attempt =
                Attempt { auth_type: Some(sent.auth_type), name: sent.name, origin: sent.origin, ..Attempt::default() };
            attempt.mistakes.add(credential::id(sent.auth_type, "name"), error);
            return give_back(actor, key, attempt, req, parts).await;
        }
    };
    let redirect_uri = parts.public.absolute(&parts.urls.oauth_callback(&key));
    let return_to = Pending::return_to(sent.origin);
    let (registry, vault) = (parts.registry.clone(), parts.connecting.checker.vault.clone());
    let begun = parts
        .connecting
        .db
        .write(move |tx| {
            let definition = registry.find(tx, actor.workspace, &key)?.ok_or_else(Error::not_found)?;
            let name = if name.is_empty() { definition.name.clone() } else { name };
            let wish = flows::Wish { name, session, redirect_uri, return_to };
            Ok::<_, Error>(flows::begin(tx, &vault, &proof, &definition, wish)?)
        })
        .await?;
    Ok(page::go(&parts.urls.oauth_flow(&begun)))
}

fn session_of(req: &HttpRequest) -> Session {
    actix_session::SessionExt::get_session(req)
}
