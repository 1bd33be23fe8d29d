//! What a call needs once it is authorized, whichever rule allowed it: the connection, its state and its sealed secret,
//! read in the same statement as the facts (D-33).

use diesel::QueryableByName;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Binary;
use diesel::sql_types::Bool;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actor::Actor;
use crate::authz::facts::ActionFacts;
use crate::authz::facts::AgentAccess;
use crate::authz::facts::AgentFacts;
use crate::authz::facts::AuthType;
use crate::authz::facts::IntegrationFacts;
use crate::authz::facts::Role;
use crate::domain::agents::AgentActionKey;
use crate::domain::connections::ConnectionStatus;
use crate::domain::connections::secrets::AccessSecret;
use crate::domain::connections::secrets::parse_origins;
use crate::domain::connections::secrets::parse_tenant;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;
use crate::vault::sealed::Sealed;

/// The agent and the integration, as they are for the caller.
#[derive(Clone, Debug, QueryableByName)]
#[expect(clippy::struct_excessive_bools, reason = "columns, which the facts take up one by one")]
pub struct CallRow {
    #[diesel(sql_type = Text)]
    pub(in crate::domain::runs) caller_name: String,
    #[diesel(sql_type = Bool)]
    agent_is_owned: bool,
    #[diesel(sql_type = Nullable<Text>)]
    agent_shared: Option<AgentAccess>,
    #[diesel(sql_type = Bool)]
    agent_is_enabled: bool,
    #[diesel(sql_type = Bool)]
    integration_is_enabled: bool,
    #[diesel(sql_type = Bool)]
    integration_is_granted: bool,
    #[diesel(sql_type = Bool)]
    action_is_granted: bool,
}

/// Who calls which action, and what else a statement wants to know of the call.
#[derive(Clone, Debug)]
pub struct Inquiry<T> {
    /// The caller.
    pub actor: Actor,
    /// The action.
    pub action: AgentActionKey,
    /// The rest.
    pub with: T,
}

/// What every call is asked about with, a column each: the beginning of `q` in [`call_joins`].
#[derive(Debug, Default)]
pub(in crate::domain::runs) struct Columns {
    pub(in crate::domain::runs) workspaces: Vec<WorkspaceId>,
    pub(in crate::domain::runs) askers: Vec<UserId>,
    pub(in crate::domain::runs) agents: Vec<AgentId>,
    pub(in crate::domain::runs) actions: Vec<AgentActionId>,
    pub(in crate::domain::runs) times: Vec<Timestamp>,
    pub(in crate::domain::runs) roles: Vec<Role>,
}

impl Columns {
    pub(in crate::domain::runs) fn of<T>(asked: &[&Inquiry<T>]) -> Self {
        let mut columns = Self::default();
        for Inquiry { actor, action, .. } in asked {
            columns.workspaces.push(actor.workspace);
            columns.askers.push(actor.user);
            columns.agents.push(action.agent);
            columns.actions.push(action.action);
            columns.times.push(actor.at);
            columns.roles.push(actor.role);
        }
        columns
    }
}

/// The columns of [`CallRow`], with [`call_joins`]. Grants are looked for where something is restricted, and nowhere else.
macro_rules! call_columns {
    () => {
        concat!(
            "u.name AS caller_name, a.owner_id = q.asker AS agent_is_owned, ",
            crate::domain::agents::access::agent_share!("q.workspace", "a.id", "q.asker"),
            " AS agent_shared, a.enabled AS agent_is_enabled,
             coalesce(st.enabled, true) AS integration_is_enabled,
             coalesce(st.for_everyone, true) OR EXISTS (
                SELECT 1 FROM integration_grants gr WHERE gr.workspace_id = q.workspace
                AND gr.integration = aa.integration AND gr.action = ''
                AND (gr.grantee_user = q.asker OR gr.grantee_group IN (
                    SELECT gm.group_id FROM group_members gm WHERE gm.workspace_id = q.workspace
                    AND gm.user_id = q.asker)))
                AS integration_is_granted,
             coalesce(aa.action <> ALL (st.restricted_actions), true) OR EXISTS (
                SELECT 1 FROM integration_grants gr WHERE gr.workspace_id = q.workspace
                AND gr.integration = aa.integration AND gr.action = aa.action
                AND (gr.grantee_user = q.asker OR gr.grantee_group IN (
                    SELECT gm.group_id FROM group_members gm WHERE gm.workspace_id = q.workspace
                    AND gm.user_id = q.asker)))
                AS action_is_granted"
        )
    };
}
pub(in crate::domain::runs) use call_columns;

