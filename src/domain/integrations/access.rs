//! Who may use an integration and its single actions, and which ways to connect it admins keep for themselves. Every call
//! asks anew, so a change holds from the next one (R6); admins always keep access.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use serde_json::json;

use crate::authz::actions::Configure;
use crate::authz::facts::AuthType;
use crate::authz::proof::Authorized;
use crate::db::schema::groups;
use crate::db::schema::integration_grants;
use crate::db::schema::integration_settings;
use crate::db::schema::memberships;
use crate::domain::audit;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::settings::SettingsError;
use crate::domain::integrations::settings::ensure;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::ShareId;
use crate::kernel::ids::UserId;

/// How many people and groups one list names. Whoever needs more makes a group of them.
pub const GRANTED_AT_MOST: usize = 100;

/// What is restricted: the integration, or one action of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The integration, with all its actions.
    Whole,
    /// The action with this key.
    Action(String),
}

impl Scope {
    /// From the column `action` and from addresses: nothing is the whole.
    pub fn of(action: &str) -> Self {
        if action.is_empty() { Self::Whole } else { Self::Action(action.to_owned()) }
    }

    /// The column `action`.
    pub fn column(&self) -> &str {
        match self {
            Self::Whole => "",
            Self::Action(key) => key,
        }
    }

    /// The member of the API's body.
    pub fn field(&self) -> String {
        match self {
            Self::Whole => "access".to_owned(),
            Self::Action(key) => format!("actions.{key}"),
        }
    }
}

/// For whom an integration or an action is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// For every member; of an action: for everybody who may use the integration.
    Everyone,
    /// For these people and groups, and for admins.
    Only {
        /// People.
        users: Vec<UserId>,
        /// Groups.
        groups: Vec<GroupId>,
    },
}

impl Audience {
    /// The people it names.
    pub fn users(&self) -> &[UserId] {
        if let Self::Only { users, .. } = self { users } else { &[] }
    }

    /// The groups it names.
    pub fn groups(&self) -> &[GroupId] {
        if let Self::Only { groups, .. } = self { groups } else { &[] }
    }

    /// The same, each once.
    fn tidied(&self) -> Self {
        fn once<T: Copy + Ord>(all: &[T]) -> Vec<T> {
            let mut seen = BTreeSet::new();
            all.iter().copied().filter(|one| seen.insert(*one)).collect()
        }
        match self {
            Self::Everyone => Self::Everyone,
            Self::Only { users, groups } => Self::Only { users: once(users), groups: once(groups) },
        }
    }
}

/// Whether an integration is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// It can be used.
    On,
    /// It cannot, but by admins.
    Off,
}

/// All that admins decided about access to an integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whether it is on.
    pub switch: Switch,
    /// For whom it is.
    pub audience: Audience,
    /// For whom its restricted actions are; the others are for everybody who may use the integration.
    pub actions: BTreeMap<String, Audience>,
    /// The ways to connect that admins keep for themselves.
    pub reserved: BTreeSet<AuthType>,
}

impl Access {
    /// For whom this is.
    pub fn of(&self, scope: &Scope) -> &Audience {
        match scope {
            Scope::Whole => &self.audience,
            Scope::Action(key) => self.actions.get(key).unwrap_or(&Audience::Everyone),
        }
    }

    /// What it is with the changes.
    #[must_use]
    pub fn with(&self, changes: &AccessChanges) -> Self {
        let mut actions = self.actions.clone();
        for (key, audience) in &changes.actions {
            match audience {
                Audience::Everyone => actions.remove(key),
                Audience::Only { .. } => actions.insert(key.clone(), audience.tidied()),
            };
        }
        Self {
            switch: changes.switch.unwrap_or(self.switch),
            audience: changes.audience.as_ref().map_or_else(|| self.audience.clone(), Audience::tidied),
            actions,
            reserved: changes.reserved.clone().unwrap_or_else(|| self.reserved.clone()),
        }
    }
}

/// What changes about access; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct AccessChanges {
    /// Whether it is on.
    pub switch: Option<Switch>,
    /// For whom it is.
    pub audience: Option<Audience>,
    /// For whom these actions are.
    pub actions: BTreeMap<String, Audience>,
    /// The ways to connect that admins keep for themselves, in place of those before.
    pub reserved: Option<BTreeSet<AuthType>>,
}

impl AccessChanges {
    /// Another audience for the whole or for one action.
    pub fn audience(scope: &Scope, audience: Audience) -> Self {
        match scope {
            Scope::Whole => Self { audience: Some(audience), ..Self::default() },
            Scope::Action(key) => Self { actions: BTreeMap::from([(key.clone(), audience)]), ..Self::default() },
        }
    }

