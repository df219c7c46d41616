//! The command line, equal for all programs but for the default port.

use std::{net::IpAddr, path::PathBuf, str::FromStr};

use clap::{CommandFactory, FromArgMatches, Parser};
use http::Uri;

/// What a server is told on its command line.
#[derive(Clone, Debug, Parser)]
#[command(disable_version_flag = true, max_term_width = 100)]
pub struct Options {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, env = "PORT", value_name = "PORT", default_value_t = 0)]
    pub port: u16,

    /// Address to listen on. Default: both 127.0.0.1 and ::1.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub listen: Option<IpAddr>,

    /// A name or address, beside those of loopback, by which clients reach this server (`Host`); may be
    /// given again. Requests for any other are refused with 421. Default: none.
    #[arg(long, value_name = "NAME", value_parser = host)]
    pub host: Vec<String>,

    /// Origin (scheme, host and port) of a page from elsewhere that may use this server; may be given again.
    /// Default: none.
    #[arg(long, value_name = "URL", value_parser = Origin::from_str)]
    pub allow_origin: Vec<Origin>,

    /// How many of the newest messages followers can read back to.
    #[arg(long, value_name = "MESSAGES", default_value_t = 256, value_parser = history)]
    pub history: usize,

    /// Posts a second from one address (HTTP) or one connection (WebSocket), and twice as many at once;
    /// 0 lifts the limit.
    #[arg(long, env = "POST_RATE", value_name = "POSTS", default_value_t = 20)]
    pub post_rate: u32,

    /// How many connections each server keeps open; more are refused with 503.
    #[arg(long, value_name = "CONNECTIONS", default_value_t = 20_000)]
    pub max_connections: usize,

    /// Folder where the self-signed certificate of HTTP/2 is kept.
    #[arg(long, value_name = "FOLDER", default_value = ".crosstalk")]
    pub data: PathBuf,

    /// Origin of a page that may show this server's page in a frame; several with commas between them, or the option
    /// again. Default: none.
    #[arg(long, env = "FRAMED_BY", value_name = "URL", value_parser = Origin::from_str, value_delimiter = ',')]
    pub framed_by: Vec<Origin>,

    /// Folder whose JavaScript modules, such as transports/polling.js, are served in place of the page's own.
    /// Default: none.
    #[arg(long, env = "WEB_FOLDER", value_name = "FOLDER")]
    pub web: Option<PathBuf>,
}

impl Default for Options {
    /// The defaults of `--help`, with a free port.
    fn default() -> Self {
        Self {
            port: 0,
            listen: None,
            host: Vec::new(),
            allow_origin: Vec::new(),
            history: 256,
            post_rate: 20,
            max_connections: 20_000,
            data: PathBuf::from(".crosstalk"),
            framed_by: Vec::new(),
            web: None,
        }
    }
}

impl Options {
    /// The options of this process's command line. Ends the process after `--help` and after a mistake.
    ///
    /// `about` is the first line of the help; `port` is the default port.
    pub fn of_command_line(about: &'static str, port: u16) -> Self {
        let command = Self::command().about(about).mut_arg("port", |arg| arg.default_value(port.to_string()));
        let matches = command.get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

fn address(value: &str) -> Result<IpAddr, String> {
    value.parse().map_err(|_| "an IP address of this machine, or 0.0.0.0 or :: for all of them".to_owned())
}

fn history(value: &str) -> Result<usize, String> {
    match value.parse() {
        Ok(0) | Err(_) => Err("a whole number of messages, 1 or more".to_owned()),
        Ok(messages) => Ok(messages),
    }
}

/// A name or address as in `Host`, without a port; an IPv6 address may come without its brackets.
fn host(value: &str) -> Result<String, String> {
    let name = match value.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        _ => value.to_ascii_lowercase(),
    };
    match http::uri::Authority::from_str(&name) {
        Ok(authority) if authority.host() == name => Ok(name),
        _ => Err("a host name or IP address, without scheme and port".to_owned()),
    }
}

/// A web origin: scheme, host and port, in lower case, the scheme's own port left out (RFC 6454 §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The serialized origin, as in the `Origin` field.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        let rule = || "scheme, host and port only, such as https://example.com".to_owned();
        let uri = Uri::from_str(value).map_err(|_| rule())?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(rule());
        };
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(rule());
        }
        let authority = without_default_port(scheme, authority.as_str());
        Ok(Self(format!("{scheme}://{authority}").to_ascii_lowercase()))
    }
}

/// `authority` without the port that `scheme` has by itself.
pub(crate) fn without_default_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    authority.strip_suffix(port).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_and_default_agree() {
        let parsed = Options::parse_from(["crosstalk"]);
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Options::default()));
    }

    #[test]
    fn a_host_has_neither_scheme_nor_port() {
        assert_eq!(host("Chat.Example").unwrap(), "chat.example");
        assert_eq!(host("::1").unwrap(), "[::1]");
        for wrong in ["http://chat.example", "chat.example:80", "a b", ""] {
            assert!(host(wrong).is_err(), "{wrong:?} was taken for a host");
        }
    }

    #[test]
    fn an_origin_is_compared_in_one_form() {
        let origin = |text: &str| text.parse::<Origin>().map(|origin| origin.0);
        assert_eq!(origin("HTTPS://Example.com:443/").unwrap(), "https://example.com");
        assert_eq!(origin("http://example.com:8080").unwrap(), "http://example.com:8080");
        for wrong in
            ["example.com", "https://example.com/path", "https://a@example.com", "ftp://example.com", "null"]
        {
            assert!(origin(wrong).is_err(), "{wrong:?} was taken for an origin");
        }
    }
}
