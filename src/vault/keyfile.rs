//! Changes to a key file. Losing a key loses every secret, so a change is a new file in place of the old one, with its owner
//! and mode, and programs that change it at once wait for each other.

use std::fs;
use std::fs::File;
use std::fs::Metadata;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::fchown;
use std::path::Path;

use zeroize::Zeroizing;

use crate::kernel::ids::random_bytes;
use crate::kernel::text;
use crate::vault::keyring::Keyring;
use crate::vault::keyring::KeyringError;
use crate::vault::keyring::not_opened;
use crate::vault::keyring::read_private;
use crate::vault::keyring::unusable;

/// Makes `id` the key that wraps; every other one only unwraps. A key that the file does not have leaves it as it is.
pub fn activate(path: &Path, id: &str) -> Result<(), KeyringError> {
    rewrite(path, |line| {
        let (content, comment) = line.split_once('#').map_or((line, None), |(content, rest)| (content, Some(rest)));
        let mut words = content.split_whitespace();
        let mut written = Zeroizing::new(String::with_capacity(line.len() + 16));
        let (Some(key_id), Some(key)) = (words.next(), words.next()) else {
            written.push_str(line);
            return Some(written);
        };
        for part in [key_id, " ", key, if key_id == id { " active" } else { " decrypt" }] {
            written.push_str(part);
        }
        if let Some(comment) = comment {
            written.push_str(" #");
            written.push_str(comment);
        }
        Some(written)
    })
}

/// Takes a key out of the file.
pub fn remove(path: &Path, id: &str) -> Result<(), KeyringError> {
    rewrite(path, |line| {
        let is_its_own = line.split_whitespace().next() == Some(id);
        (!is_its_own).then(|| Zeroizing::new(line.to_owned()))
    })
}

/// Opens a key file and keeps others from changing it for as long as it is open. Who waited for a change finds the new file.
pub(in crate::vault) fn locked(path: &Path, options: &OpenOptions) -> Result<File, KeyringError> {
    loop {
        let file = options.open(path).map_err(|source| not_opened(path, source))?;
        file.lock().map_err(|source| unusable(path, source))?;
        let of = |metadata: Metadata| (metadata.dev(), metadata.ino());
        let mine = file.metadata().map(of).map_err(|source| unusable(path, source))?;
        let there = fs::metadata(path).map(of).map_err(|source| not_opened(path, source))?;
        if mine == there {
            return Ok(file);
        }
    }
}

fn rewrite(path: &Path, change: impl Fn(&str) -> Option<Zeroizing<String>>) -> Result<(), KeyringError> {
    // A link stays one: what it leads to is replaced.
    let path = &fs::canonicalize(path).map_err(|source| not_opened(path, source))?;
    let file = locked(path, OpenOptions::new().read(true))?;
    let unusable = |source| unusable(path, source);
    let kept = file.metadata().map_err(unusable)?;
    let before = read_private(path, file.try_clone().map_err(unusable)?)?;
    let mut after = Zeroizing::new(String::with_capacity(before.len() + 1024));
    for line in before.lines().filter_map(change) {
        after.push_str(&line);
        after.push('\n');
    }
    Keyring::of(path, &after)?;
    let beside = path.with_file_name(format!(".odeus-keys-{}", text::hex(&random_bytes::<6>()?)));
    let replaced = write(&beside, &after, &kept).and_then(|()| fs::rename(&beside, path));
    if replaced.is_err() {
        fs::remove_file(&beside).ok();
    }
    replaced.map_err(unusable)?;
    // The folder says which file it is; without this a power cut may bring the old one back, which is as good.
    path.parent().and_then(|folder| File::open(folder).ok()).map(|folder| folder.sync_all().ok());
    Ok(())
}

fn write(path: &Path, text: &str, like: &Metadata) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let made = file.metadata()?;
    if (made.uid(), made.gid()) != (like.uid(), like.gid()) {
        fchown(&file, Some(like.uid()), Some(like.gid()))?;
    }
    file.write_all(text.as_bytes())?;
    file.set_permissions(like.permissions())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::vault::testing::Folder;

    #[test]
    fn another_key_becomes_the_active_one_and_the_rest_of_the_file_stays() {
        let folder = Folder::new();
        let path = folder.path("keys");
        let first = Keyring::create(&path).unwrap();
        let second = Keyring::add(&path).unwrap();
        let mut text = fs::read_to_string(&path).unwrap();
        text.push_str("# the end\n");
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();

        activate(&path, &second).unwrap();

        let keyring = Keyring::read(&path).unwrap();
        assert_eq!((keyring.active(), keyring.ids().collect::<Vec<_>>()), (second.as_str(), vec![&*first, &*second]));
        let after = fs::read_to_string(&path).unwrap();
        assert!(after.starts_with("# Odeus' keys") && after.ends_with("# the end\n"), "{}", after.lines().count());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_key_is_taken_out_unless_it_is_the_active_one() {
        let folder = Folder::new();
        let path = folder.path("keys");
        let first = Keyring::create(&path).unwrap();
        let second = Keyring::add(&path).unwrap();

        assert!(remove(&path, &first).is_err());
        assert!(activate(&path, "k-unknown").is_err());
        assert_eq!(Keyring::read(&path).unwrap().active(), first);
        remove(&path, &second).unwrap();

        assert_eq!(Keyring::read(&path).unwrap().ids().collect::<Vec<_>>(), [first]);
    }

    #[test]
    fn a_link_to_the_file_stays_a_link() {
        let folder = Folder::new();
        let (path, link) = (folder.path("keys"), folder.path("link"));
        Keyring::create(&path).unwrap();
        let second = Keyring::add(&path).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();

        activate(&link, &second).unwrap();

        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(Keyring::read(&path).unwrap().active(), second);
    }

    #[test]
    fn programs_that_change_a_file_at_once_lose_no_key() {
        let folder = Folder::new();
        let path = folder.path("keys");
        let first = Keyring::create(&path).unwrap();

        let (changing, adding) = (path.clone(), path.clone());
        let changes = std::thread::spawn(move || {
            for _ in 0..20 {
                activate(&changing, &first).unwrap();
            }
        });
        let added: Vec<String> = (0..20).map(|_| Keyring::add(&adding).unwrap()).collect();
        changes.join().unwrap();

        let keyring = Keyring::read(&path).unwrap();
        assert!(added.iter().all(|id| keyring.ids().any(|there| there == id)));
        assert_eq!(keyring.ids().count(), 21);
    }
}
