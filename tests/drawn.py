"""What the README shows from the code: the state machine, the legs of a message, and the action x dialect table.

`python -m tests.drawn` writes the blocks between their markers anew; `tests/test_readme.py` fails where they differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from app.core.ledger import machine, remarks
from app.core.ledger.remarks import Family

README = Path(__file__).resolve().parent.parent / "README.md"
FAMILIES = {
    Family.DEQM_US_5: "DEQM US 5.0",
    Family.DEQM_UV: "DEQM universal 1.0",
    Family.RA: "RA 2.0 to 3.0",
    Family.OLDER: "DEQM US 3.1, 4.0, RA 1.0",
}
NOT_SENT = "not sent: no code"


def _mermaid(text: str) -> str:
    return f"```mermaid\n{text.strip()}\n```"


def remark_table() -> str:
    """One line a row of `remarks.rows()`: what somebody records, and the one code that each family of dialects has."""
    head = ["recorded", "when", *FAMILIES.values()]
    lines = [head, ["---"] * len(head)]
    for row in remarks.rows():
        reasons = f", with {' or '.join(f'`{why.value}`' for why in row.reasons)}" if row.reasons else ""
        codes = []
        for family in FAMILIES:
            code = row.code(family)
            more = reasons if family is Family.RA else ""
            codes.append(f"`{code}`{more}" if code else NOT_SENT)
        lines.append([row.verb.value, row.when, *codes])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


BLOCKS: Mapping[str, Callable[[], str]] = {
    "actions": lambda: _mermaid(machine.diagram()),
    "legs": lambda: _mermaid(machine.legs_diagram()),
    "remarks": remark_table,
}


def marked(text: str, name: str) -> str | None:
    """What stands between the markers of a block; None: they are not there."""
    found = re.search(rf"<!-- drawn: {name} -->\n(.*?)\n<!-- /drawn -->", text, re.S)
    return found.group(1) if found else None


def drawn(text: str) -> str:
    """The text with every block as the code says it now."""
    for name, draw in BLOCKS.items():
        old = marked(text, name)
        assert old is not None, f"README.md has no <!-- drawn: {name} -->"
        begin = f"<!-- drawn: {name} -->\n"
        text = text.replace(f"{begin}{old}\n<!-- /drawn -->", f"{begin}{draw()}\n<!-- /drawn -->")
    return text


if __name__ == "__main__":
    README.write_text(drawn(README.read_text(encoding="utf-8")), encoding="utf-8")
