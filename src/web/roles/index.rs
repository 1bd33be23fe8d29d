//! The page, and saving what was switched on it.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::ManagePeople;
use crate::authz::actions::View;
use crate::authz::actor::Permissions;
use crate::authz::facts::Permission;
use crate::authz::facts::Role;
use crate::authz::proof::Authorized;
use crate::authz::proof::Denied;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::agents::losses::role::attached;
use crate::domain::people::roles;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::form::Form;
use crate::http::form::Pairs;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::web::roles::pages::RolesPage;

pub(super) async fn index(
    proof: Authorized<View, Workspace>,
    session: Session,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let (visit, (actor, _)) = (Visit::of(&session), proof.into_parts());
    let page = db.read(move |conn| {
        let attached = match authorize::<ManagePeople, Workspace>(conn, actor.clone(), &()) {
            Ok(proof) => attached(conn, &proof)?,
            Err(Denied::Forbidden(_) | Denied::Hidden) => Vec::new(),
            Err(Denied::Database(error)) => return Err(error.into()),
        };
        let roles = roles::list(conn, &actor)?;
        let shell = Shell::load(conn, &actor, Section::People, visit)?;
        Ok::<_, Error>(RolesPage { shell, roles, attached })
    });
    page::show(&page.await?)
}

/// Boxes are called by the role and stand for a permission each; what is not ticked is not sent.
pub(super) async fn update(
    proof: Authorized<ManagePeople, Workspace>,
    Form(Pairs(ticked)): Form<Pairs>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let of = |role: Role| -> Permissions {
        let words = ticked.iter().filter(|(name, _)| name == role.as_str()).map(|(_, word)| word);
        words.filter_map(|word| word.parse::<Permission>().ok()).collect()
    };
    let wanted = [Role::Editor, Role::Member].map(|role| (role, of(role)));
    db.write(move |tx| {
        for (role, permissions) in wanted {
            roles::change(tx, &proof, role, permissions)?;
        }
        Ok::<_, Error>(())
    })
    .await?;
    page::toast(&session, "Saved. It holds from the next call.")?;
    Ok(page::go(&urls.roles()))
}
