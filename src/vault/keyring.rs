//! The key-encryption keys: a small text file beside the server, never in the database (D-12). One key a line:
//! `<id> <32 bytes in base64> active|decrypt`; `#` begins a comment. The active key wraps, each of them unwraps (D-11).
//!
//! Whoever reads the file reads every secret, so a file that others may read is refused rather than warned about.

use std::fmt;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::LessSafeKey;
use ring::error::Unspecified;
use ring::hmac;
use zeroize::Zeroizing;

use crate::kernel::ids::NoRandomness;
use crate::kernel::ids::random_bytes;
use crate::kernel::text;
use crate::vault::envelope;
use crate::vault::envelope::KeyBytes;
use crate::vault::keyfile;

const MAX_FILE: u64 = 64 * 1024;

/// Why there is no keyring. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// No such file.
    #[error(
        "there is no key file at {}; make one with `odeus keys new`, or put the one back that this database was used with",
        .0.display()
    )]
    Missing(PathBuf),
    /// Somebody else may read it.
    #[error(
        "the key file {} can be read by others (mode {mode:03o}); run `chmod 600 {}`, and if others had access make a new key with `odeus keys new` and rotate to it",
        .path.display(), .path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The machine does not let us.
    #[error("the key file {} cannot be used; check its owner and folder", .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the machine said.
        source: io::Error,
    },
    /// A file is there already.
    #[error("there is a file at {} already, and a key file is never overwritten", .0.display())]
    Exists(PathBuf),
    /// A line that is no key.
    #[error(
        "line {line} of the key file {} is no key: {why}; a line is `<id> <32 bytes in base64> active|decrypt`, as `odeus keys new` writes it",
        .path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it, without its content.
        why: &'static str,
    },
    /// No key in it.
    #[error("the key file {} has no key in it; add one with `odeus keys new`", .0.display())]
    Empty(PathBuf),
    /// None, or more than one, is active.
    #[error(
        "{count} keys in the key file {} are marked `active`; mark exactly one, and the others `decrypt`",
        .path.display()
    )]
    Active {
        /// The file.
        path: PathBuf,
        /// How many are.
        count: usize,
    },
    /// No random bytes for a new key.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// One key-encryption key.
pub(in crate::vault) struct Kek {
    id: String,
    key: LessSafeKey,
    check: hmac::Key,
    is_active: bool,
}

impl Kek {
    fn new(id: &str, bytes: &KeyBytes, is_active: bool) -> Result<Self, Unspecified> {
        let check = hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice());
        Ok(Self { id: id.to_owned(), key: envelope::key(bytes)?, check, is_active })
    }

    /// Its id.
    pub(in crate::vault) fn id(&self) -> &str {
        &self.id
    }

    /// The key that wraps workspace keys.
    pub(in crate::vault) fn key(&self) -> &LessSafeKey {
        &self.key
    }

    /// What the database keeps to recognise the key by (D-13).
    pub(in crate::vault) fn check_value(&self) -> Vec<u8> {
        hmac::sign(&self.check, &self.check_label()).as_ref().to_vec()
    }

    /// Whether the database's check value is this key's.
    pub(in crate::vault) fn answers_to(&self, check_value: &[u8]) -> bool {
        hmac::verify(&self.check, &self.check_label(), check_value).is_ok()
    }

    fn check_label(&self) -> Vec<u8> {
        envelope::bound(&[b"odeus/kek-check/v1", self.id.as_bytes()])
    }
}

/// The keys of one key file.
pub struct Keyring(Vec<Kek>);

impl Keyring {
    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Self, KeyringError> {
        let file = File::open(path).map_err(|source| not_opened(path, source))?;
        Self::of(path, &read_private(path, file)?)
    }

    /// The keys of a text that is, or will be, the file at `path`.
    pub(in crate::vault) fn of(path: &Path, text: &str) -> Result<Self, KeyringError> {
        let keys = Self::parse(path, text)?;
        match keys.iter().filter(|kek| kek.is_active).count() {
            0 if keys.is_empty() => Err(KeyringError::Empty(path.to_owned())),
            1 => Ok(Self(keys)),
            count => Err(KeyringError::Active { path: path.to_owned(), count }),
        }
    }

