//! What Chromium's driver can do beyond `WebDriver`: speak to the browser's own tools, and give out the console.

use fantoccini::Client;
use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::Value;
use serde_json::json;
use url::ParseError;
use url::Url;

#[derive(Debug)]
struct Extra {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extra {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!("session/{}/{}", session_id.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _request_url: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// Sends a command of the `DevTools` protocol.
pub(super) async fn devtools(client: &Client, command: &str, params: Value) {
    let body = json!({"cmd": command, "params": params});
    client.issue_cmd(Extra { path: "goog/cdp/execute", body }).await.unwrap();
}

/// What the browser has written into its console since the last look: level and message.
pub(super) async fn console(client: &Client) -> Vec<(String, String)> {
    let lines = client.issue_cmd(Extra { path: "se/log", body: json!({"type": "browser"}) }).await.unwrap();
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let lines = lines.as_array().cloned().unwrap_or_default();
    lines.iter().map(|line| (text(line, "level"), text(line, "message"))).collect()
}
