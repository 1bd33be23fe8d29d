//! Which of a caller's connections an `own` action uses (R8). Purely decided: nothing is guessed and nothing falls back
//! (R13), so a broken connection is not passed over for one that works.

/// What counts about a connection that the caller may use and the action admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The caller owns it; otherwise it is shared with them.
    pub is_own: bool,
    /// The caller chose it for this agent and integration.
    pub is_remembered: bool,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Use the one at this place.
    Use(usize),
    /// There is none: ask the caller to connect (R9).
    Connect,
    /// There are several: ask once, and remember.
    Choose,
}

/// The one that was chosen before; else the caller's own; else the one shared with them.
pub fn resolve(candidates: &[Candidate]) -> Resolution {
    if let Some(place) = candidates.iter().position(|candidate| candidate.is_remembered) {
        return Resolution::Use(place);
    }
    let own: Vec<usize> = places(candidates, |candidate| candidate.is_own);
    let considered = if own.is_empty() { places(candidates, |_| true) } else { own };
    match considered.as_slice() {
        [] => Resolution::Connect,
        [place] => Resolution::Use(*place),
        [_, _, ..] => Resolution::Choose,
    }
}

fn places(candidates: &[Candidate], counts: impl Fn(&Candidate) -> bool) -> Vec<usize> {
    candidates.iter().enumerate().filter(|(_, candidate)| counts(candidate)).map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Candidate = Candidate { is_own: true, is_remembered: false };
    const SHARED: Candidate = Candidate { is_own: false, is_remembered: false };

    fn chosen(candidate: Candidate) -> Candidate {
        Candidate { is_remembered: true, ..candidate }
    }

    #[test]
    fn without_a_connection_the_caller_is_asked_to_connect() {
        assert_eq!(resolve(&[]), Resolution::Connect);
    }

    #[test]
    fn ones_own_connection_comes_before_shared_ones() {
        assert_eq!(resolve(&[SHARED, OWN, SHARED]), Resolution::Use(1));
    }

    #[test]
    fn without_an_own_one_the_only_shared_one_is_used() {
        assert_eq!(resolve(&[SHARED]), Resolution::Use(0));
    }

    #[test]
    fn of_several_the_caller_chooses() {
        assert_eq!(resolve(&[OWN, OWN]), Resolution::Choose);
        assert_eq!(resolve(&[OWN, OWN, SHARED]), Resolution::Choose);
        assert_eq!(resolve(&[SHARED, SHARED]), Resolution::Choose);
    }

    #[test]
    fn what_was_chosen_before_is_used_again() {
        assert_eq!(resolve(&[OWN, OWN, chosen(SHARED)]), Resolution::Use(2));
        assert_eq!(resolve(&[OWN, chosen(OWN)]), Resolution::Use(1));
    }
}
