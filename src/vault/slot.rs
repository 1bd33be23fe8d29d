//! Where a credential goes on a request: declared by the integration, never chosen by a caller (D-41).

/// One place for a credential. `field` names the part of the credential that goes there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// `Authorization: Bearer …` (RFC 6750 §2.1).
    Bearer {
        /// The field.
        field: String,
    },
    /// A header of its own, with something in front where the vendor wants it.
    Header {
        /// The field.
        field: String,
        /// The header's name.
        name: String,
        /// What stands before the value, e.g. `Token `.
        prefix: String,
    },
    /// A query parameter.
    Query {
        /// The field.
        field: String,
        /// The parameter's name.
        name: String,
    },
    /// `Authorization: Basic …` (RFC 7617).
    Basic {
        /// The field with the user name.
        username: String,
        /// The field with the password.
        password: String,
    },
}
