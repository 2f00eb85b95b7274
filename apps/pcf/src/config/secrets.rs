//! Secrets: `NAME_FILE` names a file that holds one; `NAME` is the value itself.

use super::problems::Problems;
use super::{Secret, Variables, text};
use std::fs;
use std::path::Path;

/// Largest secret file, in bytes: a larger one is surely the wrong file.
const LARGEST_FILE: u64 = 64 * 1024;

/// The secret `name`, of `shortest` bytes or more.
pub fn required(
    variables: &Variables,
    name: &str,
    shortest: usize,
    problems: &mut Problems,
) -> Option<Secret> {
    let file_name = format!("{name}_FILE");
    let secret = match (text(variables, name), text(variables, &file_name)) {
        (Some(_), Some(_)) => {
            let what =
                format!("{name} and {file_name} are both set; allowed: one of them; fix: remove {name}");
            problems.add(name, what);
            return None;
        }
        (Some(value), None) => Secret::new(value.into()),
        (None, Some(path)) => read(path).map_err(|what| problems.add(file_name, what)).ok()?,
        (None, None) => {
            let fix = format!("fix: name a file that holds it in {file_name} (or set {name})");
            problems.add(name, format!("is missing or empty; {fix}"));
            return None;
        }
    };
    let length = secret.expose().len();
    if length < shortest {
        let allowed = format!("allowed: {shortest} and more; fix: openssl rand -hex 32");
        problems.add(name, format!("is {length} bytes long; {allowed}"));
        return None;
    }
    Some(secret)
}

fn read(path: &str) -> Result<Secret, String> {
    // A value that is no absolute path may be the secret itself: it is not shown.
    if !Path::new(path).is_absolute() {
        return Err("is not an absolute path (the value is not shown); example: /run/secrets/name".into());
    }
    let size = fs::metadata(path)
        .map_err(|error| format!("{path}: {error}"))?
        .len();
    if size > LARGEST_FILE {
        return Err(format!("{path} has {size} bytes; allowed: up to {LARGEST_FILE}"));
    }
    let content = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let text = content.strip_suffix('\n').unwrap_or(&content);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(format!("{path} is empty"));
    }
    Ok(Secret::new(text.into()))
}
