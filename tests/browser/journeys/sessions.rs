//! Being signed in, in several places.

use crate::harness::Place;
use crate::harness::journey;

#[tokio::test]
async fn signing_out_everywhere_else_ends_the_other_session_and_keeps_this_one() {
    journey("sessions", async |place: &Place| {
        let here = place.signed_in(&place.app.cast.max).await;
        let there = place.signed_in(&place.app.cast.max).await;
        here.press("Max Member").await;
        here.is_on("Profile").await;
        here.sees("Sessions 2").await;

        here.press("Sign out everywhere else").await;
        here.sees("You are signed out everywhere else.").await;
        here.sees("Sessions 1").await;
        here.examines_page().await;

        there.reload().await;
        there.is_on("Sign in").await;
        here.reload().await;
        here.is_on("Profile").await;
    })
    .await;
}
