"""Who saw and did what, for the privacy role: `/l/<handle>/audit`. The addresses hold days and a user, no patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.actions.audit_desk import Asked, Where
from app.core.roles import May
from app.errors import NoSuchDay, NotFound
from app.web.listing import Listing, listing, ndjson_file
from app.web.present import audit as words

DAYS = 7  # where no days are named: today and the six before
FARTHEST = timedelta(days=366 * 7)  # nothing is kept longer

blueprint = Blueprint("audit", __name__, url_prefix="/l/<handle>/audit")


@dataclass(frozen=True, slots=True)
class _Form:
    """What is asked: `since` and `until` are whole days at the clinic, `who` a user as the audit has them."""

    since: date
    until: date
    who: str
    patient: str  # patient key; empty: of everybody

    def query(self, **more: str) -> str:
        kept = {"since": self.since.isoformat(), "until": self.until.isoformat(), "who": self.who}
        only = {"patient": "1"} if self.patient else {}
        return urlencode({name: value for name, value in {**kept, **only, **more}.items() if value})


@blueprint.get("")
def page(handle: str) -> ResponseReturnValue:
    """A page of entries; `?check=1` verifies the chains of these days as well. Raises NotAllowed, NoSuchDay."""
    it = listing(handle, May.READ_AUDIT)
    return _page(it, _form(it))


@blueprint.get("/audit.ndjson")
def export(handle: str) -> ResponseReturnValue:
    """The same entries as FHIR AuditEvents, one a line, and what verifying them found."""
    it = listing(handle, May.READ_AUDIT)
    form = _form(it)
    events = it.here.audit_desk.export(it.actor, _asked(it, form))
    if events is None:
        return _page(it, form, problem=words.too_many()), 422
    return ndjson_file(f"audit-{form.since}-{form.until}.ndjson", events)


def _page(it: Listing, form: _Form, problem: str = "") -> str:
    handle, desk, asked = it.of.handle, it.here.audit_desk, _asked(it, form)
    checked = desk.check(it.actor, asked) if request.args.get("check") else None
    found = desk.page(it.actor, asked, _after())
    about = words.About(
        now=it.now,
        since=form.since,
        until=form.until,
        who=form.who,
        only_patient=bool(form.patient),
        patient=_key(it),
        own=desk.chain(handle),
    )
    view = words.page(found, about, checked=checked, problem=problem)
    here = url_for("audit.page", handle=handle)
    urls = {
        "here": here,
        "older": f"{here}?{form.query(after=_place(found.after))}" if found.after else "",
        "check": f"{here}?{form.query(check='1')}",
        "export": f"{url_for('audit.export', handle=handle)}?{form.query()}",
    }
    links = it.links("audit.page")
    may_choose = bool(_key(it))
    return render_template("audit/page.html", shell=it.shell, links=links, view=view, urls=urls, may_choose=may_choose)


def _form(it: Listing) -> _Form:
    today = it.now.date()
    until = _day("until", today)
    if not today - FARTHEST <= until <= today + timedelta(days=1):
        raise NoSuchDay
    since = _day("since", until - timedelta(days=DAYS - 1))
    if since > until or today - since > FARTHEST:
        raise NoSuchDay
    who = words.user_of(request.args.get("who", "").strip()[:200])
    return _Form(since, until, who, _key(it) if request.args.get("patient") else "")


def _day(name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(request.args[name]) if request.args.get(name) else otherwise
    except ValueError as e:
        raise NoSuchDay from e


def _asked(it: Listing, form: _Form) -> Asked:
    zone = it.now.tzinfo
    since = datetime.combine(form.since, time(), zone)
    until = datetime.combine(form.until + timedelta(days=1), time(), zone)
    return Asked(since.astimezone(UTC), until.astimezone(UTC), form.who, form.patient)


def _key(it: Listing) -> str:
    """The patient in the chart, as the audit has them."""
    return f"{it.of.issuer}|{it.of.patient}" if it.of.patient else ""


def _after() -> Where | None:
    """The place that a page goes on from; a malformed one is no page of ours."""
    named = request.args.get("after", "")
    if not named:
        return None
    try:
        at, chain, seq = named.split("_")
        if not (chain.isalnum() and chain.isascii() and seq.isdecimal() and len(seq) < 16):
            raise NotFound
        return Where(datetime.fromisoformat(at).astimezone(UTC), chain, int(seq))
    except (ValueError, OverflowError) as e:
        raise NotFound from e


def _place(where: Where) -> str:
    return f"{where.at.isoformat()}_{where.chain}_{where.seq}"
