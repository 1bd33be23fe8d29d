//! A call with the connection that somebody put on the action for everyone who uses the agent (R11, R12).

use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
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

const STATEMENT: &str = concat!(
    "SELECT ",
    call_columns!(),
    ", ",
    target_columns!("bc"),
    ", ",
    binding_columns!("$5"),
    call_joins!("$6", "preselected"),
    binding_joins!(),
    target_joins!("bc"),
);

impl Guarded for Lent {
    type Key = LentKey;
    type Facts = LentFacts;

    fn load(conn: &mut PgConnection, actor: &Actor, key: &LentKey) -> QueryResult<Option<Self>> {
        let row: Option<Row> = prepared(STATEMENT)
            .bind::<Uuid, _>(actor.workspace)
            .bind::<Uuid, _>(actor.user)
            .bind::<Uuid, _>(key.action.agent)
            .bind::<Uuid, _>(key.action.action)
            .bind::<Timestamptz, _>(actor.at)
            .bind::<Text, _>(actor.role)
            .get_result(conn)
            .optional()?;
        Ok(row.map(|row| Self {
            facts: LentFacts {
                agent: row.call.agent(),
                integration: row.call.integration(),
                binding: row.binding.facts(Some(&key.fingerprint)),
            },
            caller_name: row.call.caller_name,
            target: row.target.into_target(actor.workspace),
        }))
    }

    fn facts(&self) -> LentFacts {
        self.facts
    }
}
