//! Runs an agent's action: begin, send, end. From the first to the last it is a task of its own, so that a caller who
//! hangs up leaves no call half recorded (D-29).

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio::time::timeout;

use crate::authz::actions;
use crate::authz::actor::Actor;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::agents::AgentAction;
use crate::domain::connections::secrets::AccessSecret;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::registry::Registry;
use crate::domain::runs::admission;
use crate::domain::runs::admission::Admissions;
use crate::domain::runs::beginning;
use crate::domain::runs::beginning::Ask;
use crate::domain::runs::beginning::Beginning;
use crate::domain::runs::begun::Begun;
use crate::domain::runs::call::Call;
use crate::domain::runs::call::IntegrationName;
use crate::domain::runs::call::Outcome;
use crate::domain::runs::call::RunError;
use crate::domain::runs::ending;
use crate::domain::runs::ending::Ending;
use crate::domain::runs::ledger::Ledger;
use crate::domain::runs::ledger::Record;
use crate::domain::runs::record::Closing;
use crate::domain::runs::run::Run;
use crate::domain::runs::run::RunStatus;
use crate::domain::runs::sending::Sender;
use crate::domain::runs::staging;
use crate::domain::runs::staging::Staging;
use crate::domain::runs::staging::Step;
use crate::domain::runs::underway::UnderWay;
use crate::kernel::clock::Clock;
use crate::outbound::request::Request;
use crate::telemetry::Metrics;

/// What renewing, sending and sending again may take together; shorter than it takes to count a run as lost.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long a call that only looks may be under way without standing in the record. Quicker ones are written down whole
/// when they end; if the process dies before, nothing tells of them.
const QUICK: Duration = Duration::from_millis(50);

/// How exactly the last use of a connection is known: marking each would make runs with the same one wait for each other.
const USE_IS_NOTED_TO: TimeDelta = TimeDelta::minutes(1);

/// The runner. Cheap to clone.
#[derive(Clone)]
pub struct Runner {
    db: Db,
    clock: Clock,
    registry: Registry,
    sender: Sender,
    under_way: UnderWay,
    admissions: Admissions,
    ledger: Ledger,
    home: Handle,
    metrics: Metrics,
}

impl Runner {
    /// A runner over `sender`, which counts how its runs end. Its tasks live in the Tokio runtime that this is called in,
    /// which therefore has to be the one that outlives requests.
    pub fn new(db: Db, sender: Sender, clock: Clock, registry: Registry, metrics: Metrics) -> Self {
        let home = Handle::current();
        let admissions = Admissions::open(db.clone(), &home, admission::load_all);
        let ledger = Ledger::open(db.clone(), &home);
        Self { db, clock, registry, sender, under_way: UnderWay::new(), admissions, ledger, home, metrics }
    }

    /// Runs the action. The proof lets the caller in; whether this call may go out, and as whom, is asked again in the
    /// moment in which it begins (D-33).
    pub async fn run(&self, proof: &Authorized<actions::Run, AgentAction>, call: Call) -> Result<Outcome, RunError> {
        let ask = Ask { actor: proof.actor().clone(), action: proof.resource().clone(), call };
        let runner = self.clone();
        let one_more = self.under_way.enter();
        let task = self.home.spawn(async move {
            let result = runner.perform(ask).await;
            runner.metrics.run(result.as_ref().map_or("error", Outcome::word));
            drop(one_more);
            result
        });
        task.await.map_err(|_stopping| RunError::Stopped)?
    }

    /// Returns once no call is under way: for a process that stops.
    pub async fn idle(&self) {
        self.under_way.end().await;
    }

    async fn perform(&self, ask: Ask) -> Result<Outcome, RunError> {
        let started = Instant::now();
        let (begun, request, secret) = match self.begin(ask).await? {
            Beginning::Go { begun, request, secret } => (begun, request, secret),
            Beginning::Stop(outcome) => return Ok(outcome),
        };
        let (ending, record) = self.send(&begun, *request, *secret).await;
        let duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.finish(begun, Sent { ending, record, duration_ms }).await
    }

