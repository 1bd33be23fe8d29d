//! A call with the connection that somebody put on the action for everyone who uses the agent (R11, R12).

use std::collections::HashMap;

use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actor::Actor;
use crate::authz::facts::LentFacts;
use crate::authz::proof::Guarded;
use crate::db::prepared::prepared;
use crate::domain::agents::AgentActionKey;
use crate::domain::agents::binding::BindingRow;
use crate::domain::agents::binding::binding_columns;
use crate::domain::agents::binding::binding_joins;
use crate::domain::runs::target::CallRow;
use crate::domain::runs::target::Target;
use crate::domain::runs::target::TargetRow;
use crate::domain::runs::target::call_columns;
use crate::domain::runs::target::call_joins;
use crate::domain::runs::target::target_columns;
use crate::domain::runs::target::target_joins;
use crate::kernel::ids::AgentActionId;

/// Which call: an action on an agent, as it is defined at present.
#[derive(Clone, Copy, Debug)]
pub struct LentKey {
    /// The action.
    pub action: AgentActionKey,
    /// Its present fingerprint, which the approved one must equal (D-36).
    pub fingerprint: [u8; 32],
}

/// A `preselected` action, seen by its caller.
#[derive(Debug)]
pub struct Lent {
    facts: LentFacts,
    /// The caller's name.
    pub caller_name: String,
    /// The connection; there is one whenever the policy allows the call.
    pub target: Option<Target>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(embed)]
    call: CallRow,
    #[diesel(embed)]
    target: TargetRow,
    #[diesel(embed)]
    binding: BindingRow,
}

#[derive(QueryableByName)]
struct NamedRow {
    #[diesel(sql_type = Uuid)]
    agent_action: AgentActionId,
    #[diesel(embed)]
    row: Row,
}

macro_rules! statement {
    ($columns:literal, $agent:literal, $action:literal) => {
        concat!(
            "SELECT ",
            $columns,
            call_columns!(),
            ", ",
            target_columns!("bc"),
            ", ",
            binding_columns!("$5"),
            call_joins!($agent, $action, "$6", "preselected"),
            binding_joins!(),
            target_joins!("bc"),
        )
    };
}

const ONE: &str = statement!("", "$3", "$4");
const SEVERAL: &str = statement!("aa.id AS agent_action, ", "ANY ($3)", "ANY ($4)");

impl Row {
    fn into_lent(self, actor: &Actor, key: &LentKey) -> Lent {
        Lent {
            facts: LentFacts {
                agent: self.call.agent(),
                integration: self.call.integration(),
                binding: self.binding.facts(Some(&key.fingerprint)),
            },
            caller_name: self.call.caller_name,
            target: self.target.into_target(actor.workspace),
        }
    }
}

/// Several calls of one caller, read as each would be by itself.
pub(in crate::domain::runs) fn load_all(
    conn: &mut PgConnection,
    actor: &Actor,
    keys: &[LentKey],
) -> QueryResult<HashMap<AgentActionId, Lent>> {
    let rows: Vec<NamedRow> = prepared(SEVERAL)
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Uuid, _>(actor.user)
        .bind::<Array<Uuid>, _>(keys.iter().map(|key| key.action.agent).collect::<Vec<_>>())
        .bind::<Array<Uuid>, _>(keys.iter().map(|key| key.action.action).collect::<Vec<_>>())
        .bind::<Timestamptz, _>(actor.at)
        .bind::<Text, _>(actor.role)
        .load(conn)?;
    let named = rows.into_iter().filter_map(|NamedRow { agent_action, row }| {
        let key = keys.iter().find(|key| key.action.action == agent_action)?;
        Some((agent_action, row.into_lent(actor, key)))
    });
    Ok(named.collect())
}

impl Guarded for Lent {
    type Key = LentKey;
    type Facts = LentFacts;

    fn load(conn: &mut PgConnection, actor: &Actor, key: &LentKey) -> QueryResult<Option<Self>> {
        let row: Option<Row> = prepared(ONE)
            .bind::<Uuid, _>(actor.workspace)
            .bind::<Uuid, _>(actor.user)
            .bind::<Uuid, _>(key.action.agent)
            .bind::<Uuid, _>(key.action.action)
            .bind::<Timestamptz, _>(actor.at)
            .bind::<Text, _>(actor.role)
            .get_result(conn)
            .optional()?;
        Ok(row.map(|row| row.into_lent(actor, key)))
    }

    fn facts(&self) -> LentFacts {
        self.facts
    }
}
