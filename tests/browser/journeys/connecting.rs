//! Making connections, and acting as exactly the right person through them.

use odeus::sandbox::CRM_KEYS;

use crate::harness::Place;
use crate::harness::Visitor;
use crate::harness::journey;
use crate::journeys::BESIDE_THE_ANSWER;
use crate::journeys::allow_at_provider;
use crate::journeys::connect_calendar;
use crate::journeys::create_agent;
use crate::journeys::open_action;
use crate::journeys::pick_calendar_action;

/// The one who builds it acts as Eve, the one who uses it as Max (R8), who is asked to connect right there (R9).
#[tokio::test]
async fn a_member_who_needs_a_connection_makes_it_on_the_way_and_acts_as_themselves() {
    journey("own-credentials", async |place: &Place| {
        let cast = &place.app.cast;
        let eve = place.signed_in(&cast.eve).await;
        connect_calendar(&eve, "Eve’s diary", "Eve").await;
        create_agent(&eve, "Day planner").await;
        pick_calendar_action(&eve, "List events").await;
        eve.press("Add action").await;
        eve.sees("The action is on the agent.").await;
        eve.press("Share with everyone in Acme").await;
        eve.sees("Shared. They find it on their Agents page.").await;
        eve.examines_page().await;

        let max = place.signed_in(&cast.max).await;
        open_action(&max, "Day planner", "List events").await;
        max.fill("Limit", "7").await;
        max.press("Run").await;
        max.is_on("This action needs your Sandbox Calendar").await;
        max.press("Connect").await;
        max.is_on("Sandbox Calendar").await;
        max.sees("Once connected, you go back to it with what you filled in.").await;
        allow_at_provider(&max, "Max").await;

        max.is_on("List events").await;
        max.sees("Day off").await;
        let page = max.reads().await;
        assert!(page.contains("Succeeded") && page.contains("limit=7"), "{page}");
        assert!(!page.contains("Quiet hours"), "as Eve: {page}");
    })
    .await;
}

/// Ada's connection acts for everybody who uses the agent, and nobody learns whose it is (R11).
#[tokio::test]
async fn a_preselected_action_acts_as_its_owner_and_shows_nobody_who_that_is() {
    journey("preselected", async |place: &Place| {
        let cast = &place.app.cast;
        let eve = place.signed_in(&cast.eve).await;
        create_agent(&eve, "Front desk").await;
        eve.fill("Add people or a group", "ada").await;
        eve.select("What Ada Admin may do", "may edit it").await;
        eve.press("Share with Ada Admin").await;
        eve.sees("Shared. They find it on their Agents page.").await;
        eve.press("Share with everyone in Acme").await;
        eve.sees("Everyone in Acme may use it").await;

        let ada = place.signed_in(&cast.ada).await;
        connect_calendar(&ada, "Board calendar", "Ada").await;
        ada.press("Agents").await;
        ada.press("Front desk").await;
        ada.is_on("Front desk").await;
        ada.press("Build 0").await;
        pick_calendar_action(&ada, "List events").await;
        ada.choose("Preselected").await;
        ada.choose("Board calendar").await;
        ada.examines_page().await;
        ada.press("Add action").await;
        ada.sees("The action is on the agent.").await;
        ada.examines_page().await;
        ada.press("Connections").await;
        ada.press("Board calendar").await;
        ada.is_on("Board calendar").await;
        ada.press("Explain who can use it").await;
        ada.is_on("Who can use Board calendar?").await;
        ada.fill("Find a person", "mia").await;
        ada.press("Mia Member").await;
        ada.sees("cannot use it directly, but acts through an agent").await;
        ada.examines_page().await;

        let mia = place.signed_in(&cast.mia).await;
        open_action(&mia, "Front desk", "List events").await;
        learns_nothing(&mia).await;
        mia.press("Run").await;
        mia.sees("Board preparation").await;
        learns_nothing(&mia).await;
        mia.examines_page().await;
        mia.press("Open this run").await;
        mia.sees("As a connection that the agent’s builder chose").await;
        learns_nothing(&mia).await;
        for path in ["agents", "runs", "connections", "integrations", "integrations/sandbox-calendar", "profile"] {
            mia.open(&format!("/w/acme/{path}")).await;
            mia.examines_page().await;
            learns_nothing(&mia).await;
        }
    })
    .await;
}

/// Neither the connection's name, nor its owner, nor the account, anywhere in the page but in what the provider said.
async fn learns_nothing(visitor: &Visitor) {
    let page = visitor.asks(BESIDE_THE_ANSWER, vec![]).await;
    let page = page.as_str().unwrap();
    assert!(page.contains("Mia Member"), "{page}");
    for secret in ["Board calendar", "Ada", "ada@"] {
        assert!(!page.contains(secret), "{secret} in {page}");
    }
}

/// What was typed is there again, but for the key, which is nowhere (R2).
#[tokio::test]
async fn a_key_that_the_provider_refuses_is_not_kept_and_its_words_are_shown() {
    journey("api-key", async |place: &Place| {
        let wrong = "crm_live_typo7fX2";
        let max = place.signed_in(&place.app.cast.max).await;
        max.press("Sandbox CRM").await;
        max.is_on("Sandbox CRM").await;
        max.fill("API key", wrong).await;
        max.fill("Name", "My customers").await;
        max.press("Connect").await;

        max.sees("the API key is not known here").await;
        max.sees("Not connected. Nothing was stored.").await;
        max.examines_page().await;
        assert_eq!((max.held("Name").await, max.held("API key").await), ("My customers".to_owned(), String::new()));
        assert!(!max.source().await.contains(wrong));
        place.app.assert_not_stored(&[wrong]);
        place.app.assert_not_logged(&[wrong]);

        max.fill("API key", CRM_KEYS[0].key).await;
        max.press("Connect").await;
        max.is_on("My customers").await;
        max.sees(CRM_KEYS[0].account).await;
        max.press("Test").await;
        max.sees("Test passed").await;
        max.examines_page().await;
        assert!(!max.source().await.contains(CRM_KEYS[0].key));
        place.app.assert_not_stored(&[CRM_KEYS[0].key]);

        max.press("Explain who can use it").await;
        max.is_on("Who can use My customers?").await;
        max.fill("Find a person", "mia").await;
        max.press("Mia Member").await;
        max.sees("Mia Member cannot use it").await;
        max.examines_page().await;
    })
    .await;
}
