//! Notes over HTTP: Postgres, a Redis cache, metrics.

mod api;
mod cache;
mod database;
mod health;
mod identity;
mod logging;
mod metrics;
mod migrate;
mod notes;
mod serve;
mod settings;

use identity::{SERVICE, version};
use settings::{Problems, Variables};
use std::process::ExitCode;

/// `EX_USAGE` of sysexits.h: the command line is wrong.
const EX_USAGE: u8 = 64;
/// `EX_CONFIG` of sysexits.h: a setting is missing or wrong.
const EX_CONFIG: u8 = 78;

const USAGE: &str = "\
  serve      answer HTTP on PORT until SIGTERM (the default)
  migrate    bring the database's schema up to this image's, and end
  health     ask the server on this host; exit 0 when it is well
  --version  print name and version

exit codes: 0 done, 1 failed, 64 wrong command line, 78 wrong settings";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let variables: Variables = std::env::vars().collect();
    let done = match words.as_slice() {
        [] | ["serve"] => settings::serve(&variables).map(serve::run),
        ["migrate"] => settings::database(&variables).map(migrate::run),
        ["health"] => settings::port(&variables).map(health::ask),
        ["--version"] => {
            println!("{SERVICE} {}", version());
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprintln!("usage: {SERVICE} serve | migrate | health | --version\n\n{USAGE}");
            Ok(ExitCode::from(EX_USAGE))
        }
    };
    done.unwrap_or_else(|Problems(lines)| {
        eprintln!("{SERVICE}: wrong settings\n  {}", lines.join("\n  "));
        ExitCode::from(EX_CONFIG)
    })
}