    /// Makes a key file with one active key and gives the key's id. A file that is there stays as it is.
    pub fn create(path: &Path) -> Result<String, KeyringError> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let mut file = file.map_err(|source| not_opened(path, source))?;
        let head =
            "# Odeus' keys: without this file no stored secret can be read. Keep a copy apart from the database.\n";
        write_key(path, &mut file, head, "active")
    }

    /// Adds a key to a key file and gives its id. It only decrypts, unless it is the first.
    pub fn add(path: &Path) -> Result<String, KeyringError> {
        let file = keyfile::locked(path, OpenOptions::new().read(true).append(true))?;
        let mut appended = file.try_clone().map_err(|source| unusable(path, source))?;
        let before = read_private(path, file)?;
        let use_ = if Self::parse(path, &before)?.is_empty() { "active" } else { "decrypt" };
        let head = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
        write_key(path, &mut appended, head, use_)
    }

    /// The ids of its keys, in the file's order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Kek::id)
    }

    /// The id of the key that wraps new workspace keys.
    pub fn active(&self) -> &str {
        self.active_kek().map_or("", Kek::id)
    }

    /// Whether `other` has the same keys, and the same one active.
    pub(in crate::vault) fn is_same(&self, other: &Self) -> bool {
        let of = |kek: &Kek| (kek.id.clone(), kek.is_active, kek.check_value());
        self.0.iter().map(of).eq(other.0.iter().map(of))
    }

    pub(in crate::vault) fn active_kek(&self) -> Option<&Kek> {
        self.0.iter().find(|kek| kek.is_active)
    }

    pub(in crate::vault) fn find(&self, id: &str) -> Option<&Kek> {
        self.0.iter().find(|kek| kek.id == id)
    }

    pub(in crate::vault) fn keks(&self) -> &[Kek] {
        &self.0
    }

    #[cfg(test)]
    pub(in crate::vault) fn of_test() -> Self {
        Self(Vec::new())
    }

    fn parse(path: &Path, text: &str) -> Result<Vec<Kek>, KeyringError> {
        let mut keys: Vec<Kek> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let malformed = |why| KeyringError::Malformed { path: path.to_owned(), line: index + 1, why };
            let kek = parse_line(line).map_err(malformed)?;
            if keys.iter().any(|other| other.id == kek.id) {
                return Err(malformed("its id stands on another line already"));
            }
            keys.push(kek);
        }
        Ok(keys)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

fn parse_line(line: &str) -> Result<Kek, &'static str> {
    let mut words = line.split_whitespace();
    let (Some(id), Some(key)) = (words.next(), words.next()) else { return Err("the key is missing") };
    let is_active = match (words.next(), words.next()) {
        (Some("active"), None) => true,
        (Some("decrypt") | None, None) => false,
        _ => return Err("the last word is neither `active` nor `decrypt`"),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.len() > 64 || !id.chars().all(is_plain) {
        return Err("an id has at most 64 letters, digits, hyphens, dots and underscores");
    }
    let bytes = Zeroizing::new(STANDARD.decode(key).map_err(|_quotes_the_key| "the key is not base64")?);
    let bytes = envelope::key_bytes(&bytes).ok_or("the key has not 32 bytes")?;
    Kek::new(id, &bytes, is_active).map_err(|Unspecified| "the key cannot be used")
}

pub(in crate::vault) fn read_private(path: &Path, file: File) -> Result<Zeroizing<String>, KeyringError> {
    let mode = file.metadata().map_err(|source| unusable(path, source))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyringError::Open { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::with_capacity(4096));
    file.take(MAX_FILE).read_to_string(&mut text).map_err(|source| unusable(path, source))?;
    Ok(text)
}

fn write_key(path: &Path, file: &mut File, head: &str, use_: &str) -> Result<String, KeyringError> {
    let id = format!("k-{}", text::hex(&random_bytes::<6>()?));
    let key = Zeroizing::new(STANDARD.encode(Zeroizing::new(random_bytes::<32>()?)));
    let line = Zeroizing::new(format!("{head}{id} {} {use_}\n", *key));
    // One write, so that two programs that add a key at once both keep theirs.
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(|source| unusable(path, source))?;
    Ok(id)
}

