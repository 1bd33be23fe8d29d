//! The journeys, and the stretches of way that several of them share.

mod connecting;
mod importing;
mod keyboard;
mod managing;
mod running;
mod sessions;
mod sharing;
mod watching;
mod without_scripts;

use crate::harness::Visitor;

/// What a page shows beside the answer of a call, for which nobody but the provider can speak.
const BESIDE_THE_ANSWER: &str = r#"
const body = document.body.cloneNode(true);
for (const answer of body.querySelectorAll("[hx-disable]")) answer.remove();
return body.outerHTML;
"#;

/// Goes from an integration's page to the provider, is this person there, and comes back.
async fn allow_at_provider(visitor: &Visitor, person: &str) {
    visitor.press("Connect").await;
    visitor.is_on("Connect Sandbox Calendar").await;
    visitor.press("Continue to Sandbox Calendar").await;
    visitor.is_on("odeus-test asks for access").await;
    visitor.choose(person).await;
    visitor.press("Allow").await;
}

/// Connects somebody's calendar, from anywhere.
async fn connect_calendar(visitor: &Visitor, name: &str, person: &str) {
    visitor.open("/w/acme/integrations/sandbox-calendar").await;
    visitor.is_on("Sandbox Calendar").await;
    visitor.fill("Name", name).await;
    allow_at_provider(visitor, person).await;
    visitor.is_on(name).await;
    visitor.sees(&format!("Connected as {}@sandbox.example.", person.to_lowercase())).await;
}

/// Makes an agent, and stays on the page to build it.
async fn create_agent(visitor: &Visitor, name: &str) {
    visitor.press("Agents").await;
    visitor.is_on("Agents").await;
    visitor.press("New agent").await;
    visitor.is_on("New agent").await;
    visitor.fill("Name", name).await;
    visitor.press("Create agent").await;
    visitor.is_on(name).await;
    visitor.sees("The agent is there, for you alone.").await;
}

/// On the page to build an agent, picks an action of the calendar.
async fn pick_calendar_action(visitor: &Visitor, action: &str) {
    visitor.select("Integration", "Sandbox Calendar").await;
    visitor.select("Action", action).await;
    visitor.sees("Their own credentials").await;
    visitor.examines_page().await;
}

/// From anywhere to the form of an agent's action.
async fn open_action(visitor: &Visitor, agent: &str, action: &str) {
    visitor.press("Agents").await;
    visitor.is_on("Agents").await;
    visitor.press(agent).await;
    visitor.is_on(agent).await;
    visitor.press(&format!("Run {action}")).await;
    visitor.is_on(action).await;
}
