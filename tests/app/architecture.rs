//! The house rule, read from the sources: which room may name which. It holds the shape of the house while people come
//! and go, so it is a test and not a page of advice.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// From the top down. Rooms on one line stand on one floor and do not name each other.
const FLOORS: [&[&str]; 9] = [
    &["main", "demo", "keys", "operator"],
    &["app"],
    &["web", "api"],
    &["http", "jobs", "seed", "sandbox"],
    &["domain"],
    &["vault"],
    &["authz", "mail"],
    &["config", "telemetry"],
    &["kernel", "db", "outbound"],
];

/// A noun names only nouns to its left.
const NOUNS: [&str; 9] =
    ["audit", "outbox", "accounts", "people", "integrations", "connections", "oauth", "agents", "runs"];

/// The files of the program itself; all others are the library's.
const PROGRAM: [&str; 4] = ["main", "demo", "keys", "operator"];

/// Macros stand at the crate's root whatever room they are in.
const MACROS: [(&str, &str); 2] = [("words", "kernel"), ("database_errors", "db")];

/// What one file may have.
const MOST_LINES: usize = 400;

/// A source file, and where it belongs.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The first part of the path: `web` of `web/accounts/forms.rs`, `app` of `app.rs`.
    fn room(&self) -> &str {
        self.part(0)
    }

    /// The second part, in the rooms that have nouns.
    fn noun(&self) -> Option<&str> {
        let has_nouns = matches!(self.room(), "domain" | "web" | "api");
        has_nouns.then(|| self.part(1)).filter(|noun| !noun.is_empty() && *noun != "mod")
    }

    fn part(&self, index: usize) -> &str {
        let part = self.path.split('/').nth(index).unwrap_or_default();
        part.strip_suffix(".rs").unwrap_or(part)
    }

    /// Its lines without those that are comment.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Every path into the crate: the line it stands on, and its parts.
    fn paths(&self) -> Vec<(usize, Vec<&str>)> {
        let root = if PROGRAM.contains(&self.room()) { "odeus::" } else { "crate::" };
        let of_line = |(number, line)| {
            let pieces = str::split(line, root).skip(1);
            pieces.map(move |rest: &str| {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(rest.len());
                (number, rest.split_at(end).0.split("::").collect())
            })
        };
        self.code().flat_map(of_line).collect()
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    files(&root)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| Source {
            path: path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(),
            text: fs::read_to_string(&path).unwrap(),
        })
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn none(breaches: &[String]) {
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn a_file_names_only_rooms_further_down_or_its_own() {
    let mut breaches = Vec::new();
    for source in sources().iter().filter(|source| source.room() != "lib") {
        let Some(own) = floor(source.room()) else {
            breaches.push(format!("src/{}: the room “{}” stands on no floor", source.path, source.room()));
            continue;
        };
        for (line, path) in source.paths() {
            let named = MACROS.iter().find(|(name, _)| path == [*name]).map_or(path[0], |(_, room)| *room);
            if named != source.room() && floor(named).is_none_or(|floor| floor <= own) {
                breaches.push(format!("src/{}:{line}: {} must not name {named}", source.path, source.room()));
            }
        }
    }
    none(&breaches);
}

#[test]
fn only_main_and_app_read_the_settings() {
    let mut breaches = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| !PROGRAM.contains(&source.room()) && !matches!(source.room(), "app" | "config"))
    {
        for (line, path) in source.paths() {
            if path[0] == "config" {
                breaches.push(format!("src/{}:{line} names config", source.path));
            }
        }
    }
    none(&breaches);
}

#[test]
fn in_the_domain_a_noun_names_only_nouns_to_its_left() {
    let rank = |noun: &str| NOUNS.iter().position(|known| *known == noun);
    let mut breaches = Vec::new();
    for source in sources().iter().filter(|source| source.room() == "domain") {
        let Some(own) = source.noun() else { continue };
        for (line, path) in source.paths() {
            let Some(&named) = path.get(1).filter(|_| path[0] == "domain") else { continue };
            if named != own && rank(named).is_none_or(|named| rank(own).is_none_or(|own| named >= own)) {
                breaches.push(format!("src/{}:{line}: {own} must not name {named}", source.path));
            }
        }
    }
    none(&breaches);
}

#[test]
fn in_the_faces_a_noun_names_no_other() {
    let mut breaches = Vec::new();
    for source in sources().iter().filter(|source| matches!(source.room(), "web" | "api")) {
        let Some(own) = source.noun() else { continue };
        for (line, path) in source.paths() {
            let Some(&named) = path.get(1).filter(|_| path[0] == source.room()) else { continue };
            if named != own {
                breaches.push(format!("src/{}:{line}: {own} must not name {named}", source.path));
            }
        }
    }
    none(&breaches);
}

