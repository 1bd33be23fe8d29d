//! Service-account keys, looked at on this machine before anything is sent: the JSON key as the vendor hands it out, or
//! the parts of a key pair. Its `token_uri` is not read: the address comes from the integration (D-41).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
use ring::signature::EcdsaKeyPair;
use ring::signature::RsaKeyPair;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::vault::input::SecretInput;

/// The part of a sealed service account that holds its key; the field that people paste it into has the same name.
pub const CREDENTIALS: &str = "credentials";
/// The part that says which person the account acts as; there only where it does.
pub const ACT_AS: &str = "act_as";

/// What may be shown of a service account's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// The account: its e-mail address, or the client id of a bare key pair.
    pub email: String,
    /// The vendor's project.
    pub project: Option<String>,
    /// The key's id at the vendor.
    pub key_id: Option<String>,
}

/// Why a key cannot be used, said to the person who pasted it. No variant quotes the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a JSON object.
    #[error(
        "This is not a JSON key. Paste the whole file that the provider gave you, from the first {{ to the last }}."
    )]
    NotJson,
    /// A key that names where to fetch credentials (D-41).
    #[error(
        "This key is of the type external_account, which lets a file name commands and addresses to run, so it is not accepted. Make a service account key (type service_account) and paste that."
    )]
    ExternalAccount,
    /// Another kind of key.
    #[error("This key is of the type “{0}”. Make a service account key (type service_account) and paste that.")]
    WrongType(String),
    /// No account in it.
    #[error("The key has no client_email (or client_id). Paste the whole file that the provider gave you.")]
    NoAccount,
    /// No key in it.
    #[error("The key has no private_key. Paste the whole file that the provider gave you.")]
    NoPrivateKey,
    /// Somebody to act as who is no e-mail address.
    #[error("This should be the e-mail address of the person to act as, like ada@example.com.")]
    NoUser,
    /// An encrypted PEM.
    #[error("The private_key is protected by a password. Paste it without: `openssl pkcs8 -topk8 -nocrypt` makes one.")]
    Encrypted,
    /// A PEM of an older form.
    #[error(
        "The private_key is not in the PKCS#8 form (-----BEGIN PRIVATE KEY-----). `openssl pkcs8 -topk8 -nocrypt` converts it."
    )]
    NotPkcs8,
    /// Not a PEM, or a damaged one.
    #[error("The private_key is damaged. Copy the key again, whole, and paste it unchanged.")]
    Damaged,
    /// Too short to be safe.
    #[error(
        "The private_key is an RSA key under 2048 bits, which is not safe. Make a new key with at least 2048 bits."
    )]
    TooShort,
    /// Another algorithm.
    #[error(
        "The private_key is neither an RSA key (2048 to 4096 bits) nor an EC key on the curve P-256. Make a new key of one of these."
    )]
    Unsupported,
}

/// Looks a key over and gives what may be shown of it.
pub fn inspect(credentials: &SecretInput) -> Result<ServiceAccount, KeyError> {
    Key::parse(credentials).map(|key| key.account)
}

/// Looks over whom the account is to act as: only an e-mail address can be meant.
pub fn inspect_user(user: &SecretInput) -> Result<(), KeyError> {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    let is_address = |(name, domain): (&str, &str)| {
        !name.is_empty() && domain.contains('.') && name.chars().all(is_sign) && domain.chars().all(is_sign)
    };
    let fits = user.expose().len() <= 254 && user.expose().split_once('@').is_some_and(is_address);
    if fits { Ok(()) } else { Err(KeyError::NoUser) }
}

/// A key that can sign. It cannot be named outside the vault.
pub(in crate::vault) struct Key {
    /// What may be shown of it.
    pub(in crate::vault) account: ServiceAccount,
    /// Whether it is the vendor's own JSON key rather than the bare parts of a key pair.
    pub(in crate::vault) is_vendor_file: bool,
    /// What signs.
    pub(in crate::vault) signer: Signer,
}

/// The private key inside `ring`.
pub(in crate::vault) enum Signer {
    /// RS256.
    Rsa(RsaKeyPair),
    /// ES256.
    Ec(EcdsaKeyPair),
}

#[derive(Deserialize)]
struct KeyFile {
    #[serde(rename = "type")]
    kind: Option<String>,
    client_email: Option<String>,
    client_id: Option<String>,
    private_key: Option<SecretInput>,
    private_key_id: Option<String>,
    project_id: Option<String>,
}

impl Key {
    /// Reads a JSON key or the parts of a key pair.
    pub(in crate::vault) fn parse(credentials: &SecretInput) -> Result<Self, KeyError> {
        let file: KeyFile = serde_json::from_str(credentials.expose()).map_err(|_quotes_the_key| KeyError::NotJson)?;
        match file.kind.as_deref() {
            None | Some("service_account") => {}
            Some("external_account") => return Err(KeyError::ExternalAccount),
            Some(other) => return Err(KeyError::WrongType(crate::kernel::text::cut(other, 40))),
        }
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let email = filled(file.client_email).or_else(|| filled(file.client_id)).ok_or(KeyError::NoAccount)?;
        let pem = file.private_key.filter(|key| !key.is_empty()).ok_or(KeyError::NoPrivateKey)?;
        Ok(Self {
            account: ServiceAccount { email, project: filled(file.project_id), key_id: filled(file.private_key_id) },
            is_vendor_file: file.kind.is_some(),
            signer: Signer::parse(&pem)?,
        })
    }
}

