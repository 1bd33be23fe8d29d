//! How many requests go to one origin at a time. The rest wait, so that a slow provider takes up its own places and not
//! the whole server, and a fast one is not flooded.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::sync::Semaphore;

use crate::outbound::origin::Origin;

/// Origins that are remembered while nobody calls them.
const REMEMBERED: usize = 1_024;

/// One queue per origin.
pub(in crate::outbound) struct Queues {
    places: usize,
    by_origin: Mutex<HashMap<Origin, Arc<Semaphore>>>,
}

impl Queues {
    /// Queues that let `places` requests through at a time.
    pub(in crate::outbound) fn new(places: usize) -> Self {
        Self { places: places.clamp(1, Semaphore::MAX_PERMITS), by_origin: Mutex::default() }
    }

    /// The queue of an origin. Those that nobody stands in are forgotten when there are many.
    pub(in crate::outbound) fn of(&self, origin: &Origin) -> Arc<Semaphore> {
        let mut by_origin = self.by_origin.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = by_origin.get(origin) {
            return Arc::clone(queue);
        }
        if by_origin.len() >= REMEMBERED {
            by_origin.retain(|_, queue| Arc::strong_count(queue) > 1);
        }
        let queue = Arc::new(Semaphore::new(self.places));
        by_origin.insert(origin.clone(), Arc::clone(&queue));
        queue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_that_nobody_stands_in_are_forgotten() {
        let origin = |number: usize| -> Origin { format!("https://a{number}.example").parse().unwrap() };
        let queues = Queues::new(1);
        let first = queues.of(&origin(0));
        let place = first.try_acquire().unwrap();

        for number in 1..REMEMBERED * 3 {
            queues.of(&origin(number));
        }

        assert!(queues.by_origin.lock().unwrap().len() <= REMEMBERED);
        assert!(queues.of(&origin(0)).try_acquire().is_err(), "a taken place is still taken");
        drop(place);
    }
}