    fn audiences(&self) -> impl Iterator<Item = (Scope, &Audience)> {
        let whole = self.audience.iter().map(|audience| (Scope::Whole, audience));
        whole.chain(self.actions.iter().map(|(key, audience)| (Scope::Action(key.clone()), audience)))
    }
}

/// What holds at present.
pub fn access(conn: &mut PgConnection, proof: &Authorized<Configure, Integration>) -> QueryResult<Access> {
    let (workspace, integration) = (proof.actor().workspace, proof.resource());
    let grants: Vec<(String, Option<UserId>, Option<GroupId>)> = integration_grants::table
        .filter(integration_grants::workspace_id.eq(workspace))
        .filter(integration_grants::integration.eq(&integration.key))
        .order(integration_grants::id)
        .select((integration_grants::action, integration_grants::grantee_user, integration_grants::grantee_group))
        .load(conn)?;
    let only = |scope: &Scope| {
        let named = || grants.iter().filter(|(action, _, _)| action == scope.column());
        let users = named().filter_map(|(_, user, _)| *user).collect();
        let groups = named().filter_map(|(_, _, group)| *group).collect();
        Audience::Only { users, groups }
    };
    let restricted = integration.restricted_actions.iter();
    Ok(Access {
        switch: if integration.is_enabled { Switch::On } else { Switch::Off },
        audience: if integration.is_for_everyone { Audience::Everyone } else { only(&Scope::Whole) },
        actions: restricted.map(|key| (key.clone(), only(&Scope::Action(key.clone())))).collect(),
        reserved: integration.reserved_auth_types.iter().copied().collect(),
    })
}

/// What holds at present and what would hold with the changes, if they can be made.
pub fn preview(
    conn: &mut PgConnection,
    proof: &Authorized<Configure, Integration>,
    definition: &Definition,
    changes: &AccessChanges,
) -> Result<(Access, Access), SettingsError> {
    let before = access(conn, proof)?;
    for key in changes.actions.keys() {
        // What a document does not have any more can still be opened again.
        if definition.action(key).is_none() && !before.actions.contains_key(key) {
            return Err(SettingsError::UnknownAction(key.clone()));
        }
    }
    for auth_type in changes.reserved.iter().flatten() {
        if definition.method(*auth_type).is_none() && !before.reserved.contains(auth_type) {
            return Err(SettingsError::NotOffered(*auth_type));
        }
    }
    for (scope, audience) in changes.audiences() {
        let tidied = audience.tidied();
        if tidied.users().len() + tidied.groups().len() > GRANTED_AT_MOST {
            return Err(SettingsError::TooManyGrantees(scope));
        }
        if !are_known(conn, proof, &tidied)? {
            return Err(SettingsError::UnknownGrantee(scope));
        }
    }
    let after = before.with(changes);
    Ok((before, after))
}

/// Whether everybody named is in the workspace. Whoever is deactivated is: their grants wait for them.
fn are_known(
    conn: &mut PgConnection,
    proof: &Authorized<Configure, Integration>,
    audience: &Audience,
) -> QueryResult<bool> {
    let workspace = proof.actor().workspace;
    let people: i64 = memberships::table
        .filter(memberships::workspace_id.eq(workspace))
        .filter(memberships::user_id.eq_any(audience.users()))
        .count()
        .get_result(conn)?;
    let sets: i64 = groups::table
        .filter(groups::workspace_id.eq(workspace))
        .filter(groups::id.eq_any(audience.groups()))
        .count()
        .get_result(conn)?;
    Ok(usize::try_from(people) == Ok(audience.users().len()) && usize::try_from(sets) == Ok(audience.groups().len()))
}

