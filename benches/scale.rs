//! `make bench`: what a large workspace costs. Ten thousand members, a thousand groups and twenty thousand connections,
//! beside a hundred, ten and two hundred, in one go and by turns: pages, lists, a run, sharing. Absolute figures depend on
//! the machine; the ratios are what counts, and twice is what is allowed.

#[path = "../tests/app/scale/fill.rs"]
mod fill;

mod common;

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use diesel::Connection as _;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use diesel::sql_types::Uuid as SqlUuid;
use odeus::db::embedded::Durability;
use odeus::db::embedded::Embedded;
use odeus::db::embedded::EmbeddedOptions;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::common::Api;
use crate::common::document;
use crate::common::free_port;
use crate::common::id;
use crate::common::pause;
use crate::common::request;
use crate::common::say;
use crate::common::upstream;
use crate::fill::LARGE;
use crate::fill::SMALL;
use crate::fill::Size;
use crate::fill::fill;

/// How often each is asked, in each workspace.
const ROUNDS: usize = 60;
/// How often something is shared with everyone.
const SHARINGS: usize = 7;
/// The group that the member who runs is in.
const GROUP: &str = "00000002-0000-4000-8000-000000000000";

fn main() -> Result<()> {
    let home = std::env::temp_dir().join(format!("odeus-scale-{}", std::process::id()));
    fs::create_dir_all(&home)?;
    let options = EmbeddedOptions { data_dir: home.clone(), durability: Durability::Durable, max_connections: 100 };
    let cluster = Embedded::start(&options)?;
    let provider = upstream()?;
    let small = House::open(&cluster, &home, ("small", SMALL), provider)?;
    let large = House::open(&cluster, &home, ("large", LARGE), provider)?;

    say(&format!("{:<36} {:>12} {:>12} {:>8}", "medians", of(SMALL), of(LARGE), "ratio"));
    let mut over = Vec::new();
    let mut compare = |name: &str, rounds: usize, ask: &dyn Fn(&House) -> Result<f64>| -> Result<()> {
        let (few, many) = by_turns(rounds, (&small, &large), ask)?;
        let ratio = many / few;
        say(&format!("{name:<36} {few:>9.2} ms {many:>9.2} ms {ratio:>8.2}"));
        if ratio > 2.0 {
            over.push(name.to_owned());
        }
        Ok(())
    };
    for (name, path) in PAGES {
        compare(name, ROUNDS, &|house| house.page(path))?;
    }
    for (name, path) in LISTS {
        compare(name, ROUNDS, &|house| house.list(path))?;
    }
    compare("run with a key of one's group", ROUNDS, &|house| house.run(&house.story.own))?;
    compare("run with a preselected key", ROUNDS, &|house| house.run(&house.story.lent))?;
    compare("share with a person, and take it", ROUNDS, &|house| {
        house.share(&json!({ "type": "user", "id": house.story.max }))
    })?;
    compare("share with a group, and take it", ROUNDS, &|house| house.share(&json!({ "type": "group", "id": GROUP })))?;
    compare("share with everyone, and take it", SHARINGS, &|house| house.share(&json!({ "type": "workspace" })))?;
    large.tell_everyone()?;
    say(&if over.is_empty() {
        "nothing takes twice as long".to_owned()
    } else {
        format!("over twice: {}", over.join(", "))
    });
    Ok(())
}

fn of(size: Size) -> String {
    format!("{} people", size.members)
}

/// What an admin opens.
const PAGES: [(&str, &str); 10] = [
    ("share dialog", "/connections/{key}/shares"),
    ("share dialog, a name typed", "/connections/{key}/shares?q=person+7"),
    ("a connection", "/connections/{key}"),
    ("connections", "/connections"),
    ("connections, all", "/connections?view=all"),
    ("integrations", "/integrations"),
    ("agents", "/agents"),
    ("people", "/people"),
    ("groups", "/groups"),
    ("runs", "/runs"),
];

/// What a member's program asks for.
const LISTS: [(&str, &str); 5] = [
    ("API: my connections", "/connections?view=mine"),
    ("API: connections shared with me", "/connections?view=shared"),
    ("API: members", "/members"),
    ("API: agents", "/agents"),
    ("API: runs", "/runs"),
];

/// The medians of both, asked by turns so that neither has the better hour.
fn by_turns(rounds: usize, houses: (&House, &House), ask: &dyn Fn(&House) -> Result<f64>) -> Result<(f64, f64)> {
    let (mut few, mut many) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        ask(houses.0)?;
        ask(houses.1)?;
    }
    for _ in 0..rounds {
        few.push(ask(houses.0)?);
        many.push(ask(houses.1)?);
    }
    Ok((median(few)?, median(many)?))
}