pub(in crate::vault) fn not_opened(path: &Path, source: io::Error) -> KeyringError {
    if source.kind() == io::ErrorKind::NotFound {
        KeyringError::Missing(path.to_owned())
    } else if source.kind() == io::ErrorKind::AlreadyExists {
        KeyringError::Exists(path.to_owned())
    } else {
        unusable(path, source)
    }
}

pub(in crate::vault) fn unusable(path: &Path, source: io::Error) -> KeyringError {
    KeyringError::Unusable { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::testing::Folder;

    const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    fn written(folder: &Folder, text: &str) -> PathBuf {
        let path = folder.path("keys");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    #[test]
    fn a_new_file_has_one_active_key_and_is_private() {
        let folder = Folder::new();
        let path = folder.path("keys");

        let id = Keyring::create(&path).unwrap();

        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let keyring = Keyring::read(&path).unwrap();
        assert_eq!(keyring.ids().collect::<Vec<_>>(), [id.as_str()]);
        assert_eq!(keyring.active(), id);
        assert!(matches!(Keyring::create(&path), Err(KeyringError::Exists(_))));
    }

    #[test]
    fn an_added_key_only_decrypts_unless_it_is_the_first() {
        let folder = Folder::new();
        let path = written(&folder, "# no key yet");

        let first = Keyring::add(&path).unwrap();
        let second = Keyring::add(&path).unwrap();

        let keyring = Keyring::read(&path).unwrap();
        assert_eq!(keyring.ids().collect::<Vec<_>>(), [first.as_str(), second.as_str()]);
        assert_eq!(keyring.active(), first);
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("# no key yet\n"));
        assert!(matches!(Keyring::add(&folder.path("other")), Err(KeyringError::Missing(_))));
    }

    #[test]
    fn comments_and_empty_lines_are_passed_over() {
        let folder = Folder::new();
        let path = written(&folder, &format!("\n# mine\n  a {KEY} decrypt # old\r\nb {KEY} active\nc {KEY}\n"));

        let keyring = Keyring::read(&path).unwrap();

        assert_eq!(keyring.ids().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(keyring.active(), "b");
    }

    #[test]
    fn each_mistake_has_its_own_sentence_that_says_what_to_do() {
        let folder = Folder::new();
        let read = |text: &str| Keyring::read(&written(&folder, text)).unwrap_err().to_string();

        assert!(Keyring::read(&folder.path("none")).unwrap_err().to_string().contains("`odeus keys new`"));
        assert!(read("").contains("`odeus keys new`"));
        assert!(read(&format!("a {KEY}")).starts_with("0 keys"));
        assert!(read(&format!("a {KEY} active\nb {KEY} active")).starts_with("2 keys"));
        assert!(read(&format!("a {KEY} active\na {KEY}")).contains("line 2"));
        for line in ["a", "a !!! active", "a AAAA active", &format!("a {KEY} main"), &format!("a/b {KEY} active")] {
            let message = read(line);
            assert!(message.contains("line 1") && message.contains("`odeus keys new`"), "{message}");
            assert!(!message.contains(KEY), "{message}");
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = Folder::new();
        let path = written(&folder, &format!("a {KEY} active"));

        for mode in [0o640, 0o604, 0o644, 0o620, 0o606] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let message = Keyring::read(&path).unwrap_err().to_string();
            assert!(message.contains("chmod 600") && message.contains(&format!("{mode:o}")), "{message}");
            assert!(matches!(Keyring::add(&path), Err(KeyringError::Open { .. })));
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
        assert!(Keyring::read(&path).is_ok());
    }

    #[test]
    fn debug_shows_ids_alone() {
        let folder = Folder::new();
        let path = written(&folder, &format!("a {KEY} active"));

        assert_eq!(format!("{:?}", Keyring::read(&path).unwrap()), r#"["a"]"#);
    }

    #[test]
    fn a_key_answers_to_its_own_check_value_only() {
        let folder = Folder::new();
        let other = KEY.replace('M', "N");
        let keyring = Keyring::read(&written(&folder, &format!("a {KEY} active\nb {KEY}\nc {other}"))).unwrap();
        let [a, b, c] = keyring.keks() else { panic!("three keys") };

        assert!(a.answers_to(&a.check_value()));
        assert!(!b.answers_to(&a.check_value()));
        assert!(!c.answers_to(&a.check_value()));
        assert!(!a.answers_to(&[]));
    }
}
