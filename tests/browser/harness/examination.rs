//! What is asked of every page that a journey comes to, whatever it is about: it is accessible in light and dark, on a desk
//! and on a phone, does not scroll sideways, and writes no errors into the console.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::PoisonError;

use fantoccini::Client;
use serde_json::Value;
use serde_json::json;

use crate::harness::commands::console;
use crate::harness::commands::devtools;

const AXE: &str = include_str!("../axe.min.js");

/// Serious and critical findings, each as a line.
const RUN_AXE: &str = r#"
const [onlyColours, done] = arguments;
const options = {resultTypes: ["violations"], elementRef: false};
if (onlyColours) options.runOnly = ["color-contrast", "link-in-text-block"];
// What the change of the looks has set going must have ended.
const frame = () => new Promise(requestAnimationFrame);
const settled = async () => {
  await frame();
  await frame();
  document.getAnimations().forEach(animation => animation.finish());
};
settled().then(() => axe.run(document, options)).then(
  found => done(found.violations
    .filter(finding => finding.impact === "serious" || finding.impact === "critical")
    .flatMap(finding => finding.nodes.map(node =>
      `${finding.impact}: ${finding.id}: ${node.target.join(" ")}: ${node.failureSummary}: ${node.html}`))),
  error => done([`axe failed: ${error}`]));
"#;

/// A page without what differs each time: ids, tokens, numbers.
const SHAPE: &str = r#"
return document.title + document.body.outerHTML
  .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "")
  .replace(/(value|hx-headers|datetime|title)=("[^"]*"|'[^']*')/g, "")
  .replace(/\d+/g, "");
"#;

/// The parts that stick out to the right of the window.
const TOO_WIDE: &str = r#"
const root = document.scrollingElement;
if (root.scrollWidth <= root.clientWidth) return [];
const out = [...document.querySelectorAll("body *")].filter(it => it.getBoundingClientRect().right > root.clientWidth + 1);
return out.slice(-3).map(it => it.outerHTML.slice(0, 200));
"#;

/// Pages that were looked at already; most are come by many times.
static SEEN: Mutex<Option<HashSet<String>>> = Mutex::new(None);

/// The ways to look at a page: dark or light, and how wide.
const LOOKS: [(&str, u32, bool); 4] =
    [("light", 1280, false), ("dark", 1280, true), ("dark", 390, true), ("light", 390, false)];

/// Looks at the page in all ways. Where a page is the same as one before, once is enough.
pub(super) async fn examine(client: &Client) {
    assert_eq!(errors(client).await, Vec::<String>::new(), "in the console");
    let shape = client.execute(SHAPE, vec![]).await.unwrap();
    let shape = shape.as_str().unwrap().to_owned();
    let is_new = SEEN.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().insert(shape);
    if is_new {
        no_serious_findings(client).await;
    }
}

/// Nothing that axe calls serious or critical, and nothing wider than the window.
async fn no_serious_findings(client: &Client) {
    client.execute(AXE, vec![]).await.unwrap();
    for (colours, width, is_only_about_colours) in LOOKS {
        look(client, colours, width).await;
        let found = client.execute_async(RUN_AXE, vec![json!(is_only_about_colours)]).await.unwrap();
        assert_eq!(found, json!([]), "{colours}, {width} wide");
        let found = client.execute(TOO_WIDE, vec![]).await.unwrap();
        assert_eq!(found, json!([]), "wider than {width}");
    }
    look(client, "light", 1280).await;
}

async fn look(client: &Client, colours: &str, width: u32) {
    let features = json!([
        {"name": "prefers-color-scheme", "value": colours},
        // Without, colours would be measured halfway through a transition.
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]);
    devtools(client, "Emulation.setEmulatedMedia", json!({"features": features})).await;
    let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500});
    devtools(client, "Emulation.setDeviceMetricsOverride", size).await;
}

/// What went wrong in the browser. An answer that says no is written there as well, and is none.
async fn errors(client: &Client) -> Vec<String> {
    let is_answer =
        |message: &str| ["409", "422"].iter().any(|status| message.contains(&format!("status of {status}")));
    let lines = console(client).await.into_iter();
    lines.filter(|(level, message)| level == "SEVERE" && !is_answer(message)).map(|(_, message)| message).collect()
}

/// Scripts of ours run by the driver, also where those of pages do not.
pub(super) async fn ask(client: &Client, script: &str, args: Vec<Value>) -> Value {
    client.execute(script, args).await.unwrap()
}
