//! The maker of proofs. It loads the resource within the actor's workspace and asks the policy; whoever may not even
//! see the resource is told that it does not exist (D-76).

use std::marker::PhantomData;

use diesel::pg::PgConnection;

use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::policy::Permits;
use crate::authz::policy::Reason;

/// A resource that a proof can be about.
pub trait Guarded: Sized {
    /// What names it within the workspace.
    type Key;
    /// What the policy wants to know of it.
    type Facts;

    /// Loads it within the actor's workspace, with what the facts need; `None` if there is none.
    fn load(conn: &mut PgConnection, actor: &Actor, key: &Self::Key) -> diesel::QueryResult<Option<Self>>;

    /// What the policy looks at.
    fn facts(&self) -> Self::Facts;
}

/// The proof that `actor` may do `A` to this `R`. Only [`authorize`] and [`decide`] make one.
///
/// A function that asks for a proof takes that one:
///
/// ```
/// # use odeus::authz::{actions::{Configure, View}, proof::Authorized};
/// # use odeus::domain::integrations::integration::Integration;
/// fn configure(_: &Authorized<Configure, Integration>) {}
/// fn handle(proof: Authorized<Configure, Integration>) {
///     configure(&proof);
/// }
/// ```
///
/// None for another action, and none that is made up:
///
/// ```compile_fail,E0308
/// # use odeus::authz::{actions::{Configure, View}, proof::Authorized};
/// # use odeus::domain::integrations::integration::Integration;
/// fn configure(_: &Authorized<Configure, Integration>) {}
/// fn handle(proof: Authorized<View, Integration>) {
///     configure(&proof);
/// }
/// ```
/// ```compile_fail,E0451
/// # use odeus::authz::{actions::View, actor::Actor, proof::Authorized};
/// # use odeus::domain::people::workspaces::Workspace;
/// fn forge(actor: Actor, resource: Workspace) -> Authorized<View, Workspace> {
///     Authorized { actor, resource, action: std::marker::PhantomData }
/// }
/// ```
#[derive(Debug)]
pub struct Authorized<A, R> {
    actor: Actor,
    resource: R,
    action: PhantomData<fn() -> A>,
}

impl<A, R> Authorized<A, R> {
    /// Who may.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What it is about, as loaded when the proof was made.
    pub fn resource(&self) -> &R {
        &self.resource
    }

    /// Both, when the proof has served.
    pub fn into_parts(self) -> (Actor, R) {
        (self.actor, self.resource)
    }
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// It does not exist, or the actor may not know that it does.
    #[error("there is no such thing here")]
    Hidden,
    /// It is visible, but this is not allowed.
    #[error("{0}")]
    Forbidden(Reason),
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Loads the resource that `key` names and asks the policy. An act that has no rule for this kind of thing does not
/// compile, where it would otherwise be refused for ever without a word:
///
/// ```compile_fail,E0277
/// # use odeus::authz::{actions::Run, actor::Actor, proof::authorize};
/// # use odeus::domain::people::workspaces::Workspace;
/// fn run(conn: &mut diesel::PgConnection, actor: Actor) {
///     authorize::<Run, Workspace>(conn, actor, &()).ok();
/// }
/// ```
pub fn authorize<A, R>(conn: &mut PgConnection, actor: Actor, key: &R::Key) -> Result<Authorized<A, R>, Denied>
where
    R: Guarded,
    A: Permits<R::Facts>,
    View: Permits<R::Facts>,
{
    let resource = R::load(conn, &actor, key)?.ok_or(Denied::Hidden)?;
    decide(actor, resource)
}

/// Asks the policy about a resource that has been loaded already: by a list whose rows each become a proof, or together with
/// what others asked for in the same moment.
pub fn decide<A, R>(actor: Actor, resource: R) -> Result<Authorized<A, R>, Denied>
where
    R: Guarded,
    A: Permits<R::Facts>,
    View: Permits<R::Facts>,
{
    let facts = resource.facts();
    if <View as Permits<R::Facts>>::permits(&actor, &facts).is_err() {
        return Err(Denied::Hidden);
    }
    <A as Permits<R::Facts>>::permits(&actor, &facts).map_err(Denied::Forbidden)?;
    Ok(Authorized { actor, resource, action: PhantomData })
}
