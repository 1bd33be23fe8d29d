//! What people do to their own account, noted in the log of each workspace they are in: an account belongs to no
//! workspace, but its admins want to see who signed in and whose password was changed (R16).

use diesel::QueryResult;
use diesel::pg::PgConnection;

use crate::domain::audit;
use crate::domain::people::actors;
use crate::domain::people::actors::Arrival;
use crate::domain::people::workspaces;
use crate::kernel::ids::UserId;

/// Notes that `user` did `action` (`user.signed_in`) to their own account.
pub fn record(conn: &mut PgConnection, user: UserId, arrival: Arrival, action: &'static str) -> QueryResult<()> {
    for workspace in workspaces::of_user(conn, user)? {
        if let Some(actor) = actors::in_workspace(conn, &workspace.slug, user, arrival)? {
            audit::record(conn, &actor, audit::Event::new(action, "user", user))?;
        }
    }
    Ok(())
}
