"""What the reports of the suite say: a verdict for each case, and tables of them."""

import collections
import datetime
import fcntl
import json
import os
import re

KINDS = ["ok", "nonstrict", "informational", "unimplemented", "failed"]


def key(case_id):
    return [int(x) for x in case_id.split(".")]


def verdict(case):
    """One of ok, nonstrict, informational, unimplemented, failed.

    A case has two results: what the peer did with the messages ("behavior") and
    how the connection ended ("behaviorClose").  As in the suite's own report, a
    wrong close code and a TCP connection that the fuzzing client had to drop are only
    non-strict; in the cases where they matter the suite itself turns them into
    a failed behavior.
    """
    behavior, close = case["behavior"], case["behaviorClose"]
    if behavior == "FAILED" or close in ("FAILED", "UNCLEAN"):
        return "failed"
    if behavior == "UNIMPLEMENTED":
        return "unimplemented"
    if behavior == "NON-STRICT" or close in ("WRONG CODE", "FAILED BY CLIENT"):
        return "nonstrict"
    if behavior == "INFORMATIONAL":
        return "informational"
    return "ok" if behavior == "OK" and close in ("OK", "INFORMATIONAL") else "failed"


def shorten(ids, cases):
    """Case ids, with '12.*' for a section or '9.3.*' for a subsection that is complete."""
    rest, out = list(ids), []
    for depth in (1, 2):
        groups = collections.Counter(".".join(c.split(".")[:depth]) for c in cases)
        have = collections.Counter(".".join(c.split(".")[:depth]) for c in rest)
        whole = {g for g in have if have[g] == groups[g] and groups[g] > 3}
        out += [g + ".*" for g in whole]
        rest = [c for c in rest if ".".join(c.split(".")[:depth]) not in whole]
    return sorted(out + rest, key=lambda c: key(c.replace("*", "0")))


def close_codes(outdir, results):
    """What the peer's Close frame said where the case wants the peer to fail the
    connection.  The suite also accepts no code, no Close frame at all, and (as
    non-strict) a wrong code, so this is not part of the verdict."""
    right, wrong, none = [], [], []
    for c, case in results.items():
        with open(os.path.join(outdir, case["reportfile"])) as f:
            detail = json.load(f)
        expected = detail["expectedClose"]
        if not expected or expected["closedByMe"]:
            continue
        code = detail["remoteCloseCode"]
        (none if code is None else right if code in expected["closeCode"] else wrong).append(c)
    return right, wrong, none


def read(outdir):
    """The results of the one program that was judged, by case, and how the run itself went."""
    with open(os.path.join(outdir, "fuzzer.json")) as f:
        run = json.load(f)
    with open(os.path.join(outdir, "index.json")) as f:
        agents = json.load(f)
    if len(agents) > 1:
        raise ValueError("one agent is judged at a time, not " + ", ".join(sorted(agents)))
    return next(iter(agents.values()), {}), run


class Sections:
    """The verdicts, counted for each section."""

    def __init__(self, cases, results):
        # the suite stops without a word when the peer cannot be reached any more,
        # and always exits 0: a case without a result is a failed case
        self.kinds = {c: verdict(results[c]) if c in results else "failed" for c in cases}
        self.missing = [c for c in cases if c not in results]
        self.count = collections.Counter(self.kinds.values())
        self.sections = collections.OrderedDict()
        for c in cases:
            self.sections.setdefault(c.split(".")[0], []).append(c)

    def of(self, kind):
        return [c for c in self.kinds if self.kinds[c] == kind]

    def row(self, cases):
        """How many of these cases there are, and how many of each kind."""
        count = collections.Counter(self.kinds[c] for c in cases)
        return {"cases": len(cases), **{kind: count[kind] for kind in KINDS}}

    def print(self, results, wall):
        line = "%8s %6s %6s %10s %14s %14s %7s %8s"
        print(line % ("section", "cases", *KINDS, "seconds"))
        for name, cases in self.sections.items():
            seconds = [results.get(c, {}).get("duration", 0) / 1000 for c in cases]
            seconds = sum(s for s in seconds if s <= wall)  # nonsense if never open
            print(line % (name, *self.row(cases).values(), "%.1f" % seconds))
        for kind in ("nonstrict", "unimplemented", "failed"):
            if ids := self.of(kind):
                print("%s: %s" % (kind, " ".join(shorten(ids, self.kinds))))

    def record(self, path, role, suite, messages, codes):
        """Puts the counts into a file, beside those of the other role."""
        right, wrong, none = codes
        ours = {
            "suite": suite,
            "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
            "messages": messages,
            "sections": {name: self.row(cases) for name, cases in self.sections.items()},
            **{kind: self.of(kind) for kind in KINDS if kind != "ok"},
            "codes": {"right": len(right), "of": len(right) + len(wrong) + len(none)},
        }
        with open(path, "a+") as f:
            # the other role may come at the same time
            fcntl.flock(f, fcntl.LOCK_EX)
            f.seek(0)
            record = {**json.loads(f.read() or "{}"), role: ours}
            text = json.dumps(dict(sorted(record.items())), indent=2)
            # what has nothing inside it stands on one line
            text = re.sub(r"\{[^{}]*\}|\[[^\[\]]*\]", lambda m: " ".join(m.group().split()), text)
            f.truncate(0)
            f.write(text + "\n")
