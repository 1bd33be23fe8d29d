//! Bringing in an integration: an OpenAPI document, as JSON or as text.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::integrations::answers::Imported;
use crate::api::integrations::shown::Shown;
use crate::authz::actions::CreateIntegration;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::integrations::custom;
use crate::domain::integrations::custom::ImportError;
use crate::domain::integrations::document::Problem;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::json;
use crate::http::json::Body;
use crate::http::json::Input;
use crate::http::urls::PublicUrl;
use crate::outbound::guard::Egress;

/// An integration to bring in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewIntegration {
    /// What will name it; without, the key that the document gives, or one made from its title.
    key: Option<String>,
    /// An OpenAPI 3.0 or 3.1 document: an object, or text in JSON or YAML. At most 5 MiB.
    #[schema(value_type = DocumentInput)]
    document: Value,
}

/// An OpenAPI document.
#[derive(Debug, ToSchema)]
#[schema(as = DocumentInput)]
#[expect(dead_code, reason = "it describes what is taken apart by hand")]
#[serde(untagged)]
enum DocumentInput {
    Text(String),
    #[schema(value_type = Object)]
    Object(Value),
}

impl Input for NewIntegration {
    /// Text within JSON takes up to twice its size.
    const MAX_BYTES: usize = 2 * custom::MAX_BYTES + 64 * 1024;
}

/// Bring in an integration
///
/// Needs the permission `createIntegrations`. Every address in the document must be one that may be called.
#[utoipa::path(post, path = "/api/v1/integrations", operation_id = "createIntegration", tag = "Integrations",
    request_body = NewIntegration,
    responses(
        (status = 201, description = "It can be connected now; `notes` says what could not be carried over", body = Imported<'_>),
        (status = 403, description = "`forbidden`: the permission is missing", body = json::Problem),
        (status = 409, description = "`key_taken`: there is an integration with that key", body = json::Problem),
        (status = 422, description = "`invalid`: each error’s field is `document`, followed by a JSON pointer into it", body = json::Problem)))]
pub(super) async fn create(
    proof: Authorized<CreateIntegration, Workspace>,
    Body(new): Body<NewIntegration>,
    db: Data<Db>,
    registry: Data<Registry>,
    egress: Data<Egress>,
    public: Data<PublicUrl>,
) -> Result<HttpResponse, Error> {
    let text = match new.document {
        Value::String(text) => text,
        object @ Value::Object(_) => object.to_string(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            return Err(Error::invalid("document", "This should be an object or a text."));
        }
    };
    let read = move || custom::read(&text, &egress).map(|document| (text, document));
    let read = tokio::task::spawn_blocking(read).await.map_err(Error::unavailable)?;
    let (text, document) = read.map_err(refused)?;
    let (shown, notes) = db
        .write(move |tx| {
            let key = custom::create(tx, &registry, &proof, new.key.as_deref(), &text, &document).map_err(refused)?;
            let shown = Shown::load(tx, &registry, &public, proof.actor(), &key)?;
            Ok::<_, Error>((shown, document.notes))
        })
        .await?;
    Ok(json::created(&Imported::of(shown.detail(), &notes)))
}

/// What is wrong in the document, as fields of the body.
fn refused(error: ImportError) -> Error {
    match error {
        ImportError::Problems(problems) => Error::invalid_fields(problems.into_iter().map(field)),
        ImportError::Key(_) | ImportError::KeyTaken(_) | ImportError::Database(_) => error.into(),
    }
}

fn field(problem: Problem) -> (String, String) {
    if problem.pointer.is_empty() || problem.pointer.starts_with('/') {
        return (format!("document{}", problem.pointer), problem.message);
    }
    // Where the text itself is wrong, the place is a line.
    ("document".to_owned(), format!("{}: {}", problem.pointer, problem.message))
}