/// Makes the changes.
pub fn change(
    conn: &mut PgConnection,
    proof: &Authorized<Configure, Integration>,
    definition: &Definition,
    changes: &AccessChanges,
) -> Result<(), SettingsError> {
    let (actor, key) = (proof.actor(), proof.resource().key.as_str());
    ensure(conn, actor.workspace, key, actor.at)?;
    let row = integration_settings::table.find((actor.workspace, key));
    // Of two admins, the one who comes second decides on top of what the first has decided.
    let held: Vec<String> = row.select(integration_settings::restricted_actions).for_update().first(conn)?;
    let (_, after) = preview(conn, proof, definition, changes)?;
    let mut restricted: BTreeSet<&str> = held.iter().map(String::as_str).collect();
    for (action, audience) in &changes.actions {
        match audience {
            Audience::Everyone => restricted.remove(action.as_str()),
            Audience::Only { .. } => restricted.insert(action),
        };
    }
    let restricted: Vec<&str> = restricted.into_iter().collect();
    diesel::update(row)
        .set((
            changes.switch.map(|switch| integration_settings::enabled.eq(switch == Switch::On)),
            changes
                .audience
                .is_some()
                .then(|| integration_settings::for_everyone.eq(after.audience == Audience::Everyone)),
            (!changes.actions.is_empty()).then(|| integration_settings::restricted_actions.eq(restricted)),
            changes.reserved.is_some().then(|| {
                integration_settings::reserved_auth_types.eq(after.reserved.iter().copied().collect::<Vec<_>>())
            }),
            integration_settings::updated_at.eq(actor.at),
        ))
        .execute(conn)?;
    for (scope, _) in changes.audiences() {
        grant(conn, proof, &scope, after.of(&scope))?;
    }
    record(conn, proof, changes, &after)?;
    Ok(())
}

/// Puts these grants in the place of those before.
fn grant(
    conn: &mut PgConnection,
    proof: &Authorized<Configure, Integration>,
    scope: &Scope,
    audience: &Audience,
) -> QueryResult<()> {
    let (workspace, key) = (proof.actor().workspace, proof.resource().key.as_str());
    let old = integration_grants::table
        .filter(integration_grants::workspace_id.eq(workspace))
        .filter(integration_grants::integration.eq(key))
        .filter(integration_grants::action.eq(scope.column()));
    diesel::delete(old).execute(conn)?;
    let people = audience.users().iter().map(|user| (Some(*user), None));
    let sets = audience.groups().iter().map(|group| (None, Some(*group)));
    let rows: Vec<_> = people
        .chain(sets)
        .map(|(user, group): (Option<UserId>, Option<GroupId>)| {
            (
                integration_grants::workspace_id.eq(workspace),
                integration_grants::id.eq(ShareId::new()),
                integration_grants::integration.eq(key),
                integration_grants::action.eq(scope.column()),
                integration_grants::grantee_user.eq(user),
                integration_grants::grantee_group.eq(group),
            )
        })
        .collect();
    diesel::insert_into(integration_grants::table).values(rows).execute(conn).map(drop)
}

fn record(
    conn: &mut PgConnection,
    proof: &Authorized<Configure, Integration>,
    changes: &AccessChanges,
    after: &Access,
) -> QueryResult<()> {
    let (actor, key) = (proof.actor(), proof.resource().key.as_str());
    let event = |action: &'static str| audit::Event::new(action, "integration", key);
    if let Some(switch) = changes.switch {
        let action = if switch == Switch::On { "integration.enabled" } else { "integration.disabled" };
        audit::record(conn, actor, event(action))?;
    }
    for (scope, _) in changes.audiences() {
        let audience = after.of(&scope);
        let (for_everyone, users, groups) = (*audience == Audience::Everyone, audience.users(), audience.groups());
        let (action, detail) = match &scope {
            Scope::Whole => {
                ("integration.restricted", json!({ "for_everyone": for_everyone, "users": users, "groups": groups }))
            }
            Scope::Action(action) => (
                "integration.action_restricted",
                json!({ "for_everyone": for_everyone, "users": users, "groups": groups, "integration_action": action }),
            ),
        };
        audit::record(conn, actor, event(action).detail(detail))?;
    }
    if changes.reserved.is_some() {
        let detail = json!({ "auth_types": after.reserved });
        audit::record(conn, actor, event("integration.auth_types_reserved").detail(detail))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_changed_stays_and_what_is_opened_is_not_restricted_any_more() {
        let only = |user: u128| Audience::Only { users: vec![uuid::Uuid::from_u128(user).into(); 2], groups: vec![] };
        let now = Access {
            switch: Switch::On,
            audience: Audience::Everyone,
            actions: BTreeMap::from([("a".to_owned(), only(1)), ("b".to_owned(), only(2))]),
            reserved: BTreeSet::from([AuthType::ServiceAccount]),
        };
        let changes = AccessChanges {
            actions: BTreeMap::from([("a".to_owned(), Audience::Everyone), ("c".to_owned(), only(3))]),
            ..AccessChanges::default()
        };

        let then = now.with(&changes);

        assert_eq!(then.actions.keys().collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(then.of(&Scope::of("c")).users().len(), 1, "each once");
        assert_eq!((then.of(&Scope::of("a")), then.of(&Scope::Whole)), (&Audience::Everyone, &Audience::Everyone));
        assert_eq!(then.reserved, now.reserved);
    }
}
