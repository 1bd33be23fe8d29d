//! The id of a part of what a proof is about, as a share is of an agent. It is looked up within that thing and nowhere
//! else, so the proof covers it.

use std::future::Ready;
use std::future::ready;
use std::str::FromStr;

use actix_web::FromRequest;
use actix_web::HttpRequest;
use actix_web::dev::Payload;

use crate::authz::facts::Role;
use crate::http::error::Error;
use crate::http::gate::addressed::segment;
use crate::kernel::ids::AgentShareId;
use crate::kernel::ids::OutboxId;
use crate::kernel::ids::ShareId;
use crate::kernel::ids::UserId;

/// The id of a part.
#[derive(Debug)]
pub struct Part<T>(pub T);

/// Ids of parts, with what their segment of the address is called.
pub trait PartId: FromStr {
    /// The segment.
    const SEGMENT: &'static str;
}

impl PartId for AgentShareId {
    const SEGMENT: &'static str = "share";
}

impl PartId for OutboxId {
    const SEGMENT: &'static str = "mail";
}

impl PartId for ShareId {
    const SEGMENT: &'static str = "share";
}

impl PartId for UserId {
    const SEGMENT: &'static str = "user";
}

impl PartId for Role {
    const SEGMENT: &'static str = "role";
}

impl<T: PartId> FromRequest for Part<T> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(req, T::SEGMENT).map(Part).ok_or_else(Error::not_found))
    }
}
