//! `make bench`: what a run costs. Side by side in one go: the upstream called directly, nginx proxying the same call with
//! a static header, and Odeus running it as an action with token, policy, record and audit on every run; then the pages,
//! the start and the memory. Absolute figures depend on the machine; the ratios are what counts.

mod common;

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use serde_json::json;

use crate::common::Api;
use crate::common::document;
use crate::common::free_port;
use crate::common::id;
use crate::common::pause;
use crate::common::request;
use crate::common::say;
use crate::common::upstream;

const SECONDS: u32 = 6;
fn main() -> Result<()> {
    let home = tempdir()?;
    let upstream = upstream()?;
    let nginx = Nginx::start(&home, upstream)?;
    let odeus = Odeus::start(&home, upstream)?;
    let story = odeus.prepare(upstream)?;

    say("runs and calls, wrk with one thread");
    say(&format!("{:<36} {:>9} {:>10} {:>10} {:>8}", "", "per s", "p50", "p99", "/ nginx"));
    for connections in [1, 16, 64] {
        let direct = wrk(&home, connections, &format!("http://127.0.0.1:{upstream}/v1/events"), None)?;
        let proxied = wrk(&home, connections, &format!("http://127.0.0.1:{}/v1/events", nginx.port), None)?;
        let kept = wrk(&home, connections, &format!("http://127.0.0.1:{}/kept/v1/events", nginx.port), None)?;
        let read = wrk(&home, connections, &odeus.url(&story.read), Some(&story.token))?;
        let write = wrk(&home, connections, &odeus.url(&story.write), Some(&story.token))?;
        say(&format!("-- {connections} connection(s)"));
        for (name, figures) in [
            ("upstream, directly", &direct),
            ("through nginx", &proxied),
            ("through nginx, upstream kept alive", &kept),
            ("run that reads", &read),
            ("run that writes", &write),
        ] {
            let ratio = figures.per_second / proxied.per_second;
            say(&format!(
                "{name:<36} {:>9.0} {:>7.2} ms {:>7.2} ms {ratio:>8.2}",
                figures.per_second, figures.p50_ms, figures.p99_ms
            ));
        }
        if connections == 1 {
            say(&format!("{:<36} {:>20.2} ms at the median", "added by a run that reads", read.p50_ms - direct.p50_ms));
            say(&format!(
                "{:<36} {:>20.2} ms at the median",
                "added by a run that writes",
                write.p50_ms - direct.p50_ms
            ));
        }
    }
    say("pages, one connection");
    for path in ["connections", "integrations", "agents", "runs"] {
        let page = wrk_page(&home, &odeus.url(&format!("/w/bench/{path}")), &story.cookie)?;
        say(&format!(
            "{:<36} {:>9.0} {:>7.2} ms {:>7.2} ms",
            format!("/{path}"),
            page.per_second,
            page.p50_ms,
            page.p99_ms
        ));
    }
    say("the process");
    say(&format!("{:<36} {:>9.2} s", "start to ready, prepared database", odeus.restart_seconds(&home, upstream)?));
    Ok(())
}

fn tempdir() -> Result<PathBuf> {
    let home = std::env::temp_dir().join(format!("odeus-bench-{}", std::process::id()));
    fs::create_dir_all(&home)?;
    Ok(home)
}

struct Nginx {
    child: Child,
    port: u16,
}

