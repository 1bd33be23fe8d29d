//! Explains what one person may do with a connection, and by what.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::connections::shares::ConnectionWay;
use crate::authz::actions::Explain;
use crate::authz::facts::Role;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::connections::Connection;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::members::MemberStatus;
use crate::domain::runs::explanation;
use crate::domain::runs::explanation::Explanation;
use crate::domain::runs::explanation::Rule;
use crate::domain::runs::explanation::Standing;
use crate::domain::runs::explanation::ThroughAgent;
use crate::http::error::Error;
use crate::http::json;
use crate::http::json::List;
use crate::http::json::Paging;
use crate::http::query::Listing;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::UserId;

/// What a person may do with a connection.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConnectionAccess {
    user: ConnectionAccessPerson,
    is_owner: bool,
    /// Whether they may use it themselves.
    may_use: bool,
    /// Everything that stops them from that, what a call of theirs meets first before the rest.
    stopped_by: Vec<ConnectionRule>,
    /// Every living share that reaches them, the strongest first.
    through: Vec<ConnectionWay>,
    /// When the last share that reached them ended, where none does now.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    share_ended_at: Option<Timestamp>,
    /// Whether they may attach it to an agent’s action.
    may_attach: bool,
    /// By what, if they may.
    #[schema(required)]
    attaches_as: Option<Standing>,
    /// What stops them from that.
    attaching_stopped_by: Vec<ConnectionRule>,
    /// The actions of agents on which it is preselected, and whether they may run them. Those of agents that neither the
    /// caller nor the person may see are left out, so that a page can have fewer than `limit`.
    agents: List<ConnectionThroughAgent>,
}

/// Whom it is about.
#[derive(Debug, Serialize, ToSchema)]
struct ConnectionAccessPerson {
    id: UserId,
    name: String,
    email: String,
    role: Role,
    status: MemberStatus,
}

/// A rule that stops somebody.
#[derive(Debug, Serialize, ToSchema)]
struct ConnectionRule {
    /// Which; it stays the same.
    #[schema(examples("not_shared", "share_ended", "oauth_owner_only", "disabled"))]
    code: &'static str,
    /// For people, with who can help.
    detail: String,
}

/// An action of an agent on which a connection is preselected.
#[derive(Debug, Serialize, ToSchema)]
struct ConnectionThroughAgent {
    /// The agent; null where the caller may not see it.
    #[schema(required)]
    agent: Option<ConnectionAccessAgent>,
    /// What the action is called.
    action: String,
    /// Whether a call of theirs goes out.
    may_run: bool,
    /// Everything that stops it.
    stopped_by: Vec<ConnectionRule>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ConnectionAccessAgent {
    id: AgentId,
    name: String,
}

fn rules(rules: Vec<Rule>) -> Vec<ConnectionRule> {
    rules.into_iter().map(|rule| ConnectionRule { code: rule.code, detail: rule.detail }).collect()
}

impl ConnectionThroughAgent {
    fn of(through: ThroughAgent) -> Self {
        Self {
            agent: through.agent.map(|(id, name)| ConnectionAccessAgent { id, name }),
            action: through.action,
            may_run: through.stopped_by.is_empty(),
            stopped_by: rules(through.stopped_by),
        }
    }
}

impl ConnectionAccess {
    fn of(answer: Explanation) -> Self {
        Self {
            may_use: answer.may_use(),
            may_attach: answer.attaches_as.is_some(),
            user: ConnectionAccessPerson {
                id: answer.person.user,
                name: answer.person.name,
                email: answer.person.email,
                role: answer.person.role,
                status: answer.person.status,
            },
            is_owner: answer.is_owner,
            stopped_by: rules(answer.stopped_by),
            through: answer.ways.into_iter().map(ConnectionWay::of).collect(),
            share_ended_at: answer.ended_at,
            attaches_as: answer.attaches_as,
            attaching_stopped_by: rules(answer.attaching_stopped_by),
            agents: List::of(answer.agents, ConnectionThroughAgent::of),
        }
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct About {
    /// The person’s id.
    user: UserId,
}

/// Explain what a person may do with a connection
///
/// Whether they may use it, by which share, group or agent, or which rules stop them: decided by the policy that decides
/// their calls. For its owner and for admins; of another person’s OAuth connection an admin reads that it is its owner’s
/// alone, and of agents those which they may see themselves.
#[utoipa::path(get, path = "/api/v1/connections/{connection}/access", operation_id = "explainConnectionAccess",
    tag = "Connections", params(("connection" = ConnectionId, Path), About, Paging),
    responses(
        (status = 200, description = "What they may do, and why", body = ConnectionAccess),
        (status = 403, description = "`forbidden`: only the owner or an admin can", body = json::Problem),
        (status = 422, description = "`invalid`: `user` is missing, or nobody here", body = json::Problem)))]
pub(super) async fn show(
    proof: Authorized<Explain, Connection>,
    Listing { filter: about, page }: Listing<About>,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let answer =
        db.read(move |conn| Ok::<_, Error>(explanation::explain(conn, &registry, &proof, about.user, &page)?)).await?;
    Ok(json::ok(&ConnectionAccess::of(answer)))
}
