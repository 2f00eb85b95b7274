//! REST API of projects and their tasks.

mod api;
mod cache;
mod config;
mod database;
mod health;
mod logging;
mod metrics;
mod migrate;
mod password;
mod server;
mod token;

use config::Problems;
use std::env;
use std::process::ExitCode;

/// `EX_USAGE` of sysexits.h: the command line is wrong.
const EX_USAGE: u8 = 64;
/// `EX_CONFIG` of sysexits.h: a setting is missing or wrong.
const EX_CONFIG: u8 = 78;

const USAGE: &str = "\
usage: pcf [serve | migrate | add-user NAME | health | --version | --help]

  serve          answer HTTP (the default)
  migrate        bring the database's schema up to this binary's, and end
  add-user NAME  make a user; the password is one line on standard input
  health         ask the server on this host; exit 0 when it is well
  --version      print name and version

exit codes: 0 done, 1 failed, 64 wrong command line, 69 database out of reach,
78 wrong settings (all of them are listed on stderr)
settings: see README.md";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let variables = config::variables();
    match arguments.as_slice() {
        [] | ["serve"] => with(config::Settings::read(&variables), server::run),
        ["migrate"] => with(config::DatabaseSettings::read(&variables), migrate::run),
        ["add-user", name] => with(config::DatabaseSettings::read(&variables), |settings| {
            api::users::add_from_input(settings, name)
        }),
        ["health"] => with(config::Plain::read(&variables), health::ask),
        ["--version" | "-V"] => {
            println!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        ["--help" | "-h"] => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("pcf: unknown command line: {}\n\n{USAGE}", arguments.join(" "));
            ExitCode::from(EX_USAGE)
        }
    }
}

fn with<S>(settings: Result<S, Problems>, run: impl FnOnce(S) -> ExitCode) -> ExitCode {
    match settings {
        Ok(settings) => run(settings),
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::from(EX_CONFIG)
        }
    }
}
