//! R7: who is told of a share, by mail, once. And that telling ten thousand people holds up nobody, loses none of them and
//! tells none twice, whatever dies in between.

use std::collections::BTreeSet;
use std::time::Instant;

use chrono::Duration;
use diesel::Connection as _;
use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::result::Error;
use http::Method;
use odeus::db::schema::fan_outs;
use odeus::db::schema::outbox;
use odeus::jobs::fan_out;
use odeus::kernel::clock::Clock;
use serde_json::Value;
use serde_json::json;

use crate::api::stage::agent_with;
use crate::api::stage::connect_crm;
use crate::api::stage::id;
use crate::api::stage::made;
use crate::support::Client;
use crate::support::Options;
use crate::support::Outside;
use crate::support::TestApp;
use crate::support::cast;
use crate::support::cast::Person;

/// An app with a clock that the test moves, and Eve's key to the CRM.
struct Scene {
    app: TestApp,
    shares: String,
    connection: Value,
    _outside: Outside,
}

impl Scene {
    async fn set() -> Self {
        let outside = Outside::start();
        let clock = Some(Clock::frozen(Clock::system().now()));
        let app = TestApp::with(Options { allow: vec![outside.address], clock, ..Options::default() });
        let body = json!({ "key": "sandbox-crm", "document": outside.document("sandbox-crm") });
        made(&app.token(&app.cast.ada).json(Method::POST, "/api/v1/integrations", &body).await);
        let connection = connect_crm(&app.token(&app.cast.eve), "Company CRM").await;
        let shares = format!("/api/v1/connections/{}/shares", id(&connection));
        Self { app, shares, connection, _outside: outside }
    }

    fn eve(&self) -> Client {
        self.app.token(&self.app.cast.eve)
    }

    async fn share(&self, by: &Person, grantee: Value) -> String {
        let mut body = json!({ "access": "use" });
        body["grantee"] = grantee;
        id(&made(&self.app.token(by).json(Method::POST, &self.shares, &body).await))
    }

    async fn unshare(&self, share: &str) {
        let answer = self.eve().call(Method::DELETE, &format!("{}/{share}", self.shares)).send().await;
        assert_eq!(answer.status, 204, "{}", answer.body);
    }

