//! Odeus as operators run it: several processes of the real program over one database, killed and cut off without notice.

use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use diesel::sql_types::Text;
use http::Method;
use odeus::kernel::clock::Clock;
use odeus::sandbox;
use odeus::sandbox::Sandbox;
use odeus::sandbox::SandboxOptions;
use serde_json::Value;
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::UnixStream;

use crate::support::TestDatabase;
use crate::support::client::Answer;
use crate::support::client::Client;
use crate::support::database;

const SECRET: &str = "a:client&secret=1";

/// An installation: a database, keys, the address that people use, the provider.
pub(crate) struct House {
    pub(crate) database: TestDatabase,
    folder: PathBuf,
    pub(crate) public: SocketAddr,
    pub(crate) provider: SocketAddr,
    sandbox: Sandbox,
}

/// One process of it.
pub(crate) struct Process {
    child: Child,
    address: SocketAddr,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl House {
    pub(crate) fn new() -> Self {
        let database = database();
        let folder = std::env::temp_dir().join(format!("odeus-house-{}", free_address().port()));
        std::fs::create_dir_all(&folder).unwrap();
        let public = free_address();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let provider = listener.local_addr().unwrap();
        let clock = Clock::system();
        let options = SandboxOptions {
            listener,
            public_url: format!("http://{provider}"),
            state_file: None,
            access_token_life: chrono::Duration::minutes(10),
            now: Arc::new(move || clock.now()),
            clients: vec![sandbox::Client {
                id: "odeus".to_owned(),
                secret: SECRET.to_owned(),
                redirect_prefix: format!("http://{public}/"),
            }],
            strict_rotation: true,
            controls: true,
        };
        let (sandbox, server) = sandbox::start(options).unwrap();
        tokio::spawn(server);
        let house = Self { database, folder, public, provider, sandbox };
        house.odeus(&["keys", "new"]);
        house
    }

    pub(crate) fn command(&self, address: SocketAddr, database_url: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_odeus"));
        command
            .env("DATABASE_URL", database_url)
            .env("ODEUS_ADDR", address.to_string())
            .env("ODEUS_PUBLIC_URL", format!("http://{}", self.public))
            .env("ODEUS_DATA_DIR", &self.folder)
            .env("ODEUS_KEY_FILE", self.folder.join("keys"))
            .env("ODEUS_EGRESS_ALLOW", self.provider.to_string())
            .env("ODEUS_LOG", "error")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command of the program and gives what it prints.
    pub(crate) fn odeus(&self, arguments: &[&str]) -> String {
        let output = self.command(self.public, self.database.url()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) async fn serve(&self, address: SocketAddr) -> Process {
        self.serve_over(address, self.database.url()).await
    }

    async fn serve_over(&self, address: SocketAddr, database_url: &str) -> Process {
        let child = self.command(address, database_url).arg("serve").spawn().unwrap();
        let process = Process { child, address };
        let probe = Client::browser_at(address, &format!("http://{}", self.public));
        eventually("the process is ready", || async {
            tokio::net::TcpStream::connect(address).await.is_ok() && probe.get("/readyz").await.status == 200
        })
        .await;
        process
    }

    fn browser(&self, process: &Process) -> Client {
        Client::browser_at(process.address, &format!("http://{}", self.public))
    }

    pub(crate) fn program(&self, process: &Process, token: &str) -> Client {
        Client::program_at(process.address, &format!("http://{}", self.public), token)
    }

    /// A workspace whose admin is signed in with a browser and has a token.
    pub(crate) async fn settle(&self, process: &Process) -> (Client, String) {
        let made =
            self.odeus(&["workspace", "create", "--slug", "acme", "--name", "Acme", "--admin", "ada@example.com"]);
        let link = made.split_whitespace().find(|word| word.starts_with("http")).unwrap();
        let path = link.strip_prefix(&format!("http://{}", self.public)).unwrap();
        let browser = self.browser(process);
        let page = browser.get(path).await;
        let answer = page.form("form").set("password", "tulips over amsterdam").submit().await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let token = self.odeus(&["token", "create", "--workspace", "acme", "--email", "ada@example.com"]);
        (browser, token)
    }

    /// The calendar of the provider, connected by OAuth through its own consent page; returns the connection's id.
    pub(crate) async fn connect_calendar(&self, browser: &Client, program: &Client) -> String {
        let document = sandbox::document("sandbox-calendar", &format!("http://{}", self.provider)).unwrap();
        created(
            &program
                .json(
                    Method::POST,
                    "/api/v1/integrations",
                    &json!({
                        "key": "sandbox-calendar", "document": document,
                    }),
                )
                .await,
        );
        let client = json!({ "oauth_client": { "client_id": "odeus", "client_secret": SECRET } });
        let set = program.json(Method::PATCH, "/api/v1/integrations/sandbox-calendar", &client).await;
        assert_eq!(set.status, 200, "{}", set.body);
        let page = browser.get("/w/acme/integrations/sandbox-calendar").await;
        let going = page.form_of("Connect").submit().await.follow().await;
        let authorize = going.attribute("a[href*='/oauth/authorize']", "href").expect("a link to the provider");
        let callback = self.consent(&authorize).await;
        let path = callback.strip_prefix(&format!("http://{}", self.public)).unwrap();
        let landed = browser.get(path).await;
        assert_eq!(landed.status, 303, "{}", landed.body);
        let connections = program.get("/api/v1/connections").await.json();
        text(&connections["items"][0]["id"])
    }

    /// What a person does at the provider: choose themselves, allow. Returns where the browser is sent.
    async fn consent(&self, authorize: &str) -> String {
        let provider = Client::browser_at(self.provider, &format!("http://{}", self.provider));
        let path = authorize.strip_prefix(&format!("http://{}", self.provider)).unwrap();
        let page = provider.get(path).await;
        let allowed = page.form_of("Allow").submit().await;
        assert!((300..400).contains(&allowed.status), "{}", allowed.body);
        allowed.location().to_owned()
    }

    fn refreshes(&self) -> u64 {
        self.sandbox.state().token_calls.get("refresh_token").copied().unwrap_or_default()
    }

    async fn control(&self, path: &str) {
        let provider = Client::browser_at(self.provider, &format!("http://{}", self.provider));
        let answer = provider.call(Method::POST, path).send().await;
        assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.body);
    }

    pub(crate) fn count(&self, sql: &str) -> i64 {
        sql_query(sql).get_result::<Count>(&mut self.database.conn()).unwrap().count
    }
}

impl Drop for House {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

fn created(answer: &Answer) -> Value {
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Waits until something is so, at most half a minute.
pub(crate) async fn eventually<F, Fut>(what: &str, is_so: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = bool>,
{
    for _ in 0..600 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("half a minute went by before {what}");
}

/// An agent with one action of the calendar; returns the address to run it at.
pub(crate) async fn agent(program: &Client, action: &str) -> String {
    let body = json!({ "name": action, "description": "", "instructions": "" });
    let agent = text(&created(&program.json(Method::POST, "/api/v1/agents", &body).await)["id"]);
    let body = json!({
        "integration": "sandbox-calendar", "action": action, "credentials": "own", "requires_confirmation": false,
    });
    let added = created(&program.json(Method::POST, &format!("/api/v1/agents/{agent}/actions"), &body).await);
    format!("/api/v1/agents/{agent}/actions/{}/runs", text(&added["id"]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r14_two_hundred_runs_in_two_processes_refresh_a_dead_token_once() {
    let house = House::new();
    let (one, two) = (house.serve(house.public).await, house.serve(free_address()).await);
    let (browser, token) = house.settle(&one).await;
    let programs = [house.program(&one, &token), house.program(&two, &token)];
    house.connect_calendar(&browser, &programs[0]).await;
    let path = agent(&programs[0], "listEvents").await;
    house.control("/control/expire-tokens").await;

    let runs = (0..200).map(|n| {
        let (program, path) = (programs[n % 2].clone(), path.clone());
        tokio::spawn(async move { program.json(Method::POST, &path, &json!({ "input": {} })).await })
    });
    let mut succeeded = 0;
    for run in runs.collect::<Vec<_>>() {
        let answer = run.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["status"], "succeeded", "{}", answer.body);
        succeeded += 1;
    }

    assert_eq!(succeeded, 200);
    assert_eq!(house.refreshes(), 1);
    assert_eq!(house.count("SELECT count(*) FROM runs WHERE status = 'succeeded'"), 200);
    assert_eq!(house.count("SELECT count(*) FROM audit_events WHERE action = 'run.begun'"), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_process_is_killed_on_the_way_ends_as_unknown_and_is_not_repeated() {
    let house = House::new();
    let mut one = house.serve(house.public).await;
    let (browser, token) = house.settle(&one).await;
    let program = house.program(&one, &token);
    house.connect_calendar(&browser, &program).await;
    let path = agent(&program, "createEvent").await;
    house.control("/control/slow?ms=4000&path=/calendar/v1/events").await;
    let body = json!({ "input": { "title": "Once", "start": "2030-01-01T09:00:00Z", "end": "2030-01-01T10:00:00Z" } });

    let run = tokio::spawn(async move {
        let call = program.call(Method::POST, &path).body("application/json", body.to_string());
        // The connection breaks when the process dies.
        tokio::time::timeout(Duration::from_secs(10), tokio::spawn(call.send())).await
    });
    eventually("the run has begun", || async { house.count("SELECT count(*) FROM runs WHERE status = 'begun'") == 1 })
        .await;
    one.child.kill().unwrap();
    one.child.wait().unwrap();
    drop(run.await);
    let two = house.serve(house.public).await;
    let later = Clock::system().now() + chrono::Duration::minutes(5);
    odeus::domain::runs::sweep::sweep(&mut house.database.conn(), later).unwrap();

    let word = "SELECT status AS word FROM runs";
    let status = sql_query(word).get_result::<Word>(&mut house.database.conn()).unwrap().word;
    assert_eq!(status, "unknown");
    let received = house.sandbox.state().calls;
    let created = received.iter().filter(|call| call.method == "POST" && call.path == "/calendar/v1/events").count();
    assert!(created <= 1, "sent {created} times");
    drop(two);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_database_away_nothing_is_answered_wrongly_and_all_is_well_again_after() {
    let house = House::new();
    let wire = Proxy::start(house.database.url()).await;
    let url = wire.url.clone();
    let process = house.serve_over(house.public, &url).await;
    let (browser, token) = house.settle(&process).await;
    let program = house.program(&process, &token);
    house.connect_calendar(&browser, &program).await;
    let path = agent(&program, "listEvents").await;
    let body = json!({ "input": {} });

    wire.cut();
    // Connections that are in use are cut a moment later.
    eventually("the database is away", || async { browser.get("/readyz").await.status == 503 }).await;
    for _ in 0..3 {
        let run = program.json(Method::POST, &path, &body).await;
        assert_eq!((run.status, run.header("retry-after").is_empty()), (503, false), "{}", run.body);
        let page = browser.get("/w/acme/connections").await;
        assert_eq!(page.status, 503, "{}", page.body);
        assert_eq!(browser.get("/healthz").await.status, 200);
        assert_eq!(browser.get("/readyz").await.status, 503);
    }
    wire.mend();

    eventually("runs go again", || async { program.json(Method::POST, &path, &body).await.status == 200 }).await;
    assert_eq!(browser.get("/w/acme/connections").await.status, 200);
    assert_eq!(house.count("SELECT count(*) FROM runs WHERE status = 'begun'"), 0);
}

/// A wire to the database that can be cut.
struct Proxy {
    url: String,
    is_cut: Arc<AtomicBool>,
}

impl Proxy {
    async fn start(url: &str) -> Self {
        let (head, query) = url.split_once('?').unwrap();
        let parameter = |name: &str| {
            let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap();
            pairs.into_iter().find(|(key, _)| key == name).unwrap().1
        };
        let socket = format!("{}/.s.PGSQL.{}", parameter("host"), parameter("port"));
        let database = head.rsplit('/').next().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("postgres://{}@{address}/{database}", parameter("user"));
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = Arc::clone(&is_cut);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (socket, cut) = (socket.clone(), Arc::clone(&cut));
                tokio::spawn(async move {
                    let Ok(mut far) = UnixStream::connect(socket).await else { return };
                    let until_cut = async {
                        while !cut.load(Ordering::Relaxed) {
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        () = until_cut => {}
                    }
                });
            }
        });
        Self { url, is_cut }
    }

    fn cut(&self) {
        self.is_cut.store(true, Ordering::Relaxed);
    }

    fn mend(&self) {
        self.is_cut.store(false, Ordering::Relaxed);
    }
}
