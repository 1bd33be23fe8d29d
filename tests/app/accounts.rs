//! Coming in and going out, as a browser does it.

use crate::support::TestApp;

#[tokio::test]
async fn the_right_password_lets_one_in() {
    let app = TestApp::start();

    let client = app.signed_in(&app.cast.ada).await;

    let answer = client.get("/").await;
    assert_eq!((answer.status, answer.location()), (303, "/w/acme/integrations"));
}