fn median(mut figures: Vec<f64>) -> Result<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().context("no figures")
}

/// A database, a process, a workspace.
struct House {
    child: Child,
    url: String,
    folder: PathBuf,
    port: u16,
    provider: u16,
    story: Story,
}

/// What is asked for in it.
#[derive(Default)]
struct Story {
    ada: String,
    token: String,
    cookie: String,
    max: String,
    key: String,
    own: String,
    lent: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

impl House {
    fn open(cluster: &Embedded, home: &Path, (name, size): (&str, Size), provider: u16) -> Result<Self> {
        sql_query(format!("CREATE DATABASE {name}"))
            .execute(&mut PgConnection::establish(&cluster.url("postgres"))?)?;
        let (url, folder, port) = (cluster.url(name), home.join(name), free_port()?);
        fs::create_dir_all(&folder)?;
        let mut command = command(&url, &folder, port, provider);
        command.args(["keys", "new"]).stdout(Stdio::null()).status()?;
        self::command(&url, &folder, port, provider).arg("migrate").stdout(Stdio::null()).status()?;
        let child = self::command(&url, &folder, port, provider).arg("serve").spawn()?;
        let mut house = Self { child, url, folder, port, provider, story: Story::default() };
        house.wait_until_ready()?;
        house.settle(size)?;
        Ok(house)
    }

    fn wait_until_ready(&self) -> Result<()> {
        let since = Instant::now();
        while since.elapsed() < Duration::from_mins(1) {
            if request(self.port, "GET", "/readyz", &[], "").is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            pause(5);
        }
        bail!("odeus is not ready after a minute")
    }