/// From the calls that are asked about, `q`, and their callers, still active members in the role they came with, to their
/// actions. It stands in `FROM unnest(..) WITH ORDINALITY AS q (..) CROSS JOIN LATERAL (SELECT .. OFFSET 0) t`, so that each
/// call is looked up by itself, by its keys, however many there are.
macro_rules! call_joins {
    ($credentials:literal) => {
        concat!(
            " FROM memberships me JOIN users u ON u.id = me.user_id
              JOIN agents a ON a.workspace_id = me.workspace_id AND a.id = q.agent
              JOIN agent_actions aa ON aa.workspace_id = me.workspace_id AND aa.id = q.action AND aa.agent_id = a.id
                AND aa.credentials = '",
            $credentials,
            "' AND me.workspace_id = q.workspace AND me.user_id = q.asker AND me.status = 'active' AND me.role = q.role
              LEFT JOIN integration_settings st ON st.workspace_id = q.workspace AND st.integration = aa.integration "
        )
    };
}
pub(in crate::domain::runs) use call_joins;

impl CallRow {
    pub(in crate::domain::runs) fn agent(&self) -> AgentFacts {
        AgentFacts { is_owner: self.agent_is_owned, shared: self.agent_shared, is_enabled: self.agent_is_enabled }
    }

    pub(in crate::domain::runs) fn action(&self) -> ActionFacts {
        let integration =
            IntegrationFacts { is_enabled: self.integration_is_enabled, is_granted: self.integration_is_granted };
        ActionFacts { integration, is_granted: self.action_is_granted }
    }
}

/// A connection with its access secret, if there is one.
#[derive(Debug, QueryableByName)]
pub struct TargetRow {
    #[diesel(sql_type = Nullable<Uuid>)]
    connection: Option<ConnectionId>,
    #[diesel(sql_type = Nullable<Uuid>)]
    connection_owner: Option<UserId>,
    #[diesel(sql_type = Nullable<Text>)]
    connection_owner_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    connection_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    connection_integration: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    auth_type: Option<AuthType>,
    #[diesel(sql_type = Nullable<Text>)]
    connection_status: Option<ConnectionStatus>,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    scopes: Option<Vec<String>>,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    origins: Option<Vec<String>>,
    #[diesel(sql_type = Nullable<Text>)]
    tenant: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    token_version: Option<i64>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    access_expires_at: Option<Timestamp>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    connection_used_at: Option<Timestamp>,
    #[diesel(sql_type = Nullable<Binary>)]
    sealed: Option<Sealed>,
}

/// The columns of [`TargetRow`] from the connection under an alias, with [`target_joins`]. Whose owner has left is
/// suspended, whether or not the row says so yet (R15).
macro_rules! target_columns {
    ($connection:literal) => {
        concat!(
            $connection,
            ".id AS connection, ",
            $connection,
            ".owner_id AS connection_owner, ow.name AS connection_owner_name, ",
            $connection,
            ".name AS connection_name, ",
            $connection,
            ".integration AS connection_integration, ",
            $connection,
            ".auth_type, CASE WHEN om.user_id IS NULL THEN 'suspended' ELSE ",
            $connection,
            ".status END AS connection_status, ",
            $connection,
            ".scopes, ",
            $connection,
            ".origins, ",
            $connection,
            ".tenant, ",
            $connection,
            ".token_version, ",
            $connection,
            ".access_expires_at, ",
            $connection,
            ".last_used_at AS connection_used_at, k.sealed"
        )
    };
}
pub(in crate::domain::runs) use target_columns;

/// The joins of [`TargetRow`] onto the connection under an alias.
macro_rules! target_joins {
    ($connection:literal) => {
        concat!(
            " LEFT JOIN connection_secrets k ON k.workspace_id = ",
            $connection,
            ".workspace_id AND k.connection_id = ",
            $connection,
            ".id AND k.purpose = 'access' LEFT JOIN users ow ON ow.id = ",
            $connection,
            ".owner_id LEFT JOIN memberships om ON om.workspace_id = ",
            $connection,
            ".workspace_id AND om.user_id = ",
            $connection,
            ".owner_id AND om.status = 'active' "
        )
    };
}
pub(in crate::domain::runs) use target_joins;

/// The connection that a call goes out with.
#[derive(Debug)]
pub struct Target {
    /// Whose it is.
    pub owner: UserId,
    /// That person's name.
    pub owner_name: String,
    /// What they called it.
    pub name: String,
    /// The scopes that were granted, where that is known.
    pub scopes: Vec<String>,
    /// When it was used last, to the minute.
    pub used_at: Option<Timestamp>,
    /// Everything that the vault needs.
    pub secret: AccessSecret,
}

impl TargetRow {
    pub(in crate::domain::runs) fn into_target(self, workspace: WorkspaceId) -> Option<Target> {
        let secret = AccessSecret {
            workspace,
            connection: self.connection?,
            integration: self.connection_integration?,
            auth_type: self.auth_type?,
            status: self.connection_status?,
            version: self.token_version?,
            origins: parse_origins(&self.origins?),
            tenant: parse_tenant(self.tenant),
            sealed: self.sealed,
            expires_at: self.access_expires_at,
        };
        Some(Target {
            owner: self.connection_owner?,
            owner_name: self.connection_owner_name.unwrap_or_default(),
            name: self.connection_name?,
            scopes: self.scopes?,
            used_at: self.connection_used_at,
            secret,
        })
    }
}
