//! What an operator sees: log lines on stderr, and counters for Prometheus. Labels are words from the code and route
//! patterns, never what a caller typed, so that neither secrets nor addresses end there (D-15) and their number is bounded.

use std::io::IsTerminal;
use std::panic;
use std::str::FromStr;
use std::time::Duration;

use prometheus::HistogramOpts;
use prometheus::HistogramVec;
use prometheus::IntCounterVec;
use prometheus::IntGaugeVec;
use prometheus::Opts;
use prometheus::Registry;
use prometheus::TextEncoder;
use tracing::error;
use tracing_subscriber::EnvFilter;

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for Format {
    type Err = TelemetryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(TelemetryError::Format),
        }
    }
}

/// Logs or metrics cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("ODEUS_LOG is not a filter such as `info,odeus=debug`")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    /// The format is unknown.
    #[error("ODEUS_LOG_FORMAT is `text` or `json`")]
    Format,
    /// Something else logs already.
    #[error("the log is already set up")]
    LogTaken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A metric cannot be made or shown.
    #[error("the metrics cannot be kept")]
    Metrics(#[from] prometheus::Error),
}

/// Begins logging to stderr: what `filter` lets through, in `format`. Once per process.
pub fn init(filter: &str, format: Format) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(filter).map_err(TelemetryError::Filter)?;
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    match format {
        Format::Text => lines.try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    }
    .map_err(TelemetryError::LogTaken)?;
    log_panics();
    Ok(())
}

/// A panic is logged by its place alone: its message may quote what was being handled (D-15).
fn log_panics() {
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        error!(panic.at = %place, "panicked at {place}");
    }));
}

/// The counters of one process. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    runs: IntCounterVec,
    refreshes: IntCounterVec,
    mails: IntCounterVec,
    pool: IntGaugeVec,
}

impl Metrics {
    /// Counters at zero.
    pub fn new() -> Result<Self, TelemetryError> {
        let metrics = Self {
            registry: Registry::new(),
            requests: counter("odeus_http_requests_total", "HTTP requests answered", &["route", "method", "status"])?,
            request_seconds: HistogramVec::new(
                HistogramOpts::new("odeus_http_request_seconds", "Time to answer an HTTP request")
                    .buckets(SECONDS.to_vec()),
                &["route", "method"],
            )?,
            runs: counter("odeus_runs_total", "Runs ended, by outcome", &["outcome"])?,
            refreshes: counter("odeus_token_refreshes_total", "OAuth token refreshes, by outcome", &["outcome"])?,
            mails: counter("odeus_mails_total", "Tries to send a mail, by outcome", &["outcome"])?,
            pool: IntGaugeVec::new(Opts::new("odeus_db_pool_connections", "Database connections"), &["state"])?,
        };
        metrics.registry.register(Box::new(metrics.requests.clone()))?;
        metrics.registry.register(Box::new(metrics.request_seconds.clone()))?;
        metrics.registry.register(Box::new(metrics.runs.clone()))?;
        metrics.registry.register(Box::new(metrics.refreshes.clone()))?;
        metrics.registry.register(Box::new(metrics.mails.clone()))?;
        metrics.registry.register(Box::new(metrics.pool.clone()))?;
        Ok(metrics)
    }

    /// A request was answered. `route` is the pattern that matched, never the path.
    pub fn request(&self, route: &str, method: &str, status: u16, took: Duration) {
        let method = METHODS.iter().find(|known| **known == method).copied().unwrap_or("other");
        let class = match status / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        self.requests.with_label_values(&[route, method, class]).inc();
        self.request_seconds.with_label_values(&[route, method]).observe(took.as_secs_f64());
    }

    /// A run ended.
    pub fn run(&self, outcome: &'static str) {
        self.runs.with_label_values(&[outcome]).inc();
    }

    /// A token refresh ended.
    pub fn refresh(&self, outcome: &'static str) {
        self.refreshes.with_label_values(&[outcome]).inc();
    }

    /// A try to send a mail ended.
    pub fn mail(&self, outcome: &'static str) {
        self.mails.with_label_values(&[outcome]).inc();
    }

    /// How many connections to the database are in use, and how many wait for work.
    pub fn pool(&self, used: u32, idle: u32) {
        self.pool.with_label_values(&["used"]).set(i64::from(used));
        self.pool.with_label_values(&["idle"]).set(i64::from(idle));
    }

    /// All of it, in Prometheus' text format.
    pub fn render(&self) -> Result<String, TelemetryError> {
        Ok(TextEncoder::new().encode_to_string(&self.registry.gather())?)
    }
}

fn counter(name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
    IntCounterVec::new(Opts::new(name, help), labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_shown() {
        let metrics = Metrics::new().unwrap();

        metrics.request("/w/{workspace}/agents", "GET", 204, Duration::from_millis(3));
        metrics.request("/w/{workspace}/agents", "BREW", 599, Duration::from_millis(3));
        metrics.clone().run("succeeded");
        metrics.refresh("dead");
        metrics.mail("sent");
        metrics.pool(3, 1);

        let text = metrics.render().unwrap();
        for line in [
            r#"odeus_http_requests_total{method="GET",route="/w/{workspace}/agents",status="2xx"} 1"#,
            r#"odeus_http_requests_total{method="other",route="/w/{workspace}/agents",status="5xx"} 1"#,
            r#"odeus_http_request_seconds_count{method="GET",route="/w/{workspace}/agents"} 1"#,
            r#"odeus_runs_total{outcome="succeeded"} 1"#,
            r#"odeus_token_refreshes_total{outcome="dead"} 1"#,
            r#"odeus_mails_total{outcome="sent"} 1"#,
            r#"odeus_db_pool_connections{state="used"} 3"#,
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line}\nis not in\n{text}");
        }
    }

    #[test]
    fn a_filter_or_format_that_cannot_be_read_is_refused() {
        assert!(matches!(init("odeus=loudly", Format::Text), Err(TelemetryError::Filter(_))));
        assert!("xml".parse::<Format>().is_err());
        assert_eq!("json".parse::<Format>().unwrap(), Format::Json);
    }
}
