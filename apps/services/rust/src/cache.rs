//! Notes in Redis, as JSON. Without Redis every read goes to the database: nothing here fails.

use crate::notes::Note;
use crate::settings::CacheSettings;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{Client, RedisResult, cmd};
use std::time::Duration;

/// Of a cached note, in seconds.
const LIFETIME: u64 = 60;
const LIMIT: Duration = Duration::from_millis(250);
/// A connection that was cut is given up after it: a command without an answer does not end one.
#[cfg(target_os = "linux")]
const SILENCE: Duration = Duration::from_secs(2);

/// How a read ended; the names are those of the metric and of `x-cache`.
pub enum Read {
    Hit(Note),
    /// The note was removed.
    Gone,
    Miss,
    Error,
    /// No Redis is configured.
    Off,
}

impl Read {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hit(_) | Self::Gone => "hit",
            Self::Miss => "miss",
            Self::Error => "error",
            Self::Off => "off",
        }
    }
}

/// A removed note leaves an empty value behind, and a read fills only what has none: so a slow reader can't bring a
/// note back that was removed while it read. With Redis away during the removal, the note stays for 60 s at most.
pub struct Cache(Option<(ConnectionManager, String)>);

impl Cache {
    /// Connects nowhere yet: the first use does.
    pub fn new(settings: Option<CacheSettings>) -> RedisResult<Self> {
        let Some(CacheSettings { client, prefix }) = settings else {
            return Ok(Self(None));
        };
        let tcp = TcpSettings::default();
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(SILENCE);
        let client = Client::open(client.get_connection_info().clone().set_tcp_settings(tcp))?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(LIMIT))
            .set_response_timeout(Some(LIMIT));
        Ok(Self(Some((
            ConnectionManager::new_lazy_with_config(client, config)?,
            prefix,
        ))))
    }

    pub async fn read(&self, id: i64) -> Read {
        let Some((connection, prefix)) = &self.0 else {
            return Read::Off;
        };
        let key = format!("{prefix}note:{id}");
        let found: RedisResult<Option<String>> =
            cmd("GET").arg(key).query_async(&mut connection.clone()).await;
        match found {
            Ok(None) => Read::Miss,
            Ok(Some(text)) if text.is_empty() => Read::Gone,
            // What another image wrote in another form is as good as none.
            Ok(Some(text)) => serde_json::from_str(&text).map_or(Read::Miss, Read::Hit),
            Err(error) => {
                tracing::warn!("cache: {error}");
                Read::Error
            }
        }
    }

    pub async fn fill(&self, note: &Note) {
        let text = serde_json::to_string(note).expect("a note is JSON");
        self.set(note.id, &text, &["NX"]).await;
    }

    pub async fn forget(&self, id: i64) {
        self.set(id, "", &[]).await;
    }

    async fn set(&self, id: i64, value: &str, condition: &[&str]) {
        if let Some((connection, prefix)) = &self.0 {
            let mut set = cmd("SET");
            set.arg(format!("{prefix}note:{id}"))
                .arg(value)
                .arg("EX")
                .arg(LIFETIME)
                .arg(condition);
            let done: RedisResult<()> = set.query_async(&mut connection.clone()).await;
            done.unwrap_or_else(|error| tracing::warn!("cache: {error}"));
        }
    }
}
