//! The log's page, and its files.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use actix_web::web::Query;
use diesel::pg::PgConnection;

use crate::authz::actions::ViewAudit;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::agents::visible as agents;
use crate::domain::audit::entries;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::workspaces::Workspace;
use crate::http::audit::export;
use crate::http::audit::export::Format;
use crate::http::audit::query::Asked;
use crate::http::error::Error;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::query::Narrowed;
use crate::kernel::paging::Listed;
use crate::kernel::paging::Page;
use crate::web::audit::pages::AuditPage;
use crate::web::audit::pages::Row;

/// The form's fields, and from where on.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct IndexQuery {
    actor: String,
    object: String,
    kind: String,
    since: String,
    until: String,
    after: String,
}

pub(super) async fn index(
    proof: Authorized<ViewAudit, Workspace>,
    Query(query): Query<IndexQuery>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let page = db.read(move |conn| load(conn, &registry, &proof, query, visit)).await?;
    if page.mistakes.is_empty() { page::show(&page) } else { page::refuse(&page) }
}

fn load(
    conn: &mut PgConnection,
    registry: &Registry,
    proof: &Authorized<ViewAudit, Workspace>,
    query: IndexQuery,
    visit: Visit,
) -> Result<AuditPage, Error> {
    let IndexQuery { actor, object, kind, since, until, after } = query;
    let after = after.parse().ok();
    let asked = Asked { actor, object, kind, since, until };
    let (understood, mistakes) = asked.understand(conn, proof)?;
    let listed = if mistakes.is_empty() {
        entries::list(conn, proof, &understood.filter, &Page::new(None, after))?
    } else {
        Listed { items: Vec::new(), next: None }
    };
    let shell = Shell::load(conn, proof.actor(), Section::Audit, visit)?;
    let named: Vec<_> = listed.items.iter().filter_map(|entry| entry.agent).collect();
    let open = agents::among(conn, proof.actor(), &named)?;
    let definitions = export::definitions(registry.list(conn, proof.actor().workspace)?);
    Ok(AuditPage {
        rows: listed.items.iter().map(|entry| Row::of(entry, &shell.urls, &definitions, &open)).collect(),
        shell,
        person: understood.person.map(|known| known.email),
        asked,
        mistakes,
        next: listed.next.map(|cursor| cursor.to_string()),
        is_later: after.is_some(),
    })
}

pub(super) async fn csv(
    proof: Authorized<ViewAudit, Workspace>,
    Narrowed(asked): Narrowed<Asked>,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    export::file(proof, asked, Format::Csv, db, registry).await
}

pub(super) async fn lines(
    proof: Authorized<ViewAudit, Workspace>,
    Narrowed(asked): Narrowed<Asked>,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    export::file(proof, asked, Format::Jsonl, db, registry).await
}
