"""The table of the comparison, of the newest record that is kept."""

import json

from weaving import ROOT

RECORDS = ROOT / "crates/comparison/records"
MISSING = "No record is kept yet: `cargo run --release -p comparison` makes one, with a report."


def newest():
    """The path of the record that began last; none if none is kept."""
    return max(RECORDS.glob("*.json"), key=lambda path: json.loads(path.read_text())["begun"], default=None)


def comparison():
    """What stands beside the record: a test of the crate holds it to be the record's table."""
    path = newest()
    return path.with_suffix(".md").read_text().rstrip("\n") if path else MISSING


BLOCKS = {"comparison": comparison}
