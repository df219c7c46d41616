"""The figures of crates/raw-websocket, from the record of scripts/benchmark."""

import datetime
import json

from weaving import ROOT, table

RECORD = ROOT / "crates/raw-websocket/benches/record.json"

FAN_OUT = ["100 clients", "1,000 clients", "bursts of 16", "16 posters"]
ALONE = ["echo 64 B", "echo 64 B, 32 deep", "echo 65,000 B, 4 deep", "handshake"]


def read():
    return json.loads(RECORD.read_text())


def ratios(servers, cases):
    """Server CPU of each server and case: times the floor, and the floor itself in µs."""
    rows = []
    summary = {(of["case"], of["server"]): of for of in servers["summary"]}
    bases = {of["case"]: of["base"] for of in servers["summary"]}
    rows.append(["floor, µs"] + [f"{summary[case, bases[case]]['figure']:.2f}" for case in cases])
    for server in dict.fromkeys(of["server"] for of in servers["summary"]):
        if server in bases.values():
            continue
        cells = [summary.get((case, server)) for case in cases]
        if any(cells):
            rows.append([server] + [f"{cell['ratio'][0]:.2f}" if cell else "–" for cell in cells])
    return table(["server CPU, times the floor", *cases], rows, right=range(1, len(cases) + 1))


def idle(servers):
    names = ["bytes_open", "bytes_after_traffic", "bytes_when_gone"]
    rows = [[server] + [f"{of[name]:,}" for name in names] for server, of in servers["idle"].items()]
    head = ["octets of the process an idle connection", "open", "after traffic", "when all have gone"]
    return table(head, rows, right=range(1, 4))


def servers():
    run = read()["servers"]
    machine, versions = run["machine"], run["versions"]
    date = datetime.datetime.fromtimestamp(run["time"], datetime.timezone.utc).date()
    listed = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    rounds = f"{run['rounds']} rounds" if run["rounds"] > 1 else "1 round"
    left_out = "".join(f" Without {name}: {why}." for name, why in run["left_out"].items())
    about = (
        f"{date}, {machine['cores']} cores ({machine['cpu']}), Linux {machine['kernel']}; {run['placement']}; "
        f"{rounds} of {run['seconds']:g} s, {run['idle_connections']:,} idle connections; {listed}.{left_out}"
    )
    return "\n\n".join([ratios(run, FAN_OUT), ratios(run, ALONE), idle(run), about])


def rate(octets):
    for unit, size in (("GB/s", 1e9), ("MB/s", 1e6)):
        if octets >= size:
            return f"{octets / size:.3g} {unit}"
    return "–"


def duration(seconds):
    return f"{seconds * 1e9:.1f} ns" if seconds < 1e-6 else f"{seconds * 1e6:.2f} µs"


def codec():
    run = read()["codec"]
    a_second = run["a_second"]
    lengths = ["0", "125", "126", "65536"]
    rows = []
    for name, title in [("parse_text", "parse text"), ("parse_binary", "parse binary"),
                        ("encode_server", "encode"), ("encode_client", "encode, masked")]:
        cells = [a_second[name][length] for length in lengths]
        rows.append([title] + [duration(1 / cell["frames"]) + (f", {rate(cell['octets'])}" if cell["octets"] else "")
                               for cell in cells])
    frames = table(["a frame of", *(f"{int(length):,}" for length in lengths)], rows, right=range(1, 5))
    lengths = list(a_second["mask"])
    rows = [[title] + [rate(a_second[name][length]["octets"]) for length in lengths]
            for name, title in [("mask", "mask"), ("mask_odd", "mask, at odd places"), ("mask_beside_memcpy", "`memcpy`")]]
    mask = table(["octets", *(f"{int(length):,}" for length in lengths)], rows, right=range(1, len(lengths) + 1))
    lengths = list(a_second["deflate_chat"])
    rows = [[title] + [rate(a_second[name][length]["octets"]) for length in lengths]
            for name, title in [("deflate_chat", "deflate chat, alone"), ("deflate_chat_takeover", "with context takeover"),
                                ("deflate_random", "deflate random octets"), ("inflate_chat", "inflate chat"),
                                ("inflate_random", "inflate random octets")]]
    compressed = [run["compressed"]["chat"][length] for length in lengths]
    rows.append(["chat compressed to"] + [f"{to:,}" if to else "–" for to in compressed])
    deflate = table(["octets of a message", *(f"{int(length):,}" for length in lengths)], rows, right=range(1, 4))
    return "\n\n".join([frames, mask, deflate])


BLOCKS = {"raw-websocket-servers": servers, "raw-websocket-codec": codec}
