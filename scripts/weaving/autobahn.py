"""What Autobahn found, from the records that `scripts/autobahn` keeps beside the crates."""

import json

from weaving import ROOT, table

SECTIONS = {
    "1": "framing",
    "2": "pings and pongs",
    "3": "reserved bits",
    "4": "opcodes",
    "5": "fragmentation",
    "6": "UTF-8",
    "7": "closing handshake",
    "9": "limits and performance",
    "10": "automatic fragmentation",
    "12": "compression",
    "13": "compression, with each offer of parameters",
}
KINDS = {"nonstrict": "non-strict", "informational": "informational", "unimplemented": "unimplemented", "failed": "failed"}
PROGRAMS = {
    ("raw-websocket", "server"): "`raw-websocket`, server",
    ("raw-websocket", "client"): "`raw-websocket`, client",
    ("tungstenite-websocket", "server"): "`tungstenite-websocket`, server",
}


def record(crate):
    return json.loads((ROOT / "crates" / crate / "autobahn.json").read_text())


def cell(row):
    """How many are OK, and what the others are."""
    others = [f"{row[kind]} {name}" for kind, name in KINDS.items() if row[kind]]
    return ", ".join([str(row["ok"]), *others])


def total(sections):
    """One row for all sections."""
    rows = list(sections.values())
    return {column: sum(row[column] for row in rows) for column in rows[0]}


def by_section(crate):
    """A row for each section, a column for each role, and what is to be said of each."""
    roles = dict(sorted(record(crate).items(), reverse=True))
    first = next(iter(roles.values()))
    rows = []
    for section, row in first["sections"].items():
        results = [cell(run["sections"][section]) for run in roles.values()]
        rows.append([f"{section} {SECTIONS[section]}", row["cases"], *results])
    rows.append(["all", total(first["sections"])["cases"], *(cell(total(run["sections"])) for run in roles.values())])
    lines = [table(["section", "cases", *(f"OK as a {role}" for role in roles)], rows, right={1}), ""]
    for role, run in roles.items():
        codes = run["codes"]
        lines.append(f"- As a {role}: {codes['right']} of the {codes['of']} connections that the suite wants failed got "
                     "the right status code.")
        if run["nonstrict"]:
            lines.append(f"- Non-strict: {', '.join(run['nonstrict'])}.")
        lines.append(f"- By {run['suite']} on {run['date']}.")
    # What both roles have in common stands once.
    return "\n".join(dict.fromkeys(lines))


def summary():
    """A row for each program."""
    rows = []
    for (crate, role), name in PROGRAMS.items():
        run = record(crate)[role]
        row, codes = total(run["sections"]), run["codes"]
        counts = [row[column] for column in ("cases", "ok", *KINDS)]
        rows.append([name, *counts, f"{codes['right']} of {codes['of']}", run["date"]])
    head = ["echo program", "cases", "OK", *KINDS.values(), "right close codes", "run on"]
    return table(head, rows, right=set(range(1, 7)))


BLOCKS = {
    "autobahn": summary,
    "autobahn-raw-websocket": lambda: by_section("raw-websocket"),
    "autobahn-tungstenite-websocket": lambda: by_section("tungstenite-websocket"),
}
