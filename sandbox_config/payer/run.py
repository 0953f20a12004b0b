"""The payer's next run: it looks at what was sent since the last one, and issues the reports again that it concerns.

A remark closes nothing, ever (RA 2.1.0, DEQM 5.0.0); this payer takes `assessed-not-present` as a reason to look, and
then calls the group invalid. Evidence closes what it is about, unless the payer is told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from html import escape
from typing import Any

from sandbox_config.payer.exchange import Exchange
from sandbox_config.payer.kept import Kept, Submission
from sandbox_config.payer.members import Member
from sandbox_config.payer.site import Site
from sandbox_config.scenario import CLINIC_TZ

Changes = dict[str, Any]

OPEN, CLOSED, INVALID, PENDING = "open-gap", "closed-gap", "invalid-gap", "pending"
NOT_PRESENT = "assessed-not-present"


class Verdict(StrEnum):
    """What the payer makes of it."""

    ACCEPT = "accept"
    PENDING = "pending"  # conditions alone: it has the evidence and is still looking
    LEAVE_OPEN = "leave-open"
    INVALID = "invalid"  # conditions are called invalid; gaps stay open
    REOPEN = "reopen"  # what earlier runs have closed is open again


_OF_CONDITION = {
    Verdict.ACCEPT: CLOSED,
    Verdict.PENDING: PENDING,
    Verdict.LEAVE_OPEN: OPEN,
    Verdict.INVALID: INVALID,
    Verdict.REOPEN: OPEN,
}
_REASON = {"code": "InvalidAttribute", "detail": "What was sent does not satisfy the measure"}


def run(site: Site, verdict: Verdict, *, everything: bool = False) -> list[str]:
    """Carry it out. Returns the ids of the reports that were issued again; with `everything`, of all that there are."""
    kept = site.kept
    with kept.lock:
        wanted: dict[str, Changes] = {}
        for report_id, changes in _due(site, verdict):
            wanted[report_id] = _merged(wanted.get(report_id, dict(kept.changes(report_id))), changes)
        if everything:
            for member in site.members:
                for report in site.now.of(member).reports:
                    wanted.setdefault(report["id"], dict(kept.changes(report["id"])))
        for report_id, changes in wanted.items():
            found = site.now.report(report_id)
            if found is not None:
                kept.change(found[0], {**changes, **_dates(site), **_rates(changes, site)}, site.clock())
        kept.judged |= {each.key for each in kept.submissions}
        kept.heeded = len(kept.remarks)
    return list(wanted)


_LABELS = {
    Verdict.ACCEPT: "Accept what was sent",
    Verdict.LEAVE_OPEN: "Leave it open",
    Verdict.INVALID: "Call it invalid",
    Verdict.REOPEN: "Open again what was closed",
}


def received_page(name: str, kept: Kept) -> str:
    """Everything that was received, and the buttons of the next run, as a page."""
    told = [f"{r['report']}, {r['group']}: {r['code'] or 'no code'} {r['reason']}" for r in kept.received()]
    told += [f"Evidence for {each.report['measure']}: {len(each.resources)} resources" for each in kept.submissions]
    rows = "".join(f"<li>{escape(line)}</li>" for line in told) or "<li>nothing yet</li>"
    buttons = " ".join(f'<button name="verdict" value="{each}">{label}</button>' for each, label in _LABELS.items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(name)}</title><h1>{escape(name)}</h1>'
        f'<h2>Received</h2><ul>{rows}</ul><h2>Next run</h2><form method="post" action="/_run">{buttons}</form></html>'
    )


def _due(site: Site, verdict: Verdict) -> Iterator[tuple[str, Changes]]:
    """The reports that this run is about, and what becomes of each."""
    if verdict is Verdict.REOPEN:
        yield from _reopened(site)
        return
    for sent in site.kept.submissions:
        member = site.members.by_id(sent.patient)
        if member is None or sent.key in site.kept.judged:
            continue
        own = _for_member(site, member, verdict)
        if sent.kind == "risk":
            for report_id, groups in _conditions(sent):
                status = _OF_CONDITION[own]
                yield report_id, {"groups": {each: _of_group(status, site) for each in groups}}
        else:
            for report_id in _gaps(site, member, sent):
                yield report_id, _of_gap(own, sent)
    for remark in site.kept.remarks[site.kept.heeded :]:
        told, member = remark.told(), site.members.by_number(remark.member)
        if member is None or told["code"] != NOT_PRESENT:
            continue
        status = INVALID if _for_member(site, member, verdict) in (Verdict.ACCEPT, Verdict.INVALID) else OPEN
        yield remark.report, {"groups": {_category(remark.group): _of_group(status, site)}}


def _for_member(site: Site, member: Member, verdict: Verdict) -> Verdict:
    """A member's story may have it that the payer accepts nothing."""
    rejects = site.switches.of_member("rejects", member.number)
    return Verdict.LEAVE_OPEN if rejects else verdict


def _reopened(site: Site) -> Iterator[tuple[str, Changes]]:
    for member in site.members:
        for report in site.now.of(member).reports:
            changes = site.kept.changes(report["id"])
            if changes.get("status") == CLOSED:
                yield report["id"], {"status": OPEN, "reasons": [_REASON], "sent": []}
            shut = [each for each, said in changes.get("groups", {}).items() if said["status"] in (CLOSED, INVALID)]
            if shut:
                yield report["id"], {"groups": {each: _of_group(OPEN, site) for each in shut}}


def _gaps(site: Site, member: Member, sent: Submission) -> Iterator[str]:
    """The member's reports of the same measure and period."""
    url = str(sent.report["measure"]).partition("|")[0]
    for gap in site.now.of(member).gaps:
        if gap.measure.url == url and gap.report["period"]["start"] == sent.report["period"]["start"]:
            yield str(gap.report["id"])


def _of_gap(verdict: Verdict, sent: Submission) -> Changes:
    if verdict in (Verdict.ACCEPT, Verdict.PENDING):
        return {"status": CLOSED, "reasons": [], "sent": list(sent.resources)}
    return {"reasons": [_REASON]}


def _conditions(sent: Submission) -> Iterator[tuple[str, list[str]]]:
    told = Exchange(sent.report, sent.resources, frozenset())
    if told.answers:
        yield told.answers, [_category(group) for group in sorted(told.groups)]


def _of_group(status: str, site: Site) -> Changes:
    return {"status": status, "on": _day(site)}


def _category(group_id: str) -> str:
    return group_id.removeprefix("hcc-")


def _dates(site: Site) -> Changes:
    """When it was calculated: now; and what the data reach to."""
    return {"run": site.clock().isoformat(timespec="seconds"), "calculated": _day(site), "through": _day(site)}


def _rates(changes: Mapping[str, Any], site: Site) -> Changes:
    """Every rate of a measure goes with it."""
    return {"rates": {**({"status": changes["status"]} if "status" in changes else {}), **_dates(site)}}


def _merged(now: Changes, more: Changes) -> Changes:
    """Groups one by one, the rest replaced."""
    groups = {**now.get("groups", {}), **more.get("groups", {})}
    return {**now, **more, **({"groups": groups} if groups else {})}


def _day(site: Site) -> str:
    return site.clock().astimezone(CLINIC_TZ).date().isoformat()
