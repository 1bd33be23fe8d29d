//! R6 across processes: one takes a right away while calls go through another, one after the other and several at a time.
//! No call that starts after the answer to the taking goes through. Each process asks the database at each call, so there
//! is nothing to be told; this is the test that would catch whoever keeps something between calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Instant;

use http::Method;
use odeus::kernel::clock::Clock;
use odeus::kernel::clock::Timestamp;
use odeus::sandbox;
use serde_json::Value;
use serde_json::json;

use crate::processes::House;
use crate::processes::Process;
use crate::processes::eventually;
use crate::processes::free_address;
use crate::support::client::Client;

/// Calls that are under way at the same time.
const AT_ONCE: usize = 3;
/// How many must have gone through before the right is taken, and how many each caller tries after.
const BEFORE: usize = 6;
const AFTER: usize = 4;

/// Two processes over one database. Rights are given and taken through the first; calls go through the second.
struct Stage {
    house: House,
    one: Process,
    two: Process,
    tokens: BTreeMap<&'static str, String>,
    ids: BTreeMap<&'static str, String>,
}

/// A key of Ada's, an agent of Eve's that everyone may use, and where its action is called.
struct Set {
    connection: String,
    agent: String,
    runs: String,
}

impl Stage {
    async fn set() -> Self {
        let house = House::new();
        let (one, two) = (house.serve(house.public).await, house.serve(free_address()).await);
        let (_, token) = house.settle(&one).await;
        let mut tokens = BTreeMap::from([("ada", token)]);
        for (name, role) in [("eve", "editor"), ("max", "member"), ("mia", "member")] {
            let email = format!("{name}@example.com");
            house.odeus(&["user", "add", "--workspace", "acme", "--email", &email, "--name", name, "--role", role]);
            tokens.insert(name, house.odeus(&["token", "create", "--workspace", "acme", "--email", &email]));
        }
        let mut stage = Self { house, one, two, tokens, ids: BTreeMap::new() };
        for name in ["eve", "max", "mia"] {
            let me = stage.giver(name).get("/api/v1/me").await.json();
            stage.ids.insert(name, text(&me["user"]["id"]));
        }
        let document = sandbox::document("sandbox-crm", &format!("http://{}", stage.house.provider)).unwrap();
        stage.make("ada", "/integrations", &json!({ "key": "sandbox-crm", "document": document })).await;
        stage
    }

    fn giver(&self, name: &str) -> Client {
        self.house.program(&self.one, &self.tokens[name])
    }

    fn caller(&self, name: &str) -> Client {
        self.house.program(&self.two, &self.tokens[name])
    }

    async fn make(&self, name: &str, path: &str, body: &Value) -> Value {
        let answer = self.giver(name).json(Method::POST, &format!("/api/v1{path}"), body).await;
        assert_eq!(answer.status, 201, "{path}: {}", answer.body);
        answer.json()
    }

