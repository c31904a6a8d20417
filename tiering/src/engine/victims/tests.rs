//! Each tenant's copies are ordered apart, and go only where they are asked for.

use super::*;
use crate::residency::evict::lru::Lru;

#[test]
fn only_givers_give_and_in_their_order() {
    let key = |object| ChunkKey { object, chunk: 0 };
    let mut victims = Victims::new((0..3).map(|_| Box::new(Lru::new()) as Box<dyn Evict>));
    for object in 0..6 {
        victims.enlist(object, TenantId((object % 3) as u16));
        victims.insert(key(object), 1, NextUse::Never);
    }
    let these = |tenants: &[u16]| Givers::These(tenants.iter().map(|id| TenantId(*id)).collect());
    assert_eq!(victims.victim(None, &these(&[2, 1])), Some(key(2)), "the longest idle of the first giver");
    assert_eq!(victims.victim(None, &these(&[2, 1])), Some(key(5)));
    assert_eq!(victims.victim(None, &these(&[2, 1])), Some(key(1)), "the first has none left");
    assert!(victims.remove(key(4)) && !victims.remove(key(4)));
    assert_eq!(victims.victim(None, &these(&[2, 1])), None, "nobody else is asked");
    assert_eq!(victims.victim(None, &Givers::All), Some(key(0)));
    assert!(!victims.is_empty());
    victims.gone(key(3));
    assert!(victims.is_empty() && victims.owner(99) == TenantId(0));
    assert!(these(&[1]).include(TenantId(1)) && !these(&[1]).include(TenantId(0)));
}
