//! Runs an agent's action: begin, send, end. From the first to the last it is a task of its own, so that a caller who
//! hangs up leaves no call half recorded (D-29).

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout;

use crate::authz::actions;
use crate::authz::facts::CredentialMode;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::db::DbError;
use crate::domain::agents::AgentAction;
use crate::domain::integrations::registry::Registry;
use crate::domain::runs::beginning;
use crate::domain::runs::beginning::Ask;
use crate::domain::runs::beginning::Beginning;
use crate::domain::runs::beginning::Begun;
use crate::domain::runs::call::Call;
use crate::domain::runs::call::IntegrationName;
use crate::domain::runs::call::Outcome;
use crate::domain::runs::call::RunError;
use crate::domain::runs::ending;
use crate::domain::runs::ending::Ending;
use crate::domain::runs::record;
use crate::domain::runs::record::Closing;
use crate::domain::runs::run::Run;
use crate::domain::runs::run::RunContent;
use crate::domain::runs::run::RunResponse;
use crate::domain::runs::run::RunStatus;
use crate::domain::runs::sending::Sender;
use crate::domain::runs::underway::UnderWay;
use crate::kernel::clock::Clock;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::RunId;
use crate::kernel::ids::WorkspaceId;
use crate::outbound::request::Response;
use crate::telemetry::Metrics;

/// What renewing, sending and sending again may take together; shorter than it takes to count a run as lost.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits between tries to write down how a run ended, while the database is away.
const PAUSES: [Duration; 3] = [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3)];

/// The runner. Cheap to clone.
#[derive(Clone)]
pub struct Runner {
    db: Db,
    clock: Clock,
    registry: Registry,
    sender: Sender,
    under_way: UnderWay,
    home: Handle,
    metrics: Metrics,
}

impl Runner {
    /// A runner over `sender`, which counts how its runs end. Its tasks live in the Tokio runtime that this is called in,
    /// which therefore has to be the one that outlives requests.
    pub fn new(db: Db, sender: Sender, clock: Clock, registry: Registry, metrics: Metrics) -> Self {
        Self { db, clock, registry, sender, under_way: UnderWay::new(), home: Handle::current(), metrics }
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
        let (registry, vault, at) = (self.registry.clone(), self.sender.vault.clone(), self.clock.now());
        let beginning = self.db.read(move |conn| beginning::begin(conn, &registry, &vault, ask, at)).await?;
        let (begun, request, secret) = match beginning {
            Beginning::Go { begun, request, secret } => (begun, request, secret),
            Beginning::Stop(outcome) => return Ok(outcome),
        };
        let sent = Box::pin(self.sender.send(&begun, *request, *secret));
        let ending = timeout(PATIENCE, sent).await.unwrap_or_else(|_elapsed| ending::by_deadline(&begun.asked()));
        let duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.finish(*begun, ending, duration_ms).await
    }

    async fn finish(&self, begun: Begun, ending: Ending, duration_ms: i64) -> Result<Outcome, RunError> {
        let integration = IntegrationName::of(&begun.definition);
        let connection = beginning::mendable(&begun.ask, begun.connection.id, begun.owner);
        let (id, workspace, used) = (begun.run, begun.ask.actor.workspace, begun.connection.id);
        let Ending { status, detail, response, may_have_left, retry_after_seconds } = ending;
        let run = Run {
            status,
            detail,
            finished_at: Some(self.clock.now()),
            duration_ms: Some(duration_ms),
            ..begun.into_run(response)
        };
        let run = Arc::new(run);
        self.close(&run, Closed { workspace, connection: used, may_have_left }).await;
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

    /// Writes down how the run ended. The call has left: whatever happens to the record, its caller is told what came
    /// back, and the sweep closes what stays open.
    async fn close(&self, run: &Arc<Run>, closed: Closed) {
        let mut written = self.write_end(run, closed).await;
        for pause in PAUSES {
            if !matches!(written, Err(DbError::Unavailable(_))) {
                break;
            }
            sleep(pause).await;
            written = self.write_end(run, closed).await;
        }
        match written {
            Ok(true) => {}
            Ok(false) => tracing::warn!(run.id = %run.id, "run {} had been closed before it ended", run.id),
            Err(error) => log_unwritten(run.id, &error),
        }
    }

    async fn write_end(&self, run: &Arc<Run>, closed: Closed) -> Result<bool, DbError> {
        let run = Arc::clone(run);
        let Closed { workspace, connection, may_have_left } = closed;
        self.db
            .read(move |conn| Ok(record::end(conn, &Closing { workspace, run: &run, connection, may_have_left })?))
            .await
    }
}

/// What the record of an ended run takes beside the run.
#[derive(Clone, Copy)]
struct Closed {
    workspace: WorkspaceId,
    connection: ConnectionId,
    may_have_left: bool,
}

fn log_unwritten(run: RunId, error: &DbError) {
    tracing::error!(run.id = %run, %error, "could not write down how run {run} ended");
}

impl Begun {
    /// The run as its caller sees it.
    fn into_run(self, response: Option<Response>) -> Run {
        let effect = self.effect();
        let action = self.ask.action;
        let owns_connection = self.owner == self.ask.actor.user;
        let may_know = owns_connection || action.credentials == CredentialMode::Own;
        let response =
            response.map(|it| RunResponse { status: it.status, headers: it.headers, body: it.body, is_cut: false });
        Run {
            id: self.run,
            caller: self.ask.actor.user,
            caller_name: self.caller_name,
            agent: action.agent,
            agent_name: Some(action.agent_name),
            agent_action: action.id,
            integration: action.integration,
            action: action.action,
            effect,
            credentials: action.credentials,
            status: RunStatus::Begun,
            detail: None,
            connection: Some(self.connection).filter(|_| may_know),
            content: Some(RunContent { input: self.ask.call.input, request_line: Some(self.request_line), response }),
            started_at: self.at,
            finished_at: None,
            duration_ms: None,
            is_caller: true,
            owns_connection,
        }
    }
}
