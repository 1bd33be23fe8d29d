//! Which part of an address names which resource. Ids that do not parse name nothing, which is a 404.

use std::future::Future;
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::web::Data;

use crate::authz::actor::Actor;
use crate::authz::proof::Guarded;
use crate::db::Db;
use crate::domain::agents::Agent;
use crate::domain::agents::AgentAction;
use crate::domain::agents::AgentActionKey;
use crate::domain::agents::agent_action::AgentActions;
use crate::domain::agents::agent_action::Wanted;
use crate::domain::connections::Connection;
use crate::domain::integrations::integration::Integration;
use crate::domain::oauth::callback::held::Held;
use crate::domain::oauth::flows::Flow;
use crate::domain::people::groups::Group;
use crate::domain::people::memberships::Membership;
use crate::domain::people::workspaces::Workspace;
use crate::domain::runs::Run;
use crate::http::error::Error;
use crate::http::session;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::FlowId;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::RunId;
use crate::kernel::ids::SessionId;
use crate::kernel::ids::UserId;

/// A resource that an address can name.
pub trait Addressed: Guarded {
    /// Its key, as the address has it.
    fn key(req: &HttpRequest) -> Option<Self::Key>;

    /// Loads it within the actor's workspace, as [`Guarded::load`] does.
    fn fetch(req: &HttpRequest, actor: Actor, key: Self::Key) -> impl Future<Output = Result<Option<Self>, Error>>
    where
        Self: Send + 'static,
        Self::Key: Send + 'static,
    {
        let db = part::<Db>(req);
        async move { db?.read(move |conn| Ok(Self::load(conn, &actor, &key)?)).await }
    }
}

/// A part of the app.
pub(in crate::http::gate) fn part<T: 'static>(req: &HttpRequest) -> Result<Data<T>, Error> {
    let part = req.app_data::<Data<T>>();
    part.cloned().ok_or_else(|| Error::internal(format!("no {} in the app", std::any::type_name::<T>())))
}

impl Addressed for Workspace {
    fn key(_: &HttpRequest) -> Option<()> {
        Some(())
    }
}

impl Addressed for Group {
    fn key(req: &HttpRequest) -> Option<GroupId> {
        segment(req, "group")
    }
}

impl Addressed for Membership {
    fn key(req: &HttpRequest) -> Option<UserId> {
        segment(req, "user")
    }
}

impl Addressed for Integration {
    fn key(req: &HttpRequest) -> Option<String> {
        segment(req, "integration")
    }
}

impl Addressed for Connection {
    fn key(req: &HttpRequest) -> Option<ConnectionId> {
        segment(req, "connection")
    }
}

impl Addressed for Agent {
    fn key(req: &HttpRequest) -> Option<AgentId> {
        segment(req, "agent")
    }
}

impl Addressed for AgentAction {
    fn key(req: &HttpRequest) -> Option<AgentActionKey> {
        Some(AgentActionKey { agent: segment(req, "agent")?, action: segment(req, "action")? })
    }

    /// Programs call actions at a great pace, so those that are asked for at the same time share a statement.
    async fn fetch(req: &HttpRequest, actor: Actor, key: AgentActionKey) -> Result<Option<Self>, Error> {
        let wanted = Wanted { workspace: actor.workspace, user: actor.user, key };
        Ok(part::<AgentActions>(req)?.ask(wanted).await?)
    }
}

impl Addressed for Run {
    fn key(req: &HttpRequest) -> Option<RunId> {
        segment(req, "run")
    }
}

impl Addressed for Flow {
    fn key(req: &HttpRequest) -> Option<(SessionId, FlowId)> {
        of_this_browser(req)
    }
}

impl Addressed for Held {
    fn key(req: &HttpRequest) -> Option<(SessionId, FlowId)> {
        of_this_browser(req)
    }
}

/// A flow is named by the browser session that began it as much as by its id (D-20).
fn of_this_browser(req: &HttpRequest) -> Option<(SessionId, FlowId)> {
    let (_, session) = session::signed_in(req)?;
    Some((session, segment(req, "flow")?))
}

pub(in crate::http::gate) fn segment<T: FromStr>(req: &HttpRequest, name: &str) -> Option<T> {
    req.match_info().get(name)?.parse().ok()
}
