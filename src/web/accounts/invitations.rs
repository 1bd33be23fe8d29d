//! The invitations of somebody who has an account: they say yes or no, signed in. A link in a mail leads here and says
//! nothing for them, whoever opens it.

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::db::Db;
use crate::domain::accounts::users;
use crate::domain::people::actors::Arrival;
use crate::domain::people::invitations::answers;
use crate::domain::people::workspaces;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::gate::SignedIn;
use crate::http::page;
use crate::http::page::Visit;
use crate::http::urls;
use crate::http::urls::Urls;
use crate::kernel::clock::Clock;
use crate::kernel::ids::WorkspaceId;
use crate::web::accounts::pages::InvitationsPage;
use crate::words;

words! {
    /// What somebody says to an invitation.
    Answer {
        /// Yes.
        Accept = "accept",
        /// No.
        Decline = "decline",
    }
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerForm {
    workspace: WorkspaceId,
    answer: Answer,
}

impl Fields for AnswerForm {}

pub(super) async fn index(
    proof: SignedIn,
    session: Session,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Error> {
    let (user, visit, now) = (proof.user(), Visit::of(&session), clock.now());
    let (open, workspaces, person) = db
        .read(move |conn| {
            let (open, workspaces) = (answers::open(conn, user)?, workspaces::of_user(conn, user)?);
            Ok::<_, Error>((open, workspaces, users::find(conn, user)?))
        })
        .await?;
    let home = workspaces.first().map(|workspace| Urls::of(&workspace.slug).integrations());
    let email = person.map(|person| person.email).unwrap_or_default();
    page::show(&InvitationsPage::new(visit, email, open, home, now))
}

pub(super) async fn answer(
    proof: SignedIn,
    Form(form): Form<AnswerForm>,
    req: HttpRequest,
    session: Session,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Error> {
    let user = proof.user();
    let arrival = Arrival { ip: req.peer_addr().map(|peer| peer.ip()), at: clock.now() };
    let answered = db
        .write(move |tx| {
            let wanted = answers::open(tx, user)?.into_iter().find(|open| open.workspace == form.workspace);
            let Some(open) = wanted else { return Ok(None) };
            let holds = match form.answer {
                Answer::Accept => answers::accept(tx, user, open.workspace, arrival)?,
                Answer::Decline => answers::decline(tx, user, open.workspace, arrival)?,
            };
            Ok::<_, Error>(Some(open).filter(|_| holds))
        })
        .await?;
    let Some(open) = answered else {
        page::toast(&session, "That invitation is not open any more.")?;
        return Ok(page::go(urls::INVITATIONS));
    };
    match form.answer {
        Answer::Accept => {
            page::toast(&session, &format!("You are a member of {} now.", open.name))?;
            Ok(page::go(&Urls::of(&open.slug).integrations()))
        }
        Answer::Decline => {
            page::toast(&session, &format!("You declined the invitation to {}.", open.name))?;
            Ok(page::go(urls::INVITATIONS))
        }
    }
}
