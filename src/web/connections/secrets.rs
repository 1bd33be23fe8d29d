//! Another secret in place of the one before. It is tried before it is stored, so a wrong one changes nothing.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use actix_web::web::Query;

use crate::authz::actions::Maintain;
use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::proof::Authorized;
use crate::domain::connections::Connection;
use crate::domain::connections::connecting::ConnectError;
use crate::domain::connections::connecting::Connecting;
use crate::domain::integrations::registry::Registry;
use crate::http::credential;
use crate::http::credential::Kept;
use crate::http::error::Error;
use crate::http::form::Form;
use crate::http::form::Mistakes;
use crate::http::form::Pairs;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::pending::Pending;
use crate::http::pending::PendingFields;
use crate::http::urls::Urls;
use crate::web::connections::pages::Face;
use crate::web::connections::pages::forms::SecretPage;

/// What was wrong with what was typed.
#[derive(Default)]
struct Attempt {
    kept: Kept,
    mistakes: Mistakes,
    refusal: Option<String>,
    pending: Option<Pending>,
    /// Nothing was typed yet.
    is_first: bool,
}

pub(super) async fn edit(
    proof: Authorized<Maintain, Connection>,
    Query(pending): Query<PendingFields>,
    session: Session,
    connecting: Data<Connecting>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let (actor, connection) = proof.into_parts();
    let attempt = Attempt { pending: Pending::read(pending), is_first: true, ..Attempt::default() };
    page::show(&load(actor, connection, &connecting, registry, &session, attempt).await?)
}

pub(super) async fn update(
    proof: Authorized<Maintain, Connection>,
    Form(mut pairs): Form<Pairs>,
    session: Session,
    urls: Urls,
    connecting: Data<Connecting>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let (agent, action, draft) = (pairs.take("agent"), pairs.take("action"), pairs.take("draft"));
    let pending = Pending::read(PendingFields { agent, action, draft });
    let (actor, connection) = (proof.actor().clone(), proof.resource().clone());
    let (definitions, workspace, key) = (registry.clone(), actor.workspace, connection.integration.clone());
    let definition = connecting.db.read(move |conn| Ok::<_, Error>(definitions.find(conn, workspace, &key)?)).await?;
    let definition = definition.ok_or_else(Error::not_found)?;
    let (fields, kept) = credential::read(definition.method(connection.auth_type), pairs);
    match connecting.replace_secret(proof, definition, fields).await {
        Ok(()) => {
            page::toast(&session, "Replaced. It was tried, and it works.")?;
            Ok(page::go(&urls.after_connecting(&Pending::return_to(pending), &connection.id)))
        }
        Err(error) => {
            let attempt = Attempt { pending, ..refused(kept, connection.auth_type, error)? };
            page::refuse(&load(actor, connection, &connecting, registry, &session, attempt).await?)
        }
    }
}

fn refused(kept: Kept, auth_type: AuthType, error: ConnectError) -> Result<Attempt, Error> {
    match error {
        ConnectError::Fields(fields) => {
            Ok(Attempt { kept, mistakes: credential::mistakes(auth_type, fields), ..Attempt::default() })
        }
        ConnectError::Refused(why) | ConnectError::Unreached(why) => {
            Ok(Attempt { kept, refusal: Some(why), ..Attempt::default() })
        }
        error @ (ConnectError::NotOffered(_)
        | ConnectError::NotAllowed(_)
        | ConnectError::BrowserRequired
        | ConnectError::Gone
        | ConnectError::Vault(_)
        | ConnectError::Database(_)) => Err(error.into()),
    }
}

async fn load(
    actor: Actor,
    connection: Connection,
    connecting: &Connecting,
    registry: Data<Registry>,
    session: &Session,
    attempt: Attempt,
) -> Result<SecretPage, Error> {
    let visit = Visit::of(session);
    connecting
        .db
        .read(move |conn| {
            let definition = registry.find(conn, actor.workspace, &connection.integration)?;
            let method = definition.as_ref().and_then(|definition| definition.method(connection.auth_type));
            // Nobody types the tokens of a sign-in.
            let typed = method.filter(|method| method.auth_type != AuthType::Oauth && !method.fields.is_empty());
            let mut kept = attempt.kept;
            if let (true, Some(variable), Some(tenant)) =
                (attempt.is_first, definition.as_ref().and_then(|it| it.variable.as_ref()), &connection.tenant)
            {
                kept.insert(variable.name.clone(), tenant.clone());
            }
            let fields = credential::fields(typed.ok_or_else(Error::not_found)?, &kept);
            Ok(SecretPage {
                shell: Shell::load(conn, &actor, Section::Connections, visit)?,
                face: Face::of(&connection, definition.as_deref()),
                connection,
                pending: attempt.pending,
                fields,
                mistakes: attempt.mistakes,
                refusal: attempt.refusal,
            })
        })
        .await
}
