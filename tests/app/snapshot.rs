//! Texts that are reviewed as a diff: the policy as a table, every route for every caller. `UPDATE_SNAPSHOTS=1` writes
//! them anew.

use std::fs;
use std::path::Path;

/// Fails unless `actual` is what `tests/app/snapshots/<name>` says.
#[expect(clippy::disallowed_methods, reason = "a test's switch is no setting of the program")]
pub(crate) fn assert_snapshot(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/app/snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected == actual {
        return;
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("- {line}"));
    let come = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+ {line}"));
    let difference: Vec<String> = gone.chain(come).collect();
    panic!("{name} differs; review, then run the test with UPDATE_SNAPSHOTS=1:\n{}", difference.join("\n"));
}