    async fn undo(&self, share: &str) {
        let path = format!("{}/{share}/restoration", self.shares);
        let answer = self.eve().json(Method::POST, &path, &json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    fn pass(&self, seconds: i64) {
        self.app.clock.advance(Duration::seconds(seconds));
    }

    /// To whom which subjects were mailed since the last look.
    async fn mailed(&self) -> Vec<(String, String)> {
        let mails = self.app.mails().await;
        let mut mails: Vec<_> = mails.into_iter().map(|mail| (mail.to.name, mail.subject)).collect();
        mails.sort();
        mails
    }
}

fn user(person: &Person) -> Value {
    json!({ "type": "user", "id": person.id.to_string() })
}

fn everyone() -> Value {
    json!({ "type": "workspace" })
}

fn to(names: &[&str], subject: &str) -> Vec<(String, String)> {
    names.iter().map(|name| ((*name).to_owned(), subject.to_owned())).collect()
}

const SHARED: &str = "Eve Editor shared “Company CRM” with you";
const REMOVED: &str = "“Company CRM” is no longer shared with you";

#[tokio::test]
async fn everyone_who_gains_access_is_told_once_and_nobody_who_had_it() {
    let scene = Scene::set().await;
    let cast = &scene.app.cast;
    let sales = cast::group(&mut scene.app.conn(), &cast.ada, "Sales", &[&cast.max, &cast.eve]);

    scene.share(&cast.eve, json!({ "type": "group", "id": sales.to_string() })).await;
    let mails = scene.app.mails().await;
    assert_eq!(mails.len(), 1, "Eve did it and owns it: {mails:?}");
    assert_eq!((mails[0].to.name.as_str(), mails[0].subject.as_str()), ("Max Member", SHARED));
    let page = scene.app.parts.public.absolute(&format!("/w/acme/connections/{}", id(&scene.connection)));
    for text in [&mails[0].text, &mails[0].html] {
        assert!(text.contains("with the group Sales, which you are in") && text.contains(&page), "{text}");
    }

    scene.pass(1);
    scene.share(&cast.eve, everyone()).await;
    assert_eq!(scene.mailed().await, to(&["Ada Admin", "Mia Member"], SHARED));
    scene.pass(1);
    scene.share(&cast.eve, user(&cast.mia)).await;
    assert_eq!(scene.mailed().await, []);
}

#[tokio::test]
async fn nobody_is_told_of_their_own_act_nor_the_owner_of_an_admins() {
    let scene = Scene::set().await;

    scene.share(&scene.app.cast.ada, everyone()).await;

    let subject = "Ada Admin shared “Company CRM” with you";
    assert_eq!(scene.mailed().await, to(&["Max Member", "Mia Member"], subject));
}

#[tokio::test]
async fn whoever_gives_an_agent_back_is_not_told_that_they_lost_it() {
    let scene = Scene::set().await;
    let cast = &scene.app.cast;
    let action = json!({ "integration": "sandbox-crm", "action": "listContacts", "credentials": "own" });
    let (agent, _) = agent_with(&scene.eve(), &action).await;
    let shares = format!("/api/v1/agents/{agent}/shares");
    let with_max = json!({ "grantee": user(&cast.max), "access": "edit" });
    let share = id(&made(&scene.eve().json(Method::POST, &shares, &with_max).await));
    assert_eq!(scene.mailed().await.len(), 1);

    let given_back = scene.app.token(&cast.max).call(Method::DELETE, &format!("{shares}/{share}")).send().await;

    assert_eq!(given_back.status, 204, "{}", given_back.body);
    scene.pass(60);
    assert_eq!(scene.mailed().await, []);
}

#[tokio::test]
async fn of_two_shares_made_at_once_one_is_told() {
    let scene = Scene::set().await;
    let cast = &scene.app.cast;
    scene.share(&cast.eve, user(&cast.max)).await;
    scene.share(&cast.eve, everyone()).await;

    assert_eq!(scene.mailed().await, to(&["Ada Admin", "Max Member", "Mia Member"], SHARED));
}

#[tokio::test]
async fn who_has_no_access_left_is_told_once_it_cannot_be_undone() {
    let scene = Scene::set().await;
    let cast = &scene.app.cast;
    let share = scene.share(&cast.eve, everyone()).await;
    scene.pass(1);
    scene.share(&cast.eve, user(&cast.mia)).await;
    scene.mailed().await;

    scene.unshare(&share).await;
    assert_eq!(scene.mailed().await, []);
    scene.pass(13);

    assert_eq!(scene.mailed().await, to(&["Ada Admin", "Max Member"], REMOVED));
    scene.pass(60);
    assert_eq!(scene.mailed().await, []);
}

#[tokio::test]
async fn what_is_undone_in_time_is_told_to_nobody() {
    let scene = Scene::set().await;
    let share = scene.share(&scene.app.cast.eve, user(&scene.app.cast.max)).await;
    scene.mailed().await;

    scene.unshare(&share).await;
    scene.pass(5);
    scene.undo(&share).await;
    scene.pass(60);

    assert_eq!(scene.mailed().await, []);
}

#[tokio::test]
async fn what_was_gone_before_its_mail_is_told_when_it_is_back() {
    let scene = Scene::set().await;
    let share = scene.share(&scene.app.cast.eve, user(&scene.app.cast.max)).await;
    // The mail is in the outbox, and the share goes before it is sent.
    assert!(fan_out::once(&scene.app.parts.db, scene.app.clock.now()).await);
    scene.unshare(&share).await;
    assert_eq!(scene.mailed().await, []);

    scene.undo(&share).await;

    assert_eq!(scene.mailed().await, to(&["Max Member"], SHARED));
}

#[tokio::test]
async fn what_came_and_went_before_anybody_was_told_is_told_to_nobody() {
    let scene = Scene::set().await;
    let share = scene.share(&scene.app.cast.eve, user(&scene.app.cast.max)).await;
    assert!(fan_out::once(&scene.app.parts.db, scene.app.clock.now()).await);

    scene.unshare(&share).await;
    assert_eq!(scene.mailed().await, []);
    scene.pass(13);

    assert_eq!(scene.mailed().await, []);
}

#[tokio::test]
async fn an_agents_share_is_told_and_whoever_attached_a_connection_reads_that_its_audience_grew() {
    let scene = Scene::set().await;
    let (cast, eve) = (&scene.app.cast, scene.eve());
    let action = json!({
        "integration": "sandbox-crm", "action": "listContacts", "credentials": "preselected",
        "connection_id": scene.connection["id"],
    });
    let (agent, _) = agent_with(&eve, &action).await;
    let shares = format!("/api/v1/agents/{agent}/shares");
    let share = async |by: &Person, grantee: Value, access: &str| {
        let mut body = json!({ "access": access });
        body["grantee"] = grantee;
        id(&made(&scene.app.token(by).json(Method::POST, &shares, &body).await))
    };

    share(&cast.eve, user(&cast.max), "edit").await;
    assert_eq!(scene.mailed().await, to(&["Max Member"], "Eve Editor shared “Helper” with you"));
    scene.pass(1);
    let one = share(&cast.max, everyone(), "use").await;

    let mut expected = to(&["Ada Admin", "Mia Member"], "Max Member shared “Helper” with you");
    expected.extend(to(&["Eve Editor"], "More people use “Helper”, which acts through your connection"));
    expected.sort();
    let mails = scene.app.mails().await;
    let grew = mails.iter().find(|mail| mail.to.name == "Eve Editor").unwrap();
    assert!(grew.text.contains("with everyone in Acme") && grew.text.contains("Company CRM"), "{}", grew.text);
    let mut told: Vec<_> = mails.into_iter().map(|mail| (mail.to.name, mail.subject)).collect();
    told.sort();
    assert_eq!(told, expected);

    let gone = scene.app.token(&cast.max).call(Method::DELETE, &format!("{shares}/{one}")).send().await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    assert_eq!(scene.mailed().await, to(&["Ada Admin", "Mia Member"], "“Helper” is no longer shared with you"));
}

#[tokio::test]
async fn whoever_attached_a_connection_is_told_of_those_who_join_a_group_that_may_use_the_agent() {
    let scene = Scene::set().await;
    let (cast, eve, ada) = (&scene.app.cast, scene.eve(), scene.app.token(&scene.app.cast.ada));
    let action = json!({
        "integration": "sandbox-crm", "action": "listContacts", "credentials": "preselected",
        "connection_id": scene.connection["id"],
    });
    let (agent, _) = agent_with(&eve, &action).await;
    let group = id(&made(&ada.json(Method::POST, "/api/v1/groups", &json!({ "name": "Sales" })).await));
    let share = json!({ "grantee": { "type": "group", "id": group }, "access": "use" });
    made(&eve.json(Method::POST, &format!("/api/v1/agents/{agent}/shares"), &share).await);
    let share = json!({ "grantee": user(&cast.mia), "access": "use" });
    made(&eve.json(Method::POST, &format!("/api/v1/agents/{agent}/shares"), &share).await);
    scene.mailed().await;

    for person in [&cast.max, &cast.mia, &cast.max] {
        scene.pass(1);
        let seat = format!("/api/v1/groups/{group}/members/{}", person.id);
        assert_eq!(ada.call(Method::PUT, &seat).send().await.status, 204);
    }

    // Mia had the agent before, and Max is added once.
    let mails = scene.app.mails().await;
    let [grew] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!(grew.to.name, "Eve Editor");
    let said = "Ada Admin added Max Member to the group Sales, which may use the agent \"Helper\".";
    assert!(grew.text.contains(said) && grew.text.contains("Company CRM"), "{}", grew.text);
}

/// Ten thousand more members.
fn crowd(scene: &Scene) {
    let conn = &mut scene.app.conn();
    let acme = scene.app.cast.acme.id;
    for statement in [
        "INSERT INTO users (id, email, name, created_at)
         SELECT gen_random_uuid(), 'p' || n || '@crowd.example', 'P' || n, now() FROM generate_series(1, 10000) n"
            .to_owned(),
        format!(
            "INSERT INTO memberships (workspace_id, user_id, role, status, created_at)
             SELECT '{acme}', id, 'member', 'active', now() FROM users WHERE email LIKE '%@crowd.example'"
        ),
    ] {
        diesel::sql_query(statement).execute(conn).unwrap();
    }
}

#[tokio::test]
async fn sharing_with_ten_thousand_waits_for_none_of_them_and_each_is_told_once_whatever_dies() {
    let scene = Scene::set().await;
    crowd(&scene);
    let body = json!({ "grantee": everyone(), "access": "use" });
    let eve = scene.eve();

    let began = Instant::now();
    made(&eve.json(Method::POST, &scene.shares, &body).await);
    let took = began.elapsed();
    assert!(took < std::time::Duration::from_millis(200), "{took:?}");

    // Two processes take steps in turn, and every third dies before it commits.
    let (mut one, mut two) = (scene.app.conn(), scene.app.conn());
    let now = scene.app.clock.now();
    for turn in 0..200 {
        let conn = if turn % 2 == 0 { &mut one } else { &mut two };
        let stepped = conn.transaction(|tx| {
            let stepped = fan_out::step(tx, now)?;
            if turn % 3 == 0 { Err(Error::RollbackTransaction) } else { Ok(stepped) }
        });
        if stepped == Ok(false) {
            break;
        }
    }

    let left: i64 = fan_outs::table.count().get_result(&mut one).unwrap();
    assert_eq!(left, 0);
    let told: Vec<uuid::Uuid> = outbox::table.select(outbox::user_id).load(&mut one).unwrap();
    assert_eq!(told.len(), 10_003, "the crowd, Ada, Max and Mia");
    assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), told.len());
    // What is not sent here is sent as every other mail is.
    diesel::update(outbox::table).set(outbox::state.eq("obsolete")).execute(&mut one).unwrap();
}