#[test]
fn a_file_fits_on_a_few_screens() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = ["src", "tests"].iter().flat_map(|folder| files(&root.join(folder)));
    let breaches: Vec<String> = all
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("db/schema.rs"))
        .map(|path| (fs::read_to_string(&path).unwrap().lines().count(), path))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, path)| format!("{} has {lines} lines, at most {MOST_LINES}", path.display()))
        .collect();
    none(&breaches);
}

#[test]
fn imports_stand_one_on_a_line_and_from_the_root() {
    let mut breaches = Vec::new();
    for source in sources() {
        for (line, text) in source.code() {
            let grouped = text.trim_start().starts_with("use ") && text.contains('{');
            if grouped || text.contains("super::super") {
                breaches.push(format!("src/{}:{line}: {}", source.path, text.trim()));
            }
        }
    }
    none(&breaches);
}

#[test]
fn nothing_is_printed() {
    let mut breaches = Vec::new();
    for source in sources() {
        for (line, text) in source.code() {
            if ["println!", "print!(", "eprintln!", "eprint!(", "dbg!("].iter().any(|word| text.contains(word)) {
                breaches.push(format!("src/{}:{line}: {}", source.path, text.trim()));
            }
        }
    }
    none(&breaches);
}

/// Which folders of templates a room may use, beside `layout/`.
fn owns_template(source: &Source, folder: &str) -> bool {
    match source.room() {
        "web" => source.noun() == Some(folder),
        "http" => folder == "layout",
        "mail" => folder == "mail",
        "sandbox" => folder == "sandbox",
        _ => false,
    }
}

#[test]
fn a_template_is_named_by_its_own_room_alone() {
    let mut breaches = Vec::new();
    let mut named = BTreeSet::new();
    for source in sources() {
        for (line, text) in source.code() {
            let Some(template) = text.split("path = \"").nth(1).and_then(|rest| rest.split('"').next()) else {
                continue;
            };
            let Some((folder, _)) = template.split_once('/') else { continue };
            if !matches!(template.rsplit('.').next(), Some("html" | "txt")) {
                continue;
            }
            if !owns_template(&source, folder) {
                breaches.push(format!("src/{}:{line} must not name {template}", source.path));
            }
            named.insert(template.to_owned());
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    for path in files(&root) {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let folder = name.split('/').next().unwrap();
        let is_part = name.rsplit('/').next().unwrap().starts_with('_') || folder == "layout" || folder == "sandbox";
        if !is_part && !named.contains(&name) {
            breaches.push(format!("templates/{name} is named by no page"));
        }
        for word in ["extends", "include", "import"] {
            for rest in text.split(&format!("{{% {word} \"")).skip(1) {
                let other = rest.split('/').next().unwrap();
                if other != folder && other != "layout" {
                    breaches.push(format!("templates/{name} must not use what belongs to {other}"));
                }
            }
        }
    }
    none(&breaches);
}

#[test]
fn a_template_escapes_everything_and_carries_no_script() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut breaches = Vec::new();
    for path in files(&root) {
        let mut lower = fs::read_to_string(&path).unwrap().to_lowercase();
        // Mail programs know no style sheets, and what they show has no policy for its content.
        if path.parent().is_some_and(|folder| folder.ends_with("mail")) {
            lower = lower.replace(" style=", " ");
        }
        for word in
            ["|safe", "| safe", "escape = \"none\"", "hx-on", "javascript:", "js:", "<script>", " style=", "hx-vals"]
        {
            if lower.contains(word) {
                breaches.push(format!("{}: {word}", path.display()));
            }
        }
        let is_handler = |attribute: &str| {
            let name: String = attribute.chars().take_while(char::is_ascii_alphabetic).collect();
            !name.is_empty() && attribute.strip_prefix(&name).is_some_and(|rest| rest.starts_with("=\""))
        };
        if lower.split(" on").skip(1).any(is_handler) {
            breaches.push(format!("{}: an inline handler", path.display()));
        }
    }
    none(&breaches);
}

#[test]
fn the_library_lists_its_rooms_from_the_top_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let text = fs::read_to_string(root.join("lib.rs")).unwrap();
    let listed: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();

    let floors: Vec<Option<usize>> = listed.iter().map(|room| floor(room)).collect();
    assert!(floors.is_sorted() && floors.iter().all(Option::is_some), "{listed:?}");
    let rooms: BTreeSet<String> = sources().iter().map(|source| source.room().to_owned()).collect();
    let unlisted: Vec<&String> = rooms
        .iter()
        .filter(|room| *room != "lib" && !PROGRAM.contains(&room.as_str()) && !listed.contains(&room.as_str()))
        .collect();
    assert!(unlisted.is_empty(), "{unlisted:?}");
}
