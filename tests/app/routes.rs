//! Every route × every kind of caller, as a table that is reviewed as a diff; and the doors that stand open to anyone, as a
//! list that may only shrink.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use diesel::QueryDsl;
use diesel::RunQueryDsl;
use http::Method;
use odeus::db::schema::outbox;
use odeus::http::gate;
use odeus::http::gate::Route;
use odeus::kernel::ids::GroupId;
use odeus::kernel::ids::OutboxId;
use serde_json::Value;
use serde_json::json;

use crate::mails::enqueue_hopeless;
use crate::snapshot::assert_snapshot;
use crate::support::Client;
use crate::support::Options;
use crate::support::Outside;
use crate::support::TestApp;
use crate::support::cast::Person;

const API: &str = "/api/v1";
/// Who comes: nobody in particular, an admin of another workspace, a member who has nothing to do with the samples, the
/// member whose they are, an admin.
const CALLERS: [&str; 5] = ["anonymous", "foreign", "member", "owner", "admin"];

struct Scene {
    app: TestApp,
    browsers: BTreeMap<&'static str, Client>,
    programs: BTreeMap<&'static str, Client>,
}

/// What stands for each part of an address.
type Samples = BTreeMap<&'static str, String>;

impl Scene {
    async fn set(outside: &Outside) -> Self {
        let app = TestApp::with(Options { allow: vec![outside.address], ..Options::default() });
        let program = |name: &'static str| (name, person(&app, name).map_or_else(|| app.anon(), |it| app.token(it)));
        let programs: BTreeMap<_, _> = CALLERS.into_iter().map(program).collect();
        let document = json!({ "key": "sandbox-holidays", "document": outside.document("sandbox-holidays") });
        made(&programs["admin"], &format!("{API}/integrations"), &document).await;
        let mut scene = Self { app, browsers: BTreeMap::new(), programs };
        for name in CALLERS {
            scene.sign_in(name).await;
        }
        scene
    }

    async fn sign_in(&mut self, name: &'static str) {
        let browser = match person(&self.app, name) {
            Some(person) => self.app.signed_in(person).await,
            None => self.app.anon(),
        };
        self.browsers.insert(name, browser);
    }

    /// Fresh things of the owner's, for a route that may change or remove them.
    async fn samples(&self) -> Samples {
        let owner = &self.programs["owner"];
        let of = |thing: &Value| thing["id"].as_str().unwrap().to_owned();
        let connection = json!({ "integration": "sandbox-holidays", "auth_type": "none" });
        let connection = of(&made(owner, &format!("{API}/connections"), &connection).await);
        let agent = of(&made(owner, &format!("{API}/agents"), &json!({ "name": "Sample" })).await);
        let base = format!("{API}/agents/{agent}");
        let action = json!({ "integration": "sandbox-holidays", "action": "listCountries" });
        let action = of(&made(owner, &format!("{base}/actions"), &action).await);
        let with = json!({ "type": "user", "id": self.app.cast.eve.id.to_string() });
        let share = of(&made(owner, &format!("{base}/shares"), &json!({ "grantee": &with, "access": "use" })).await);
        let chosen = json!({ "connection_id": connection });
        let run = owner.json(Method::POST, &format!("{base}/actions/{action}/runs"), &chosen).await;
        assert_eq!(run.status, 200, "{}", run.body);
        let (group, user) = self.group().await;
        let base = format!("{API}/connections/{connection}/shares");
        let lent = of(&made(owner, &base, &json!({ "grantee": with, "access": "use" })).await);
        BTreeMap::from([
            ("workspace", "acme".to_owned()),
            ("group", group),
            ("role", "editor".to_owned()),
            ("user", user),
            ("integration", "sandbox-holidays".to_owned()),
            ("connection", connection),
            ("agent", agent),
            ("action", action),
            ("share", share),
            ("connection share", lent),
            ("run", of(&run.json())),
            // Flows live in one browser; that of nobody here is not there for anybody.
            ("flow", "019a0000-0000-7000-8000-000000000000".to_owned()),
            ("mail", self.mail()),
            ("version", "0".to_owned()),
            ("name", "app.css".to_owned()),
        ])
    }

    /// A group of the admin's, with somebody in it who was invited a moment ago.
    async fn group(&self) -> (String, String) {
        let admin = &self.programs["admin"];
        let email = format!("{}@acme.example", GroupId::new());
        let new = json!({ "email": email, "role": "member", "invite": "link" });
        let user = made(admin, &format!("{API}/members"), &new).await["id"].as_str().unwrap().to_owned();
        let name = format!("Sample {}", GroupId::new());
        let group = made(admin, &format!("{API}/groups"), &json!({ "name": name })).await;
        let group = group["id"].as_str().unwrap().to_owned();
        let seat = format!("{API}/groups/{group}/members/{user}");
        assert_eq!(admin.call(Method::PUT, &seat).send().await.status, 204);
        (group, user)
    }

