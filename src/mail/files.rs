//! Mails as files, for an installation without a mail server. A file appears whole or not at all, is named after its
//! mail (so a second try replaces the first), and is readable by its owner alone, since it may hold a one-time link.

use std::fs;
use std::fs::DirBuilder;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes `mail` into `folder`, which is made if it is not there.
pub(super) async fn write(folder: &Path, message_id: &str, mail: Vec<u8>) -> io::Result<()> {
    let folder = folder.to_owned();
    let name = file_name(message_id);
    tokio::task::spawn_blocking(move || {
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let unfinished = folder.join(format!(".{name}.part"));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(&mail)?;
        file.sync_all()?;
        fs::rename(&unfinished, folder.join(format!("{name}.eml")))
    })
    .await
    .map_err(io::Error::other)?
}

/// The part of the id before the host: the outbox id, so files sort by time. Nothing in it can leave the folder.
fn file_name(message_id: &str) -> String {
    let local = message_id.split('@').next().unwrap_or_default();
    local.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::*;
    use crate::kernel::ids::OutboxId;

    fn folder() -> PathBuf {
        std::env::temp_dir().join(format!("odeus-mails-{}", OutboxId::new())).join("mails")
    }

    #[tokio::test]
    async fn a_mail_becomes_one_private_file() {
        let folder = folder();

        write(&folder, "<0190@odeus.example>", b"first".to_vec()).await.unwrap();
        write(&folder, "<0190@odeus.example>", b"again".to_vec()).await.unwrap();

        let file = folder.join("0190.eml");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "the second try replaces the first");
        assert_eq!(fs::read(&file).unwrap(), b"again");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_dir_all(folder.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_file_name_cannot_leave_the_folder() {
        assert_eq!(file_name("<../../etc/x@odeus.example>"), "etcx");
    }
}
