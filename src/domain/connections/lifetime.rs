//! When access is renewed ahead of its end (D-26): early enough that nobody waits for it, spread so that connections which
//! were made together do not renew together, and never before half of its life has passed.

use chrono::Duration;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::random_bytes;

const EARLY: Duration = Duration::minutes(5);

/// When access that was asked for at `since` and ends at `ends` is renewed.
pub fn renew_at(since: Timestamp, ends: Timestamp) -> Timestamp {
    let [chance] = random_bytes().unwrap_or([128]);
    ends - early(ends - since, chance)
}

/// Five minutes or a tenth of the life, whichever is longer, and up to a fifth more or less.
fn early(life: Duration, chance: u8) -> Duration {
    let wanted = EARLY.max(life / 10) * (80 + i32::from(chance) * 40 / 255) / 100;
    wanted.min(life / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_is_renewed_minutes_before_its_end_and_not_all_at_once() {
        let hour = Duration::hours(1);

        assert_eq!(early(hour, 0), Duration::minutes(6) * 8 / 10);
        assert_eq!(early(hour, 255), Duration::minutes(6) * 12 / 10);
        assert_eq!(early(Duration::minutes(20), 0), Duration::minutes(4));
        assert_eq!(early(Duration::days(1), 0), Duration::hours(24) * 8 / 100);
    }

    #[test]
    fn short_access_lives_half_of_its_life() {
        assert_eq!(early(Duration::minutes(5), 0), Duration::seconds(150));
        assert_eq!(early(Duration::minutes(5), 255), Duration::seconds(150));
        assert_eq!(early(Duration::zero(), 255), Duration::zero());
    }
}