impl Signer {
    fn parse(pem: &SecretInput) -> Result<Self, KeyError> {
        let der = pkcs8(pem)?;
        match RsaKeyPair::from_pkcs8(&der) {
            Ok(pair) => return Ok(Self::Rsa(pair)),
            Err(rejected) if rejected.to_string() == "TooSmall" => return Err(KeyError::TooShort),
            Err(_another_algorithm) => {}
        }
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &SystemRandom::new());
        pair.map(Self::Ec).map_err(|_rejected| KeyError::Unsupported)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.account).finish()
    }
}

/// The DER inside a PEM. Pasting through forms and settings leaves `\n` as two characters and drops line ends, so both
/// are taken.
fn pkcs8(pem: &SecretInput) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let text = Zeroizing::new(pem.expose().replace("\\n", "\n"));
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(KeyError::Encrypted);
    }
    let inner = text
        .split_once("-----BEGIN PRIVATE KEY-----")
        .and_then(|(_, rest)| rest.split_once("-----END PRIVATE KEY-----"));
    let Some((inner, _)) = inner else {
        let is_older = text.contains("BEGIN RSA PRIVATE KEY") || text.contains("BEGIN EC PRIVATE KEY");
        return Err(if is_older { KeyError::NotPkcs8 } else { KeyError::Damaged });
    };
    let mut compact = Zeroizing::new(String::with_capacity(inner.len()));
    compact.extend(inner.chars().filter(|c| !c.is_whitespace()));
    STANDARD.decode(compact.as_bytes()).map(Zeroizing::new).map_err(|_quotes_the_key| KeyError::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::testing::EC_KEY;
    use crate::vault::testing::RSA_KEY;
    use serde_json::json;

    const SHORT_KEY: &str = include_str!("testdata/test-rsa-1024.pem");
    const OTHER_CURVE: &str = include_str!("testdata/test-ec-p384.pem");

    fn inspected(value: &serde_json::Value) -> Result<ServiceAccount, KeyError> {
        inspect(&SecretInput::from(value.to_string()))
    }

    fn with_key(pem: &str) -> Result<ServiceAccount, KeyError> {
        inspected(&json!({"type": "service_account", "client_email": "bot@p.example", "private_key": pem}))
    }

    #[test]
    fn a_vendors_json_key_shows_its_account() {
        let account = inspected(&json!({
            "type": "service_account", "project_id": "p", "private_key_id": "k1", "private_key": RSA_KEY,
            "client_email": "bot@p.example", "client_id": "1234", "token_uri": "https://evil.test/token",
            "universe_domain": "googleapis.com",
        }));

        let project = Some("p".to_owned());
        let key_id = Some("k1".to_owned());
        assert_eq!(account, Ok(ServiceAccount { email: "bot@p.example".to_owned(), project, key_id }));
    }

    #[test]
    fn the_parts_of_a_key_pair_are_enough() {
        let account = inspected(&json!({"client_id": "app-1", "private_key": EC_KEY})).unwrap();

        assert_eq!(account, ServiceAccount { email: "app-1".to_owned(), project: None, key_id: None });
    }

    #[test]
    fn a_key_that_forms_and_settings_bent_is_taken() {
        assert!(with_key(&RSA_KEY.replace('\n', "\\n")).is_ok());
        assert!(with_key(&RSA_KEY.replace('\n', " ")).is_ok());
        assert!(with_key(&RSA_KEY.replace('\n', "\r\n")).is_ok());
    }

    #[test]
    fn each_unusable_key_has_its_own_sentence() {
        let kind = |kind: &str| inspected(&json!({"type": kind, "client_email": "a@b.c", "private_key": RSA_KEY}));

        assert_eq!(inspect(&SecretInput::from("-----BEGIN".to_owned())), Err(KeyError::NotJson));
        assert_eq!(inspect(&SecretInput::from("[]".to_owned())), Err(KeyError::NotJson));
        assert_eq!(kind("external_account"), Err(KeyError::ExternalAccount));
        assert_eq!(kind("authorized_user"), Err(KeyError::WrongType("authorized_user".to_owned())));
        assert_eq!(inspected(&json!({"private_key": RSA_KEY})), Err(KeyError::NoAccount));
        assert_eq!(inspected(&json!({"client_email": "a@b.c"})), Err(KeyError::NoPrivateKey));
        assert_eq!(with_key("  "), Err(KeyError::NoPrivateKey));
        assert_eq!(with_key("nonsense"), Err(KeyError::Damaged));
        assert_eq!(with_key("-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----"), Err(KeyError::Damaged));
        assert_eq!(
            with_key("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
            Err(KeyError::Unsupported)
        );
        assert_eq!(with_key("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"), Err(KeyError::NotPkcs8));
        assert_eq!(with_key("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"), Err(KeyError::Encrypted));
        assert_eq!(with_key(SHORT_KEY), Err(KeyError::TooShort));
        assert_eq!(with_key(OTHER_CURVE), Err(KeyError::Unsupported));
    }

    #[test]
    fn only_an_e_mail_address_can_be_acted_as() {
        let inspected = |user: &str| inspect_user(&SecretInput::from(user.to_owned()));

        assert_eq!(inspected("ada.o'neil+crm@mail.example.com"), Ok(()));
        for wrong in ["", "ada", "@example.com", "ada@", "ada@localhost", "ada@a.b@c.d", "a da@example.com", "ä@b.ch"]
        {
            assert_eq!(inspected(wrong), Err(KeyError::NoUser), "{wrong}");
        }
        assert_eq!(inspected(&format!("{}@example.com", "a".repeat(250))), Err(KeyError::NoUser));
    }

    #[test]
    fn no_message_quotes_the_key() {
        let cut = RSA_KEY.get(..RSA_KEY.len() - 200).unwrap();

        let message = with_key(cut).unwrap_err().to_string();

        assert!(!message.contains("MII"), "{message}");
    }
}
