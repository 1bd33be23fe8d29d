//! The conversation with a mail server, one connection per mail. It is held step by step rather than by lettre's pooled
//! transport, because only so is known whether a no is about the recipient (final) or about Odeus (try again); and a pool
//! must be dropped inside a runtime, and waits for a silent server without end.

use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::Data;
use lettre::transport::smtp::commands::Mail;
use lettre::transport::smtp::commands::Rcpt;
use tokio::time::Instant;
use tokio::time::timeout;
use tokio::time::timeout_at;

use crate::mail::failure::DEADLINE;
use crate::mail::failure::Failure;
use crate::mail::failure::Reply;
use crate::mail::failure::SendError;
use crate::mail::failure::Step;
use crate::mail::message::Built;
use crate::mail::server::Security;
use crate::mail::server::Server;

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);

/// Hands mails to one server.
pub(super) struct Smtp(Server);

impl Smtp {
    /// Connects to nothing yet.
    pub(super) fn new(server: Server) -> Self {
        Self(server)
    }

    /// Hands `mail` over within [`DEADLINE`]. `Ok` means that the server took it.
    pub(super) async fn send(&self, mail: &Built) -> Result<(), SendError> {
        self.send_within(DEADLINE, mail).await
    }

    async fn send_within(&self, limit: Duration, mail: &Built) -> Result<(), SendError> {
        let deadline = Instant::now() + limit;
        let mut conn = timeout_at(deadline, self.open()).await.unwrap_or_else(|_elapsed| Err(timed_out()))?;
        let verdict =
            timeout_at(deadline, hand_over(&mut conn, mail)).await.unwrap_or_else(|_elapsed| Err(timed_out()));
        // The verdict stands whatever becomes of the goodbye: a mail that was taken must not be sent again.
        timeout(GOODBYE_WITHIN, conn.quit()).await.ok();
        verdict
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, SendError> {
        let implicit = match &self.0.security {
            Security::TlsFromTheFirstByte(parameters) => Some(parameters.clone()),
            Security::Off | Security::StartTls(_) => None,
        };
        let server = (self.0.host.as_str(), self.0.port);
        let mut conn = AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT_WITHIN), &self.0.hello, implicit, None)
            .await
            .map_err(|error| failed(Step::Connect, &error))?;
        if let Security::StartTls(parameters) = &self.0.security {
            if !conn.can_starttls() {
                return Err(SendError::Transient(Failure::NoStartTls));
            }
            conn.starttls(parameters.clone(), &self.0.hello).await.map_err(|error| failed(Step::Connect, &error))?;
        }
        if let Some(credentials) = &self.0.credentials {
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

#[cfg(test)]
mod tests {
    use tokio::io::AsyncBufReadExt;
    use tokio::io::AsyncWriteExt;
    use tokio::io::BufReader;
    use tokio::net::TcpListener;
    use tokio::net::TcpStream;

    use super::*;
    use crate::mail::message::tests::sample;

    /// What the server says when it is told this. `""` drops the line, `"..."` says nothing.
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
            if says == "..." {
                continue;
            }
            writer.write_all(format!("{says}\r\n").as_bytes()).await.unwrap();
        }
    }

    fn smtp(port: u16, rest: &str, user: &str) -> Smtp {
        Smtp::new(Server::from_url(&format!("smtp://{user}127.0.0.1:{port}/odeus.example{rest}")).unwrap())
    }

    fn mail() -> Built {
        sample().build(&"Odeus <odeus@example.com>".parse().unwrap()).unwrap()
    }

    async fn send(port: u16, rest: &str, user: &str) -> Result<(), SendError> {
        smtp(port, rest, user).send(&mail()).await
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
    async fn a_server_that_falls_silent_is_left_and_tried_again() {
        let (port, _heard) = server(vec![vec![("RCPT", "...")]]).await;

        let error = smtp(port, "", "").send_within(Duration::from_millis(200), &mail()).await.unwrap_err();

        assert!(matches!(error, SendError::Transient(Failure::TimedOut)), "{error:?}");
    }

    #[tokio::test]
    async fn nobody_listening_is_tried_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);

        let error = send(port, "", "").await.unwrap_err();

        assert!(matches!(error, SendError::Transient(Failure::Broken { step: Step::Connect, .. })));
    }
}
