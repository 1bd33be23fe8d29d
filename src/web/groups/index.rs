//! The list of groups, and making one.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use actix_web::web::Query;
use diesel::QueryResult;
use diesel::pg::PgConnection;

use crate::authz::actions::ManagePeople;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::people::groups;
use crate::domain::people::groups::GroupError;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Mistakes;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls;
use crate::http::urls::Urls;
use crate::kernel::ids::GroupId;
use crate::kernel::paging::Page;
use crate::web::groups::pages::IndexPage;

#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
}

pub(super) async fn index(
    proof: Authorized<View, Workspace>,
    Query(asked): Query<Asked>,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (visit, (actor, _)) = (Visit::of(&session), proof.into_parts());
    page::show(&db.read(move |conn| Ok::<_, Error>(load(conn, &actor, asked, visit)?)).await?)
}

fn load(conn: &mut PgConnection, actor: &Actor, asked: Asked, visit: Visit) -> QueryResult<IndexPage> {
    let listed = groups::list(conn, actor, &asked.q, &Page::new(None, asked.after.parse().ok()))?;
    let shell = Shell::load(conn, actor, Section::People, visit)?;
    let next = listed.next.map(|cursor| {
        let after = cursor.to_string();
        urls::with_queries(&shell.urls.groups(), [("q", &*asked.q), ("after", &*after)])
    });
    let is_first = asked.after.is_empty();
    Ok(IndexPage { groups: listed.items, query: asked.q, next, is_first, shell, ..IndexPage::default() })
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupForm {
    name: String,
}

impl Fields for GroupForm {}

pub(super) async fn create(
    proof: Authorized<ManagePeople, Workspace>,
    Form(form): Form<GroupForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (actor, name) = (proof.actor().clone(), form.name.clone());
    let made: Result<GroupId, GroupError> = db.write(move |tx| groups::create(tx, &proof, &name)).await;
    match made {
        Ok(id) => {
            page::toast(&session, "The group is there. Add its members next.")?;
            Ok(page::go(&urls.group(&id)))
        }
        Err(error @ (GroupError::Name(_) | GroupError::NameTaken)) => {
            let visit = Visit::of(&session);
            let page = db.read(move |conn| Ok::<_, Error>(load(conn, &actor, Asked::default(), visit)?)).await?;
            let mut mistakes = Mistakes::default();
            mistakes.add("name", error);
            page::refuse(&IndexPage { name: form.name, mistakes, ..page })
        }
        Err(error @ (GroupError::Gone | GroupError::Database(_))) => Err(error.into()),
    }
}
