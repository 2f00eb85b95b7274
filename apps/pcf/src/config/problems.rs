//! What is wrong with the settings, all of it at once.

use std::error::Error;
use std::fmt;

/// A line for each problem.
#[derive(Debug, Default)]
pub struct Problems(Vec<String>);

impl Problems {
    /// `place` is a variable, or a file and its key; `what` says what is allowed.
    pub fn add(&mut self, place: impl fmt::Display, what: impl fmt::Display) {
        self.0.push(format!("{place}: {what}"));
    }

    /// The settings when nothing was wrong, or all problems.
    pub fn unless<S>(self, settings: Option<S>) -> Result<S, Self> {
        match settings {
            Some(settings) if self.0.is_empty() => Ok(settings),
            _ => Err(self),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = if self.0.len() == 1 {
            "setting is"
        } else {
            "settings are"
        };
        write!(formatter, "pcf: {} {settings} wrong:", self.0.len())?;
        self.0.iter().try_for_each(|line| write!(formatter, "\n  {line}"))
    }
}

impl Error for Problems {}
