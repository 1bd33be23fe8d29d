//! One group: the page, for looking at it and for giving a form on it back.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use actix_web::web::Query;
use diesel::pg::PgConnection;

use crate::authz::actions::ManagePeople;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::proof::Authorized;
use crate::authz::proof::Denied;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::agents::losses::group::Reach;
use crate::domain::agents::losses::group::reach;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::groups::Group;
use crate::domain::people::groups::roster;
use crate::domain::people::search;
use crate::http::error::Error;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls;
use crate::kernel::ids::GroupId;
use crate::kernel::paging::Page;
use crate::web::groups::pages::Given;
use crate::web::groups::pages::Offer;
use crate::web::groups::pages::ShowPage;

/// How many people a search offers.
const FOUND_AT_MOST: i64 = 8;

/// What the page is asked to show.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Asked {
    /// Whom to offer for the group.
    #[serde(default)]
    pub(super) q: String,
    /// Where the list of people goes on.
    #[serde(default)]
    pub(super) after: String,
}

pub(super) async fn show(
    proof: Authorized<View, Group>,
    Query(asked): Query<Asked>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    page::show(&db.read(move |conn| build(conn, &registry, &proof, asked, visit)).await?)
}

/// The page as it is now, for whoever may see it.
pub(super) async fn load(
    db: &Db,
    registry: &Registry,
    actor: Actor,
    group: GroupId,
    asked: Asked,
    visit: Visit,
) -> Result<ShowPage, Error> {
    let registry = registry.clone();
    db.read(move |conn| {
        let proof = authorize::<View, Group>(conn, actor, &group)?;
        build(conn, &registry, &proof, asked, visit)
    })
    .await
}

fn build(
    conn: &mut PgConnection,
    registry: &Registry,
    proof: &Authorized<View, Group>,
    asked: Asked,
    visit: Visit,
) -> Result<ShowPage, Error> {
    let (actor, group) = (proof.actor(), proof.resource());
    let listed = roster::list(conn, proof, &Page::new(None, asked.after.parse().ok()))?;
    let given = match authorize::<ManagePeople, Group>(conn, actor.clone(), &group.id) {
        Ok(manage) => {
            let reach = reach(conn, &manage)?;
            Some(given(conn, registry, actor, reach)?)
        }
        Err(Denied::Forbidden(_) | Denied::Hidden) => None,
        Err(Denied::Database(error)) => return Err(error.into()),
    };
    let found = if asked.q.trim().is_empty() { None } else { Some(offers(conn, proof, &asked.q)?) };
    let shell = Shell::load(conn, actor, Section::People, visit)?;
    let next = listed.next.map(|cursor| {
        let after = cursor.to_string();
        urls::with_queries(&shell.urls.group(&group.id), [("after", &*after)])
    });
    Ok(ShowPage {
        name: group.name.clone(),
        seats: listed.items,
        is_first: asked.after.is_empty(),
        next,
        query: asked.q,
        found,
        given,
        group: Some(group.clone()),
        shell,
        ..ShowPage::default()
    })
}

/// What the group gives, by the names that people know.
pub(super) fn given(conn: &mut PgConnection, registry: &Registry, actor: &Actor, reach: Reach) -> Result<Given, Error> {
    let definitions = registry.list(conn, actor.workspace)?;
    Ok(Given::of(reach, &definitions))
}

fn offers(conn: &mut PgConnection, proof: &Authorized<View, Group>, query: &str) -> Result<Vec<Offer>, Error> {
    let found = search::members(conn, proof.actor(), query, FOUND_AT_MOST)?;
    let ids: Vec<_> = found.iter().map(|member| member.user).collect();
    let seated = roster::seated(conn, proof, &ids)?;
    Ok(found.into_iter().map(|member| Offer { is_seated: seated.contains(&member.user), member }).collect())
}