    /// A mail of the workspace that waits.
    fn mail(&self) -> String {
        enqueue_hopeless(&self.app, &self.app.cast.max, "sample");
        outbox::table.select(outbox::id).first::<OutboxId>(&mut self.app.conn()).unwrap().to_string()
    }

    /// The status that a caller gets.
    async fn status(&mut self, route: &Route, caller: &'static str, samples: &Samples) -> u16 {
        let (method, path) = (Method::from_bytes(route.method.as_bytes()).unwrap(), fill(&route.path, samples));
        if path.starts_with("/api/") {
            let client = &self.programs[caller];
            let call = client.call(method, &path);
            let call = if has_body(route) { call.body("application/json", "{}".to_owned()) } else { call };
            return call.send().await.status;
        }
        let client = self.browsers[caller].clone();
        if method == Method::GET {
            return client.get(&path).await.status;
        }
        let home = person(&self.app, caller).map(|person| person.at("/profile"));
        let token = match &home {
            Some(home) => client.get(home).await.attribute("input[name=csrf]", "value").unwrap(),
            None => String::new(),
        };
        let status = client.call(method, &path).header("x-csrf", &token).fields(&[]).send().await.status;
        let is_out = match &home {
            Some(home) => client.get(home).await.status != 200,
            None => false,
        };
        if is_out {
            self.sign_in(caller).await;
        }
        status
    }
}

fn person<'a>(app: &'a TestApp, caller: &str) -> Option<&'a Person> {
    match caller {
        "foreign" => Some(&app.cast.mallory),
        "member" => Some(&app.cast.mia),
        "owner" => Some(&app.cast.max),
        "admin" => Some(&app.cast.ada),
        _ => None,
    }
}

async fn made(client: &Client, path: &str, body: &Value) -> Value {
    let answer = client.json(Method::POST, path, body).await;
    assert_eq!(answer.status, 201, "{path}: {}", answer.body);
    answer.json()
}

/// A part of an address that has no sample fails here: whoever adds a route gives it one.
fn fill(pattern: &str, samples: &Samples) -> String {
    let step = |step: &str| match step.strip_prefix('{').and_then(|step| step.strip_suffix('}')) {
        Some(named) => {
            let name = named.split(':').next().unwrap();
            // Agents and connections have shares of their own kinds.
            let name = if name == "share" && pattern.contains("/connections/") { "connection share" } else { name };
            samples.get(name).unwrap_or_else(|| panic!("“{pattern}” has no sample for “{name}”")).clone()
        }
        None => step.to_owned(),
    };
    pattern.split('/').map(step).collect::<Vec<_>>().join("/")
}

fn has_body(route: &Route) -> bool {
    let has_none = route.path.ends_with("/test") || route.method == "PUT";
    route.method != "GET" && route.method != "DELETE" && !has_none
}

#[tokio::test]
async fn every_route_answers_every_caller_as_reviewed() {
    let outside = Outside::start();
    let mut scene = Scene::set(&outside).await;
    let kept = scene.samples().await;
    let mut table = CALLERS.iter().fold(String::new(), |mut head, caller| {
        write!(head, "{caller:<10}").unwrap();
        head
    });
    table.push_str("route\n");

    for route in gate::routes() {
        for caller in CALLERS {
            let samples = if route.method == "GET" { kept.clone() } else { scene.samples().await };
            let status = scene.status(&route, caller, &samples).await;
            write!(table, "{status:<10}").unwrap();
        }
        writeln!(table, "{} {}", route.method, route.path).unwrap();
    }

    scene.app.mails().await;
    assert_snapshot("routes.txt", &table);
}

#[tokio::test]
async fn the_doors_that_stand_open_only_become_fewer() {
    // Routes are there once something was answered.
    TestApp::start().anon().get("/healthz").await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/app/snapshots/public_routes.txt");

    let open = gate::routes()
        .into_iter()
        .filter(|route| route.proof.ends_with("::Public") || route.proof.ends_with("::LinkHolder"));
    let open: BTreeSet<String> = open.map(|route| format!("{} {}", route.method, route.path)).collect();
    let listed: BTreeSet<String> = fs::read_to_string(&file).unwrap().lines().map(str::to_owned).collect();

    let added: Vec<_> = open.difference(&listed).collect();
    assert!(added.is_empty(), "open to anyone, and not on the list: {added:?}; give them a gate");
    let closed: Vec<_> = listed.difference(&open).collect();
    assert!(closed.is_empty(), "take off the list: {closed:?}");
}
