//! Tuples of extractors whose first member is a proof, drawn in their order.

use std::future::Future;
use std::pin::Pin;

use actix_web::FromRequest;
use actix_web::HttpRequest;
use actix_web::dev::Payload;

use crate::http::gate::Proof;

/// A handler's arguments: a [`Proof`] first, then whatever else can be drawn from a request.
#[diagnostic::on_unimplemented(
    message = "this handler passes no gate",
    label = "its first argument must be `Authorized<Action, Resource>`, `SignedIn` or `Public`"
)]
pub trait Gated: Sized {
    /// Draws the arguments one after the other.
    fn draw(req: HttpRequest, payload: Payload) -> impl Future<Output = Result<Self, actix_web::Error>>;

    /// The name of the proof's type.
    fn proof_name() -> &'static str;
}

macro_rules! gated {
    ($($rest:ident),*) => {
        impl<P: Proof, $($rest: FromRequest),*> Gated for (P, $($rest,)*) {
            async fn draw(req: HttpRequest, mut payload: Payload) -> Result<Self, actix_web::Error> {
                let proof = P::draw(&req).await?;
                Ok((proof, $($rest::from_request(&req, &mut payload).await.map_err(Into::into)?,)*))
            }

            fn proof_name() -> &'static str {
                std::any::type_name::<P>()
            }
        }
    };
}

impl<P: Proof> Gated for (P,) {
    async fn draw(req: HttpRequest, _payload: Payload) -> Result<Self, actix_web::Error> {
        Ok((P::draw(&req).await?,))
    }

    fn proof_name() -> &'static str {
        std::any::type_name::<P>()
    }
}

gated!(A);
gated!(A, B);
gated!(A, B, C);
gated!(A, B, C, D);
gated!(A, B, C, D, E);
gated!(A, B, C, D, E, F);
gated!(A, B, C, D, E, F, G);

/// Makes actix draw a handler's arguments by [`Gated`].
pub(in crate::http::gate) struct InOrder<Args>(pub(in crate::http::gate) Args);

impl<Args: Gated + 'static> FromRequest for InOrder<Args> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move { Args::draw(req, payload).await.map(InOrder) })
    }
}
