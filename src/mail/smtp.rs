//! The conversation with a mail server, one connection per mail. It is held step by step rather than by lettre's pooled
//! transport, because only so is known whether a no is about the recipient (final) or about Odeus (try again); and a pool
//! must be dropped inside a runtime, and reads from a silent server without end.

use std::net::IpAddr;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::client::TlsParameters;
use lettre::transport::smtp::commands::Data;
use lettre::transport::smtp::commands::Mail;
use lettre::transport::smtp::commands::Rcpt;
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use tokio::time::Instant;
use tokio::time::timeout;
use tokio::time::timeout_at;
use url::Url;

use crate::mail::message::Built;
use crate::mail::transport::DEADLINE;
use crate::mail::transport::Failure;
use crate::mail::transport::MailSettingsError;
use crate::mail::transport::Reply;
use crate::mail::transport::SendError;
use crate::mail::transport::Step;

const SUBMISSION: u16 = 587;
const SUBMISSION_OVER_TLS: u16 = 465;
const RELAY: u16 = 25;
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);

/// A mail server, and how to sign in there.
pub(super) struct Smtp {
    host: String,
    port: u16,
    security: Security,
    hello: ClientId,
    credentials: Option<Credentials>,
}

enum Security {
    Off,
    StartTls(TlsParameters),
    TlsFromTheFirstByte(TlsParameters),
}

impl Smtp {
    /// Reads `smtp[s]://user:password@host:port/name?tls=none`, as lettre does but for one thing: to another machine, TLS is
    /// the default and must be switched off in words.
    pub(super) fn from_url(url: &str) -> Result<Self, MailSettingsError> {
        let url = Url::parse(url).map_err(|_unreadable| MailSettingsError::Url("it is not a URL"))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(MailSettingsError::Url("it names no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let (security, port) = security(&url, &host)?;
        Ok(Self {
            port: url.port().unwrap_or(port),
            security,
            hello: hello(&url)?,
            credentials: credentials(&url)?,
            host,
        })
    }

    /// Hands `mail` over. `Ok` means that the server took it.
    pub(super) async fn send(&self, mail: &Built) -> Result<(), SendError> {
        let deadline = Instant::now() + DEADLINE;
        let mut conn = timeout_at(deadline, self.open()).await.unwrap_or_else(|_elapsed| Err(timed_out()))?;
        let verdict =
            timeout_at(deadline, hand_over(&mut conn, mail)).await.unwrap_or_else(|_elapsed| Err(timed_out()));
        // The verdict stands whatever becomes of the goodbye: a mail that was taken must not be sent again.
        timeout(GOODBYE_WITHIN, conn.quit()).await.ok();
        verdict
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, SendError> {
        let implicit = match &self.security {
            Security::TlsFromTheFirstByte(parameters) => Some(parameters.clone()),
            Security::Off | Security::StartTls(_) => None,
        };
        let server = (self.host.as_str(), self.port);
        let mut conn = AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT_WITHIN), &self.hello, implicit, None)
            .await
            .map_err(|error| failed(Step::Connect, &error))?;
        if let Security::StartTls(parameters) = &self.security {
            if !conn.can_starttls() {
                return Err(SendError::Transient(Failure::NoStartTls));
            }
            conn.starttls(parameters.clone(), &self.hello).await.map_err(|error| failed(Step::Connect, &error))?;
        }
        if let Some(credentials) = &self.credentials {
            conn.auth(DEFAULT_MECHANISMS, credentials).await.map_err(|error| failed(Step::SignIn, &error))?;
        }
        Ok(conn)
    }
}

async fn hand_over(conn: &mut AsyncSmtpConnection, mail: &Built) -> Result<(), SendError> {
    let sender = mail.envelope.from().cloned();
    conn.command(Mail::new(sender, Vec::new())).await.map_err(|error| failed(Step::Sender, &error))?;
    for recipient in mail.envelope.to() {
        let recipient = Rcpt::new(recipient.clone(), Vec::new());
        conn.command(recipient).await.map_err(|error| failed(Step::Recipient, &error))?;
    }
    conn.command(Data).await.map_err(|error| failed(Step::Content, &error))?;
    conn.message(&mail.bytes).await.map_err(|error| failed(Step::Content, &error))?;
    Ok(())
}

fn failed(step: Step, error: &Error) -> SendError {
    let Some(code) = error.status() else {
        let cause =
            if error.is_response() { "its answer was cut off or makes no sense".to_owned() } else { error.to_string() };
        return SendError::Transient(Failure::Broken { step, cause });
    };
    let words = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let failure = Failure::Refused { step, code: code.into(), reply: Reply::new(&words) };
    if error.is_permanent() && step.is_about_the_mail() {
        SendError::Permanent(failure)
    } else {
        SendError::Transient(failure)
    }
}

fn timed_out() -> SendError {
    SendError::Transient(Failure::TimedOut)
}

fn security(url: &Url, host: &str) -> Result<(Security, u16), MailSettingsError> {
    let parameters = || TlsParameters::new(host.to_owned()).map_err(MailSettingsError::Tls);
    let mut wanted = None;
    for (key, value) in url.query_pairs() {
        if key != "tls" {
            return Err(MailSettingsError::Url("the only parameter is `tls`"));
        }
        wanted = Some(value.into_owned());
    }
    let usual = if is_this_machine(host) { "none" } else { "required" };
    match (url.scheme(), wanted.as_deref()) {
        ("smtps", None | Some("required")) => Ok((Security::TlsFromTheFirstByte(parameters()?), SUBMISSION_OVER_TLS)),
        ("smtp", wanted) => match wanted.unwrap_or(usual) {
            "required" => Ok((Security::StartTls(parameters()?), SUBMISSION)),
            "none" => Ok((Security::Off, RELAY)),
            _ => Err(MailSettingsError::Url("`tls` is `required` or `none`")),
        },
        ("smtps", Some(_)) => Err(MailSettingsError::Url("smtps:// is always TLS")),
        (_, _) => Err(MailSettingsError::Url("it begins with smtp:// or smtps://")),
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn hello(url: &Url) -> Result<ClientId, MailSettingsError> {
    let name = url.path().trim_matches('/');
    if name.is_empty() {
        return Ok(ClientId::default());
    }
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || ".-[]:".contains(c));
    if fits { Ok(ClientId::Domain(name.to_owned())) } else { Err(MailSettingsError::Url("its path is no host name")) }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, MailSettingsError> {
    let Some(password) = url.password() else { return Ok(None) };
    let plain = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(String::from).map_err(|_not_text| MailSettingsError::Url("its user or password is not UTF-8"))
    };
    Ok(Some(Credentials::new(plain(url.username())?, plain(password)?)))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncBufReadExt;
    use tokio::io::AsyncWriteExt;
    use tokio::io::BufReader;
    use tokio::net::TcpListener;
    use tokio::net::TcpStream;

    use super::*;
    use crate::mail::message::tests::sample;
    use crate::mail::transport::MailSettings;
    use crate::mail::transport::Transport;
    use crate::mail::transport::Way;

    /// What the server says when it is told this. `""` drops the line.
    type Says = (&'static str, &'static str);

    /// A mail server for one connection per script; gives its port and, at the end, all lines that it was sent.
    async fn server(scripts: Vec<Vec<Says>>) -> (u16, tokio::task::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = async move {
            let mut heard = Vec::new();
            for script in scripts {
                let (stream, _) = listener.accept().await.unwrap();
                converse(stream, &script, &mut heard).await;
            }
            heard
        };
        (port, tokio::spawn(heard))
    }

    async fn converse(mut stream: TcpStream, script: &[Says], heard: &mut Vec<String>) {
        let (reader, mut writer) = stream.split();
        let mut lines = BufReader::new(reader).lines();
        let answer = |told: &str, usual: &'static str| {
            script.iter().find(|(to, _)| told.starts_with(to)).map_or(usual, |(_, says)| *says)
        };
        let mut within_mail = false;
        writer.write_all(format!("{}\r\n", answer("greeting", "220 ready")).as_bytes()).await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            heard.push(line.clone());
            if within_mail && line != "." {
                continue;
            }
            let usual = if line == "DATA" { "354 go on" } else { "250 fine" };
            let says = answer(&line, usual);
            if says.is_empty() {
                return;
            }
            within_mail = says.starts_with("354");
            writer.write_all(format!("{says}\r\n").as_bytes()).await.unwrap();
        }
    }

