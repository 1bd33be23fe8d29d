//! Chromium and its driver: found on this machine, started once for all journeys of the process, gone with it.

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use fantoccini::Client;
use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

const BROWSERS: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const DRIVERS: [&str; 2] = ["chromedriver", "/usr/lib/chromium-browser/chromedriver"];

/// What lets Chromium run as root, in a container and without a screen, and keeps it from calling home.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
];

/// Waits until nobody holds the other end of its input any more, however they ended. Then it ends the driver with all its
/// browsers, which are one process group, and removes their folder.
const KEEPER: &str = r#"
cat >/dev/null
kill -s KILL -- "-$1" 2>/dev/null
rm -rf "$2" || rm -rf "$2"
"#;

static DRIVER: LazyLock<Option<Driver>> = LazyLock::new(Driver::start);

/// Whether pages may run scripts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scripts {
    On,
    Off,
}

/// A running driver.
pub(super) struct Driver {
    address: String,
    browser: PathBuf,
    folder: PathBuf,
    opened: AtomicU32,
    /// Not waited for, so its number stays its own.
    _server: Child,
    /// Its input is what it watches.
    _keeper: Child,
}

impl Driver {
    /// The one of this process; nothing where this machine has no browser and need not have one.
    pub(super) fn find() -> Option<&'static Self> {
        DRIVER.as_ref()
    }

    fn start() -> Option<Self> {
        let (Some(browser), Some(driver)) = (program(&BROWSERS), program(&DRIVERS)) else {
            let missing = "no Chromium with its driver is installed here; scripts/setup test installs them";
            assert!(!is_ci(), "{missing}");
            // Past the capture of a test's output, so that everybody reads it.
            writeln!(io::stderr(), "browser journeys skipped: {missing}").unwrap();
            return None;
        };
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("browser-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut server = Command::new(&driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper", &server.id().to_string()])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C reaches the tests alone; the keeper sees them go.
            .process_group(0)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port =
            lines.find_map(|line| line.split_once("started successfully on port ").map(|(_, port)| port.to_owned()));
        let port = port.unwrap_or_else(|| panic!("{} does not start", driver.display()));
        // A pipe that nobody reads would stop the driver.
        std::thread::spawn(move || lines.for_each(drop));
        let address = format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
        Some(Self { address, browser, folder, opened: AtomicU32::new(0), _server: server, _keeper: keeper })
    }

    /// A browser that has never been anywhere.
    pub(super) async fn open(&self, scripts: Scripts) -> Client {
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        let profile = format!("--user-data-dir={}", self.folder.join(number.to_string()).display());
        let args: Vec<&str> = FLAGS.into_iter().chain([profile.as_str()]).collect();
        let javascript = if scripts == Scripts::On { 1 } else { 2 };
        let prefs = json!({
            "profile.managed_default_content_settings.javascript": javascript,
            "credentials_enable_service": false,
        });
        let capabilities = json!({
            "goog:chromeOptions": {"binary": self.browser, "args": args, "prefs": prefs},
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"implicit": 0, "pageLoad": 60_000, "script": 60_000},
        });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities.as_object().unwrap().clone());
        builder.connect(&self.address).await.unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "where programs are is no setting of Odeus")]
fn program(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    // An absolute name stays itself when it is joined.
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file()))
}

#[expect(clippy::disallowed_methods, reason = "whether this is CI is no setting of Odeus")]
fn is_ci() -> bool {
    std::env::var_os("CI").is_some()
}
