//! Where the database is: DATABASE_URL taken apart.

use super::Secret;
use percent_encoding::percent_decode_str;
use url::Url;

const PORT_DEFAULT: u16 = 5432;
const URL_FORM: &str = "postgres://USER:PASSWORD@HOST:5432/DATABASE (special characters percent-encoded)";

/// A database and the role that uses it.
#[derive(Debug)]
pub struct Address {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub database: String,
    /// `None`: the server trusts the role without one.
    pub password: Option<Secret>,
}

/// No message holds any part of the value, which is a secret as a whole.
pub fn parse(secret: &Secret) -> Result<Address, Vec<String>> {
    let url = Url::parse(secret.expose())
        .map_err(|error| vec![format!("is no URL ({error}); allowed: {URL_FORM}")])?;
    let mut problems = Vec::new();
    if !["postgres", "postgresql"].contains(&url.scheme()) {
        problems.push(format!("has a wrong scheme; allowed: {URL_FORM}"));
    }
    let mut part = |what: &str, value: &str| {
        let decoded = percent_decode_str(value).decode_utf8().ok();
        let found = decoded.filter(|text| !text.is_empty());
        if found.is_none() {
            problems.push(format!("names no {what}; allowed: {URL_FORM}"));
        }
        found.map(|text| text.into_owned())
    };
    let host = part("host", url.host_str().unwrap_or("").trim_matches(['[', ']']));
    let user = part("user", url.username());
    let database = part("database", url.path().trim_start_matches('/'));
    let password = match url.password() {
        None => Ok(None),
        Some(text) => percent_decode_str(text)
            .decode_utf8()
            .map(|text| Some(Secret::new(text.into_owned())))
            .map_err(|_| problems.push("has a password that is not UTF-8 when decoded".into())),
    };
    for (name, value) in url.query_pairs() {
        if name != "sslmode" {
            problems.push("has a parameter other than sslmode; fix: remove it".into());
        } else if !["disable", "allow", "prefer"].contains(&value.as_ref()) {
            problems.push(
                "asks for TLS by sslmode, which this build has not; allowed: disable, allow, prefer".into(),
            );
        }
    }
    match (host, user, database, password) {
        (Some(host), Some(user), Some(database), Ok(password)) if problems.is_empty() => Ok(Address {
            host,
            port: url.port().unwrap_or(PORT_DEFAULT),
            user,
            database,
            password,
        }),
        _ => Err(problems),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(url: &str) -> Result<Address, String> {
        parse(&Secret::new(url.into())).map_err(|problems| problems.join("\n"))
    }

    #[test]
    fn a_url_is_taken_apart_and_decoded() {
        let address = told("postgresql://u%40x:p%2Fw%3A@db.internal:6543/pcf?sslmode=prefer").unwrap();
        assert_eq!((address.host.as_str(), address.port), ("db.internal", 6543));
        assert_eq!((address.user.as_str(), address.database.as_str()), ("u@x", "pcf"));
        assert_eq!(address.password.unwrap().expose(), "p/w:");
        assert_eq!(told("postgres://u@[::1]/pcf").unwrap().host, "::1");
    }

    #[test]
    fn wrong_urls_are_refused_without_showing_them() {
        for url in [
            "canary",
            "mysql://canary:canary@db/canary",
            "postgres://canary@db",
            "postgres:///canary",
            "postgres://canary:canary@db/canary?sslmode=require",
            "postgres://canary:canary@db/canary?options=canary",
            "postgres://canary:canary@db:99999/canary",
        ] {
            let text = told(url).unwrap_err();
            assert!(!text.contains("canary") && !text.is_empty(), "{url}: {text}");
        }
    }
}