impl Nginx {
    fn start(home: &Path, upstream: u16) -> Result<Self> {
        let port = free_port()?;
        let folder = home.join("nginx");
        fs::create_dir_all(&folder)?;
        let at = folder.display();
        let config = format!(
            "worker_processes 2; pid {at}/pid; error_log {at}/error.log; daemon off;
             events {{ worker_connections 1024; }}
             http {{ access_log off; client_body_temp_path {at}/body; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/f;
                uwsgi_temp_path {at}/u; scgi_temp_path {at}/s;
                upstream provider {{ server 127.0.0.1:{upstream}; keepalive 64; }}
                server {{ listen 127.0.0.1:{port}; proxy_set_header X-Api-Key static-key;
                    location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
                    location /kept/ {{ proxy_pass http://provider/; proxy_http_version 1.1; proxy_set_header Connection \"\";
                        proxy_set_header X-Api-Key static-key; }} }} }}"
        );
        fs::write(folder.join("nginx.conf"), config)?;
        let program = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx", "nginx"]
            .into_iter()
            .find(|program| Path::new(program).exists())
            .unwrap_or("nginx");
        let child = Command::new(program)
            .arg("-c")
            .arg(folder.join("nginx.conf"))
            .arg("-p")
            .arg(&folder)
            .stderr(Stdio::null())
            .spawn()
            .context("nginx does not start; `scripts/setup bench` installs it")?;
        wait_for(port)?;
        Ok(Self { child, port })
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        Command::new("kill").arg(self.child.id().to_string()).status().ok();
        self.child.wait().ok();
    }
}

fn wait_for(port: u16) -> Result<()> {
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(30) {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(());
        }
        pause(5);
    }
    bail!("nothing listens on port {port}")
}

struct Odeus {
    child: Child,
    port: u16,
}

/// What the load needs to know.
struct Story {
    token: String,
    cookie: String,
    read: String,
    write: String,
}

impl Odeus {
    fn start(home: &Path, upstream: u16) -> Result<Self> {
        let port = free_port()?;
        Self::command(home, upstream, port).args(["keys", "new"]).stdout(Stdio::null()).status()?;
        let started = Self { child: Self::command(home, upstream, port).arg("serve").spawn()?, port };
        started.wait_until_ready()?;
        Ok(started)
    }

    fn command(home: &Path, upstream: u16, port: u16) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_odeus"));
        command
            .env("ODEUS_ADDR", format!("127.0.0.1:{port}"))
            .env("ODEUS_PUBLIC_URL", format!("http://127.0.0.1:{port}"))
            .env("ODEUS_DATA_DIR", home.join("data"))
            .env("ODEUS_KEY_FILE", home.join("keys"))
            .env("ODEUS_EGRESS_ALLOW", format!("127.0.0.1:{upstream}"))
            .env("ODEUS_LOG", "error");
        command
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn wait_until_ready(&self) -> Result<()> {
        let since = Instant::now();
        while since.elapsed() < Duration::from_mins(1) {
            if request(self.port, "GET", "/readyz", &[], "").is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            pause(2);
        }
        bail!("odeus is not ready after a minute")
    }

