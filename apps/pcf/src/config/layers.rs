//! The plain settings: the environment's TOML file, with PCF_API__SECTION__KEY over it.

use super::problems::Problems;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;
use toml::Value;

const PREFIX: &str = "PCF_API__";

/// A value, and where it comes from, for messages.
struct Given {
    text: String,
    origin: String,
}

/// Settings by section and key; what nobody asks for is a problem in the end.
#[derive(Default)]
pub struct Layers {
    given: BTreeMap<(String, String), Given>,
    known: BTreeMap<String, Vec<String>>,
}

impl Layers {
    /// Adds the file's settings.
    pub fn add_file(&mut self, path: &Path, problems: &mut Problems) {
        let name = path.display();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                return problems.add(
                    name,
                    format!(
                        "can't be read ({error}); fix: mount the folder with development.toml and \
                         production.toml there, or name it in PCF_CONFIG_DIR"
                    ),
                );
            }
        };
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => return problems.add(name, format!("is not TOML: {error}")),
        };
        for (section, content) in table {
            let Value::Table(content) = content else {
                problems.add(
                    &name,
                    format!("{section}: is in no section; allowed: keys below a [section]"),
                );
                continue;
            };
            for (key, value) in content {
                let origin = format!("{name}: [{section}] {key}");
                match scalar(value) {
                    Some(text) => self.add(&section, &key, text, origin),
                    None => problems.add(
                        origin,
                        "is no plain value; allowed: a number, a text, true or false",
                    ),
                }
            }
        }
    }

    /// Adds what the variables override, except for `reserved` names.
    pub fn add_variables(
        &mut self,
        variables: &HashMap<String, String>,
        reserved: &[&str],
        problems: &mut Problems,
    ) {
        let mut names: Vec<&String> = variables.keys().collect();
        names.sort();
        for name in names {
            let Some(rest) = name
                .strip_prefix(PREFIX)
                .filter(|_| !reserved.contains(&name.as_str()))
            else {
                continue;
            };
            match rest.to_lowercase().split_once("__") {
                Some((section, key)) if !section.is_empty() && !key.is_empty() => {
                    // Empty means not set, as for every variable.
                    if !variables[name].is_empty() {
                        self.add(section, key, variables[name].clone(), name.clone());
                    }
                }
                _ => problems.add(
                    name,
                    format!("names no setting; allowed: {PREFIX}SECTION__KEY; example: {PREFIX}SERVER__PORT"),
                ),
            }
        }
    }

    fn add(&mut self, section: &str, key: &str, text: String, origin: String) {
        self.given
            .insert((section.into(), key.into()), Given { text, origin });
    }

    /// Takes the setting out; the second part is its origin.
    pub fn text(&mut self, section: &str, key: &str) -> Option<(String, String)> {
        self.known.entry(section.into()).or_default().push(key.into());
        let given = self.given.remove(&(section.into(), key.into()))?;
        Some((given.text, given.origin))
    }

    pub fn number(
        &mut self,
        (section, key): (&str, &str),
        default: u64,
        allowed: RangeInclusive<u64>,
        problems: &mut Problems,
    ) -> u64 {
        let Some((text, origin)) = self.text(section, key) else {
            return default;
        };
        let (from, to) = (*allowed.start(), *allowed.end());
        text.parse()
            .ok()
            .filter(|number| allowed.contains(number))
            .unwrap_or_else(|| {
                let allowed = format!("allowed: {from} to {to}; default: {default}");
                problems.add(origin, format!("{text:?} is no whole number in range; {allowed}"));
                default
            })
    }

    pub fn flag(&mut self, (section, key): (&str, &str), default: bool, problems: &mut Problems) -> bool {
        let Some((text, origin)) = self.text(section, key) else {
            return default;
        };
        text.parse().unwrap_or_else(|_| {
            problems.add(
                origin,
                format!("{text:?} is unknown; allowed: true, false; default: {default}"),
            );
            default
        })
    }

    /// To be called once everything was asked for.
    pub fn refuse_the_rest(&self, problems: &mut Problems) {
        for ((section, _), given) in &self.given {
            let allowed = match self.known.get(section) {
                Some(keys) => format!("allowed in [{section}]: {}", keys.join(", ")),
                None => {
                    let sections: Vec<&str> = self.known.keys().map(String::as_str).collect();
                    format!("allowed sections: {}", sections.join(", "))
                }
            };
            problems.add(&given.origin, format!("is unknown; {allowed}"));
        }
    }
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    }
}
