//! Reads variables one by one and collects what is wrong with them.

use super::Secret;
use std::env;
use std::error::Error;
use std::fmt;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

/// Largest secret file, in bytes: a larger one is surely the wrong file.
const LARGEST_SECRET_FILE: u64 = 64 * 1024;

/// Everything that is wrong with the settings, a line each; never empty.
#[derive(Debug)]
pub struct Problems(Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = if self.0.len() == 1 {
            "setting is"
        } else {
            "settings are"
        };
        write!(formatter, "root: {} {settings} wrong:", self.0.len())?;
        self.0.iter().try_for_each(|line| write!(formatter, "\n  {line}"))
    }
}

impl Error for Problems {}

type Lookup = Box<dyn Fn(&str) -> Option<String>>;

pub struct Reader {
    lookup: Lookup,
    problems: Vec<String>,
}

impl Reader {
    pub fn from_environment() -> Self {
        Self::new(Box::new(|name| {
            env::var_os(name).map(|value| value.to_string_lossy().into_owned())
        }))
    }

    fn new(lookup: Lookup) -> Self {
        Self {
            lookup,
            problems: Vec::new(),
        }
    }

    #[cfg(test)]
    pub fn from_pairs(pairs: &[(&str, &str)]) -> Self {
        let pairs: std::collections::HashMap<String, String> = pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        Self::new(Box::new(move |name| pairs.get(name).cloned()))
    }

    pub fn problem(&mut self, name: &str, what: impl fmt::Display) {
        self.problems.push(format!("{name}: {what}"));
    }

    /// The variable's value; an empty one counts as not set.
    pub fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    pub fn required(&mut self, name: &str, example: &str) -> Option<String> {
        let value = self.text(name);
        if value.is_none() {
            self.problem(name, format!("is missing or empty; example: {example}"));
        }
        value
    }

    pub fn choice<T: Copy>(&mut self, name: &str, default: T, allowed: &[(&str, T)]) -> Option<T> {
        let Some(text) = self.text(name) else {
            return Some(default);
        };
        let found = allowed.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<&str> = allowed.iter().map(|(word, _)| *word).collect();
            self.problem(
                name,
                format!("{text:?} is unknown; allowed: {}", words.join(", ")),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// A whole number of milliseconds.
    pub fn number(&mut self, name: &str, default: u64, allowed: RangeInclusive<u64>) -> Option<u64> {
        let Some(text) = self.text(name) else {
            return Some(default);
        };
        let number = text.parse().ok().filter(|number| allowed.contains(number));
        if number.is_none() {
            let (from, to) = (allowed.start(), allowed.end());
            self.problem(
                name,
                format!("{text:?} is no number of milliseconds; allowed: {from} to {to}; default: {default}"),
            );
        }
        number
    }

    pub fn port(&mut self, name: &str, default: Option<u16>) -> Option<u16> {
        let Some(text) = self.text(name) else {
            return default;
        };
        let port = text.parse().ok().filter(|port| *port != 0);
        if port.is_none() {
            self.problem(name, format!("{text:?} is no port; allowed: 1 to 65535"));
        }
        port
    }

    /// `NAME_FILE`'s content without the last newline, or `NAME`; both set is a problem.
    pub fn secret(&mut self, name: &str) -> Result<Option<Secret>, ()> {
        let file_name = format!("{name}_FILE");
        match (self.text(name), self.text(&file_name)) {
            (Some(_), Some(_)) => {
                self.problems.push(format!(
                    "{name} and {file_name} are both set; allowed: one of them; fix: remove {name}"
                ));
                Err(())
            }
            (Some(value), None) => Ok(Some(Secret::new(value))),
            (None, Some(path)) => match read_secret_file(&path) {
                Ok(secret) => Ok(Some(secret)),
                Err(what) => {
                    self.problem(&file_name, what);
                    Err(())
                }
            },
            (None, None) => Ok(None),
        }
    }

    pub fn required_secret(&mut self, name: &str, shortest: usize) -> Option<Secret> {
        let secret = self.secret(name).ok()?;
        match &secret {
            None => self.problem(
                name,
                format!("is missing or empty; fix: name a file that holds it in {name}_FILE (or set {name})"),
            ),
            Some(value) if value.expose().len() < shortest => {
                let length = value.expose().len();
                self.problem(
                    name,
                    format!(
                        "is {length} bytes long; allowed: {shortest} and more; fix: openssl rand -hex 32"
                    ),
                );
            }
            Some(_) => return secret,
        }
        None
    }

    /// The settings when nothing was wrong, or all problems.
    pub fn finish<S>(&mut self, settings: impl FnOnce() -> Option<S>) -> Result<S, Problems> {
        match settings() {
            Some(settings) if self.problems.is_empty() => Ok(settings),
            _ => Err(Problems(std::mem::take(&mut self.problems))),
        }
    }
}

fn read_secret_file(path: &str) -> Result<Secret, String> {
    // A value that is no absolute path may be the secret itself: it is not shown.
    if !Path::new(path).is_absolute() {
        return Err("is not an absolute path (the value is not shown); example: /run/secrets/name".into());
    }
    let size = fs::metadata(path)
        .map_err(|error| format!("{path}: {error}"))?
        .len();
    if size > LARGEST_SECRET_FILE {
        return Err(format!(
            "{path} has {size} bytes; allowed: up to {LARGEST_SECRET_FILE}"
        ));
    }
    let content = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let text = String::from_utf8(content).map_err(|_| format!("{path} is not UTF-8 text"))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(format!("{path} is empty"));
    }
    Ok(Secret::new(text.into()))
}
