//! GraphQL API of an amateur club: members, attendance, streaks.

mod config;
mod database;
mod graphql;
mod health;
mod logging;
mod metrics;
mod migrate;
mod server;
mod signature;

use std::env;
use std::process::ExitCode;

/// `EX_USAGE` of sysexits.h: the command line is wrong.
const EX_USAGE: u8 = 64;
/// `EX_CONFIG` of sysexits.h: a setting is missing or wrong.
const EX_CONFIG: u8 = 78;

const USAGE: &str = "\
usage: root [serve | migrate | health | --version | --help]

  serve      answer HTTP on ROOT_PORT (the default)
  migrate    bring the database's schema up to this binary's, and end
  health     ask the server on 127.0.0.1:ROOT_PORT; exit 0 when it is well
  --version  print name and version

exit codes: 0 done, 1 failed, 64 wrong command line, 69 database out of reach,
78 wrong settings (all of them are listed on stderr)
settings: see README.md";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [] | ["serve"] => with_settings(config::Settings::from_environment, server::run),
        ["migrate"] => with_settings(config::MigrationSettings::from_environment, migrate::run),
        ["health"] => with_settings(config::port_from_environment, health::ask),
        ["--version" | "-V"] => {
            println!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        ["--help" | "-h"] => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("root: unknown command line: {}\n\n{USAGE}", arguments.join(" "));
            ExitCode::from(EX_USAGE)
        }
    }
}

fn with_settings<S>(
    read: impl FnOnce() -> Result<S, config::Problems>,
    run: impl FnOnce(S) -> ExitCode,
) -> ExitCode {
    match read() {
        Ok(settings) => run(settings),
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::from(EX_CONFIG)
        }
    }
}
