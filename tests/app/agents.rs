//! Agents: private until shared, changed by those who may, and lists that show what the policy lets one view.

use diesel::Connection as _;
use odeus::authz::actions;
use odeus::authz::facts::AgentAccess;
use odeus::authz::facts::AgentFacts;
use odeus::authz::policy::Permits;
use odeus::authz::policy::Reason;
use odeus::authz::proof::Denied;
use odeus::authz::proof::Guarded;
use odeus::domain::agents::AgentAction;
use odeus::domain::agents::actions as agent_actions;
use odeus::domain::agents::actions::ActionError;
use odeus::domain::agents::actions::Credentials;
use odeus::domain::agents::actions::NewAction;
use odeus::domain::agents::agent;
use odeus::domain::agents::agent::Agent;
use odeus::domain::agents::agent::AgentChanges;
use odeus::domain::agents::agent::AgentError;
use odeus::domain::agents::agent::NewAgent;
use odeus::domain::agents::shares;
use odeus::domain::agents::shares::ShareError;
use odeus::domain::agents::visible;
use odeus::domain::people::grantee::Grantee;
use odeus::kernel::ids::AgentId;
use odeus::kernel::ids::GroupId;
use odeus::kernel::paging::Page;

use crate::runs::world::THINGS;
use crate::runs::world::World;
use crate::support::cast::Person;

fn make(world: &World, person: &Person) -> AgentId {
    let proof = world.proof(person, &()).unwrap();
    world.pass(1);
    agent::create(&mut world.conn(), &proof, &NewAgent { name: "Helper".to_owned(), ..NewAgent::default() }).unwrap()
}

fn share(world: &World, agent: AgentId, with: Grantee, access: AgentAccess) -> Result<(), ShareError> {
    let proof = world.proof::<actions::Share, Agent>(&world.cast.eve, &agent).unwrap();
    shares::add(&mut world.conn(), &proof, with, access).map(drop)
}

#[tokio::test]
async fn a_list_shows_what_the_policy_lets_one_view() {
    let world = World::new().await;
    let group = GroupId::new();
    let (acme, max) = (world.cast.acme.id, world.cast.max.id);
    world.sql(&format!("INSERT INTO groups VALUES ('{acme}', '{group}', 'Support', now())"));
    world.sql(&format!("INSERT INTO group_members VALUES ('{acme}', '{group}', '{max}', now())"));
    let mut agents: Vec<AgentId> = (0..4).map(|_| make(&world, &world.cast.eve)).collect();
    share(&world, agents[0], Grantee::User(world.cast.mia.id), AgentAccess::Use).unwrap();
    share(&world, agents[1], Grantee::Group(group), AgentAccess::Edit).unwrap();
    share(&world, agents[2], Grantee::Workspace, AgentAccess::Use).unwrap();
    agents.reverse();

    for person in [&world.cast.ada, &world.cast.eve, &world.cast.max, &world.cast.mia, &world.cast.mallory] {
        let actor = world.actor(person);
        let may_view = |id: &AgentId| {
            Agent::load(&mut world.conn(), &actor, id)
                .unwrap()
                .is_some_and(|agent| <actions::View as Permits<AgentFacts>>::permits(&actor, &agent.facts()).is_ok())
        };
        let viewable: Vec<AgentId> = agents.iter().copied().filter(may_view).collect();

        let listed = visible::list(&mut world.conn(), &actor, &Page::default()).unwrap();
        assert_eq!(listed.items.iter().map(|agent| agent.id).collect::<Vec<_>>(), viewable, "{}", person.name);
    }
}

#[tokio::test]
async fn an_agent_is_its_makers_until_shared_and_edited_by_whom_it_is_shared_with_to_edit() {
    let world = World::new().await;
    let agent = make(&world, &world.cast.eve);
    let edit = |person: &Person| world.proof::<actions::Edit, Agent>(person, &agent).map(drop);

    assert!(matches!(edit(&world.cast.ada), Err(Denied::Hidden)));
    share(&world, agent, Grantee::Workspace, AgentAccess::Use).unwrap();
    assert!(matches!(edit(&world.cast.max), Err(Denied::Forbidden(Reason::AgentUseOnly))));
    share(&world, agent, Grantee::User(world.cast.max.id), AgentAccess::Edit).unwrap();
    assert!(edit(&world.cast.max).is_ok());
    assert!(matches!(
        world.proof::<actions::Delete, Agent>(&world.cast.max, &agent),
        Err(Denied::Forbidden(Reason::OwnerOnly))
    ));
    assert!(matches!(world.proof::<actions::View, Agent>(&world.cast.mallory, &agent), Err(Denied::Hidden)));
}

