//! Sharing a key, by the dialog on its page.

use fantoccini::key::Key;
use serde_json::json;

use crate::harness::Place;
use crate::harness::journey;
use crate::journeys::connect_calendar;

/// Whether the focus is where a dialog lets it be: inside, or with the browser itself.
const IS_INSIDE: &str =
    "const it = document.activeElement; return it === document.body || it.closest('dialog[open]') !== null;";

#[tokio::test]
async fn a_key_is_shared_by_the_keyboard_in_a_dialog_that_keeps_the_focus_and_gives_it_back() {
    journey("sharing", async |place: &Place| {
        let eve = place.signed_in(&place.app.cast.eve).await;
        eve.open("/w/acme/connections").await;
        eve.is_on("Connections").await;
        eve.press("CRM, sales team").await;
        eve.is_on("CRM, sales team").await;

        eve.tabs_to("Share").await;
        eve.key(Key::Enter).await;
        eve.sees("Whoever has it by this is told by mail.").await;
        eve.examines_page().await;
        assert_eq!(eve.focused().await, "Find people and groups");
        for _ in 0..24 {
            eve.key(Key::Tab).await;
            assert_eq!(eve.asks(IS_INSIDE, vec![]).await, json!(true), "the focus is on {}", eve.focused().await);
        }
        eve.tabs_to("Find people and groups").await;
        eve.types("memb").await;
        eve.sees("Mia Member").await;
        eve.examines_page().await;
        eve.tabs_to("MM Max Member").await;
        eve.key(Key::Down).await;
        assert!(eve.focused().await.starts_with("MM Mia Member"), "the focus is on {}", eve.focused().await);
        eve.tabs_to("Share").await;
        eve.key(Key::Enter).await;
        eve.sees("If taken away: Mia Member loses it").await;
        eve.examines_page().await;
        eve.press("Take away from Mia Member").await;
        eve.sees("Taken away from Mia Member.").await;
        assert_eq!(eve.focused().await, "Undo");
        eve.examines_page().await;
        eve.key(Key::Enter).await;
        eve.sees("If taken away: Mia Member loses it").await;
        eve.key(Key::Escape).await;
        assert_eq!(eve.focused().await, "Share");

        let mia = place.signed_in(&place.app.cast.mia).await;
        mia.press("Connections").await;
        mia.is_on("Connections").await;
        mia.press("Shared with me 1").await;
        mia.sees("CRM, sales team").await;
        mia.examines_page().await;
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_is_not_shared_and_the_page_says_what_to_do_instead() {
    journey("not-sharing", async |place: &Place| {
        let eve = place.signed_in(&place.app.cast.eve).await;
        connect_calendar(&eve, "My calendar", "Eve").await;

        eve.press("Share").await;
        eve.sees("An OAuth connection cannot be shared").await;
        eve.examines_page().await;
        let page = format!("{}/shares", eve.path().await);
        eve.open(&page).await;
        eve.is_on("Share My calendar").await;
        eve.sees("What to do instead").await;
    })
    .await;
}
