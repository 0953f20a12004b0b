"""Findings, and how they are printed: 80 columns for a person, JSON for a machine. Pure."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

WIDTH = 80
_MARGIN = " " * 13
_LONG_ENOUGH = 6  # a shorter "secret" would hide ordinary words


class Verdict(StrEnum):
    """`CANNOT_TELL`: it could not be checked from here, or the server does not say."""

    OK = "ok"
    DEGRADED = "degraded"
    BROKEN = "broken"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked. `means` is what users notice; `ask` is one sentence for a mail to the vendor."""

    topic: str
    verdict: Verdict
    found: str
    means: str = ""
    ask: str = ""


@dataclass(frozen=True, slots=True)
class Examined:
    """One entry. `register` are the addresses that its owner has to know."""

    kind: str  # EHR | payer
    id: str
    name: str
    address: str
    findings: tuple[Finding, ...]
    register: tuple[tuple[str, str], ...] = ()

    def broken(self) -> bool:
        return any(finding.verdict is Verdict.BROKEN for finding in self.findings)


def ok(topic: str, found: str) -> Finding:
    return Finding(topic, Verdict.OK, found)


def degraded(topic: str, found: str, means: str, ask: str = "") -> Finding:
    return Finding(topic, Verdict.DEGRADED, found, means, ask)


def broken(topic: str, found: str, means: str, ask: str = "") -> Finding:
    return Finding(topic, Verdict.BROKEN, found, means, ask)


def cannot_tell(topic: str, found: str, means: str = "", ask: str = "") -> Finding:
    return Finding(topic, Verdict.CANNOT_TELL, found, means, ask)


class Hidden:
    """Takes every known secret out of a text: a server may echo what it was sent."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({s for s in secrets if len(s) >= _LONG_ENOUGH}, key=len, reverse=True)

    def add(self, secret: str) -> None:
        """A secret that came up on the way: a token."""
        if len(secret) >= _LONG_ENOUGH:
            self._secrets = sorted({*self._secrets, secret}, key=len, reverse=True)

    def clean(self, one: Examined) -> Examined:
        """The entry as it may be printed. Before it is wrapped: a secret on two lines would not be found."""
        findings = [
            Finding(f.topic, f.verdict, *(self.out_of(text) for text in (f.found, f.means, f.ask)))
            for f in one.findings
        ]
        register = tuple((label, self.out_of(value)) for label, value in one.register)
        name, address = self.out_of(one.name), self.out_of(one.address)
        return replace(one, name=name, address=address, findings=tuple(findings), register=register)

    def out_of(self, text: str) -> str:
        """`text` with (hidden) in the place of each secret."""
        for secret in self._secrets:
            text = text.replace(secret, "(hidden)")
        return text


def as_text(all_examined: Iterable[Examined]) -> str:
    """For a person at a terminal, 80 columns wide."""
    return "\n".join(line.rstrip() for one in all_examined for line in (*_lines(one), ""))


def as_json(all_examined: Iterable[Examined]) -> str:
    return json.dumps([asdict(one) for one in all_examined], indent=1)


def _lines(one: Examined) -> Iterator[str]:
    yield from textwrap.wrap(f"{one.kind} {one.id}: {one.name}", WIDTH)
    yield from _wrapped(one.address, "  ", "  ")
    yield ""
    for finding in one.findings:
        yield from _wrapped(f"{finding.topic}: {finding.found}", f"{finding.verdict.value:<11}  ", _MARGIN)
        if finding.means:
            yield from _wrapped(finding.means, f"{_MARGIN}means: ", f"{_MARGIN}       ")
        if finding.ask:
            yield from _wrapped(finding.ask, f"{_MARGIN}ask:   ", f"{_MARGIN}       ")
    if one.register:
        yield ""
        yield "  To register there:"
        for label, value in one.register:
            yield from _wrapped(value, f"    {label}: ", "      ")
    yield ""
    yield f"  {_summary(one)}"


def _summary(one: Examined) -> str:
    counts = {verdict: sum(f.verdict is verdict for f in one.findings) for verdict in Verdict}
    return ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)


def _wrapped(text: str, first: str, then: str) -> list[str]:
    """Foreign text may hold anything: only what prints is printed, and an endless word is broken."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return textwrap.wrap(
        line, WIDTH, initial_indent=first, subsequent_indent=then, break_on_hyphens=False, break_long_words=True
    ) or [first]
