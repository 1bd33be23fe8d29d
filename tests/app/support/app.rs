//! The real app, built as `main` builds it, on a port and a database of its own. When it goes, it looks whether anything
//! was left that no test has looked at: an answer 500, a mail that waits, a run that never ended.

use std::net::SocketAddr;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread::JoinHandle;

use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use diesel::sql_types::Text;
use odeus::app::App;
use odeus::app::Doors;
use odeus::app::Parts;
use odeus::config::Settings;
use odeus::domain::accounts::token_hash;
use odeus::domain::people::tokens;
use odeus::http::serving::Ending;
use odeus::jobs::Jobs;
use odeus::jobs::fan_out;
use odeus::jobs::send_mail;
use odeus::kernel::clock::Clock;
use odeus::mail::message::Message;
use odeus::mail::transport::MailSettings;
use odeus::mail::transport::Memory;
use odeus::mail::transport::Transport;
use odeus::mail::transport::Way;
use odeus::outbound::origin::OriginMap;
use tokio::sync::oneshot;

use crate::support::TestDatabase;
use crate::support::cast;
use crate::support::cast::Cast;
use crate::support::cast::PASSWORD;
use crate::support::cast::Person;
use crate::support::client::Client;
use crate::support::client::Wire;
use crate::support::database;
use crate::support::log;

/// What a test may choose.
#[derive(Default)]
pub(crate) struct Options {
    /// A clock that the test moves.
    pub(crate) clock: Option<Clock>,
    /// Addresses outside the public internet that may be called: those of the test's own servers.
    pub(crate) allow: Vec<SocketAddr>,
    /// The public address, where it is not the one that the app listens on.
    pub(crate) public_url: Option<String>,
    /// Addresses that stand for others (`ODEUS_ORIGIN_MAP`).
    pub(crate) origin_map: OriginMap,
}

/// An answer as it was recorded: its status and all of its bytes.
pub(super) struct Recorded {
    pub(super) status: u16,
    pub(super) what: String,
    pub(super) bytes: String,
}

/// Every answer that any client of the app got.
pub(super) type Record = Arc<Mutex<Vec<Recorded>>>;

/// A running app.
pub(crate) struct TestApp {
    pub(crate) cast: Cast,
    pub(crate) clock: Clock,
    pub(crate) parts: Parts,
    memory: Memory,
    wire: Wire,
    record: Record,
    server: Option<(oneshot::Sender<Ending>, JoinHandle<()>)>,
    /// Last, so that it goes last.
    pub(crate) database: TestDatabase,
}

impl TestApp {
    /// With nothing special.
    pub(crate) fn start() -> Self {
        Self::with(Options::default())
    }

    /// As the test wants it.
    pub(crate) fn with(options: Options) -> Self {
        log::keep();
        let database = database();
        let clock = options.clock.unwrap_or_else(Clock::system);
        let conn = &mut database.conn();
        let cast = cast::create(conn, clock.now());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let public_url = options.public_url.unwrap_or_else(|| format!("http://{address}"));
        let memory = Memory::default();
        let mut settings = settings(&public_url, &options.allow, address);
        settings.origin_map = options.origin_map;
        let mut parts = Parts::build(&settings, database.db(), cast::vault(conn, clock.now()), clock.clone()).unwrap();
        let way = Way::Memory(memory.clone());
        parts.transport = Transport::new(MailSettings { from: "Odeus <odeus@odeus.example>".to_owned(), way }).unwrap();
        let doors = Doors { listener, metrics: None, workers: 1, pool: 4 };
        let server = Some(serve(parts.clone(), doors));
        let record = Record::default();
        let wire = Wire::new(address, &public_url, Arc::clone(&record));
        Self { cast, clock, parts, memory, wire, record, server, database }
    }

    /// A connection to its database.
    pub(crate) fn conn(&self) -> PgConnection {
        self.database.conn()
    }

    /// A browser that nobody has signed in with.
    pub(crate) fn anon(&self) -> Client {
        Client::browser(self.wire.clone())
    }

    /// A browser in which somebody has signed in, by the form on the page.
    pub(crate) async fn signed_in(&self, person: &Person) -> Client {
        let client = self.anon();
        let page = client.get("/sign-in").await;
        let answer = page.form("form").set("email", &person.email).set("password", PASSWORD).submit().await;
        assert_eq!(answer.status, 303, "{} cannot sign in: {}", person.name, answer.body);
        client
    }

    /// A program with a token of somebody's.
    pub(crate) fn token(&self, person: &Person) -> Client {
        let now = self.clock.now();
        let token = tokens::create_for(&mut self.conn(), person.workspace.id, person.id, "test", now).unwrap();
        Client::program(self.wire.clone(), token)
    }

