//! The address of the client that sent a request: the connection's peer, or the address that a trusted proxy reports.

use std::net::{IpAddr, Ipv6Addr};

use http::HeaderMap;
use ipnet::IpNet;

/// The client's address, which is stored in each request as an extension.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// Returns the address of the client that sent a request.
///
/// Each proxy appends its peer's address to `X-Forwarded-For`, after entries that the client may have forged. The header is therefore
/// read from the end, and only for as long as the address that reports an entry is trusted.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut client = peer.to_canonical();
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    let mut entries = lines.iter().flat_map(|line| line.split(',')).rev();
    while is_trusted(client) {
        match entries.next().and_then(|entry| parse_forwarded_entry(entry.trim())) {
            Some(address) => client = address.to_canonical(),
            None => break,
        }
    }
    client
}

/// Parses an entry of `X-Forwarded-For`: an address, with or without the port that some proxies add.
fn parse_forwarded_entry(entry: &str) -> Option<IpAddr> {
    let bare = entry.trim_start_matches('[').split(']').next()?;
    bare.parse().ok().or_else(|| entry.parse().ok().map(|address: std::net::SocketAddr| address.ip()))
}

/// Returns the part of an address to which limits apply: the whole of an IPv4 address, but only the /64 prefix of an IPv6 address,
/// because an IPv6 host usually owns a whole /64.
pub(crate) fn prefix_for_limits(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

/// Parses a network such as `10.0.0.0/8`, or a single address.
///
/// # Errors
/// Returns an error if the text is neither a network nor an address.
pub(crate) fn parse_network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "expected an address or a network such as 10.0.0.0/8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted = [parse_network("10.0.0.0/8").unwrap(), parse_network("::1").unwrap()];
        let check = |peer: &str, forwarded: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in forwarded {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
        };
        assert_eq!(check("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(check("10.1.1.1", &[]), "10.1.1.1");
        assert_eq!(check("10.1.1.1", &["198.51.100.7"]), "198.51.100.7");
        // Entries that the client forged come before the entries that proxies added.
        assert_eq!(check("10.1.1.1", &["1.2.3.4, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(check("10.1.1.1", &["1.2.3.4", "198.51.100.7, 10.2.2.2"]), "198.51.100.7");
        assert_eq!(check("::ffff:10.1.1.1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(check("::1", &["198.51.100.7:80"]), "198.51.100.7");
        assert_eq!(check("10.1.1.1", &["nonsense"]), "10.1.1.1");
        assert!(parse_network("example.org").is_err());
    }
}