    async fn change(&self, path: &str, body: &Value) {
        let answer = self.giver("ada").json(Method::PATCH, &format!("/api/v1{path}"), body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }

    async fn take(&self, name: &str, path: &str) {
        let answer = self.giver(name).call(Method::DELETE, &format!("/api/v1{path}")).send().await;
        assert_eq!(answer.status, 204, "{path}: {}", answer.body);
    }

    async fn connect(&self, name: &str) -> String {
        let key = sandbox::CRM_KEYS[0].key;
        let body = json!({
            "integration": "sandbox-crm", "auth_type": "api_key", "name": "Key", "fields": { "key": key },
        });
        text(&self.make(name, "/connections", &body).await["id"])
    }

    /// An agent whose action uses each caller's own connection, or one that Eve attaches.
    async fn agent(&self, connection: &str, is_lent: bool) -> Set {
        let agent = text(&self.make("eve", "/agents", &json!({ "name": "Helper" })).await["id"]);
        let mut action = json!({ "integration": "sandbox-crm", "action": "listContacts", "credentials": "own" });
        if is_lent {
            action["credentials"] = json!("preselected");
            action["connection_id"] = json!(connection);
        }
        let added = text(&self.make("eve", &format!("/agents/{agent}/actions"), &action).await["id"]);
        let runs = format!("/api/v1/agents/{agent}/actions/{added}/runs");
        Set { connection: connection.to_owned(), agent, runs }
    }

    async fn share_agent(&self, agent: &str, grantee: &Value) -> String {
        let path = format!("/agents/{agent}/shares");
        let share = self.make("eve", &path, &json!({ "grantee": grantee, "access": "use" })).await;
        format!("{path}/{}", text(&share["id"]))
    }

    /// Shares a connection of Ada's; returns the path of the share.
    async fn share(&self, connection: &str, grantee: &Value, ends: Option<Timestamp>) -> String {
        let path = format!("/connections/{connection}/shares");
        let body = json!({ "grantee": grantee, "access": "attach", "expires_at": ends });
        format!("{path}/{}", text(&self.make("ada", &path, &body).await["id"]))
    }

    fn user(&self, name: &str) -> Value {
        json!({ "type": "user", "id": self.ids[name] })
    }

    /// A key of Ada's that Max uses as his own, by a share with him, a group of his, or everyone.
    async fn used_by_max(&self, grantee: &Value, ends: Option<Timestamp>) -> (Set, String) {
        let connection = self.connect("ada").await;
        let share = self.share(&connection, grantee, ends).await;
        let set = self.agent(&connection, false).await;
        self.share_agent(&set.agent, &everyone()).await;
        (set, share)
    }

    /// A key of Ada's that Eve attached, by a share with her, and that Mia uses without having one.
    async fn lent_to_mia(&self) -> (Set, String) {
        let connection = self.connect("ada").await;
        let share = self.share(&connection, &self.user("eve"), None).await;
        let set = self.agent(&connection, true).await;
        self.share_agent(&set.agent, &everyone()).await;
        (set, share)
    }

    async fn group(&self, name: &str) -> (String, Value) {
        let group = text(&self.make("ada", "/groups", &json!({ "name": name })).await["id"]);
        let place = format!("/api/v1/groups/{group}/members/{}", self.ids["max"]);
        assert_eq!(self.giver("ada").call(Method::PUT, &place).send().await.status, 204);
        let grantee = json!({ "type": "group", "id": group });
        (group, grantee)
    }

    /// Takes something away while `name` calls, and looks at every call that started after the answer.
    async fn lose(&self, what: &str, name: &str, set: &Set, take: impl AsyncFnOnce()) {
        let (taken, gone_through) = (Arc::new(OnceLock::new()), Arc::new(AtomicUsize::new(0)));
        let callers: Vec<_> = (0..AT_ONCE)
            .map(|_| tokio::spawn(call(self.caller(name), set.runs.clone(), taken.clone(), gone_through.clone())))
            .collect();
        eventually(what, || async { gone_through.load(Ordering::Relaxed) >= BEFORE }).await;

        take().await;
        taken.set(Instant::now()).unwrap();

        let mut late = 0;
        for caller in callers {
            for (started, answer) in caller.await.unwrap() {
                let is_late = started > *taken.get().unwrap();
                late += usize::from(is_late);
                assert!(!is_late || answer.is_none(), "{what} was taken, and yet: {answer:?}");
            }
        }
        assert!(late >= AT_ONCE * AFTER, "{what}: {late} calls after");
    }

    async fn clear(&self, set: &Set) {
        let path = format!("/api/v1/connections/{}", set.connection);
        self.giver("ada").call(Method::DELETE, &path).send().await;
    }
}

/// Calls again and again until a few calls have started after the right was taken: when each started, and the provider's
/// answer where it went through.
async fn call(
    client: Client,
    path: String,
    taken: Arc<OnceLock<Instant>>,
    gone_through: Arc<AtomicUsize>,
) -> Vec<(Instant, Option<String>)> {
    let mut calls = Vec::new();
    let mut after = 0;
    while after < AFTER {
        let begun = Instant::now();
        let answer = client.json(Method::POST, &path, &json!({ "input": {} })).await;
        let went = answer.status == 200 && answer.json()["status"] == "succeeded";
        gone_through.fetch_add(usize::from(went), Ordering::Relaxed);
        after += usize::from(taken.get().is_some_and(|taken| begun > *taken));
        calls.push((begun, went.then_some(answer.body)));
    }
    calls
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

fn everyone() -> Value {
    json!({ "type": "workspace" })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r6_what_a_caller_had_is_gone_in_every_process_with_the_answer() {
    let stage = Stage::set().await;
    let (group, of_group) = stage.group("Sales").await;

    let (set, share) = stage.used_by_max(&stage.user("max"), None).await;
    stage.lose("a share with a person", "max", &set, async || stage.take("ada", &share).await).await;
    let (set, share) = stage.used_by_max(&everyone(), None).await;
    stage.lose("a share with everyone", "max", &set, async || stage.take("ada", &share).await).await;
    let (set, share) = stage.used_by_max(&of_group, None).await;
    stage.lose("a share with a group", "max", &set, async || stage.take("ada", &share).await).await;

    let ends = Clock::system().now() + chrono::Duration::seconds(3);
    let (set, _) = stage.used_by_max(&of_group, Some(ends)).await;
    let until_then = async || eventually("it ends", || async { Clock::system().now() > ends }).await;
    stage.lose("a share that ends", "max", &set, until_then).await;

    let (set, _) = stage.used_by_max(&of_group, None).await;
    let place = format!("/groups/{group}/members/{}", stage.ids["max"]);
    stage.lose("a place in a group", "max", &set, async || stage.take("ada", &place).await).await;
    stage.clear(&set).await;
    let (group, of_group) = stage.group("Support").await;
    let (set, _) = stage.used_by_max(&of_group, None).await;
    let group = format!("/groups/{group}");
    stage.lose("a group", "max", &set, async || stage.take("ada", &group).await).await;

    let (set, _) = stage.used_by_max(&everyone(), None).await;
    let connection = format!("/connections/{}", set.connection);
    let disabled = json!({ "status": "disabled" });
    stage.lose("a connection's being on", "max", &set, async || stage.change(&connection, &disabled).await).await;
    stage.clear(&set).await;
    let (set, _) = stage.used_by_max(&everyone(), None).await;
    let connection = format!("/connections/{}", set.connection);
    stage.lose("a connection", "max", &set, async || stage.take("ada", &connection).await).await;

    let own = stage.connect("max").await;
    let set = stage.agent(&own, false).await;
    stage.share_agent(&set.agent, &everyone()).await;
    let transfer = format!("/api/v1/connections/{own}/transfer");
    let to = json!({ "user": stage.ids["mia"] });
    let give = async || {
        let answer = stage.giver("ada").json(Method::POST, &transfer, &to).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    stage.lose("ownership", "max", &set, give).await;

    let (set, _) = stage.used_by_max(&everyone(), None).await;
    let membership = format!("/members/{}", stage.ids["max"]);
    stage.lose("membership", "max", &set, async || stage.take("ada", &membership).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r12_what_an_agent_stood_on_is_gone_in_every_process_with_the_answer() {
    let stage = Stage::set().await;

    let (set, share) = stage.lent_to_mia().await;
    stage.lose("the attacher's share", "mia", &set, async || stage.take("ada", &share).await).await;
    let (set, share) = stage.lent_to_mia().await;
    let weaker = json!({ "access": "use" });
    stage.lose("the attacher's “attach”", "mia", &set, async || stage.change(&share, &weaker).await).await;

    let (set, _) = stage.lent_to_mia().await;
    let none = json!({ "permissions": ["createAgents", "createIntegrations"] });
    stage.lose("the permission", "mia", &set, async || stage.change("/roles/editor", &none).await).await;
    let all = json!({ "permissions": ["createAgents", "createIntegrations", "configurePreselectedConnections"] });
    stage.change("/roles/editor", &all).await;
    let eve = format!("/members/{}", stage.ids["eve"]);
    stage.lose("the role", "mia", &set, async || stage.change(&eve, &json!({ "role": "member" })).await).await;
    stage.change(&eve, &json!({ "role": "editor" })).await;

    let (set, _) = stage.lent_to_mia().await;
    let agent = format!("/api/v1/agents/{}", set.agent);
    let switch_off = async || {
        let answer = stage.giver("eve").json(Method::PATCH, &agent, &json!({ "enabled": false })).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    stage.lose("the agent's being on", "mia", &set, switch_off).await;
    let connection = stage.connect("eve").await;
    let set = stage.agent(&connection, true).await;
    let access = stage.share_agent(&set.agent, &stage.user("mia")).await;
    stage.lose("access to the agent", "mia", &set, async || stage.take("eve", &access).await).await;

    let (set, _) = stage.lent_to_mia().await;
    let switch = async |on: bool| stage.change("/integrations/sandbox-crm", &json!({ "enabled": on })).await;
    stage.lose("the integration", "mia", &set, async || switch(false).await).await;
    switch(true).await;
    stage.lose("the attacher's membership", "mia", &set, async || stage.take("ada", &eve).await).await;
}
