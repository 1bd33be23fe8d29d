//! Ids as types, so that an agent's id never passes for a connection's. Each is a UUID v7: made anywhere without
//! asking the database, and close together in an index when made close together.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::deserialize::FromSql;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::pg::PgValue;
use diesel::serialize::Output;
use diesel::serialize::ToSql;
use ring::rand::SecureRandom;
use ring::rand::SystemRandom;
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::KnownFormat;
use utoipa::openapi::RefOr;
use utoipa::openapi::SchemaFormat;
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::schema::Type;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id.
            #[expect(clippy::new_without_default, reason = "a fresh id each time is no default")]
            pub fn new() -> Self {
                Self(fresh())
            }

            /// The bare UUID, for the vault's associated data and for dynamic SQL.
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(value: Uuid) -> Self {
                Self(value)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let format = SchemaFormat::KnownFormat(KnownFormat::Uuid);
                ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }

        impl ToSql<diesel::sql_types::Uuid, Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
                <Uuid as ToSql<diesel::sql_types::Uuid, Pg>>::to_sql(&self.0, out)
            }
        }

        impl FromSql<diesel::sql_types::Uuid, Pg> for $name {
            fn from_sql(bytes: PgValue<'_>) -> diesel::deserialize::Result<Self> {
                <Uuid as FromSql<diesel::sql_types::Uuid, Pg>>::from_sql(bytes).map(Self)
            }
        }
    )+};
}

ids! {
    /// A company's space.
    WorkspaceId
    /// A person who signs in.
    UserId
    /// A named set of members of one workspace.
    GroupId
    /// A browser session.
    SessionId
    /// An API token.
    TokenId
    /// A custom integration's row; built-in ones have only a key.
    IntegrationId
    /// A saved authentication link.
    ConnectionId
    /// A share of a connection.
    ShareId
    /// One OAuth flow under way.
    FlowId
    /// A token that waits to be taken back at its provider.
    RevocationId
    /// A named helper with actions.
    AgentId
    /// A share of an agent.
    AgentShareId
    /// An action on an agent.
    AgentActionId
    /// One execution of an action.
    RunId
    /// The inputs of a call that waits for its caller.
    DraftId
    /// A mail in the outbox.
    OutboxId
    /// One serving process.
    ProcessId
    /// One process's hold on what it alone may finish.
    LeaseId
    /// An audit event.
    AuditId
    /// A workspace key of the vault.
    WorkspaceKeyId
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that makes ids")]
fn fresh() -> Uuid {
    Uuid::now_v7()
}

/// The machine gave no random bytes. Nothing safe can go on.
#[derive(Debug, thiserror::Error)]
#[error("the machine gave no random bytes")]
pub struct NoRandomness;

/// `N` bytes from the machine's generator.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0_u8; N];
    SystemRandom::new().fill(&mut bytes).map_err(|ring::error::Unspecified| NoRandomness)?;
    Ok(bytes)
}

/// 256 random bits as 43 characters of base64url: sessions, one-time links, OAuth `state`, API tokens.
pub fn random_token() -> Result<String, NoRandomness> {
    Ok(URL_SAFE_NO_PAD.encode(random_bytes::<32>()?))
}
