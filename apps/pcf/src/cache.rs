//! Redis: refresh sessions, and what is read often.

use crate::config::{CacheLimits, Secret};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{Client, Cmd, FromRedisValue, IntoConnectionInfo, RedisResult, cmd};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A connection that was cut is given up after it: a command without an answer does not end one.
#[cfg(target_os = "linux")]
const SILENCE: Duration = Duration::from_secs(2);

/// The cache's answer to a read.
pub enum Found<T> {
    Hit(T),
    Miss,
    /// Redis is away: the database has to answer.
    Unavailable,
}

/// One connection for all requests, made again when it is lost.
pub struct Cache {
    connection: ConnectionManager,
    prefix: String,
    keep: Duration,
}

impl Cache {
    /// Connects nowhere yet: the first use does.
    pub fn new(url: &Secret, prefix: String, limits: &CacheLimits) -> RedisResult<Self> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(limits.answer))
            .set_response_timeout(Some(limits.answer));
        let tcp = TcpSettings::default();
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(SILENCE);
        let client = Client::open(url.expose().into_connection_info()?.set_tcp_settings(tcp))?;
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client, config)?,
            prefix,
            keep: limits.keep,
        })
    }

    /// Errors of the cache are logged and never fail a request.
    pub async fn read<T: DeserializeOwned>(&self, key: &str) -> Found<T> {
        match self.ask::<Option<String>>(cmd("GET").arg(self.key(key))).await {
            // What another release wrote in another form is a miss.
            Ok(text) => text
                .and_then(|text| serde_json::from_str(&text).ok())
                .map_or(Found::Miss, Found::Hit),
            Err(error) => {
                tracing::warn!("cache: {error}");
                Found::Unavailable
            }
        }
    }

    pub async fn write<T: Serialize>(&self, key: &str, value: &T) {
        let text = serde_json::to_string(value).expect("cached values are JSON");
        self.put(key, &text, self.keep)
            .await
            .unwrap_or_else(|error| tracing::warn!("cache: {error}"));
    }

    /// A reader that asked the database before a change and writes after it leaves the old value for its time to live.
    pub async fn forget(&self, key: &str) {
        let done = self.ask::<i64>(cmd("DEL").arg(self.key(key))).await;
        done.map_or_else(|error| tracing::warn!("cache: {error}"), |_| ());
    }

    /// Keeps a value that must not be lost silently.
    pub async fn put(&self, key: &str, value: &str, keep: Duration) -> RedisResult<()> {
        self.ask(
            cmd("SET")
                .arg(self.key(key))
                .arg(value)
                .arg("EX")
                .arg(keep.as_secs()),
        )
        .await
    }

    /// Reads and removes at once, so that only one caller gets the value.
    pub async fn take(&self, key: &str) -> RedisResult<Option<String>> {
        self.ask(cmd("GETDEL").arg(self.key(key))).await
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        command.query_async(&mut self.connection.clone()).await
    }
}
