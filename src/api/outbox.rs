//! The mails of a workspace: for admins.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use serde::Deserialize;
use serde::Serialize;
use utoipa::OpenApi;
use utoipa::ToSchema;

use crate::authz::actions::ManageMail;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::outbox::overview;
use crate::domain::outbox::overview::Posted;
use crate::domain::outbox::overview::Progress;
use crate::domain::outbox::overview::Retry;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::gate::Part;
use crate::http::gate::route;
use crate::http::json;
use crate::http::json::List;
use crate::http::json::Paging;
use crate::http::query::Listing;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::OutboxId;
use crate::kernel::ids::UserId;

/// The description of these calls.
#[derive(Debug, OpenApi)]
#[openapi(paths(list, retry))]
pub struct Description;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    route(cfg, Method::GET, "/api/v1/mails", list);
    route(cfg, Method::POST, "/api/v1/mails/{mail}/retries", retry);
}

/// A mail, without what it says.
#[derive(Debug, Serialize, ToSchema)]
struct Mail {
    /// Its `Message-ID` begins with it.
    id: OutboxId,
    /// What it is about.
    #[schema(example = "needs_reconnect")]
    kind: String,
    to: MailReader,
    status: Progress,
    /// How often it was tried.
    attempts: i32,
    /// When it is tried next; null unless it waits.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    /// Why the last try failed.
    #[schema(required)]
    error: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(required, value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
}

/// Whom it is for.
#[derive(Debug, Serialize, ToSchema)]
struct MailReader {
    id: UserId,
    name: String,
    email: String,
}

impl Mail {
    fn of(posted: Posted) -> Self {
        Self {
            id: posted.id,
            kind: posted.kind,
            to: MailReader { id: posted.user, name: posted.name, email: posted.email },
            status: posted.progress,
            attempts: posted.attempts,
            next_at: posted.next_at,
            error: posted.error,
            created_at: posted.created_at,
            sent_at: posted.sent_at,
        }
    }
}

/// What a list of mails is narrowed to.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// How far they are.
    status: Option<Progress>,
}

/// List the mails of the workspace
///
/// Newest first, without what they say; for admins.
#[utoipa::path(get, path = "/api/v1/mails", operation_id = "listMails", tag = "Mails", params(Filter, Paging),
    responses((status = 200, description = "A page of them", body = List<Mail>),
        (status = 403, description = "`forbidden`: for admins", body = json::Problem)))]
async fn list(
    proof: Authorized<ManageMail, Workspace>,
    Listing { filter: Filter { status }, page }: Listing<Filter>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let listed = db.read(move |conn| Ok::<_, Error>(overview::list(conn, &proof, status, &page)?)).await?;
    Ok(json::ok(&List::of(listed, Mail::of)))
}

/// Send a mail again
///
/// One that was given up, or now one that waits for its next try. Its `Message-ID` stays; for admins.
#[utoipa::path(post, path = "/api/v1/mails/{mail}/retries", operation_id = "retryMail", tag = "Mails",
    params(("mail" = OutboxId, Path)),
    responses((status = 200, description = "The mail as it is now", body = Mail),
        (status = 403, description = "`forbidden`: for admins", body = json::Problem),
        (status = 409, description = "`nothing_to_send`: it has arrived, or is not needed any more", body = json::Problem)))]
async fn retry(
    proof: Authorized<ManageMail, Workspace>,
    Part(mail): Part<OutboxId>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    match db.write(move |tx| Ok::<_, Error>(overview::retry(tx, &proof, mail)?)).await? {
        Retry::Due(posted) => Ok(json::ok(&Mail::of(posted))),
        Retry::Settled(_) => Err(Error::conflict(
            "nothing_to_send",
            "Nothing to send",
            "This mail has arrived, or is not needed any more.",
        )),
        Retry::Unknown => Err(Error::not_found()),
    }
}
