//! An admin looks at what happened and at what was written to people; a person chooses their mails.

use crate::harness::Place;
use crate::harness::journey;

#[tokio::test]
async fn an_admin_finds_who_did_what_and_a_person_chooses_their_mails() {
    journey("watching", async |place: &Place| {
        let ada = place.signed_in(&place.app.cast.ada).await;
        ada.press("Audit").await;
        ada.is_on("Audit").await;
        ada.sees("Ada Admin signed in").await;
        ada.fill("Person", "nobody of that name").await;
        ada.press("Filter").await;
        ada.sees("Nobody here has that name or address.").await;
        ada.examines_page().await;
        ada.fill("Person", "Eve").await;
        ada.select("Kind", "Agents").await;
        ada.press("Filter").await;
        ada.sees("Eve Editor made the agent Sales assistant").await;
        ada.examines_page().await;
        ada.press("Mail").await;
        ada.is_on("Mail").await;
        ada.sees("No mails yet").await;
        ada.examines_page().await;

        let max = place.signed_in(&place.app.cast.max).await;
        max.press("Max Member").await;
        max.is_on("Profile").await;
        max.press("Choose your mails").await;
        max.is_on("Mails").await;
        max.sees("A connection needs you").await;
        max.examines_page().await;
        max.press("Save").await;
        max.sees("Saved.").await;
    })
    .await;
}
