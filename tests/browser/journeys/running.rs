//! Running an action that changes something.

use crate::harness::Place;
use crate::harness::journey;
use crate::journeys::connect_calendar;
use crate::journeys::open_action;

#[tokio::test]
async fn a_change_is_shown_exactly_before_it_is_sent_and_can_be_edited_once_more() {
    journey("confirmation", async |place: &Place| {
        let max = place.signed_in(&place.app.cast.max).await;
        connect_calendar(&max, "My calendar", "Max").await;
        open_action(&max, "Scheduling assistant", "Create an event").await;
        max.press("Run").await;
        max.sees("Not sent. Something needs a change.").await;
        max.examines_page().await;
        max.fill("Title", "Tea with Mia").await;
        max.fill("Start", "2031-05-02T15:00:00Z").await;
        max.fill("End", "2031-05-02T15:30:00Z").await;
        max.press("Run").await;

        max.is_on("Run this?").await;
        let page = max.reads().await;
        for part in ["POST http://127.0.0.1", "/calendar/v1/events", "\"title\": \"Tea with Mia\"", "added when sent"] {
            assert!(page.contains(part), "no {part} in {page}");
        }

        max.press("Change inputs").await;
        max.is_on("Create an event").await;
        assert_eq!(max.held("Title").await, "Tea with Mia");
        max.fill("Title", "Coffee with Mia").await;
        max.press("Run").await;
        max.is_on("Run this?").await;
        max.sees("\"title\": \"Coffee with Mia\"").await;
        max.press("Run").await;
        max.is_on("Create an event").await;
        max.sees("Succeeded").await;

        open_action(&max, "Scheduling assistant", "List events").await;
        max.fill("From", "2031-05-01T00:00:00Z").await;
        max.press("Run").await;
        max.sees("Coffee with Mia").await;
        assert!(!max.reads().await.contains("Tea with Mia"));
        max.press("Runs").await;
        max.is_on("Runs").await;
        max.sees("Create an event").await;
    })
    .await;
}
