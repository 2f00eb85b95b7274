//! The binary from outside, without a database.

use std::process::{Command, Output};

fn root(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_root"))
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn it_tells_its_version() {
    let output = root(&["--version"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        output.stdout,
        format!("root {}\n", env!("CARGO_PKG_VERSION")).into_bytes()
    );
}

#[test]
fn wrong_settings_stop_the_start_with_78_and_all_names() {
    let output = root(&["serve"], &[("ROOT_PORT", "x"), ("ROOT_SECRET", "canary")]);
    assert_eq!(output.status.code(), Some(78));
    let text = stderr(&output);
    for name in [
        "ROOT_PORT",
        "ROOT_SECRET",
        "POSTGRES_HOST",
        "POSTGRES_USER",
        "POSTGRES_DB",
        "POSTGRES_PASSWORD",
    ] {
        assert!(
            text.contains(&format!("\n  {name}: ")),
            "{name} is missing in {text}"
        );
    }
    assert!(!text.contains("canary"), "{text}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_migration_needs_the_database_only() {
    let output = root(&["migrate"], &[]);
    assert_eq!(output.status.code(), Some(78));
    assert!(!stderr(&output).contains("ROOT_SECRET"));
}

#[test]
fn an_unknown_command_is_told_with_the_usage() {
    let output = root(&["start"], &[]);
    assert_eq!(output.status.code(), Some(64));
    assert!(stderr(&output).contains("usage: root"));
}

#[test]
fn health_fails_when_nobody_listens() {
    let output = root(&["health"], &[("ROOT_PORT", "1")]);
    assert_eq!(output.status.code(), Some(1));
}