#[tokio::test]
async fn a_share_is_given_once_to_somebody_of_the_workspace() {
    let world = World::new().await;
    let agent = make(&world, &world.cast.eve);
    let with = |grantee| share(&world, agent, grantee, AgentAccess::Use);
    let max = Grantee::User(world.cast.max.id);

    assert!(with(max).is_ok());
    assert!(matches!(with(max), Err(ShareError::AlreadyShared)));
    assert!(matches!(with(Grantee::User(world.cast.mallory.id)), Err(ShareError::UnknownGrantee)));
    assert!(matches!(with(Grantee::Group(GroupId::new())), Err(ShareError::UnknownGrantee)));
    assert!(matches!(with(Grantee::User(world.cast.eve.id)), Err(ShareError::IsOwner)));
    let proof = world.proof::<actions::Share, Agent>(&world.cast.eve, &agent).unwrap();
    let listed = shares::list(&mut world.conn(), &proof).unwrap();
    assert_eq!((listed.len(), listed[0].grantee_name.as_deref()), (1, Some("Max Member")));
    assert!(shares::remove(&mut world.conn(), &proof, listed[0].id).unwrap());
    assert!(!shares::remove(&mut world.conn(), &proof, listed[0].id).unwrap());
    assert!(matches!(world.proof::<actions::View, Agent>(&world.cast.max, &agent), Err(Denied::Hidden)));
}

#[tokio::test]
async fn a_change_leaves_the_rest_as_it_was() {
    let world = World::new().await;
    let agent = make(&world, &world.cast.eve);
    let proof = world.proof::<actions::Edit, Agent>(&world.cast.eve, &agent).unwrap();
    let changes = AgentChanges {
        instructions: Some(" Be kind. ".to_owned()),
        is_enabled: Some(false),
        ..AgentChanges::default()
    };

    agent::update(&mut world.conn(), &proof, &changes).unwrap();
    let unnamed = AgentChanges { name: Some("  ".to_owned()), ..AgentChanges::default() };
    let refused = agent::update(&mut world.conn(), &proof, &unnamed);

    let after = world.proof::<actions::View, Agent>(&world.cast.eve, &agent).unwrap().into_parts().1;
    assert_eq!((after.name.as_str(), after.instructions.as_str(), after.is_enabled), ("Helper", "Be kind.", false));
    assert!(matches!(refused, Err(AgentError::Text { field: "name", .. })));
}

#[tokio::test]
async fn an_action_stands_on_an_agent_once_and_asks_before_it_changes_something() {
    let world = World::new().await;
    let agent = make(&world, &world.cast.eve);
    let proof = world.proof::<actions::Edit, Agent>(&world.cast.eve, &agent).unwrap();
    let add = |integration: &str, action: &str| {
        let new =
            NewAction { integration: integration.to_owned(), action: action.to_owned(), requires_confirmation: None };
        world.conn().transaction(|tx| agent_actions::add(tx, &world.registry, &proof, &new, Credentials::Own))
    };

    add(THINGS, "getThing").unwrap();
    add(THINGS, "addThing").unwrap();
    assert!(matches!(add(THINGS, "getThing"), Err(ActionError::AlreadyThere)));
    assert!(matches!(add(THINGS, "nothing"), Err(ActionError::UnknownAction)));
    assert!(matches!(add("nothing", "getThing"), Err(ActionError::UnknownIntegration)));

    let view = world.proof::<actions::View, Agent>(&world.cast.eve, &agent).unwrap();
    let listed = agent_actions::list(&mut world.conn(), &world.registry, &view).unwrap();
    let asks: Vec<(&str, bool)> =
        listed.iter().map(|it| (it.definition().unwrap().name.as_str(), it.action.requires_confirmation)).collect();
    assert_eq!(asks, [("getThing", false), ("addThing", true)]);
    let first = world.proof::<actions::Edit, AgentAction>(&world.cast.eve, &listed[0].action.key()).unwrap();
    agent_actions::remove(&mut world.conn(), &first).unwrap();
    assert!(matches!(agent_actions::remove(&mut world.conn(), &first), Err(ActionError::Gone)));
}

#[tokio::test]
async fn a_deleted_agent_takes_its_actions_along() {
    let world = World::new().await;
    let agent = world.agent();
    let connection = world.api_key(&world.cast.eve, "KEY-OF-EVE");
    world.lent(agent, "getThing", connection);

    let proof = world.proof::<actions::Delete, Agent>(&world.cast.eve, &agent).unwrap();
    agent::delete(&mut world.conn(), &proof).unwrap();

    assert_eq!(world.sql("SELECT 1 FROM agent_actions"), 0);
    assert_eq!(world.sql("SELECT 1 FROM bindings"), 0);
    assert_eq!(world.sql("SELECT 1 FROM audit_events WHERE action = 'agent.deleted'"), 1);
}
