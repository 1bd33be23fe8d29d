//! Settings: what holds without any, and how each mistake is said.

use std::collections::HashMap;

use odeus::config::Settings;
use odeus::config::SettingsError;
use url::Url;

fn parse(settings: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let settings: HashMap<&str, &str> = settings.iter().copied().collect();
    Settings::from_lookup(|name| settings.get(name).map(|value| (*value).to_owned()))
}

fn refusal(name: &str, value: &str) -> String {
    parse(&[(name, value)]).unwrap_err().to_string()
}

#[test]
fn without_any_setting_odeus_listens_on_this_machine_and_calls_the_public_internet_alone() {
    let settings = parse(&[]).unwrap();

    assert_eq!(settings.addr.to_string(), "127.0.0.1:8080");
    assert!(settings.database_url.is_none() && settings.key_file.is_none() && settings.public_url.is_none());
    assert_eq!(settings.data_dir.to_str(), Some(".odeus"));
    assert!(settings.egress.check_url(&Url::parse("http://127.0.0.1:9000/").unwrap()).is_err());
    assert!(settings.egress.check_url(&Url::parse("https://api.example.com/").unwrap()).is_ok());
}

#[test]
fn an_empty_setting_counts_as_not_set() {
    let settings = parse(&[("ODEUS_KEY_FILE", ""), ("DATABASE_URL", " "), ("ODEUS_ADDR", "")]).unwrap();

    assert!(settings.key_file.is_none() && settings.database_url.is_none());
    assert_eq!(settings.addr.port(), 8080);
}

#[test]
fn the_pool_has_four_connections_for_each_worker() {
    let settings = parse(&[("ODEUS_WORKERS", "3")]).unwrap();

    assert_eq!((settings.workers, settings.db_pool), (3, 12));
}

#[test]
fn a_mistake_names_the_setting_and_shows_how_it_should_look() {
    for (name, value, example) in [
        ("ODEUS_ADDR", "8080", "127.0.0.1:8080"),
        ("ODEUS_METRICS_ADDR", "nowhere", "127.0.0.1:8080"),
        ("ODEUS_WORKERS", "0", "from 1 to"),
        ("ODEUS_DB_POOL", "many", "from 1 to"),
        ("ODEUS_EGRESS_ALLOW", "http://127.0.0.1", "127.0.0.1:9000"),
        ("ODEUS_ORIGIN_MAP", "/nowhere/map.yaml", "/nowhere/map.yaml"),
    ] {
        let said = refusal(name, value);
        assert!(said.contains(name) && said.contains(example), "{name}: {said}");
    }
}

#[test]
fn fewer_connections_than_workers_are_refused() {
    let error = parse(&[("ODEUS_WORKERS", "8"), ("ODEUS_DB_POOL", "4")]).unwrap_err();

    assert!(matches!(error, SettingsError::PoolTooSmall { pool: 4, workers: 8 }), "{error}");
}

#[test]
fn an_allowed_address_may_be_called_over_plain_http() {
    let settings = parse(&[("ODEUS_EGRESS_ALLOW", "127.0.0.1:9000, 10.2.0.0/16")]).unwrap();

    for (url, is_allowed) in [
        ("http://127.0.0.1:9000/x", true),
        ("http://10.2.3.4/x", true),
        ("http://127.0.0.1:9001/x", false),
        ("http://10.3.0.1/", false),
    ] {
        assert_eq!(settings.egress.check_url(&Url::parse(url).unwrap()).is_ok(), is_allowed, "{url}");
    }
}

#[test]
fn the_origin_map_is_a_yaml_file() {
    let path = std::env::temp_dir().join(format!("odeus-origins-{}.yaml", std::process::id()));
    std::fs::write(&path, "# national cloud\nhttps://graph.microsoft.com: https://graph.microsoft.us\n").unwrap();

    let settings = parse(&[("ODEUS_ORIGIN_MAP", path.to_str().unwrap())]).unwrap();
    std::fs::write(&path, "- https://graph.microsoft.com\n").unwrap();
    let said = refusal("ODEUS_ORIGIN_MAP", path.to_str().unwrap());
    std::fs::write(&path, "graph.microsoft.com: https://graph.microsoft.us\n").unwrap();
    let said_of_address = refusal("ODEUS_ORIGIN_MAP", path.to_str().unwrap());
    std::fs::remove_file(&path).unwrap();

    let mapped = settings.origin_map.apply(&Url::parse("https://graph.microsoft.com/v1.0/me").unwrap());
    assert_eq!(mapped.as_str(), "https://graph.microsoft.us/v1.0/me");
    assert!(said.contains("https://graph.microsoft.com: https://graph.microsoft.us"), "{said}");
    assert!(said_of_address.contains("graph.microsoft.com"), "{said_of_address}");
}

#[test]
fn an_address_with_a_password_is_not_shown() {
    let settings = parse(&[
        ("DATABASE_URL", "postgres://odeus:hunter2@db/odeus"),
        ("ODEUS_SMTP_URL", "smtp://odeus:hunter2@mail"),
    ]);

    assert!(!format!("{:?}", settings.unwrap()).contains("hunter2"));
}
