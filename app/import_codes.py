"""`python -m app import-codes`: the command's side of the code lists; says what it understood before it stores it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.sources.code_lists import Understood
    from app.store import Store

EXAMPLE = "colorectal-screening/colonoscopy"


def arguments(parser: ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("file", nargs="?", type=Path, help="FHIR ValueSet (JSON), VSAC export (CSV), or system,code")
    parser.add_argument("--as", dest="target", metavar="RULE/PART", default="", help=f"for what, such as {EXAMPLE}")
    parser.add_argument("--list", action="store_true", help="what is imported, and what can be")
    parser.add_argument("--remove", metavar="RULE/PART", default="", help="take a list out again")


@dataclass(frozen=True, slots=True)
class ImportCodes:
    """The command on one store. `say` and `complain` take a line each."""

    store: Store
    say: Callable[[str], None]
    complain: Callable[[str], None]

    def run(self, given: Namespace) -> int:
        """0 done, 1 not understood or not there, 2 wrong usage."""
        if given.list:
            return self._list()
        if given.remove:
            return self._remove(given.remove)
        if given.file is None or not given.target:
            self.complain(f"which file, and for what? import-codes FILE --as {EXAMPLE} (--list names what there is)")
            return 2
        return self._import(given.file, given.target)

    def _import(self, file: Path, target: str) -> int:
        from app.codes import NoSuchTarget, check_target
        from app.sources.code_lists import NotUnderstood, understood
        from app.store import code_lists

        try:
            check_target(target)
            found = understood(file.read_text(encoding="utf-8-sig"))
        except (NoSuchTarget, NotUnderstood, OSError, UnicodeDecodeError) as e:
            self.complain(f"{file}: not imported: {e}")
            return 1
        self._describe(found, target)
        with self.store.begin() as tx:
            code_lists.put(tx, target, found.title, found.version, found.codes)
        self.say("stored; running processes use it within a minute")
        return 0

    def _describe(self, found: Understood, target: str) -> None:
        from app.codes import LICENSED

        title = " ".join(filter(None, [found.title or "untitled list", found.version]))
        counts = found.by_system()
        self.say(f"{title}: {len(found.codes)} codes for {target}")
        for system, count in counts.items():
            self.say(f"  {count:6} {system}")
        for system, whose in LICENSED.items():
            if system in counts:
                self.say(f"  {whose}: your practice needs a licence to use it; do not pass this database on with it")

    def _list(self) -> int:
        from app.core.measures import REGISTRY
        from app.core.measures.imported import targets
        from app.store import code_lists

        with self.store.read() as tx:
            stored = {each.target: each for each in code_lists.everything(tx)}
        for target in dict.fromkeys((*targets(REGISTRY.rules), *stored)):
            each = stored.get(target)
            what = f": {len(each.codes)} codes, {each.title or 'untitled'}, {each.at:%Y-%m-%d}" if each else ""
            self.say(target + what)
        return 0

    def _remove(self, target: str) -> int:
        from app.store import code_lists

        with self.store.begin() as tx:
            gone = code_lists.remove(tx, target)
        (self.say if gone else self.complain)(f"{target}: {'removed' if gone else 'nothing was imported for it'}")
        return 0 if gone else 1
