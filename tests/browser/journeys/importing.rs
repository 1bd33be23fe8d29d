//! Bringing in an API by its document.

use crate::harness::Place;
use crate::harness::journey;

const BROKEN: &str = "openapi: 3.1.0
info: {title: Help desk, version: '1'}
paths:
  /tickets:
    get:
      operationId: listTickets
      summary: List tickets
      responses: {'200': {description: Tickets}}
";
const SERVERS: &str = "servers: [{url: https://desk.example/v1}]\n";

#[tokio::test]
async fn a_document_with_problems_is_given_back_to_be_mended() {
    journey("importing", async |place: &Place| {
        let eve = place.signed_in(&place.app.cast.eve).await;
        eve.press("Import OpenAPI").await;
        eve.is_on("Import an integration").await;
        eve.fill("OpenAPI document", BROKEN).await;
        eve.fill("Key", "help-desk").await;
        eve.press("Import").await;

        eve.sees("Not imported. 1 thing in the document needs a change.").await;
        eve.sees("there is no server").await;
        eve.examines_page().await;
        assert_eq!(
            (eve.held("OpenAPI document").await, eve.held("Key").await),
            (BROKEN.to_owned(), "help-desk".to_owned())
        );

        eve.fill("OpenAPI document", &format!("{BROKEN}{SERVERS}")).await;
        eve.press("Import").await;
        eve.is_on("Help desk").await;
        eve.sees("Help desk is here, with 1 action.").await;
        assert_eq!(eve.path().await, "/w/acme/integrations/help-desk");
    })
    .await;
}
