//! Secrets at rest. A sealed secret can be stored and, inside the vault, opened for exactly the context it was sealed
//! for: moved to another row, workspace, integration or origin set it does not open (D-10).

use std::fmt;

use diesel::deserialize::FromSql;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::pg::PgValue;
use diesel::serialize::Output;
use diesel::serialize::ToSql;
use diesel::sql_types::Binary;
use uuid::Uuid;

use crate::authz::facts::AuthType;
use crate::kernel::ids::WorkspaceId;
use crate::outbound::origin::Origins;

/// A `bytea` column with a sealed secret.
///
/// ```compile_fail
/// fn shown(sealed: &odeus::vault::sealed::Sealed) -> String { format!("{sealed}") }
/// ```
/// ```compile_fail
/// fn copied(sealed: &odeus::vault::sealed::Sealed) -> odeus::vault::sealed::Sealed { sealed.clone() }
/// ```
/// ```compile_fail
/// fn written(sealed: &odeus::vault::sealed::Sealed) { serde_json::to_string(sealed).ok(); }
/// ```
/// ```compile_fail
/// #[derive(askama::Template)]
/// #[template(source = "{{ sealed }}", ext = "html")]
/// struct Page<'a> {
///     sealed: &'a odeus::vault::sealed::Sealed,
/// }
/// ```
/// ```compile_fail,E0603
/// use odeus::vault::plain::Plain;
/// ```
/// ```compile_fail
/// fn compared(a: &odeus::vault::sealed::Sealed, b: &odeus::vault::sealed::Sealed) -> bool { a == b }
/// ```
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    pub(in crate::vault) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(in crate::vault) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}

impl ToSql<Binary, Pg> for Sealed {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        <[u8] as ToSql<Binary, Pg>>::to_sql(&self.0, out)
    }
}

impl FromSql<Binary, Pg> for Sealed {
    /// Takes any bytes: one damaged row must not take a list down (D-13). Opening it says what is wrong.
    fn from_sql(bytes: PgValue<'_>) -> diesel::deserialize::Result<Self> {
        <Vec<u8> as FromSql<Binary, Pg>>::from_sql(bytes).map(Self)
    }
}

/// What a sealed secret is for. One purpose never opens as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What goes onto requests: an access token, the fields of an API key.
    Access,
    /// What access tokens are made from: a refresh token, a service account's key.
    Grant,
    /// The client secret of an OAuth registration.
    ClientSecret,
    /// The PKCE verifier of a flow under way.
    FlowVerifier,
    /// The copy of a token that waits to be revoked (D-27).
    Revocation,
}

impl Purpose {
    /// The context string of D-10.
    pub(in crate::vault) const fn label(self) -> &'static str {
        match self {
            Self::Access => "odeus/access/v1",
            Self::Grant => "odeus/grant/v1",
            Self::ClientSecret => "odeus/client-secret/v1",
            Self::FlowVerifier => "odeus/flow-verifier/v1",
            Self::Revocation => "odeus/revoke/v1",
        }
    }
}

/// What a secret is bound to. It opens only for the same values in each of these.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What it is for.
    pub purpose: Purpose,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The row it stands in.
    pub row: Uuid,
    /// The version of the secret in that row, so that an older one cannot be put back.
    pub version: i64,
    /// The integration's key; empty where there is none.
    pub integration: &'a str,
    /// How the connection authenticates, where there is a connection.
    pub auth_type: Option<AuthType>,
    /// Where it may be sent, token and revoke addresses included. Empty: nowhere.
    pub origins: &'a Origins,
}