    fn run(&self, home: &Path, upstream: u16, arguments: &[&str]) -> Result<String> {
        let output = Self::command(home, upstream, self.port).args(arguments).output()?;
        if !output.status.success() {
            bail!("odeus {arguments:?} failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// A workspace with an integration, fifty connections, and an agent with an action that reads and one that writes.
    fn prepare(&self, upstream: u16) -> Result<Story> {
        let home = std::env::temp_dir().join(format!("odeus-bench-{}", std::process::id()));
        let made = self.run(
            &home,
            upstream,
            &["workspace", "create", "--slug", "bench", "--name", "Bench", "--admin", "ada@example.com"],
        )?;
        let token =
            self.run(&home, upstream, &["token", "create", "--workspace", "bench", "--email", "ada@example.com"])?;
        let api = Api { port: self.port, token: token.clone() };
        api.post("/integrations", &json!({ "key": "bench-events", "document": document(upstream) }))?;
        let connect = json!({
            "integration": "bench-events", "auth_type": "api_key", "name": "Key", "fields": { "key": "k-1234567890" },
        });
        let connection = id(&api.post("/connections", &connect)?)?;
        for _ in 1..50 {
            api.post("/connections", &connect)?;
        }
        let agent = id(&api.post("/agents", &json!({ "name": "Bench", "description": "", "instructions": "" }))?)?;
        let action = |key: &str| {
            let body = json!({
                "integration": "bench-events", "action": key, "credentials": "preselected",
                "connection_id": connection, "requires_confirmation": false,
            });
            id(&api.post(&format!("/agents/{agent}/actions"), &body)?)
        };
        let read = format!("/api/v1/agents/{agent}/actions/{}/runs", action("listEvents")?);
        let write = format!("/api/v1/agents/{agent}/actions/{}/runs", action("createEvent")?);
        Ok(Story { token, cookie: self.sign_in(&made)?, read, write })
    }

    /// Sets the admin's password by the link that `workspace create` printed, which signs them in.
    fn sign_in(&self, made: &str) -> Result<String> {
        let link = made.split_whitespace().find(|word| word.starts_with("http")).context("no link was printed")?;
        let (_, token) = link.split_once("token=").context("a link without a token")?;
        let own_site = ("Sec-Fetch-Site", "same-origin");
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        let fields = format!("token={token}&password=tulips+over+amsterdam");
        let answer = request(self.port, "POST", "/set-password", &[own_site, form], &fields)?;
        let cookie = answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).map(str::to_owned);
        let cookie = cookie.with_context(|| format!("not signed in: {} {}", answer.head, answer.body))?;
        Ok(cookie.split(';').next().unwrap_or_default().to_owned())
    }

    /// Says what it holds in memory, stops it, and measures a start on the database that is there.
    fn restart_seconds(mut self, home: &Path, upstream: u16) -> Result<f64> {
        pause(3000);
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("?").trim().to_owned();
        say(&format!("{:<36} {resident:>12}", "resident after the load"));
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait()?;
        let since = Instant::now();
        self.child = Self::command(home, upstream, self.port).arg("serve").spawn()?;
        self.wait_until_ready()?;
        let seconds = since.elapsed().as_secs_f64();
        pause(1000);
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("?").trim().to_owned();
        say(&format!("{:<36} {resident:>12}", "resident at idle"));
        Ok(seconds)
    }
}

impl Drop for Odeus {
    fn drop(&mut self) {
        Command::new("kill").arg(self.child.id().to_string()).status().ok();
        self.child.wait().ok();
    }
}

struct Figures {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

fn wrk(home: &Path, connections: u32, url: &str, token: Option<&str>) -> Result<Figures> {
    let Some(token) = token else { return load(home, connections, url, "") };
    let input = r#"{\"input\":{}}"#;
    load(
        home,
        connections,
        url,
        &format!(
            "wrk.method = \"POST\"\nwrk.headers[\"Authorization\"] = \"Bearer {token}\"\n\
             wrk.headers[\"Content-Type\"] = \"application/json\"\nwrk.body = \"{input}\"\n"
        ),
    )
}

fn wrk_page(home: &Path, url: &str, cookie: &str) -> Result<Figures> {
    load(home, 1, url, &format!("wrk.headers[\"Cookie\"] = \"{cookie}\"\n"))
}

const REPORT: &str = r#"
function done(summary, latency)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("FIGURES %f %f %f %d\n", summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, bad))
end
"#;

fn load(home: &Path, connections: u32, url: &str, setup: &str) -> Result<Figures> {
    let script = home.join("load.lua");
    fs::write(&script, format!("{setup}{REPORT}"))?;
    let run = |seconds: u32| {
        Command::new("wrk")
            .args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "-s"])
            .arg(&script)
            .arg(url)
            .output()
            .context("wrk does not run; `scripts/setup bench` installs it")
    };
    run(1)?;
    let text = String::from_utf8(run(SECONDS)?.stdout)?;
    let line = text.lines().find_map(|line| line.strip_prefix("FIGURES ")).with_context(|| text.clone())?;
    let figures: Vec<f64> = line.split(' ').filter_map(|figure| figure.parse().ok()).collect();
    let [per_second, p50_ms, p99_ms, bad] = figures.try_into().ok().context("wrk's report has another shape")?;
    if bad > 0.0 {
        bail!("{bad} of the requests to {url} failed");
    }
    Ok(Figures { per_second, p50_ms, p99_ms })
}
