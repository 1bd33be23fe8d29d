//! Bringing in an integration by its OpenAPI document. A large one takes a while to read, so that is done beside the
//! threads that serve requests; what is wrong with it is said with the place, and the text stays in the form.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::CreateIntegration;
use crate::authz::actor::Actor;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::db::DbError;
use crate::domain::integrations::custom;
use crate::domain::integrations::custom::ImportError;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::outbound::guard::Egress;
use crate::web::integrations::pages::import::ImportPage;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportForm {
    #[serde(default)]
    key: String,
    document: String,
}

impl Fields for ImportForm {
    /// A form makes three bytes of many signs: room for a document of the greatest size.
    const MAX_BYTES: usize = 16 * 1024 * 1024;
}

pub(super) async fn new(
    proof: Authorized<CreateIntegration, Workspace>,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    page::show(&ImportPage { shell: shell(&db, proof.actor().clone(), &session).await?, ..ImportPage::default() })
}

pub(super) async fn create(
    proof: Authorized<CreateIntegration, Workspace>,
    Form(form): Form<ImportForm>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
    egress: Data<Egress>,
) -> Result<HttpResponse, Error> {
    let actor = proof.actor().clone();
    let urls = Urls::of(&proof.resource().slug);
    // Browsers send a text area's lines with CR LF.
    let document = form.document.replace("\r\n", "\n");
    match import(proof, form.key.trim(), document.clone(), &db, registry, egress).await {
        Ok(key) => Ok(page::go(&format!("{}?imported=1", urls.integration(&key)))),
        Err(ImportError::Database(error)) => Err(error.into()),
        Err(error) => {
            let shell = shell(&db, actor, &session).await?;
            page::refuse(&ImportPage::refused(shell, form.key, document, error))
        }
    }
}

async fn import(
    proof: Authorized<CreateIntegration, Workspace>,
    key: &str,
    document: String,
    db: &Db,
    registry: Data<Registry>,
    egress: Data<Egress>,
) -> Result<String, ImportError> {
    let key = Some(key.to_owned()).filter(|key| !key.is_empty());
    let reading = move || custom::read(&document, &egress).map(|read| (document, read));
    let (document, read) =
        tokio::task::spawn_blocking(reading).await.map_err(|_stopping| ImportError::Database(DbError::Stopped))??;
    db.write(move |tx| custom::create(tx, &registry, &proof, key.as_deref(), &document, &read)).await
}

async fn shell(db: &Db, actor: Actor, session: &Session) -> Result<Shell, Error> {
    let visit = Visit::of(session);
    db.read(move |conn| Ok::<_, Error>(Shell::load(conn, &actor, Section::Integrations, visit)?)).await
}
