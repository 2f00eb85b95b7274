//! Who this is: in /health and the database's list of connections.

pub const SERVICE: &str = "service-rust";

/// The image's build argument VERSION.
pub fn version() -> String {
    std::env::var("VERSION")
        .ok()
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "0.0.0".into())
}
