//! Who has a thing, and what goes with a share, as the policy says it.

use crate::visible::PEOPLE;
use crate::visible::Thing;
use crate::visible::World;
use crate::visible::id;
use diesel::Connection as _;
use diesel::pg::PgConnection;
use odeus::authz::actions::Share;
use odeus::authz::actor::Actor;
use odeus::authz::facts::ShareAccess;
use odeus::authz::policy::Permits;
use odeus::authz::proof::Authorized;
use odeus::authz::proof::authorize;
use odeus::domain::agents::losses::share::losses;
use odeus::domain::connections::Connection;
use odeus::domain::connections::shares;
use odeus::kernel::paging::Page;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Who can share a thing sees exactly those whom a share gives something.
pub(super) fn compare_shares(
    conn: &mut PgConnection,
    world: &World,
    actor: &Actor,
    person: usize,
    it: (usize, &Thing),
) {
    let (number, thing) = it;
    let facts = world.connection_facts(thing, person);
    let may_share = !thing.is_elsewhere && <Share as Permits<_>>::permits(actor, &facts).is_ok();
    let proof = authorize::<Share, Connection>(conn, actor.clone(), &id(5, number).into());
    assert_eq!(proof.is_ok(), may_share, "sharing {number} by {person}");
    let Ok(proof) = proof else { return };
    let listed = shares::people(conn, &proof, "", &Page::default()).unwrap();
    let listed: BTreeMap<Uuid, Option<ShareAccess>> =
        listed.items.iter().map(|one| (one.user.uuid(), one.ways.iter().map(|way| way.access).max())).collect();
    let here = |other: &usize| *other != thing.owner && !world.gone.contains(other);
    let given = (0..PEOPLE).filter(here).filter_map(|other| {
        let access = world.connection_facts(thing, other).shared?;
        Some((id(3, other), Some(access)))
    });
    let given: BTreeMap<_, _> = given.collect();
    assert_eq!(listed, given, "who has {number}");
    compare_losses(conn, &proof, &given);
}

/// What is said to go with a share is what goes when it is taken away.
fn compare_losses(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Connection>,
    before: &BTreeMap<Uuid, Option<ShareAccess>>,
) {
    let all = shares::list(conn, proof, &Page::default()).unwrap().items;
    let ids: Vec<_> = all.iter().map(|share| share.id).collect();
    let said = losses(conn, proof, &ids).unwrap();
    for share in all {
        let said = said.get(&share.id).cloned().unwrap_or_default();
        let after = conn.test_transaction::<_, diesel::result::Error, _>(|tx| {
            shares::remove(tx, proof, share.id).unwrap();
            let people = shares::people(tx, proof, "", &Page::default())?.items;
            Ok(people.into_iter().map(|one| (one.user.uuid(), one.ways.iter().map(|way| way.access).max())).collect())
        });
        let after: BTreeMap<Uuid, Option<ShareAccess>> = after;
        let people = before.keys().filter(|user| !after.contains_key(user)).count();
        let weaker = before.iter().filter(|(user, access)| after.get(user).is_some_and(|now| now < access)).count();
        assert_eq!((said.people, said.weaker), (i64::try_from(people).unwrap(), i64::try_from(weaker).unwrap()));
    }
}
