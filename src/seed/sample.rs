//! What the demo shows from the first minute: four integrations of the stand-in provider, two connections, two agents.
//! All of it goes the way that the pages go, with the rights of the people who would have done it.

use std::collections::BTreeMap;

use diesel::pg::PgConnection;

use crate::authz::actions::Attach;
use crate::authz::actions::Configure;
use crate::authz::actions::Connect;
use crate::authz::actions::CreateAgent;
use crate::authz::actions::CreateIntegration;
use crate::authz::actions::Edit;
use crate::authz::actions::Share;
use crate::authz::actor::Actor;
use crate::authz::facts::AgentAccess;
use crate::authz::facts::AuthType;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::agents::Agent;
use crate::domain::agents::actions;
use crate::domain::agents::actions::Credentials;
use crate::domain::agents::actions::NewAction;
use crate::domain::agents::agent;
use crate::domain::agents::agent::NewAgent;
use crate::domain::agents::shares;
use crate::domain::connections::Connection;
use crate::domain::connections::connecting::Connecting;
use crate::domain::connections::connecting::NewConnection;
use crate::domain::integrations::custom;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::settings;
use crate::domain::people::grantee::Grantee;
use crate::domain::people::workspaces::Workspace;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::outbound::guard::Egress;
use crate::vault::Vault;
use crate::vault::input::SecretInput;

/// What the stand-in provider offers.
pub struct Offer {
    /// Its integrations' documents.
    pub documents: Vec<String>,
    /// The id of the OAuth client that it knows.
    pub client_id: String,
    /// That client's secret.
    pub client_secret: SecretInput,
    /// A key to its CRM.
    pub crm_key: SecretInput,
    /// What may be called.
    pub egress: Egress,
}

/// What making the sample takes.
pub struct Hands {
    /// The database.
    pub db: Db,
    /// The secrets.
    pub vault: Vault,
    /// The definitions.
    pub registry: Registry,
    /// Makes connections.
    pub connecting: Connecting,
    /// The admin, who brings the integrations in.
    pub admin: Actor,
    /// The editor, who connects and builds.
    pub editor: Actor,
}

const CALENDAR: &str = "sandbox-calendar";
const CRM: &str = "sandbox-crm";
const HOLIDAYS: &str = "sandbox-holidays";

/// Makes all of it. The provider is asked, so it has to run.
pub async fn plant(hands: &Hands, offer: Offer) -> anyhow::Result<()> {
    let Offer { documents, client_id, client_secret, crm_key, egress } = offer;
    let (registry, vault, admin) = (hands.registry.clone(), hands.vault.clone(), hands.admin.clone());
    hands
        .db
        .write(move |tx| {
            for document in &documents {
                import(tx, &registry, &admin, &egress, document)?;
            }
            set_client(tx, &registry, &vault, &admin, &client_id, client_secret)
        })
        .await
        .map_err(|Failure(error)| error)?;
    let key = BTreeMap::from([("key".to_owned(), crm_key)]);
    let crm = connect(hands, CRM, AuthType::ApiKey, "CRM, sales team", key).await?;
    connect(hands, HOLIDAYS, AuthType::None, "Public holidays", BTreeMap::new()).await?;
    let (registry, editor) = (hands.registry.clone(), hands.editor.clone());
    hands.db.write(move |tx| agents(tx, &registry, &editor, crm)).await.map_err(|Failure(error)| error)?;
    Ok(())
}

