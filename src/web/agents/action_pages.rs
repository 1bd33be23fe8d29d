//! The pages of an action: its form with what came of it, and the questions that stand between a call and its answer.
//! Whoever runs a preselected action reads nothing here of the connection, its owner or its account (R11).

use askama::Template;

use crate::authz::facts::CredentialMode;
use crate::domain::connections::Connection;
use crate::domain::integrations::definition::Effect;
use crate::domain::runs::Preview;
use crate::domain::runs::Run;
use crate::http::answer::Answer;
use crate::http::look::ActionFace;
use crate::http::page::Shell;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::DraftId;
use crate::web::agents::fields::Fieldset;

/// What every page about an action says of it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The agent.
    pub agent: AgentId,
    /// Its name.
    pub agent_name: String,
    /// The action on it.
    pub action: AgentActionId,
    /// What it is called.
    pub face: ActionFace,
    /// What it does.
    pub description: String,
    /// What it does to the other side, while the integration has it.
    pub effect: Option<Effect>,
    /// Whose credential it uses.
    pub credentials: CredentialMode,
    /// Whether each call is shown before it is sent.
    pub asks_first: bool,
    /// As whom it runs for this person.
    pub as_whom: String,
    /// What it needs first: the badge's class and words.
    pub need: Option<(&'static str, String)>,
    /// Whether this person has to connect first (R9).
    pub needs_connection: bool,
    /// Why it cannot run now, and who can help.
    pub trouble: Option<String>,
}

impl Frame {
    /// Where calls are posted.
    fn target(&self, shell: &Shell) -> String {
        shell.urls.agent_action_part(&self.agent, &self.action, "runs")
    }
}

/// Something to say above the form.
#[derive(Clone, Debug, Default)]
pub struct Notice {
    /// The class of its colour: `info`, `warning` or `danger`.
    pub tone: &'static str,
    /// In short.
    pub title: String,
    /// What happened and what to do.
    pub text: String,
    /// Where it can be mended: words and address.
    pub link: Option<(&'static str, String)>,
}

/// A run that just ended, with its answer.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The run.
    pub run: Run,
    /// What came back.
    pub answer: Option<Answer>,
}

impl Shown {
    pub(super) fn of(run: Run) -> Self {
        let response = run.content.as_ref().and_then(|content| content.response.as_ref());
        let answer = response.map(|response| Answer::of(&response.body, response.is_cut));
        Self { run, answer }
    }
}

/// The form of an action, and what came of the last call.
#[derive(Clone, Debug, Template)]
#[template(path = "agents/action.html")]
pub struct ActionPage {
    /// The frame of the page.
    pub shell: Shell,
    /// The action.
    pub frame: Frame,
    /// The form; without one the action cannot be run.
    pub fieldset: Option<Fieldset>,
    /// Makes the next call happen once.
    pub key: String,
    /// What there is to say.
    pub notice: Option<Notice>,
    /// What came of the last call.
    pub result: Option<Shown>,
}

/// Back from connecting: the call goes on by one more press of a button, which a script presses.
#[derive(Clone, Debug, Template)]
#[template(path = "agents/going_on.html")]
pub struct GoingOnPage {
    /// The frame of the page.
    pub shell: Shell,
    /// The action.
    pub frame: Frame,
    /// What was filled in.
    pub fieldset: Fieldset,
    /// The inputs that were kept.
    pub draft: DraftId,
}

/// The call needs a connection of the caller's (R9).
#[derive(Clone, Debug, Template)]
#[template(path = "agents/connect.html")]
pub struct ConnectPage {
    /// The frame of the page.
    pub shell: Shell,
    /// The action.
    pub frame: Frame,
    /// What was filled in.
    pub fieldset: Fieldset,
    /// The inputs that were kept.
    pub draft: DraftId,
}

/// The caller has several connections (R8).
#[derive(Clone, Debug, Template)]
#[template(path = "agents/choose.html")]
pub struct ChoosePage {
    /// The frame of the page.
    pub shell: Shell,
    /// The action.
    pub frame: Frame,
    /// What was filled in.
    pub fieldset: Fieldset,
    /// The connections.
    pub choices: Vec<Connection>,
    /// The inputs that were kept.
    pub draft: DraftId,
}

/// The caller has to agree to exactly this request.
#[derive(Clone, Debug, Template)]
#[template(path = "agents/confirm.html")]
pub struct ConfirmPage {
    /// The frame of the page.
    pub shell: Shell,
    /// The action.
    pub frame: Frame,
    /// What will be sent.
    pub preview: Preview,
    /// The word by which the caller agrees.
    pub confirmation: String,
    /// The connection, if it was chosen for this call.
    pub connection: Option<ConnectionId>,
    /// The inputs that were kept.
    pub draft: DraftId,
}

impl ConfirmPage {
    /// The class of the method's colour.
    fn method_class(&self) -> String {
        self.preview.method.to_ascii_lowercase()
    }
}
