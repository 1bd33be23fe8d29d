//! The decisions about `DATABASE_URL`, one by one.

use std::path::Path;

use crate::db::tls::TlsError;
use crate::db::tls::conninfo::Conninfo;
use crate::db::tls::conninfo::Route;
use crate::db::tls::conninfo::Target;

fn route(url: &str) -> Result<Route, TlsError> {
    Conninfo::parse(url).and_then(|conninfo| conninfo.route())
}

#[track_caller]
fn is_direct(url: &str) -> String {
    match route(url) {
        Ok(Route::Direct(direct)) => direct,
        other => panic!("{url}: {other:?}"),
    }
}

#[track_caller]
fn over_tls(url: &str) -> Target {
    match route(url) {
        Ok(Route::Tls(target)) => target,
        other => panic!("{url}: {other:?}"),
    }
}

#[test]
fn a_server_on_this_machine_is_reached_as_the_url_says() {
    for url in [
        "postgres://ann:pw@localhost/odeus",
        "postgresql://127.0.0.1:5433/odeus?sslmode=prefer",
        "postgres://[::1]/odeus",
        "postgres:///odeus?host=/var/run/postgresql",
        "postgres://%2Fvar%2Frun%2Fpostgresql/odeus",
        "postgres://db.example.com/odeus?hostaddr=127.0.0.1",
    ] {
        assert_eq!(is_direct(url), url);
    }
}

#[test]
fn a_remote_server_is_reached_over_tls_unless_plain_text_is_asked_for() {
    for mode in
        ["", "?sslmode=allow", "?sslmode=prefer", "?sslmode=require", "?sslmode=verify-ca", "?sslmode=verify-full"]
    {
        let target = over_tls(&format!("postgres://ann:pw@db.example.com:6432/odeus{mode}"));
        assert_eq!(target.to_string(), "db.example.com:6432");
    }
    let plain = "postgres://db.example.com/odeus?sslmode=disable";
    assert_eq!(is_direct(plain), plain);
}

#[test]
fn what_only_looks_local_counts_as_remote() {
    // libpq takes what follows the first `@` for the address, and a parameter before an address.
    assert_eq!(over_tls("postgres://localhost@db.example.com/odeus").dial, "db.example.com");
    assert_eq!(over_tls("postgres://localhost/odeus?host=db.example.com").dial, "db.example.com");
    assert_eq!(over_tls("postgres://localhost/odeus?hostaddr=192.0.2.1").dial, "192.0.2.1");
    assert_eq!(over_tls("postgres://localhost.example.com/odeus").dial, "localhost.example.com");
    assert_eq!(over_tls("postgres:///odeus?host=/tmp&hostaddr=192.0.2.1").dial, "192.0.2.1");
    assert_eq!(over_tls("postgres://host?sslmode=disable@db.example.com").dial, "db.example.com");
}

#[test]
fn tls_on_this_machine_is_done_when_asked_for() {
    assert_eq!(over_tls("postgres://localhost:5433/odeus?sslmode=require").to_string(), "localhost:5433");
    assert_eq!(over_tls("postgres://[::1]/odeus?sslmode=verify-full").dial, "::1");
}

#[test]
fn a_socket_has_no_tls_and_the_word_is_taken_off() {
    let url = is_direct("postgres://ann@/odeus?host=/run/pg&port=5433&sslmode=require");

    assert_eq!(url, "postgres:///odeus?host=%2Frun%2Fpg&port=5433&user=ann");
}

#[test]
fn without_a_host_the_socket_is_named() {
    let url = is_direct("postgres:///odeus");

    assert!(url.starts_with("postgres:///odeus?host=%2F"), "{url}");
}

#[test]
fn the_name_is_verified_where_the_address_is_given_apart() {
    let target = over_tls("postgres://db.example.com/odeus?hostaddr=192.0.2.1&sslrootcert=%2Fetc%2Fca.pem");

    assert_eq!((target.dial.as_str(), target.port), ("192.0.2.1", 5432));
    assert_eq!(target.name.to_str(), "db.example.com");
    assert_eq!(target.root_certificate.as_deref(), Some(Path::new("/etc/ca.pem")));
    assert_eq!(over_tls("postgres://db.example.com/odeus?sslrootcert=system").root_certificate, None);
}

#[test]
fn through_the_forwarder_the_sign_in_stays_and_the_address_goes() {
    let url = "postgresql://ann:p%40s%2Bs+%26@db.example.com:6432/the%20data?sslmode=require&channel_binding=require\
               &application_name=odeus&connect_timeout=5&keepalives_idle=9";

    let through = Conninfo::parse(url).unwrap().through(Path::new("/tmp/odeus-tls-1"));

    assert_eq!(
        through,
        "postgres:///the%20data?host=%2Ftmp%2Fodeus%2Dtls%2D1&port=5432&user=ann&password=p%40s%2Bs%2B%26\
         &application_name=odeus&connect_timeout=5"
    );
}

#[test]
fn what_cannot_be_honoured_is_refused() {
    for (parameter, named) in [
        ("sslcert=/me.pem", "sslcert"),
        ("sslcrl=/crl.pem", "sslcrl"),
        ("service=prod", "service"),
        ("sslnegotiation=direct", "sslnegotiation"),
        ("ssl_min_protocol_version=TLSv1.3", "ssl_min_protocol_version"),
        ("host=a,b", "more than one host"),
    ] {
        let refused = route(&format!("postgres://db.example.com/odeus?{parameter}"));
        assert!(matches!(refused, Err(TlsError::Unsupported(what)) if what == named), "{parameter}");
    }
    assert!(matches!(
        route("postgres://db.example.com/odeus?sslmode=dissable"),
        Err(TlsError::Invalid { name: "sslmode", .. })
    ));
}

#[test]
fn what_is_no_url_is_refused() {
    for text in ["host=localhost dbname=odeus", "mysql://localhost/odeus", "postgres://[::1/odeus", "postgres://a/b?c"]
    {
        assert!(matches!(Conninfo::parse(text), Err(TlsError::NotAUrl)), "{text}");
    }
}
