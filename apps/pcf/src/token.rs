//! Access tokens: JSON Web Tokens, signed with HMAC-SHA256 and JWT_SECRET (RFC 7519, HS256).

use crate::config::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::time::Duration;

const ISSUER: &str = env!("CARGO_PKG_NAME");
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// Why a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Invalid,
    Expired,
}

#[derive(Debug, Deserialize, Serialize)]
struct Claims {
    iss: String,
    /// The user's id.
    sub: String,
    /// Seconds since 1970.
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

/// Makes and checks tokens.
pub struct Tokens {
    secret: Secret,
    pub lifetime: Duration,
}

impl Tokens {
    pub fn new(secret: Secret, lifetime: Duration) -> Self {
        Self { secret, lifetime }
    }

    /// A token for `user` from `now`, in seconds since 1970.
    pub fn issue(&self, user: i64, now: i64) -> String {
        let claims = Claims {
            iss: ISSUER.into(),
            sub: user.to_string(),
            iat: now,
            exp: now + self.lifetime.as_secs() as i64,
        };
        let claims = serde_json::to_string(&claims).expect("claims are JSON");
        let content = format!("{}.{}", encode(HEADER.as_bytes()), encode(claims.as_bytes()));
        let signature = self.mac(&content).finalize().into_bytes();
        format!("{content}.{}", encode(&signature))
    }

    /// The user that a token was issued for.
    pub fn check(&self, token: &str, now: i64) -> Result<i64, Refusal> {
        let claims = self.verify(token).ok_or(Refusal::Invalid)?;
        let user = claims.sub.parse().map_err(|_| Refusal::Invalid)?;
        if claims.iss != ISSUER {
            return Err(Refusal::Invalid);
        }
        if claims.exp <= now {
            return Err(Refusal::Expired);
        }
        Ok(user)
    }

    fn verify(&self, token: &str) -> Option<Claims> {
        let (content, signature) = token.rsplit_once('.')?;
        let (header, claims) = content.split_once('.')?;
        self.mac(content).verify_slice(&decode(signature)?).ok()?;
        // A token never chooses how it is checked.
        let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
        if header.alg != "HS256" {
            return None;
        }
        serde_json::from_slice(&decode(claims)?).ok()
    }

    fn mac(&self, content: &str) -> Hmac<Sha256> {
        let key = self.secret.expose().as_bytes();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        mac.update(content.as_bytes());
        mac
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn tokens(secret: &str) -> Tokens {
        Tokens::new(Secret::new(secret.into()), Duration::from_secs(60))
    }

    /// A token with any header and claims, signed as they are.
    fn forge(header: &str, claims: &str) -> String {
        let content = format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()));
        let signature = tokens("first").mac(&content).finalize().into_bytes();
        format!("{content}.{}", encode(&signature))
    }

    #[test]
    fn what_was_issued_is_accepted_until_it_expires() {
        let token = tokens("first").issue(7, NOW);
        assert_eq!(tokens("first").check(&token, NOW + 59), Ok(7));
        assert_eq!(tokens("first").check(&token, NOW + 60), Err(Refusal::Expired));
    }

    #[test]
    fn what_another_program_signed_is_accepted() {
        // printf '%s' "$header.$claims" | openssl dgst -sha256 -hmac first -binary | basenc --base64url
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJwY2YiLCJzdWIiOiI3IiwiaWF0IjowLCJleHAiOjE3MDAwMDAwNjB9.qAXza6vVEl9CT9xzww2WJY_nFtLwoi3Wx_9osLRgv3I";
        assert_eq!(tokens("first").check(token, NOW), Ok(7));
    }

    #[test]
    fn another_key_a_changed_part_and_another_algorithm_are_refused() {
        let token = tokens("first").issue(7, NOW);
        let refused = |token: &str| {
            assert_eq!(
                tokens("first").check(token, NOW),
                Err(Refusal::Invalid),
                "{token}"
            )
        };
        refused(&tokens("second").issue(7, NOW));
        refused(&token.replace('.', ""));
        refused(&format!("{token}A"));
        refused("");
        refused("..");
        let parts: Vec<&str> = token.split('.').collect();
        let claims = r#"{"iss":"pcf","sub":"1","iat":0,"exp":9999999999}"#;
        refused(&format!(
            "{}.{}.{}",
            parts[0],
            encode(claims.as_bytes()),
            parts[2]
        ));
        refused(&format!(
            "{}.{}.",
            encode(br#"{"alg":"none"}"#),
            encode(claims.as_bytes())
        ));
        refused(&forge(r#"{"alg":"none"}"#, claims));
        refused(&forge(HEADER, &claims.replace("pcf", "other")));
        refused(&forge(HEADER, "{}"));
    }
}
