//! Giving a connection another owner.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::connections::answers::Connection;
use crate::authz::actions::Transfer;
use crate::authz::actions::View;
use crate::authz::proof::Authorized;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::connections::Connection as Saved;
use crate::domain::connections::transfers;
use crate::http::error::Error;
use crate::http::json;
use crate::http::json::Body;
use crate::http::json::Input;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::UserId;

/// Who gets a connection.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TransferInput {
    /// An active member.
    user: UserId,
}

impl Input for TransferInput {}

/// Give a connection another owner
///
/// For admins, and for every kind but `oauth`. One that was suspended because its owner left works again. Nobody sees the
/// secret by it; shares stay.
#[utoipa::path(post, path = "/api/v1/connections/{connection}/transfer", operation_id = "transferConnection",
    tag = "Connections", params(("connection" = ConnectionId, Path)), request_body = TransferInput,
    responses(
        (status = 200, description = "The connection as it is now", body = Connection),
        (status = 403, description = "`forbidden`: the caller is no admin, or it is an OAuth connection", body = json::Problem),
        (status = 409, description = "`same_owner`, or `changed_meanwhile`", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`", body = json::Problem)))]
pub(super) async fn create(
    proof: Authorized<Transfer, Saved>,
    Body(to): Body<TransferInput>,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let connection = db
        .write(move |tx| {
            transfers::transfer(tx, &proof, to.user)?;
            let id = proof.resource().id;
            Ok::<_, Error>(authorize::<View, Saved>(tx, proof.actor().clone(), &id)?.into_parts().1)
        })
        .await?;
    Ok(json::ok(&Connection::of(connection)))
}
