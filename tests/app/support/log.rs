//! Every log line of the process, so that a test can look for what must never be logged.

use std::io;
use std::sync::Mutex;
use std::sync::Once;
use std::sync::PoisonError;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static BEGIN: Once = Once::new();

struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to keep what is logged.
pub(super) fn keep() {
    BEGIN.call_once(|| {
        tracing_subscriber::fmt().with_env_filter("info,odeus=debug").with_ansi(false).with_writer(|| Lines).init();
    });
}

/// Whether `text` was logged.
pub(super) fn contains(text: &str) -> bool {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.windows(text.len()).any(|window| window == text.as_bytes())
}
