//! What the database's own rules say when they refuse, so that a domain function can give the situation its name.

use diesel::result::DatabaseErrorKind;
use diesel::result::Error;

/// The name of the constraint that refused, if it was one.
pub fn constraint(error: &Error) -> Option<&str> {
    match error {
        Error::DatabaseError(_, information) => information.constraint_name(),
        _ => None,
    }
}

/// Whether `name` is the constraint that refused.
pub fn is(error: &Error, name: &str) -> bool {
    constraint(error) == Some(name)
}

/// Whether the connection broke rather than the statement.
pub fn is_connection_lost(error: &Error) -> bool {
    match error {
        Error::DatabaseError(DatabaseErrorKind::ClosedConnection, _) | Error::BrokenTransactionManager => true,
        Error::DatabaseError(DatabaseErrorKind::Unknown, information) => {
            let message = information.message();
            [
                "server closed the connection",
                "connection to server",
                "terminating connection",
                "no connection to the server",
                "the database system is",
                "could not receive data",
                "SSL connection has been closed",
            ]
            .iter()
            .any(|sign| message.contains(sign))
        }
        _ => false,
    }
}
