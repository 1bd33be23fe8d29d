//! An admin's pages: people and their invitations, groups, roles, and what stops when somebody goes.

use fantoccini::key::Key;

use crate::harness::Place;
use crate::harness::Visitor;
use crate::harness::journey;
use crate::journeys::connect_calendar;

async fn goes_to(visitor: &Visitor, page: &str) {
    visitor.open(&format!("/w/acme/{}", page.to_lowercase())).await;
    visitor.is_on(page).await;
}

#[tokio::test]
async fn people_are_invited_and_whoever_has_an_account_answers() {
    journey("inviting", async |place: &Place| {
        let ada = place.signed_in(&place.app.cast.ada).await;
        goes_to(&ada, "People").await;
        ada.press("Invite people").await;
        ada.fill("E-mail addresses", "nobody, max@acme.example").await;
        ada.press("Invite").await;
        ada.sees("max@acme.example: This person is a member already.").await;
        ada.examines_page().await;
        ada.fill("E-mail addresses", "Nia New <nia@acme.example>").await;
        ada.select("How it reaches them", "By links that I hand over").await;
        ada.press("Invite").await;
        ada.sees("Hand these links over now.").await;
        ada.examines_page().await;
        goes_to(&ada, "People").await;
        ada.press("Invite people").await;
        ada.fill("E-mail addresses", "mallory@globex.example").await;
        ada.press("Invite").await;
        ada.sees("Invited: 1 person.").await;
        ada.press("Mallory Admin").await;
        ada.is_on("Mallory Admin").await;
        ada.sees("They have an account already").await;

        let mallory = place.signed_in(&place.app.cast.mallory).await;
        mallory.press("Workspace: Globex. Invited elsewhere. Switch workspace").await;
        mallory.examines_page().await;
        mallory.press("Invitations").await;
        mallory.is_on("Invitations").await;
        mallory.sees("Ada Admin invited you as Member").await;
        mallory.tabs_to("Join Acme").await;
        mallory.key(Key::Enter).await;
        mallory.is_on("Integrations").await;
        mallory.sees("You are a member of Acme now.").await;
    })
    .await;
}

#[tokio::test]
async fn a_group_is_made_and_filled_by_the_keyboard_and_its_deletion_says_who_loses_what() {
    journey("grouping", async |place: &Place| {
        let ada = place.signed_in(&place.app.cast.ada).await;
        goes_to(&ada, "Groups").await;
        ada.tabs_to("New group").await;
        ada.types("Sales").await;
        ada.key(Key::Enter).await;
        ada.is_on("Sales").await;
        ada.tabs_to("Find people to add").await;
        ada.types("mia").await;
        ada.sees("mia@acme.example").await;
        ada.examines_page().await;
        ada.tabs_to("Add Mia Member").await;
        ada.key(Key::Enter).await;
        ada.sees("Members 1").await;
        ada.press("Add many by their addresses").await;
        ada.fill("E-mail addresses", "max@acme.example, nobody@acme.example").await;
        ada.press("Add them").await;
        ada.sees("1 person added.").await;
        ada.examines_page().await;

        ada.open("/w/acme/connections?view=all").await;
        ada.is_on("Connections").await;
        ada.press("CRM, sales team").await;
        ada.is_on("CRM, sales team").await;
        let shares = format!("{}/shares", ada.path().await);
        ada.open(&shares).await;
        ada.is_on("Share CRM, sales team").await;
        ada.fill("Find people and groups", "sal").await;
        ada.choose("Sales").await;
        ada.press("Share").await;
        ada.sees("If taken away:").await;

        goes_to(&ada, "Groups").await;
        ada.press("Sales").await;
        ada.is_on("Sales").await;
        ada.sees("Where it has access 1").await;
        ada.press("Delete group…").await;
        ada.is_on("Delete the group Sales?").await;
        ada.sees("2 people lose it").await;
        ada.press("Delete group").await;
        ada.is_on("Groups").await;

        goes_to(&ada, "Roles").await;
        ada.press("Save permissions").await;
        ada.is_on("Roles").await;
    })
    .await;
}

#[tokio::test]
async fn deactivating_says_what_stops_and_what_is_left_behind_is_given_on() {
    journey("leaving", async |place: &Place| {
        let eve = place.signed_in(&place.app.cast.eve).await;
        connect_calendar(&eve, "My calendar", "Eve").await;
        let ada = place.signed_in(&place.app.cast.ada).await;
        goes_to(&ada, "People").await;
        ada.press("Eve Editor").await;
        ada.is_on("Eve Editor").await;
        ada.press("Deactivate…").await;
        ada.is_on("Deactivate Eve Editor?").await;
        ada.sees("Agents that need a new connection").await;
        ada.press("Deactivate Eve Editor").await;
        ada.is_on("Eve Editor").await;
        ada.sees("Eve Editor is out.").await;
        eve.reload().await;
        eve.is_on("Sign in").await;

        goes_to(&ada, "People").await;
        ada.press("Look at them").await;
        ada.is_on("Left behind").await;
        ada.fill("New owner of CRM, sales team, by e-mail", "nobody@acme.example").await;
        ada.press("Give to this person: CRM, sales team").await;
        ada.sees("There is no such active member in this workspace.").await;
        ada.examines_page().await;
        ada.fill("New owner of CRM, sales team, by e-mail", "max@acme.example").await;
        ada.press("Give to this person: CRM, sales team").await;
        ada.sees("CRM, sales team belongs to Max Member now and works again.").await;
        goes_to(&ada, "Audit").await;
        ada.sees("deactivated Eve Editor").await;
        ada.open("/w/acme/mails").await;
        ada.is_on("Mail").await;
    })
    .await;
}