    async fn send(port: u16, rest: &str, user: &str) -> Result<(), SendError> {
        let way = Way::Smtp(format!("smtp://{user}127.0.0.1:{port}/odeus.example{rest}"));
        let settings = MailSettings { from: "Odeus <odeus@example.com>".to_owned(), way };
        Transport::new(settings).unwrap().send(&sample()).await
    }

    fn message_ids(heard: &[String]) -> Vec<&String> {
        heard.iter().filter(|line| line.starts_with("Message-ID:")).collect()
    }

    #[tokio::test]
    async fn a_mail_is_handed_over_whole() {
        let (port, heard) = server(vec![vec![]]).await;

        send(port, "", "").await.unwrap();

        let heard = heard.await.unwrap();
        assert!(heard.starts_with(&[
            "EHLO odeus.example".to_owned(),
            "MAIL FROM:<odeus@example.com>".to_owned(),
            "RCPT TO:<ada@example.com>".to_owned(),
            "DATA".to_owned()
        ]));
        assert!(heard.ends_with(&[".".to_owned(), "QUIT".to_owned()]), "{heard:?}");
        assert!(heard.contains(&"..".to_owned()), "a lone dot of the text is stuffed: {heard:?}");
    }

    #[tokio::test]
    async fn a_5xx_for_the_recipient_is_final() {
        let (port, _heard) = server(vec![vec![("RCPT", "550 5.1.1 <ada@example.com> unknown")]]).await;

        let error = send(port, "", "").await.unwrap_err();

        assert!(matches!(error, SendError::Permanent(Failure::Refused { step: Step::Recipient, code: 550, .. })));
        assert_eq!(error.failure().reply(), Some("5.1.1 <ada@example.com> unknown"));
        assert!(!format!("{error} {error:?}").contains("ada@"), "no address in what may be logged (D-15): {error:?}");
    }