/// Any error at all: whoever starts the demo reads it.
struct Failure(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

fn import(
    tx: &mut PgConnection,
    registry: &Registry,
    admin: &Actor,
    egress: &Egress,
    text: &str,
) -> Result<(), Failure> {
    let document = custom::read(text, egress)?;
    let proof = authorize::<CreateIntegration, Workspace>(tx, admin.clone(), &())?;
    custom::create(tx, registry, &proof, None, text, &document)?;
    Ok(())
}

fn set_client(
    tx: &mut PgConnection,
    registry: &Registry,
    vault: &Vault,
    admin: &Actor,
    client_id: &str,
    client_secret: SecretInput,
) -> Result<(), Failure> {
    let proof = authorize::<Configure, Integration>(tx, admin.clone(), &CALENDAR.to_owned())?;
    let definition = registry.find(tx, admin.workspace, CALENDAR)?.ok_or_else(|| missing(CALENDAR))?;
    settings::set_oauth_client(tx, vault, &proof, &definition, client_id, client_secret)?;
    Ok(())
}

fn missing(integration: &str) -> anyhow::Error {
    anyhow::anyhow!("the sample integration {integration} is missing")
}

async fn connect(
    hands: &Hands,
    integration: &'static str,
    auth_type: AuthType,
    name: &str,
    fields: BTreeMap<String, SecretInput>,
) -> anyhow::Result<ConnectionId> {
    let (registry, editor) = (hands.registry.clone(), hands.editor.clone());
    let (proof, definition) = hands
        .db
        .read(move |conn| {
            let workspace = editor.workspace;
            let proof = authorize::<Connect, Integration>(conn, editor, &integration.to_owned())?;
            let definition = registry.find(conn, workspace, integration)?.ok_or_else(|| missing(integration))?;
            Ok((proof, definition))
        })
        .await
        .map_err(|Failure(error)| error)?;
    let new = NewConnection { auth_type, name: name.to_owned(), fields };
    Ok(hands.connecting.connect(proof, definition, new).await?)
}

fn agents(tx: &mut PgConnection, registry: &Registry, editor: &Actor, crm: ConnectionId) -> Result<(), Failure> {
    let scheduling = NewAgent {
        name: "Scheduling assistant".to_owned(),
        description: "Looks into your calendar and puts meetings there.".to_owned(),
        instructions: "Look for free time before you propose any. Never move a meeting without being asked to."
            .to_owned(),
    };
    let agent = make(tx, editor, &scheduling)?;
    for (integration, action) in [(CALENDAR, "listEvents"), (CALENDAR, "createEvent"), (HOLIDAYS, "listHolidays")] {
        put(tx, registry, editor, agent, (integration, action), None)?;
    }
    let sales = NewAgent {
        name: "Sales assistant".to_owned(),
        description: "Finds customers and writes down deals in the team's CRM.".to_owned(),
        instructions: "Search the contacts before you make a deal, and say which contact it is for.".to_owned(),
    };
    let agent = make(tx, editor, &sales)?;
    for action in ["listContacts", "createDeal"] {
        put(tx, registry, editor, agent, (CRM, action), Some(crm))?;
    }
    Ok(())
}

/// An agent that the whole workspace may use.
fn make(tx: &mut PgConnection, editor: &Actor, new: &NewAgent) -> Result<AgentId, Failure> {
    let proof = authorize::<CreateAgent, Workspace>(tx, editor.clone(), &())?;
    let id = agent::create(tx, &proof, new)?;
    let proof = authorize::<Share, Agent>(tx, editor.clone(), &id)?;
    shares::add(tx, &proof, Grantee::Workspace, AgentAccess::Use)?;
    Ok(id)
}

fn put(
    tx: &mut PgConnection,
    registry: &Registry,
    editor: &Actor,
    agent: AgentId,
    (integration, action): (&str, &str),
    preselected: Option<ConnectionId>,
) -> Result<(), Failure> {
    let proof = authorize::<Edit, Agent>(tx, editor.clone(), &agent)?;
    let new = NewAction { integration: integration.to_owned(), action: action.to_owned(), requires_confirmation: None };
    let attach = match preselected {
        Some(connection) => Some(authorize::<Attach, Connection>(tx, editor.clone(), &connection)?),
        None => None,
    };
    let credentials = attach.as_ref().map_or(Credentials::Own, Credentials::Preselected);
    actions::add(tx, registry, &proof, &new, credentials)?;
    Ok(())
}
