//! Letters about what is shared. Each is written as things are now: who has no access any more is not told that they have,
//! and who has it again is not told that it went.

use diesel::pg::PgConnection;
use serde::Deserialize;

use crate::authz::actor::Actor;
use crate::authz::facts::AgentAccess;
use crate::authz::facts::ShareAccess;
use crate::authz::proof::Guarded;
use crate::domain::accounts::users;
use crate::domain::agents::Agent;
use crate::domain::agents::joins;
use crate::domain::agents::told;
use crate::domain::connections::Connection;
use crate::domain::connections::shares;
use crate::domain::outbox::Claimed;
use crate::domain::outbox::fan_outs;
use crate::domain::people::grantee::Grantee;
use crate::domain::people::workspaces::Workspace;
use crate::jobs::compose;
use crate::jobs::compose::Composer;
use crate::jobs::compose::Letter;
use crate::jobs::compose::of_registry;
use crate::jobs::send_mail::ComposeError;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::AgentShareId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::ShareId;
use crate::kernel::ids::UserId;
use crate::kernel::text;
use crate::mail::letter::AccessRemoved;
use crate::mail::letter::AudienceGrew;
use crate::mail::letter::Heading;
use crate::mail::letter::SharedWithYou;

/// How many of those who joined a group are named.
const NAMED_AT_MOST: usize = 3;

/// What the rows of these mails hold.
#[derive(Deserialize)]
#[serde(untagged)]
enum Payload {
    Connection { connection: ConnectionId, share: ShareId, by: UserId, name: String, integration: String },
    Agent { agent: AgentId, share: AgentShareId, by: UserId, name: String },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AudiencePayload {
    Share { agent: AgentId, share: AgentShareId, by: UserId },
    Join { group: GroupId, by: UserId, agents: Vec<AgentId>, joined: Vec<UserId> },
}

/// Who reads the letter, as a member of the workspace that it is about.
struct Reader {
    workspace: Workspace,
    actor: Actor,
}

impl Composer {
    pub(super) fn shared_with_you(&self, tx: &mut PgConnection, mail: &Claimed, heading: Heading) -> Letter {
        let Some(reader) = reader(tx, mail, heading.at)? else { return Ok(None) };
        let letter = match Payload::deserialize(&mail.payload)? {
            Payload::Connection { connection, share, by, .. } => {
                self.shared_connection(tx, &reader, connection, share, by)?
            }
            Payload::Agent { agent, share, by, .. } => self.shared_agent(tx, &reader, agent, share, by)?,
        };
        letter.map(|letter| letter.message(heading).map_err(ComposeError::from)).transpose()
    }

    fn shared_connection(
        &self,
        tx: &mut PgConnection,
        reader: &Reader,
        id: ConnectionId,
        share: ShareId,
        by: UserId,
    ) -> Result<Option<SharedWithYou>, ComposeError> {
        let actor = &reader.actor;
        let Some(connection) = Connection::load(tx, actor, &id)?.filter(|it| !it.is_owner) else { return Ok(None) };
        let mut ways = shares::ways_of(tx, actor.workspace, id, actor.at, vec![actor.user])?;
        let ways = ways.remove(&actor.user).unwrap_or_default();
        let Some(way) = ways.into_iter().find(|way| way.share == share) else { return Ok(None) };
        Ok(Some(SharedWithYou {
            by: name_of(tx, by)?,
            kind: format!("{} connection", self.integration_name(tx, reader, connection.integration)?),
            name: connection.name,
            with: with(way.grantee, way.group_name, &reader.workspace),
            may: match way.access {
                ShareAccess::Use => "You and the agents you use can act through it.",
                ShareAccess::Attach => {
                    "You and the agents you use can act through it, and you can attach it to agents."
                }
            },
            until: way.expires_at.map(|end| end.format("%-d %B %Y").to_string()),
            link: (self.addresses.connection)((reader.workspace.slug.clone(), id)),
        }))
    }

    fn shared_agent(
        &self,
        tx: &mut PgConnection,
        reader: &Reader,
        id: AgentId,
        share: AgentShareId,
        by: UserId,
    ) -> Result<Option<SharedWithYou>, ComposeError> {
        let actor = &reader.actor;
        let Some(agent) = Agent::load(tx, actor, &id)?.filter(|it| !it.is_owner) else { return Ok(None) };
        let Some(way) = told::way(tx, actor.workspace, id, share, actor.user)? else { return Ok(None) };
        Ok(Some(SharedWithYou {
            by: name_of(tx, by)?,
            kind: "agent".to_owned(),
            name: agent.name,
            with: with(way.grantee, way.grantee_name, &reader.workspace),
            may: match way.access {
                AgentAccess::Use => "You can run its actions.",
                AgentAccess::Edit => "You can run its actions and change it.",
            },
            until: None,
            link: (self.addresses.agent)((reader.workspace.slug.clone(), id)),
        }))
    }

