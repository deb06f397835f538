//! Which addresses are of the public Internet, for those who want messages to go nowhere else.
//!
//! Asked of the addresses that a name leads to, not of the name: any name can lead anywhere.

use std::io;
use std::net::{IpAddr, SocketAddr};

use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::{Error, http};

/// Why nothing is sent there.
pub const NOT_PUBLIC: &str =
    "it is at a private address, and private_addresses = \"deny\" sends nothing there";

/// Looks names up and keeps only addresses of the public Internet.
#[derive(Debug, Default)]
pub struct PublicOnly(DefaultResolver);

impl Resolver for PublicOnly {
    fn resolve(
        &self,
        uri: &http::Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.0.resolve(uri, config, timeout)?;
        let mut public = self.empty();
        for address in found.iter().filter(|a| is_public(a)) {
            public.push(*address);
        }
        if public.is_empty() {
            return Err(Error::Io(io::Error::new(
                io::ErrorKind::PermissionDenied,
                NOT_PUBLIC,
            )));
        }
        Ok(public)
    }
}

/// Whether an address is of the public Internet (IANA's special-purpose registries, the ranges that lead
/// into private networks or nowhere).
fn is_public(address: &SocketAddr) -> bool {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_broadcast()
                || ip.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && ip.octets()[2] == 0)
                || (a == 198 && (18..20).contains(&b)))
        }
        IpAddr::V6(ip) => {
            let first = ip.segments()[0];
            !(ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || (first & 0xfe00) == 0xfc00
                || (first & 0xffc0) == 0xfe80
                // Translated and tunnelled addresses lead wherever the IPv4 address in them does.
                || first == 0x2002
                || (first == 0x0064 && ip.segments()[1] == 0xff9b))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_told_apart() {
        for private in [
            "10.0.0.1:80",
            "127.0.0.1:80",
            "169.254.169.254:80",
            "100.64.0.1:80",
            "192.168.1.1:80",
            "172.16.0.1:80",
            "0.0.0.0:80",
            "[::1]:80",
            "[fd00::1]:80",
            "[fe80::1]:80",
            "[::ffff:10.0.0.1]:80",
            "[64:ff9b::a00:1]:80",
        ] {
            assert!(!is_public(&private.parse().unwrap()), "{private}");
        }
        for public in ["93.184.215.14:443", "[2606:2800::1]:443", "100.128.0.1:80"] {
            assert!(is_public(&public.parse().unwrap()), "{public}");
        }
    }
}
