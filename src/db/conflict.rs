//! What the database's own rules say when they refuse, so that a domain function can give the situation its name.

use diesel::result::DatabaseErrorKind;
use diesel::result::Error;

/// The name of the constraint that refused, if it was one.
pub fn constraint(error: &Error) -> Option<&str> {
    if let Error::DatabaseError(_, information) = error { information.constraint_name() } else { None }
}

/// Whether `name` is the constraint that refused.
pub fn is(error: &Error, name: &str) -> bool {
    constraint(error) == Some(name)
}

/// Whether a foreign key refused: what was named is not there.
pub fn is_missing_reference(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _))
}

/// What libpq and the server say when the connection is gone: neither has a code for it.
const SIGNS: [&str; 7] = [
    "server closed the connection",
    "connection to server",
    "terminating connection",
    "no connection to the server",
    "the database system is",
    "could not receive data",
    "SSL connection has been closed",
];

/// Whether the connection broke rather than the statement.
pub fn is_connection_lost(error: &Error) -> bool {
    // The second is what the next statement on a broken connection meets: it does not leave at all.
    if let Error::DatabaseError(DatabaseErrorKind::Unknown | DatabaseErrorKind::UnableToSendCommand, information) =
        error
    {
        return SIGNS.iter().any(|sign| information.message().contains(sign));
    }
    matches!(error, Error::DatabaseError(DatabaseErrorKind::ClosedConnection, _) | Error::BrokenTransactionManager)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_lost_for_the_statement_that_breaks_on_it_and_for_the_next() {
        let error = |kind, said: &str| Error::DatabaseError(kind, Box::new(said.to_owned()));
        let breaks = error(DatabaseErrorKind::Unknown, "server closed the connection unexpectedly");
        let next = error(DatabaseErrorKind::UnableToSendCommand, "no connection to the server");
        let wrong = error(DatabaseErrorKind::Unknown, "relation \"runs\" does not exist");

        assert_eq!([&breaks, &next, &wrong].map(is_connection_lost), [true, true, false]);
    }
}
