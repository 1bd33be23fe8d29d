//! Everything by the keyboard alone.

use fantoccini::key::Key;

use crate::harness::Place;
use crate::harness::journey;
use crate::support::cast::PASSWORD;

#[tokio::test]
async fn an_action_is_run_by_the_keyboard_alone_and_the_focus_is_always_seen() {
    journey("keyboard", async |place: &Place| {
        let mia = place.visitor("mia-by-keyboard").await;
        mia.open("/sign-in").await;
        mia.is_on("Sign in").await;
        assert_eq!(mia.focused().await, "E-mail");
        mia.types(&place.app.cast.mia.email).await;
        mia.tabs_to("Password").await;
        mia.types(PASSWORD).await;
        mia.key(Key::Enter).await;
        mia.is_on("Integrations").await;

        mia.tabs_to("Skip to content").await;
        mia.key(Key::Enter).await;
        mia.tabs_to("Search integrations").await;
        mia.open("/w/acme/connections").await;
        mia.is_on("Connections").await;
        mia.tabs_to("Agents").await;
        mia.key(Key::Enter).await;
        mia.is_on("Agents").await;
        mia.tabs_to("Sales assistant").await;
        mia.key(Key::Enter).await;
        mia.is_on("Sales assistant").await;
        mia.tabs_to("Run Find contacts").await;
        mia.key(Key::Enter).await;
        mia.is_on("Find contacts").await;

        mia.tabs_to("Q").await;
        mia.types("northwind").await;
        mia.tabs_to("Limit").await;
        mia.types("0").await;
        mia.key(Key::Enter).await;
        mia.sees("Not sent. Something needs a change.").await;
        assert!(mia.focused().await.starts_with("Not sent."), "the focus is on {}", mia.focused().await);
        mia.tabs_to("Limit").await;
        mia.types("5").await;
        mia.tabs_to("Run").await;
        mia.key(Key::Enter).await;
        mia.sees("Lena Fischer").await;
        assert_eq!(mia.focused().await, "Result");
        mia.examines_page().await;
    })
    .await;
}
