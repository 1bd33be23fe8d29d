//! The command line: reads the settings, opens what a command needs, says in one sentence what is wrong.

mod demo;
mod keys;
mod operator;

use std::io;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap::Subcommand;
use odeus::app;
use odeus::app::App;
use odeus::app::Doors;
use odeus::app::Parts;
use odeus::app::StartError;
use odeus::authz::facts::Role;
use odeus::config::Settings;
use odeus::http::serving::Ending;
use odeus::kernel::clock::Clock;
use odeus::telemetry;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

/// A run allocates on several threads and frees on others, which the system's allocator pays for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long load balancers have to notice that this process stops.
const SETTLE: Duration = Duration::from_secs(5);

/// Connections for AI agents: made once, kept sealed, used with exactly the right person's rights.
#[derive(Parser)]
#[command(version, about, after_help = "Settings are environment variables; the README lists them.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything on this machine: embedded database, sample workspace, stand-in provider, mails as files.
    Demo,
    /// The server.
    Serve,
    /// Bring the database's schema up to date.
    Migrate,
    /// Workspaces.
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// People.
    #[command(subcommand)]
    User(UserCommand),
    /// API tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// The keys that every secret is sealed under.
    #[command(subcommand)]
    Keys(KeysCommand),
}

#[derive(Subcommand)]
enum WorkspaceCommand {
    /// Make a workspace; prints a one-time link for its admin to set a password.
    Create(NewWorkspace),
}

#[derive(clap::Args)]
struct NewWorkspace {
    /// Its name in addresses: small letters, digits and hyphens.
    #[arg(long)]
    slug: String,
    /// Its name.
    #[arg(long)]
    name: String,
    /// The e-mail address of its first admin.
    #[arg(long)]
    admin: String,
    /// The admin's name; without it, the beginning of the address.
    #[arg(long)]
    admin_name: Option<String>,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add a person to a workspace; prints a one-time link to set a password.
    Add(NewMember),
}

#[derive(clap::Args)]
struct NewMember {
    /// The workspace's slug.
    #[arg(long)]
    workspace: String,
    /// The person's e-mail address.
    #[arg(long)]
    email: String,
    /// Their name; without it, the beginning of the address.
    #[arg(long)]
    name: Option<String>,
    /// Their role: admin, editor or member.
    #[arg(long, default_value = "member", value_parser = role)]
    role: Role,
    /// Read their password from standard input instead of printing a link.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make an API token for a member; prints it, once and alone.
    Create(NewToken),
}

#[derive(clap::Args)]
struct NewToken {
    /// The workspace's slug.
    #[arg(long)]
    workspace: String,
    /// The member's e-mail address.
    #[arg(long)]
    email: String,
    /// What will use it.
    #[arg(long, default_value = "command line")]
    name: String,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Add a fresh key to the key file, which is made if it is not there.
    New,
    /// Show the keys of the key file.
    List,
    /// Make a key of the key file the one that wraps, once every server has read it.
    Activate {
        /// Its id.
        id: String,
    },
    /// Wrap every workspace key anew, with the active key. Servers go on meanwhile; it can be stopped and run again.
    Rotate,
    /// Take a key that wraps nothing any more out of use, and out of the key file.
    Retire {
        /// Its id.
        id: String,
    },
}

fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|_unknown| "a role is admin, editor or member".to_owned())
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(io::stderr(), "odeus: {}", said(&error)).ok();
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes, each said once, on one line.
fn said(error: &anyhow::Error) -> String {
    let on_one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts: Vec<String> = error.chain().map(|cause| on_one_line(cause.to_string())).collect();
    parts.dedup();
    parts.join(": ")
}

/// Writes a line to standard output.
fn out(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// Threads for what does not belong to one request: half as many as there are processors, since the pages have theirs. On
/// two processors a second thread took longer to wake than it helped.
fn home_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |processors| processors.get().div_ceil(2))
}

fn run(command: Command) -> anyhow::Result<()> {
    // First of all: whatever speaks TLS looks for it.
    rustls::crypto::ring::default_provider().install_default().ok();
    let settings = Settings::from_env()?;
    telemetry::init(&settings.log, settings.log_format.parse()?)?;
    let threads = usize::try_from(settings.db_pool)?.max(4);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(home_threads())
        .max_blocking_threads(threads)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match command {
            Command::Demo => demo::run(settings).await,
            Command::Serve => serve(&settings).await,
            Command::Migrate => migrate(&settings).await,
            Command::Workspace(WorkspaceCommand::Create(new)) => operator::create_workspace(&settings, new).await,
            Command::User(UserCommand::Add(new)) => operator::add_user(&settings, new).await,
            Command::Token(TokenCommand::Create(new)) => operator::create_token(&settings, new).await,
            Command::Keys(command) => keys::run(&settings, command).await,
        }
    })
}

/// Everything is looked at before the port is taken.
async fn serve(settings: &Settings) -> anyhow::Result<()> {
    let clock = Clock::system();
    settings.key_file.as_ref().ok_or(StartError::NoKeyFile)?;
    let database = app::open_database(settings).await?;
    database.prepare().await.map_err(StartError::from)?;
    let vault = app::open_vault(settings.key_file.as_ref(), &database.db, &clock).await?;
    let parts = Parts::build(settings, database.db.clone(), vault, clock)?;
    parts.come_in().await?;
    let app = App::build(&parts, Doors::bind(settings)?)?;
    say_where(settings, &parts);
    app.run(parts.start_jobs(), stop()?).await?;
    parts.go_out().await;
    tracing::info!("stopped");
    Ok(())
}

fn say_where(settings: &Settings, parts: &Parts) {
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(addr = %settings.addr, "Odeus {version} answers at {}", parts.public.absolute("/"));
}

/// SIGTERM, from whoever runs services, or Ctrl-C.
fn stop() -> io::Result<impl Future<Output = Ending>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => Ending::After(SETTLE),
            _ = interrupt.recv() => Ending::After(Duration::ZERO),
        }
    })
}

async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let database = app::open_database(settings).await?;
    match database.migrate().await? {
        0 => out("The schema is up to date.")?,
        1 => out("The schema is up to date, after one migration.")?,
        count => out(&format!("The schema is up to date, after {count} migrations."))?,
    }
    Ok(())
}