    /// Sends what waits in the outbox, and gives everything that was sent since the last look.
    pub(crate) async fn mails(&self) -> Vec<Message> {
        while fan_out::once(&self.parts.db, self.clock.now()).await {}
        while send_mail::once(&self.parts.mail_job()).await > 0 {}
        self.memory.take()
    }

    /// The id of the session that a browser is in: the only one of its kind that the page does not offer to end.
    pub(crate) fn session_of(&self, client: &Client) -> String {
        let cookie = client.cookie("sid").unwrap();
        // The cookie is a signature and the key; the table has the key's hash.
        let key = percent_encoding::percent_decode_str(&cookie).decode_utf8().unwrap();
        let key = key.split_at(44).1.to_owned();
        sql_query("SELECT id::text AS text FROM sessions WHERE key_hash = $1")
            .bind::<diesel::sql_types::Bytea, _>(token_hash(&key))
            .get_result::<Line>(&mut self.conn())
            .unwrap()
            .text
    }

    /// No answer, log line, mail or row that is not sealed may have any of these in it.
    pub(crate) async fn assert_no_canary(&self, canaries: &[&str]) {
        let mails = self.mails().await;
        let mails: Vec<_> = mails.iter().map(|mail| (&mail.subject, &mail.text, &mail.html)).collect();
        let mails = format!("{mails:?}");
        self.assert_not_logged(canaries);
        self.assert_not_stored(canaries);
        for canary in canaries {
            assert!(!mails.contains(canary), "mailed: {canary}");
            for recorded in self.record.lock().unwrap().iter() {
                assert!(!recorded.bytes.contains(canary), "answered to {}: {canary}", recorded.what);
            }
        }
    }

    /// No log line may have any of these in it.
    pub(crate) fn assert_not_logged(&self, canaries: &[&str]) {
        for canary in canaries {
            assert!(!log::contains(canary), "logged while {} was at it: {canary}", self.parts.public.absolute("/"));
        }
    }

    /// No row may have any of these in it, as text or as bytes; what is sealed does not.
    pub(crate) fn assert_not_stored(&self, canaries: &[&str]) {
        let rows = dump(&mut self.conn());
        for canary in canaries {
            let hex = odeus::kernel::text::hex(canary.as_bytes());
            for (table, text) in &rows {
                assert!(!text.contains(canary) && !text.contains(&hex), "stored in {table}: {canary}");
            }
        }
    }

    fn leftovers(&self) -> Vec<String> {
        let mut found = Vec::new();
        let record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = record.iter().filter(|recorded| recorded.status == 500);
        found.extend(failed.map(|recorded| format!("500 to {}", recorded.what)));
        drop(record);
        let count = |sql: &str| sql_query(sql).get_result::<Count>(&mut self.conn()).map_or(0, |row| row.count);
        if count("SELECT count(*) FROM outbox WHERE state = 'pending'") > 0 {
            found.push("a mail that nobody looked at; see TestApp::mails".to_owned());
        }
        if count("SELECT count(*) FROM runs WHERE status = 'begun'") > 0 {
            found.push("a run that never ended".to_owned());
        }
        found
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let leftovers = if std::thread::panicking() { Vec::new() } else { self.leftovers() };
        if let Some((stop, thread)) = self.server.take() {
            stop.send(Ending::AtOnce).ok();
            thread.join().ok();
        }
        assert!(leftovers.is_empty(), "left behind: {leftovers:?}");
    }
}

fn settings(public_url: &str, allow: &[SocketAddr], address: SocketAddr) -> Settings {
    let allow = allow.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let lookup = |name: &str| match name {
        "ODEUS_ADDR" => Some(address.to_string()),
        "ODEUS_PUBLIC_URL" => Some(public_url.to_owned()),
        "ODEUS_EGRESS_ALLOW" => Some(allow.clone()),
        "ODEUS_WORKERS" => Some("2".to_owned()),
        _ => None,
    };
    Settings::from_lookup(lookup).unwrap()
}

/// A thread of its own, so that dropping the app can wait for its end inside an async test.
fn serve(parts: Parts, doors: Doors) -> (oneshot::Sender<Ending>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let app = App::build(&parts, doors).unwrap();
            app.run(Jobs::new(), async { stopped.await.unwrap_or(Ending::AtOnce) }).await.unwrap();
        });
    });
    (stop, thread)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

/// Every table as text.
fn dump(conn: &mut PgConnection) -> Vec<(String, String)> {
    let tables: Vec<Line> =
        sql_query("SELECT tablename::text AS text FROM pg_tables WHERE schemaname = 'public'").load(conn).unwrap();
    let read = |Line { text: table }: Line| {
        let sql = format!("SELECT coalesce(string_agg(t::text, E'\\n'), '') AS text FROM {table} t");
        (table, sql_query(sql).get_result::<Line>(conn).unwrap().text)
    };
    tables.into_iter().map(read).collect()
}
