//! The service with a Postgres and a Redis of its own for each test.

mod access;
mod data;
mod http;
mod operation;
mod ports;
mod postgres;
mod redis;
mod server;
mod slow_link;
