//! Passwords: Argon2id with a salt of its own for each.

use argon2::Argon2;
use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// At the same time; each takes 19 MiB and a core for some 30 ms.
const AT_ONCE: usize = 2;

/// Hashes and checks passwords, a few at a time.
pub struct Passwords {
    turns: Semaphore,
    /// Checked in place of the hash of a user who does not exist, so that the time does not tell who does.
    decoy: String,
}

impl Passwords {
    pub fn new() -> Self {
        Self {
            turns: Semaphore::new(AT_ONCE),
            decoy: hash("nobody has this password"),
        }
    }

    pub async fn hash(&self, password: String) -> String {
        let _turn = self.turns.acquire().await;
        spawn_blocking(move || hash(&password))
            .await
            .expect("hashing does not panic")
    }

    /// `stored` is the user's hash; `None`: there is no such user, which is never right.
    pub async fn is_right(&self, password: String, stored: Option<String>) -> bool {
        let exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.clone());
        let _turn = self.turns.acquire().await;
        let right = spawn_blocking(move || verify(&password, &stored)).await;
        right.expect("checking does not panic") && exists
    }
}

/// In the PHC string format.
pub fn hash(password: &str) -> String {
    let salt = SaltString::generate(&mut OsRng);
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    hash.expect("the parameters are right").to_string()
}

fn verify(password: &str, stored: &str) -> bool {
    PasswordHash::new(stored).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_of_a_user_is_accepted_alone() {
        let passwords = Passwords::new();
        let stored = passwords.hash("correct horse".into()).await;
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, passwords.hash("correct horse".into()).await);
        assert!(
            passwords
                .is_right("correct horse".into(), Some(stored.clone()))
                .await
        );
        assert!(!passwords.is_right("correct Horse".into(), Some(stored)).await);
        assert!(!passwords.is_right("nobody has this password".into(), None).await);
        assert!(!passwords.is_right("x".into(), Some("no hash".into())).await);
    }
}