    fn odeus(&self, arguments: &[&str]) -> Result<String> {
        let output = command(&self.url, &self.folder, self.port, self.provider).args(arguments).output()?;
        if !output.status.success() {
            bail!("odeus {arguments:?} failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    fn token(&self, email: &str) -> Result<String> {
        self.odeus(&["token", "create", "--workspace", "bench", "--email", email])
    }

    /// Ada, who is an admin, with a key and an agent with two actions; Max, a member, who runs them; and everybody else.
    fn settle(&mut self, size: Size) -> Result<()> {
        let made =
            self.odeus(&["workspace", "create", "--slug", "bench", "--name", "Bench", "--admin", "ada@example.com"])?;
        let added =
            ["user", "add", "--workspace", "bench", "--email", "max@example.com", "--name", "Max", "--role", "member"];
        self.odeus(&added)?;
        let (ada, max) = (self.token("ada@example.com")?, self.token("max@example.com")?);
        let cookie = self.sign_in(&made)?;
        let conn = &mut PgConnection::establish(&self.url)?;
        let one =
            |conn: &mut PgConnection, sql: &str| -> Result<Uuid> { Ok(sql_query(sql).get_result::<Id>(conn)?.id) };
        let workspace = one(conn, "SELECT id FROM workspaces")?;
        let member = one(conn, "SELECT id FROM users WHERE email = 'max@example.com'")?;
        fill(conn, workspace, member, size)?;
        let api = Api { port: self.port, token: ada.clone() };
        api.post("/integrations", &json!({ "key": "bench-events", "document": document(self.provider) }))?;
        let connect = json!({
            "integration": "bench-events", "auth_type": "api_key", "name": "Key", "fields": { "key": "k-1234567890" },
        });
        let (key, shared) = (id(&api.post("/connections", &connect)?)?, id(&api.post("/connections", &connect)?)?);
        let with_group = json!({ "grantee": { "type": "group", "id": GROUP }, "access": "use" });
        api.post(&format!("/connections/{shared}/shares"), &with_group)?;
        let agent = id(&api.post("/agents", &json!({ "name": "Bench", "description": "", "instructions": "" }))?)?;
        let everyone = json!({ "grantee": { "type": "workspace" }, "access": "use" });
        api.post(&format!("/agents/{agent}/shares"), &everyone)?;
        let action = |name: &str, credentials: &str, connection: Value| -> Result<String> {
            let body = json!({
                "integration": "bench-events", "action": name, "credentials": credentials,
                "connection_id": connection, "requires_confirmation": false,
            });
            let added = id(&api.post(&format!("/agents/{agent}/actions"), &body)?)?;
            Ok(format!("/api/v1/agents/{agent}/actions/{added}/runs"))
        };
        let own = action("listEvents", "own", Value::Null)?;
        let lent = action("createEvent", "preselected", json!(key))?;
        self.story = Story { ada, token: max, cookie, max: member.to_string(), key, own, lent };
        Ok(())
    }

    /// Sets the admin's password by the link that `workspace create` printed, which signs them in.
    fn sign_in(&self, made: &str) -> Result<String> {
        let link = made.split_whitespace().find(|word| word.starts_with("http")).context("no link was printed")?;
        let (_, token) = link.split_once("token=").context("a link without a token")?;
        let headers = [("Sec-Fetch-Site", "same-origin"), ("Content-Type", "application/x-www-form-urlencoded")];
        let fields = format!("token={token}&password=tulips+over+amsterdam");
        let answer = request(self.port, "POST", "/set-password", &headers, &fields)?;
        let cookie = answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).map(str::to_owned);
        let cookie = cookie.with_context(|| format!("not signed in: {} {}", answer.head, answer.body))?;
        Ok(cookie.split(';').next().unwrap_or_default().to_owned())
    }

    fn ask(&self, method: &str, path: &str, header: (&str, &str), body: &str) -> Result<f64> {
        let headers = [header, ("Content-Type", "application/json")];
        let since = Instant::now();
        let answer = request(self.port, method, path, &headers, body)?;
        let took = since.elapsed().as_secs_f64() * 1000.0;
        if !(200..300).contains(&answer.status) {
            bail!("{method} {path} answered {}: {}", answer.status, answer.body);
        }
        Ok(took)
    }

    fn page(&self, path: &str) -> Result<f64> {
        let path = format!("/w/bench{}", path.replace("{key}", &self.story.key));
        self.ask("GET", &path, ("Cookie", &self.story.cookie), "")
    }

    fn list(&self, path: &str) -> Result<f64> {
        self.ask("GET", &format!("/api/v1{path}"), ("Authorization", &format!("Bearer {}", self.story.token)), "")
    }

    fn run(&self, path: &str) -> Result<f64> {
        self.ask("POST", path, ("Authorization", &format!("Bearer {}", self.story.token)), "{\"input\":{}}")
    }

    /// Shares Ada's key and takes it away again; how long the two took.
    fn share(&self, grantee: &Value) -> Result<f64> {
        let path = format!("/connections/{}/shares", self.story.key);
        let since = Instant::now();
        let share = self.api().post(&path, &json!({ "grantee": grantee, "access": "use" }))?;
        let authorization = format!("Bearer {}", self.story.ada);
        self.ask("DELETE", &format!("/api/v1{path}/{}", id(&share)?), ("Authorization", &authorization), "")?;
        Ok(since.elapsed().as_secs_f64() * 1000.0)
    }

    fn api(&self) -> Api {
        Api { port: self.port, token: self.story.ada.clone() }
    }

    /// Shares with everyone, and says when it was done and when everybody's mail was in the outbox.
    fn tell_everyone(&self) -> Result<()> {
        let conn = &mut PgConnection::establish(&self.url)?;
        let mut count = |sql: &str| -> Result<i64> { Ok(sql_query(sql).get_result::<Count>(conn)?.count) };
        let before = count("SELECT count(*) AS count FROM outbox")?;
        let since = Instant::now();
        let everyone = json!({ "grantee": { "type": "workspace" }, "access": "use" });
        self.api().post(&format!("/connections/{}/shares", self.story.key), &everyone)?;
        say(&format!("{:<36} {:>25.2} ms", "sharing with all of them", since.elapsed().as_secs_f64() * 1000.0));
        while since.elapsed() < Duration::from_mins(3) {
            if count("SELECT count(*) AS count FROM fan_outs")? == 0 {
                let mails = count("SELECT count(*) AS count FROM outbox")? - before;
                say(&format!(
                    "{:<36} {:>25.2} s, {mails} mails",
                    "and everybody's mail is written after",
                    since.elapsed().as_secs_f64()
                ));
                return Ok(());
            }
            pause(50);
        }
        bail!("the mails are not written after three minutes")
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn command(url: &str, folder: &Path, port: u16, provider: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_odeus"));
    command
        .env("DATABASE_URL", url)
        .env("ODEUS_ADDR", format!("127.0.0.1:{port}"))
        .env("ODEUS_PUBLIC_URL", format!("http://127.0.0.1:{port}"))
        .env("ODEUS_DATA_DIR", folder)
        .env("ODEUS_KEY_FILE", folder.join("keys"))
        .env("ODEUS_EGRESS_ALLOW", format!("127.0.0.1:{provider}"))
        .env("ODEUS_LOG", "error");
    command
}
