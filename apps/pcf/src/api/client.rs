//! Where a request comes from, told by the proxies in front.

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use std::net::{IpAddr, SocketAddr};

/// How many proxies in front are trusted.
#[derive(Clone, Copy)]
pub struct Proxies(pub usize);

/// The client's address and the scheme it used, for the logs.
#[derive(Debug, PartialEq, Eq)]
pub struct Client {
    pub address: String,
    pub scheme: &'static str,
}

impl Client {
    pub fn of(headers: &HeaderMap, extensions: &Extensions, proxies: Proxies) -> Self {
        let peer = extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip());
        Self::behind(headers, peer, proxies.0)
    }

    /// Each proxy appends the address it was asked from: what stands before those entries, the client may have made up.
    fn behind(headers: &HeaderMap, peer: Option<IpAddr>, proxies: usize) -> Self {
        let values = headers.get_all("x-forwarded-for").iter();
        let mut chain: Vec<IpAddr> = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|address| address.trim().parse().ok())
            .collect();
        chain.extend(peer);
        let position = chain.len().saturating_sub(1 + proxies);
        let address = chain
            .get(position)
            .map_or_else(|| "unknown".into(), IpAddr::to_string);
        let proto = headers
            .get("x-forwarded-proto")
            .and_then(|value| value.to_str().ok());
        let scheme = if proxies > 0 && proto == Some("https") {
            "https"
        } else {
            "http"
        };
        Self { address, scheme }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn client(forwarded: &[&str], proxies: usize) -> Client {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(value).unwrap());
        }
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        Client::behind(&headers, Some([10, 0, 0, 2].into()), proxies)
    }

    #[test]
    fn the_entry_of_the_outermost_trusted_proxy_counts() {
        let forged = ["1.1.1.1, 203.0.113.9", "10.0.0.3"];
        assert_eq!(client(&["203.0.113.9"], 1).address, "203.0.113.9");
        assert_eq!(client(&forged, 1).address, "10.0.0.3");
        assert_eq!(client(&forged, 2).address, "203.0.113.9");
        assert_eq!(
            client(&["2001:db8::1"], 1),
            Client {
                address: "2001:db8::1".into(),
                scheme: "https"
            }
        );
    }

    #[test]
    fn without_proxies_the_headers_count_for_nothing() {
        assert_eq!(
            client(&["203.0.113.9"], 0),
            Client {
                address: "10.0.0.2".into(),
                scheme: "http"
            }
        );
        assert_eq!(client(&[], 1).address, "10.0.0.2");
        assert_eq!(client(&["nonsense"], 1).address, "10.0.0.2");
    }
}