    #[tokio::test]
    async fn a_5xx_for_the_mail_is_final() {
        let (port, _heard) = server(vec![vec![(".", "554 5.7.1 no")]]).await;

        let error = send(port, "", "").await.unwrap_err();

        assert!(matches!(error, SendError::Permanent(Failure::Refused { step: Step::Content, code: 554, .. })));
    }

    #[tokio::test]
    async fn a_4xx_is_tried_again() {
        for told in ["greeting", "MAIL", "RCPT", "DATA", "."] {
            let (port, _heard) = server(vec![vec![(told, "421 4.3.2 later")]]).await;

            let error = send(port, "", "").await.unwrap_err();

            assert!(matches!(error, SendError::Transient(Failure::Refused { code: 421, .. })), "{told}: {error:?}");
        }
    }

    #[tokio::test]
    async fn a_no_to_odeus_itself_is_tried_again() {
        let signs_in = ("EHLO", "250-fine\r\n250 AUTH PLAIN");
        let (port, _heard) = server(vec![vec![signs_in, ("AUTH", "535 5.7.8 wrong")]]).await;
        let refused = send(port, "", "ada:p%40ss@").await.unwrap_err();
        let (port, _heard) = server(vec![vec![("MAIL", "550 5.7.1 not you")]]).await;
        let not_allowed = send(port, "", "").await.unwrap_err();

        assert!(matches!(refused, SendError::Transient(Failure::Refused { step: Step::SignIn, code: 535, .. })));
        assert!(matches!(not_allowed, SendError::Transient(Failure::Refused { step: Step::Sender, code: 550, .. })));
    }

    #[tokio::test]
    async fn a_line_dropped_after_the_mail_is_tried_again_with_the_same_id() {
        let (port, heard) = server(vec![vec![(".", "")], vec![]]).await;

        let error = send(port, "", "").await.unwrap_err();
        send(port, "", "").await.unwrap();

        assert!(matches!(error, SendError::Transient(Failure::Broken { step: Step::Content, .. })), "{error:?}");
        let heard = heard.await.unwrap();
        let ids = message_ids(&heard);
        assert_eq!(ids.len(), 2);
        assert_eq!(ids[0], ids[1]);
    }

    #[tokio::test]
    async fn a_goodbye_that_fails_does_not_undo_the_mail() {
        let (port, _heard) = server(vec![vec![("QUIT", "")]]).await;

        send(port, "", "").await.unwrap();
    }

    #[tokio::test]
    async fn nothing_is_said_in_the_clear_where_tls_is_required() {
        let (port, heard) = server(vec![vec![("EHLO", "250-fine\r\n250 AUTH PLAIN")]]).await;

        let error = send(port, "?tls=required", "ada:hunter2@").await.unwrap_err();

        assert!(matches!(error, SendError::Transient(Failure::NoStartTls)));
        assert_eq!(heard.await.unwrap(), ["EHLO odeus.example"]);
    }

    #[tokio::test]
    async fn nobody_listening_is_tried_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);

        let error = send(port, "", "").await.unwrap_err();

        assert!(matches!(error, SendError::Transient(Failure::Broken { step: Step::Connect, .. })));
    }

    #[test]
    fn another_machine_gets_tls_unless_it_is_switched_off() {
        let read = |url: &str| {
            let smtp = Smtp::from_url(url).unwrap();
            let tls = match smtp.security {
                Security::Off => "off",
                Security::StartTls(_) => "starttls",
                Security::TlsFromTheFirstByte(_) => "tls",
            };
            (tls, smtp.port)
        };

        assert_eq!(read("smtp://mail.example.com"), ("starttls", 587));
        assert_eq!(read("smtp://ada:x@mail.example.com:2525"), ("starttls", 2525));
        assert_eq!(read("smtp://10.0.0.1:25"), ("starttls", 25));
        assert_eq!(read("smtp://mail.example.com?tls=none"), ("off", 25));
        assert_eq!(read("smtps://mail.example.com"), ("tls", 465));
        assert_eq!(read("smtp://localhost:1025"), ("off", 1025));
        assert_eq!(read("smtp://127.0.0.1"), ("off", 25));
        assert_eq!(read("smtp://[::1]:1025"), ("off", 1025));
        assert_eq!(read("smtp://localhost?tls=required"), ("starttls", 587));
        for wrong in [
            "mail.example.com:25",
            "http://mail.example.com",
            "smtp://",
            "smtp://x?tls=maybe",
            "smtps://x?tls=none",
            "smtp://x?starttls=no",
            "smtp://x/a%0Ab",
        ] {
            assert!(Smtp::from_url(wrong).is_err(), "{wrong}");
        }
    }
}
