//! Signatures of mutations: HMAC-SHA256 over canonical content.

use crate::config::Secret;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// First line of the signed content; a new form of it gets a new name.
const FORM: &str = "root.v1";
/// How far `signedAt` may be from this server's clock, in seconds.
const LONGEST_AGE_SECONDS: i64 = 300;

/// Why a signature was refused; never tells what the right one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Missing,
    BadTime,
    Expired,
    Wrong,
}

impl Refusal {
    pub fn message(self) -> &'static str {
        match self {
            Self::Missing => "signature and signedAt are required",
            Self::BadTime => "signedAt is no RFC 3339 time; example: 2025-03-01T18:30:00Z",
            Self::Expired => "signedAt is more than 300 s away from the server's time",
            Self::Wrong => "the signature is wrong",
        }
    }
}

/// The arguments that each signed mutation takes.
pub struct Proof<'a> {
    pub signed_at: Option<&'a str>,
    pub signature: Option<&'a str>,
}

/// Checks signatures with ROOT_SECRET.
pub struct Verifier(Secret);

impl Verifier {
    pub fn new(secret: Secret) -> Self {
        Self(secret)
    }

    /// Accepts a proof for `operation` with `fields` in the documented order.
    pub fn check(
        &self,
        now: DateTime<Utc>,
        proof: &Proof,
        operation: &str,
        fields: &[&str],
    ) -> Result<(), Refusal> {
        let (Some(signed_at), Some(signature)) = (proof.signed_at, proof.signature) else {
            return Err(Refusal::Missing);
        };
        let time = DateTime::parse_from_rfc3339(signed_at).map_err(|_| Refusal::BadTime)?;
        let given = hex::decode(signature).map_err(|_| Refusal::Wrong)?;
        // A line break in a field could make two contents the same.
        if fields.iter().any(|field| field.contains('\n')) {
            return Err(Refusal::Wrong);
        }
        self.mac(signed_at, operation, fields)
            .verify_slice(&given)
            .map_err(|_| Refusal::Wrong)?;
        if (now - time.to_utc()).num_seconds().abs() > LONGEST_AGE_SECONDS {
            return Err(Refusal::Expired);
        }
        Ok(())
    }

    fn mac(&self, signed_at: &str, operation: &str, fields: &[&str]) -> Hmac<Sha256> {
        let mut lines = vec![FORM, operation, signed_at];
        lines.extend(fields);
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose().as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(lines.join("\n").as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED_AT: &str = "2025-03-01T18:30:00Z";
    const FIELDS: [&str; 4] = ["Ada Example", "ada", "2025-03-01", ""];
    // printf 'root.v1\naddMember\n2025-03-01T18:30:00Z\nAda Example\nada\n2025-03-01\n' |
    //   openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
    const SIGNATURE: &str = "7c4bac2c5c785fa6025a2ca1a3ff6fe8fdf9fb71984e6e21a06d55a23d76bf78";

    fn verifier() -> Verifier {
        Verifier::new(Secret::new("0123456789abcdef0123456789abcdef".into()))
    }

    fn check(signature: Option<&str>, signed_at: Option<&str>, seconds_later: i64) -> Result<(), Refusal> {
        let now = DateTime::parse_from_rfc3339(SIGNED_AT).unwrap().to_utc()
            + chrono::Duration::seconds(seconds_later);
        let proof = Proof { signed_at, signature };
        verifier().check(now, &proof, "addMember", &FIELDS)
    }

    #[test]
    fn what_openssl_signed_is_accepted_in_either_case() {
        assert_eq!(check(Some(SIGNATURE), Some(SIGNED_AT), 0), Ok(()));
        assert_eq!(
            check(Some(&SIGNATURE.to_uppercase()), Some(SIGNED_AT), -300),
            Ok(())
        );
    }

    #[test]
    fn missing_wrong_short_and_late_signatures_are_refused() {
        assert_eq!(check(None, Some(SIGNED_AT), 0), Err(Refusal::Missing));
        assert_eq!(check(Some(SIGNATURE), None, 0), Err(Refusal::Missing));
        assert_eq!(check(Some(""), Some(SIGNED_AT), 0), Err(Refusal::Wrong));
        assert_eq!(check(Some("zz"), Some(SIGNED_AT), 0), Err(Refusal::Wrong));
        assert_eq!(
            check(Some(&SIGNATURE[..32]), Some(SIGNED_AT), 0),
            Err(Refusal::Wrong)
        );
        assert_eq!(
            check(Some(&"00".repeat(32)), Some(SIGNED_AT), 0),
            Err(Refusal::Wrong)
        );
        assert_eq!(
            check(Some(SIGNATURE), Some("yesterday"), 0),
            Err(Refusal::BadTime)
        );
        assert_eq!(
            check(Some(SIGNATURE), Some(SIGNED_AT), 301),
            Err(Refusal::Expired)
        );
    }

    #[test]
    fn every_signed_part_matters() {
        let now = DateTime::parse_from_rfc3339(SIGNED_AT).unwrap().to_utc();
        let proof = Proof {
            signed_at: Some(SIGNED_AT),
            signature: Some(SIGNATURE),
        };
        let refused = |operation: &str, fields: &[&str]| {
            assert_eq!(
                verifier().check(now, &proof, operation, fields),
                Err(Refusal::Wrong)
            );
        };
        refused("markAttendance", &FIELDS);
        for index in 0..FIELDS.len() {
            let mut fields = FIELDS;
            fields[index] = "other";
            refused("addMember", &fields);
        }
        refused("addMember", &["Ada Example\nada", "2025-03-01", ""]);
        let other = Verifier::new(Secret::new("another secret of some length".into()));
        assert_eq!(
            other.check(now, &proof, "addMember", &FIELDS),
            Err(Refusal::Wrong)
        );
    }
}