    async fn begin(&self, ask: Ask) -> Result<Beginning, RunError> {
        let (definition, at) = (self.definition(&ask).await?, self.clock.now());
        let staged = match staging::stage(definition, ask, at) {
            Staging::Staged(staged) => staged,
            Staging::Stop(outcome) => return Ok(Beginning::Stop(outcome)),
            Staging::Vanished(ask) => {
                return self.db.read(move |conn| Ok(Beginning::Stop(beginning::vanished(conn, &ask, at)?))).await;
            }
        };
        let answer = self.admissions.ask(staged.question()?).await?;
        match staged.decide(&self.sender.vault, answer)? {
            Step::Leave(beginning) => Ok(beginning),
            Step::Settle(staged, admission) => {
                let vault = self.sender.vault.clone();
                self.db.read(move |conn| staged.settle(conn, &vault, admission)).await
            }
        }
    }

    async fn definition(&self, ask: &Ask) -> Result<Option<Arc<Definition>>, RunError> {
        let (workspace, key) = (ask.actor.workspace, ask.action.integration.clone());
        let digest = ask.action.document_digest.clone();
        let known = self.registry.known(workspace, &key, digest.as_deref());
        if known.is_some() {
            return Ok(known);
        }
        let registry = self.registry.clone();
        self.db.read(move |conn| Ok(registry.resolve(conn, workspace, &key, digest.as_deref())?)).await
    }

    /// Sends it. A call that only looks leaves at once, and is written down while it is under way if that takes long.
    async fn send(&self, begun: &Arc<Begun>, request: Request, secret: AccessSecret) -> (Ending, Record) {
        let mut sent = Box::pin(async {
            let sent = timeout(PATIENCE, self.sender.send(begun, request, secret)).await;
            sent.unwrap_or_else(|_elapsed| ending::by_deadline(&begun.asked()))
        });
        if begun.is_written {
            return (sent.await, Record::Begun);
        }
        match timeout(QUICK, &mut sent).await {
            Ok(ending) => (ending, Record::Absent),
            Err(_elapsed) => tokio::join!(sent, self.ledger.begin(Arc::clone(begun))),
        }
    }

    async fn finish(&self, begun: Arc<Begun>, sent: Sent) -> Result<Outcome, RunError> {
        let begun = Arc::unwrap_or_clone(begun);
        let Sent { ending, record, duration_ms } = sent;
        let Ending { status, detail, response, may_have_left, retry_after_seconds } = ending;
        let integration = IntegrationName::of(&begun.definition);
        let connection = beginning::mendable(&begun.ask, begun.connection.id, begun.owner);
        let (at, used_at) = (self.clock.now(), begun.used_at);
        let Actor { workspace, via, ip, .. } = begun.ask.actor;
        let (used, connection_owner) = (begun.connection.id, begun.owner);
        let run =
            Run { status, detail, finished_at: Some(at), duration_ms: Some(duration_ms), ..begun.into_run(response) };
        let run = Arc::new(run);
        let closing = Closing {
            workspace,
            run: Arc::clone(&run),
            connection: used,
            connection_owner,
            may_have_left,
            marks_use: may_have_left && used_at.is_none_or(|used_at| used_at < at - USE_IS_NOTED_TO),
            via,
            ip,
        };
        self.ledger.close(closing, record).await;
        let id = run.id;
        tracing::debug!(run.id = %id, %status, duration_ms, "ended run {id}");
        let detail = || run.detail.clone().unwrap_or_default();
        if let Some(retry_after_seconds) = retry_after_seconds {
            return Err(RunError::Busy { retry_after_seconds });
        }
        Ok(match status {
            RunStatus::NeedsReconnect => Outcome::NeedsReconnect { run: id, integration, connection, detail: detail() },
            RunStatus::Refused => Outcome::Refused { run: id, reason: None, detail: detail() },
            RunStatus::Begun
            | RunStatus::Succeeded
            | RunStatus::Failed
            | RunStatus::NeedsConnection
            | RunStatus::NeedsConfirmation
            | RunStatus::TimedOut
            | RunStatus::Unknown => Outcome::Finished(Box::new(Arc::unwrap_or_clone(run))),
        })
    }
}

/// A call that has come back.
struct Sent {
    ending: Ending,
    record: Record,
    duration_ms: i64,
}
