"""The table of the transports, with their lines of code."""

from weaving import ROOT, table

TRANSPORTS = [
    ("polling", "Polling", "the client asks again and again",
     "[RFC 9110](https://www.rfc-editor.org/rfc/rfc9110)", "a request a client and second, news or none; as late as the pause is long"),
    ("long-polling", "Long polling", "the server answers when it has something to say",
     "[RFC 6202](https://www.rfc-editor.org/rfc/rfc6202)", "a request a message; a held connection a client"),
    ("http2-streaming", "HTTP/2 streaming", "one response that never ends",
     "[RFC 9113](https://www.rfc-editor.org/rfc/rfc9113)", "9 octets a message; TLS; a second request to say anything"),
    ("raw-websocket", "Raw WebSocket", "one socket, both ways, every octet by hand",
     "[RFC 6455](https://www.rfc-editor.org/rfc/rfc6455)", "2 to 4 octets a message; all rules are yours to keep"),
    ("tungstenite-websocket", "tungstenite", "the same wire by a library",
     "[RFC 6455](https://www.rfc-editor.org/rfc/rfc6455)", "the same octets; its buffers are yours to set"),
]


def lines(crate):
    """Lines of a crate's sources that are neither blank nor only a comment, its unit tests left out."""
    count = 0
    for path in sorted((ROOT / "crates" / crate / "src").rglob("*.rs")):
        if path.name == "tests.rs":
            continue
        source = path.read_text().split("#[cfg(test)]")[0]
        count += sum(1 for line in source.splitlines() if line.strip() and not line.strip().startswith("//"))
    return count


def transports():
    rows = [[f"[{title}](crates/{crate})", how, rfc, lines(crate), cost] for crate, title, how, rfc, cost in TRANSPORTS]
    return table(["transport", "how it follows", "by", "lines of code", "what it costs"], rows, right={3})


BLOCKS = {"transports": transports}
