//! An integration as one workspace has it: whether it is switched on, for whom, and with which OAuth client.

use std::sync::Arc;

use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::Binary;
use diesel::sql_types::Bool;
use diesel::sql_types::Int4;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Uuid;

use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::ActionFacts;
use crate::authz::facts::AuthType;
use crate::authz::facts::IntegrationFacts;
use crate::authz::facts::MethodFacts;
use crate::authz::policy::Permits;
use crate::authz::proof::Guarded;
use crate::domain::integrations::catalog;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::registry::RegistryError;
use crate::vault::sealed::Sealed;

/// An integration in a workspace, seen by one actor.
#[derive(Debug, QueryableByName)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that the policy asks for")]
pub struct Integration {
    /// Its key.
    #[diesel(sql_type = Text)]
    pub key: String,
    /// Whether the workspace brought it in itself.
    #[diesel(sql_type = Bool)]
    pub is_custom: bool,
    /// Whether admins left it on.
    #[diesel(sql_type = Bool)]
    pub is_enabled: bool,
    /// Whether it is for everyone.
    #[diesel(sql_type = Bool)]
    pub is_for_everyone: bool,
    /// Whether it is for the actor.
    #[diesel(sql_type = Bool)]
    pub is_granted: bool,
    /// The id of the OAuth client that an admin set.
    #[diesel(sql_type = Nullable<Text>)]
    pub oauth_client_id: Option<String>,
    /// That client's secret.
    #[diesel(sql_type = Nullable<Binary>)]
    pub oauth_client_secret: Option<Sealed>,
    /// Counts the changes of the client: a grant belongs to the client that got it (D-25).
    #[diesel(sql_type = Int4)]
    pub oauth_client_generation: i32,
    /// Why the provider refuses the client, if it does.
    #[diesel(sql_type = Nullable<Text>)]
    pub misconfigured_reason: Option<String>,
    /// The actions that are for certain people only.
    #[diesel(sql_type = Array<Text>)]
    pub restricted_actions: Vec<String>,
    /// Which of these are for the actor.
    #[diesel(sql_type = Array<Text>)]
    pub granted_actions: Vec<String>,
    /// The ways to connect that admins keep for themselves.
    #[diesel(sql_type = Array<Text>)]
    pub reserved_auth_types: Vec<AuthType>,
}

impl Integration {
    /// What the policy looks at for one of its actions.
    pub fn action_facts(&self, action: &str) -> ActionFacts {
        let has = |actions: &[String]| actions.iter().any(|known| known == action);
        ActionFacts {
            integration: self.facts(),
            is_granted: !has(&self.restricted_actions) || has(&self.granted_actions),
        }
    }

    /// What the policy looks at for one way to connect it.
    pub fn method_facts(&self, auth_type: AuthType) -> MethodFacts {
        MethodFacts { integration: self.facts(), is_reserved: self.reserved_auth_types.contains(&auth_type) }
    }
}

const COLUMNS: &str = "coalesce(s.enabled, true) AS is_enabled, coalesce(s.for_everyone, true) AS is_for_everyone,
    coalesce(s.for_everyone, true) OR EXISTS (
        SELECT 1 FROM integration_grants g
        WHERE g.workspace_id = $1 AND g.integration = k.key AND g.action = '' AND (g.grantee_user = $2 OR g.grantee_group IN (
            SELECT group_id FROM group_members m WHERE m.workspace_id = $1 AND m.user_id = $2))) AS is_granted,
    s.oauth_client_id, s.oauth_client_secret, coalesce(s.oauth_client_generation, 0) AS oauth_client_generation,
    s.misconfigured_reason, coalesce(s.restricted_actions, '{}') AS restricted_actions,
    CASE WHEN s.restricted_actions <> '{}' THEN ARRAY(
        SELECT DISTINCT g.action FROM integration_grants g
        WHERE g.workspace_id = $1 AND g.integration = k.key AND g.action <> '' AND (g.grantee_user = $2 OR g.grantee_group IN (
            SELECT group_id FROM group_members m WHERE m.workspace_id = $1 AND m.user_id = $2)))
        ELSE '{}' END AS granted_actions,
    coalesce(s.reserved_auth_types, '{}') AS reserved_auth_types";

impl Guarded for Integration {
    type Key = String;
    type Facts = IntegrationFacts;

    fn load(conn: &mut PgConnection, actor: &Actor, key: &String) -> QueryResult<Option<Self>> {
        let is_builtin = catalog::builtin().iter().any(|definition| definition.key == *key);
        let sql = format!(
            "SELECT k.key, NOT $4 AS is_custom, {COLUMNS}
             FROM (SELECT $3 AS key) k
             LEFT JOIN integration_settings s ON s.workspace_id = $1 AND s.integration = k.key
             WHERE $4 OR EXISTS (SELECT 1 FROM custom_integrations c WHERE c.workspace_id = $1 AND c.key = k.key)"
        );
        diesel::sql_query(sql)
            .bind::<Uuid, _>(actor.workspace)
            .bind::<Uuid, _>(actor.user)
            .bind::<Text, _>(key)
            .bind::<Bool, _>(is_builtin)
            .get_result(conn)
            .optional()
    }

    fn facts(&self) -> IntegrationFacts {
        IntegrationFacts { is_enabled: self.is_enabled, is_granted: self.is_granted }
    }
}

/// Every integration that the actor may see, by name, with its definition: restricted ones, too, which they may not use.
pub fn list(
    conn: &mut PgConnection,
    registry: &Registry,
    actor: &Actor,
) -> Result<Vec<(Integration, Arc<Definition>)>, RegistryError> {
    let definitions = registry.list(conn, actor.workspace)?;
    let keys: Vec<&str> = definitions.iter().map(|definition| definition.key.as_str()).collect();
    let sql = format!(
        "SELECT k.key, c.key IS NOT NULL AS is_custom, {COLUMNS}
         FROM unnest($3) AS k(key)
         LEFT JOIN integration_settings s ON s.workspace_id = $1 AND s.integration = k.key
         LEFT JOIN custom_integrations c ON c.workspace_id = $1 AND c.key = k.key"
    );
    let rows: Vec<Integration> = diesel::sql_query(sql)
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Uuid, _>(actor.user)
        .bind::<Array<Text>, _>(keys)
        .load(conn)?;
    let mut by_key: std::collections::HashMap<String, Integration> =
        rows.into_iter().map(|row| (row.key.clone(), row)).collect();
    let visible = definitions.into_iter().filter_map(|definition| {
        let integration = by_key.remove(&definition.key)?;
        <View as Permits<IntegrationFacts>>::permits(actor, &integration.facts()).ok()?;
        Some((integration, definition))
    });
    Ok(visible.collect())
}
