"""How a payer can be told something: remarks on its reports, and evidence. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from app.doctor.report import Finding, degraded, ok
from app.sources.payer import PayerEntry, submitting, ways
from app.sources.payer.capabilities import Capabilities
from app.sources.payer.dialect import AUTO

_NO_REMARKS = "What happened at the visit cannot be told to this payer; its answers can still be read."
_NO_EVIDENCE = "Chart entries that would close a gap cannot be sent to this payer; they stay with us."


def findings(entry: PayerEntry, can: Capabilities) -> Iterator[Finding]:
    """By which way a remark and evidence would leave, beside what its entry turns on."""
    yield _remarks(entry, can)
    yield _evidence(entry, can)


def _remarks(entry: PayerEntry, can: Capabilities) -> Finding:
    question = "risk" if "risk" in entry.speaks else "care-gaps"
    offered = ways.possible(AUTO, can, question)
    reports = can.offers.of("MeasureReport").interactions
    patches = f"; patch ({', '.join(can.offers.patch_formats) or 'format not stated'})" if "patch" in reports else ""
    if entry.remarks == "none":
        could = (
            f"it lists {' and '.join(offered) or 'no other way'}{patches}" if offered or patches else "it lists no way"
        )
        return ok("remarks", f"not turned on in its entry; {could}")
    way = next(iter(ways.possible(entry.remarks, can, question)), None)
    if way is None:
        return degraded("remarks", f"it lists no way to take them{patches}", _NO_REMARKS, _ask("remarks"))
    if way not in (*offered, *(["patch"] if "patch" in reports else [])):
        said = f"{way}, set in its entry, is not listed"
        return degraded("remarks", said, "Remarks may be refused, and then wait on the list of what was not sent.",
                        _ask("remarks"))  # fmt: skip
    return ok("remarks", f"by {way}{patches}")


def _evidence(entry: PayerEntry, can: Capabilities) -> Finding:
    by_question = {
        name: submitting.named(entry.evidence, can, name, spoken)
        for name, spoken in (("care-gaps", can.care_gaps), ("risk", can.risk))
        if name in entry.speaks
    }
    if entry.evidence == "none":
        return ok("evidence", "not turned on in its entry")
    if without := [name for name, way in by_question.items() if way is None]:
        said = f"it lists no way to take it for {' and '.join(without)}"
        return degraded("evidence", said, _NO_EVIDENCE, _ask("evidence"))
    return ok("evidence", "; ".join(f"{name} by {way}" for name, way in by_question.items()))


def _ask(what: str) -> str:
    if what == "remarks":
        return "How do you take careGapRemark and ccRemark: PUT, transaction, $submit-remark-data?"
    return "How do you take evidence: $submit-data, $deqm-submit-data, transaction?"