    pub(super) fn access_removed(&self, tx: &mut PgConnection, mail: &Claimed, heading: Heading) -> Letter {
        let Some(reader) = reader(tx, mail, heading.at)? else { return Ok(None) };
        let (actor, slug) = (&reader.actor, reader.workspace.slug.clone());
        let letter = match Payload::deserialize(&mail.payload)? {
            Payload::Connection { connection, share, by, name, integration } => {
                let now = Connection::load(tx, actor, &connection)?;
                if now.is_some_and(|it| it.is_owner || it.shared.is_some())
                    || fan_outs::was_never_told(tx, share.uuid(), actor.user)?
                {
                    return Ok(None);
                }
                AccessRemoved {
                    by: name_of(tx, by)?,
                    kind: format!("{} connection", self.integration_name(tx, &reader, integration)?),
                    name,
                    stops: "Neither you nor the agents you use act through it any more, unless an agent has it preselected.",
                    link: (self.addresses.shared_connections)(slug),
                }
            }
            Payload::Agent { agent, share, by, name } => {
                let now = Agent::load(tx, actor, &agent)?;
                if now.is_some_and(|it| it.is_owner || it.shared.is_some())
                    || fan_outs::was_never_told(tx, share.uuid(), actor.user)?
                {
                    return Ok(None);
                }
                let stops = "You cannot run its actions any more.";
                let link = (self.addresses.agents)(slug);
                AccessRemoved { by: name_of(tx, by)?, kind: "agent".to_owned(), name, stops, link }
            }
        };
        Ok(Some(letter.message(heading)?))
    }

    pub(super) fn audience_grew(&self, tx: &mut PgConnection, mail: &Claimed, heading: Heading) -> Letter {
        let Some(reader) = reader(tx, mail, heading.at)? else { return Ok(None) };
        let letter = match AudiencePayload::deserialize(&mail.payload)? {
            AudiencePayload::Share { agent, share, by } => self.agent_shared_on(tx, &reader, agent, share, by)?,
            AudiencePayload::Join { group, by, agents, joined } => {
                self.group_grown(tx, &reader, group, (&joined, &agents), by)?
            }
        };
        letter.map(|letter| letter.message(heading).map_err(ComposeError::from)).transpose()
    }

    fn agent_shared_on(
        &self,
        tx: &mut PgConnection,
        reader: &Reader,
        agent: AgentId,
        share: AgentShareId,
        by: UserId,
    ) -> Result<Option<AudienceGrew>, ComposeError> {
        let actor = &reader.actor;
        let connections = told::attached(tx, actor.workspace, agent, actor.user)?;
        let Some(share) = told::share(tx, actor.workspace, agent, share)? else { return Ok(None) };
        if connections.is_empty() {
            return Ok(None);
        }
        let with = match share.grantee {
            Grantee::User(_) => share.grantee_name.unwrap_or_default(),
            Grantee::Group(_) => format!("the group {}", share.grantee_name.unwrap_or_default()),
            Grantee::Workspace => format!("everyone in {}", reader.workspace.name),
        };
        let (by, link) = (name_of(tx, by)?, self.agent_link(tx, reader, agent)?);
        let agent = share.agent_name;
        Ok(Some(AudienceGrew { by, agent, other_agents: 0, with, joined: None, connections, link }))
    }

    fn group_grown(
        &self,
        tx: &mut PgConnection,
        reader: &Reader,
        group: GroupId,
        (joined, agents): (&[UserId], &[AgentId]),
        by: UserId,
    ) -> Result<Option<AudienceGrew>, ComposeError> {
        let actor = &reader.actor;
        let Some(now) = joins::find(tx, actor.workspace, group, (joined, agents), actor.user)? else { return Ok(None) };
        let Some((first, agent)) = now.agents.first().cloned() else { return Ok(None) };
        let connections = told::attached(tx, actor.workspace, first, actor.user)?;
        Ok(Some(AudienceGrew {
            by: name_of(tx, by)?,
            agent,
            other_agents: now.agents.len() - 1,
            with: format!("the group {}", now.group),
            joined: Some(names(&now.people)),
            connections,
            link: self.agent_link(tx, reader, first)?,
        }))
    }

    /// Whoever attached something to it may have lost the agent since; their connections are still theirs to look at.
    fn agent_link(&self, tx: &mut PgConnection, reader: &Reader, agent: AgentId) -> Result<String, ComposeError> {
        let slug = reader.workspace.slug.clone();
        Ok(match Agent::load(tx, &reader.actor, &agent)? {
            Some(agent) if agent.is_owner || agent.shared.is_some() => (self.addresses.agent)((slug, agent.id)),
            Some(_) | None => (self.addresses.shared_connections)(slug),
        })
    }

    fn integration_name(&self, tx: &mut PgConnection, reader: &Reader, key: String) -> Result<String, ComposeError> {
        let definition = self.registry.find(tx, reader.workspace.id, &key).map_err(of_registry)?;
        Ok(definition.map_or(key, |definition| definition.name.clone()))
    }
}

/// Whoever the mail is for, if they are still an active member.
fn reader(tx: &mut PgConnection, mail: &Claimed, at: Timestamp) -> Result<Option<Reader>, ComposeError> {
    Ok(compose::reader(tx, mail, at)?.map(|(workspace, actor)| Reader { workspace, actor }))
}

/// The first of them by name, the rest in a number.
fn names(people: &[String]) -> String {
    let (shown, rest) = people.split_at(people.len().min(NAMED_AT_MOST));
    text::listed(shown, i64::try_from(rest.len()).unwrap_or(i64::MAX))
}

fn name_of(tx: &mut PgConnection, user: UserId) -> Result<String, ComposeError> {
    Ok(users::find(tx, user)?.map_or_else(|| "Somebody".to_owned(), |person| person.name))
}

fn with(grantee: Grantee, group: Option<String>, workspace: &Workspace) -> String {
    match grantee {
        Grantee::User(_) => "you".to_owned(),
        Grantee::Group(_) => format!("the group {}, which you are in", group.unwrap_or_default()),
        Grantee::Workspace => format!("everyone in {}", workspace.name),
    }
}
