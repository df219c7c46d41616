"""What scripts/weave weaves: each module here has `BLOCKS`, a name and a function for each of its blocks."""

import importlib
import pathlib
import pkgutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def table(head, rows, right=()):
    """A Markdown table; the columns whose numbers are in `right` are aligned there."""
    rule = ["---:" if column in right else "---" for column in range(len(head))]
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in [head, rule, *rows])


def all_blocks():
    """The function of each block, by its name."""
    blocks = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        for name, function in importlib.import_module(f"weaving.{module.name}").BLOCKS.items():
            if name in blocks:
                sys.exit(f"error: two modules weave a block called {name}")
            blocks[name] = function
    return blocks
