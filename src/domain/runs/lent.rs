//! A call with the connection that somebody put on the action for everyone who uses the agent (R11, R12).

use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actor::Actor;
use crate::authz::facts::LentFacts;
use crate::authz::proof::Guarded;
use crate::db::batched;
use crate::db::prepared::prepared;
use crate::domain::agents::AgentActionKey;
use crate::domain::agents::binding::BindingRow;
use crate::domain::agents::binding::binding_columns;
use crate::domain::agents::binding::binding_joins;
use crate::domain::runs::target::CallRow;
use crate::domain::runs::target::Columns;
use crate::domain::runs::target::Inquiry;
use crate::domain::runs::target::Target;
use crate::domain::runs::target::TargetRow;
use crate::domain::runs::target::call_columns;
use crate::domain::runs::target::call_joins;
use crate::domain::runs::target::target_columns;
use crate::domain::runs::target::target_joins;

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
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(embed)]
    call: CallRow,
    #[diesel(embed)]
    target: TargetRow,
    #[diesel(embed)]
    binding: BindingRow,
}

const STATEMENT: &str = concat!(
    "SELECT q.place, t.* FROM unnest((SELECT $1), (SELECT $2), (SELECT $3), (SELECT $4), (SELECT $5), (SELECT $6))
        WITH ORDINALITY AS q (workspace, asker, agent, action, at, role, place) CROSS JOIN LATERAL (SELECT ",
    call_columns!(),
    ", ",
    target_columns!("bc"),
    ", ",
    binding_columns!("q.workspace", "q.at"),
    call_joins!("preselected"),
    binding_joins!(),
    target_joins!("bc"),
    " OFFSET 0) t",
);

/// Each call as it is for its caller; none where the action is not there for them. They come with the present fingerprint
/// of the action, which the approved one must equal (D-36).
pub fn load_all(conn: &mut PgConnection, asked: &[&Inquiry<[u8; 32]>]) -> QueryResult<Vec<Option<Lent>>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let Columns { workspaces, askers, agents, actions, times, roles } = Columns::of(asked);
    let rows: Vec<Row> = prepared(STATEMENT)
        .bind::<Array<Uuid>, _>(workspaces)
        .bind::<Array<Uuid>, _>(askers)
        .bind::<Array<Uuid>, _>(agents)
        .bind::<Array<Uuid>, _>(actions)
        .bind::<Array<Timestamptz>, _>(times)
        .bind::<Array<Text>, _>(roles)
        .load(conn)?;
    let rows = batched::in_order(asked.len(), rows.into_iter().map(|row| (row.place, row)));
    Ok(rows.into_iter().zip(asked).map(|(row, asked)| Some(row?.into_lent(asked))).collect())
}

impl Row {
    fn into_lent(self, asked: &Inquiry<[u8; 32]>) -> Lent {
        Lent {
            facts: LentFacts {
                agent: self.call.agent(),
                action: self.call.action(),
                binding: self.binding.facts(Some(&asked.with)),
            },
            caller_name: self.call.caller_name,
            target: self.target.into_target(asked.actor.workspace),
        }
    }
}

impl Guarded for Lent {
    type Key = (AgentActionKey, [u8; 32]);
    type Facts = LentFacts;

    fn load(conn: &mut PgConnection, actor: &Actor, (action, fingerprint): &Self::Key) -> QueryResult<Option<Self>> {
        let asked = Inquiry { actor: actor.clone(), action: *action, with: *fingerprint };
        Ok(load_all(conn, &[&asked])?.pop().flatten())
    }

    fn facts(&self) -> LentFacts {
        self.facts
    }
}
