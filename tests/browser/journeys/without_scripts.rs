//! The same pages in a browser that runs no scripts.

use odeus::sandbox::CRM_KEYS;

use crate::harness::Place;
use crate::harness::journey;
use crate::journeys::allow_at_provider;
use crate::journeys::open_action;

#[tokio::test]
async fn everything_works_without_scripts() {
    journey("without-scripts", async |place: &Place| {
        let max = place.visitor_without_scripts("max-without-scripts").await;
        max.sign_in(&place.app.cast.max).await;
        max.press("Sandbox CRM").await;
        max.is_on("Sandbox CRM").await;
        max.fill("API key", CRM_KEYS[0].key).await;
        max.press("Connect").await;
        max.is_on("Sandbox CRM").await;
        max.sees("Connected to Sandbox CRM.").await;

        open_action(&max, "Sales assistant", "Find contacts").await;
        max.fill("Q", "northwind").await;
        max.press("Run").await;
        max.sees("Lena Fischer").await;
        assert!(max.path().await.starts_with("/w/acme/runs/"), "{}", max.path().await);

        open_action(&max, "Scheduling assistant", "List events").await;
        max.press("Run").await;
        max.is_on("This action needs your Sandbox Calendar").await;
        max.press("Connect").await;
        max.is_on("Sandbox Calendar").await;
        allow_at_provider(&max, "Max").await;
        max.is_on("Connected. Going on…").await;
        max.press("Continue").await;
        max.sees("Day off").await;

        max.press("Sign out").await;
        max.is_on("Sign in").await;
        max.open("/w/acme/runs").await;
        max.is_on("Sign in").await;
    })
    .await;
}
