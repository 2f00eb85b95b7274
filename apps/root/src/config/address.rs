//! Where the database is: DATABASE_URL, or the POSTGRES_ parts.

use super::Secret;
use super::reader::Reader;
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
    /// `None`: the server trusts the role without one (only DATABASE_URL may say so).
    pub password: Option<Secret>,
}

impl Address {
    /// DATABASE_URL wins; the POSTGRES_ variables are read only without it.
    pub fn read(reader: &mut Reader) -> Option<Self> {
        match reader.secret("DATABASE_URL").ok()? {
            Some(url) => match parse_url(&url) {
                Ok(address) => Some(address),
                Err(problems) => {
                    for problem in problems {
                        reader.problem("DATABASE_URL", problem);
                    }
                    None
                }
            },
            None => read_parts(reader),
        }
    }
}

fn read_parts(reader: &mut Reader) -> Option<Address> {
    let host = reader.required("POSTGRES_HOST", "postgres");
    let port = reader.port("POSTGRES_PORT", Some(PORT_DEFAULT));
    let user = reader.required("POSTGRES_USER", "root_user");
    let database = reader.required("POSTGRES_DB", "root_db");
    let password = reader.required_secret("POSTGRES_PASSWORD", 1);
    Some(Address {
        host: host?,
        port: port?,
        user: user?,
        database: database?,
        password: Some(password?),
    })
}

/// No message holds any part of the value, which is a secret as a whole.
fn parse_url(secret: &Secret) -> Result<Address, Vec<String>> {
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

    fn parse(url: &str) -> Result<Address, String> {
        parse_url(&Secret::new(url.into())).map_err(|problems| problems.join("\n"))
    }

    #[test]
    fn a_url_is_taken_apart_and_decoded() {
        let address = parse("postgresql://u%40x:p%2Fw%3A@db.internal:6543/club?sslmode=prefer").unwrap();
        assert_eq!(
            (
                address.host.as_str(),
                address.port,
                address.user.as_str(),
                address.database.as_str()
            ),
            ("db.internal", 6543, "u@x", "club")
        );
        assert_eq!(address.password.unwrap().expose(), "p/w:");
        assert_eq!(parse("postgres://u@[::1]/club").unwrap().host, "::1");
    }

    #[test]
    fn a_url_wins_over_the_parts() {
        let mut reader =
            Reader::from_pairs(&[("DATABASE_URL", "postgres://a:b@one/x"), ("POSTGRES_HOST", "two")]);
        assert_eq!(Address::read(&mut reader).unwrap().host, "one");
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
            let text = parse(url).unwrap_err();
            assert!(!text.contains("canary") && !text.is_empty(), "{url}: {text}");
        }
    }
}
