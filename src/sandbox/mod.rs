//! The demo's stand-in provider: a separate origin with OAuth, API-key, service-account and open APIs.
//!
//! It plays the part that Google or `HubSpot` play in production, so that everything can be tried on one machine
//! without an account anywhere. It is a stranger to the rest of the crate on purpose: it names no other room, and is
//! spoken to over HTTP only. It checks what a real provider checks (exact redirect addresses, PKCE, one-time codes,
//! rotating refresh tokens, signed assertions, scopes), because a stand-in that forgives proves nothing. What it does
//! not have is a sign-in: whoever opens its pages picks the person to be.

mod access;
mod calendar;
mod call;
mod chance;
mod controls;
mod crm;
mod customers;
mod events;
mod holidays;
mod home;
mod integrations;
mod oauth;
mod pages;
mod people;
mod refusal;
mod routes;
mod service_account;
mod tables;
mod trace;
mod warehouse;
mod world;

#[cfg(test)]
mod tests;

use actix_web::App;
use actix_web::HttpServer;
use actix_web::dev::Server;
use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use chrono::DateTime;
use chrono::Duration;
use chrono::Utc;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

pub use crate::sandbox::customers::CRM_KEYS;
pub use crate::sandbox::customers::CrmKey;
pub use crate::sandbox::customers::CrmRights;
pub use crate::sandbox::integrations::document;
pub use crate::sandbox::integrations::documents;
pub use crate::sandbox::oauth::scope::Scope;
pub use crate::sandbox::people::PEOPLE;
pub use crate::sandbox::people::Person;
pub use crate::sandbox::service_account::CLIENT_EMAIL;
pub use crate::sandbox::service_account::service_account_key;
pub use crate::sandbox::trace::Received;
pub use crate::sandbox::world::GivenAccess;
pub use crate::sandbox::world::Snapshot;

use crate::sandbox::trace::watch;
use crate::sandbox::world::World;

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What a sandbox needs to know before it starts.
pub struct SandboxOptions {
    /// The bound socket it answers on.
    pub listener: TcpListener,
    /// The origin people and programs use, without a path; it is also the OAuth issuer.
    pub public_url: String,
    /// Where its memory is kept between starts; without one it forgets.
    pub state_file: Option<PathBuf>,
    /// How long an access token is good for.
    pub access_token_life: Duration,
    /// The clock.
    pub now: Clock,
    /// The apps that may ask people for access.
    pub clients: Vec<Client>,
    /// With `true`, a refresh token used twice ends its grant at once; with `false`, the same answer is given again
    /// for ten seconds.
    pub strict_rotation: bool,
    /// With `true`, `/control/…` lets a test expire tokens, make calls slow or failing, and read what was received.
    pub controls: bool,
}

/// An app registered with the sandbox.
#[derive(Clone)]
pub struct Client {
    /// Its public name; the consent page shows it.
    pub id: String,
    /// Its password at the token endpoint.
    pub secret: String,
    /// Redirect addresses must lie at or under this one.
    pub redirect_prefix: String,
}

/// A handle on a started sandbox.
#[derive(Clone)]
pub struct Sandbox {
    handle: ServerHandle,
    world: Data<World>,
}

impl Sandbox {
    /// Lets calls under way finish, for two seconds at most, and closes the socket.
    pub async fn stop(&self) {
        self.handle.stop(true).await;
    }

    /// What the sandbox has received and given so far.
    pub fn state(&self) -> Snapshot {
        self.world.snapshot()
    }
}

/// Starts a sandbox on a bound socket; the server runs while the returned future is polled.
pub fn start(options: SandboxOptions) -> std::io::Result<(Sandbox, Server)> {
    let (world, listener) = World::open(options)?;
    let world = Data::new(world);

    let shared = world.clone();
    let server = HttpServer::new(move || {
        let world = shared.clone();
        App::new().app_data(world.clone()).wrap(from_fn(watch)).configure(move |config| routes::add(config, &world))
    })
    .workers(1)
    .shutdown_timeout(2)
    .disable_signals()
    .listen(listener)?
    .run();

    let handle = server.handle();
    Ok((Sandbox { handle, world }, server))
}
