"""The payer's door: discovery, the token endpoint, and the check that every FHIR question passes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from sandbox_config.payer.faults import Question
from sandbox_config.payer.members import Member
from sandbox_config.payer.metadata import capability_statement, smart_configuration
from sandbox_config.payer.site import Job, site
from sandbox_config.payer.tokens import Refused
from sandbox_config.payer.wire import INSTEAD, Refusal, cut, delayed, fhir_json, refused, too_many

blueprint = Blueprint("door", __name__)

Resource = dict[str, Any]


def journal(response: Response) -> Response:
    """Note the call, unless it is one of the sandbox's own."""
    if not request.path.startswith("/_"):
        query = request.query_string.decode()
        site().journal.note(request.method, request.path, query, response.status_code, g.get("member"))
    return response


def about(member: Member | None) -> Member | None:
    """Say whom this request is about, so that a scenario's faults can strike."""
    g.member = member.number if member else None
    return member


def hit_by(name: str, question: Question) -> bool:
    """Whether a fault is on for this request."""
    return site().switches.is_on(name, question, g.get("member"))


def asked(
    question: Question, *needs: str, prepared: bool = False, writes: bool = False
) -> Callable[[Callable[..., Resource | Response]], Callable[..., Response]]:
    """Make a route of a function that returns a resource: the token is checked, refusals and faults become answers.

    `needs` are resource types that the token must be allowed to read (r) or search (s); no scope names an operation.
    `prepared`: this is where an answer is fetched that was deferred before. `writes`: something is stored; the function
    calls `before_storing` itself, when it knows whom it is about.
    """

    def dressed(ask: Callable[..., Resource | Response]) -> Callable[..., Response]:
        @wraps(ask)
        def route(**values: str) -> Response:
            g.member, g.drawn = None, ""
            try:
                _admit(needs, always=writes)
                told = ask(**values)
                body = (told.get_json(silent=True) or {}) if isinstance(told, Response) else told
                good = told if isinstance(told, Response) else fhir_json(body)
                if site().style.asynchronous and question is Question.CARE_GAPS and not prepared:
                    job = Job(g.member, site().clock(), body)
                    body, good = {}, later_address(site().waiting.put(job))
            except Struck as struck:
                return struck.response
            except Refusal as refusal:
                body, good = {}, refused(refusal)
            return (_after_storing() if writes else _struck(question, body)) or good

        return route

    return dressed


class Struck(Exception):
    """A fault kept a write from happening; what is answered in its place."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def before_storing() -> None:
    """Faults that keep a write from happening. Raises Struck."""
    if (response := _struck(Question.WRITE, {})) is not None:
        raise Struck(response)
    if hit_by("cut-before", Question.WRITE) and site().switches.first_time(g.member, "cut-before"):
        raise Struck(cut())


def _after_storing() -> Response | None:
    """Faults that lose the answer to a write that was carried out."""
    if hit_by("stored-no-answer", Question.WRITE) and site().switches.first_time(g.member, "stored-no-answer"):
        return cut()
    drawn = g.pop("drawn", "")
    return _failed(drawn.partition(":")[0]) if drawn else None


def _failed(how: str) -> Response:
    return cut() if how == "cut" else refused(Refusal(503, "transient", "the payer fails at random, as it was told to"))


def later_address(key: str) -> Response:
    """202, where to ask again, and when."""
    response = Response(status=202)
    response.headers["Content-Location"] = f"{site().style.base}/_later/{key}"
    response.headers["Retry-After"] = "1"
    response.headers["X-Progress"] = "in progress"
    return response


def may_read(resource_type: str) -> bool:
    """Whether the token of this request may read this type."""
    return bool(g.token.allows(resource_type, "r"))


def must_allow(need: str) -> None:
    """Whether the token of this request has a scope such as `MeasureReport.u`. Raises Refusal."""
    resource_type, _, letter = need.partition(".")
    if not g.token.allows(resource_type, letter):
        raise Refusal(403, "forbidden", f"the token has no scope system/{need}")


def _admit(needs: tuple[str, ...], *, always: bool) -> None:
    if not needs and not always:
        return
    g.token = site().tokens.recognise(request.headers.get("Authorization", ""))
    if g.token is None:
        raise Refusal(401, "login", "no access token, or one that is not valid any more")
    for need in needs:
        must_allow(need)


def _struck(question: Question, body: Resource) -> Response | None:
    """Wait as told; then what the faults that are on make of the answer, or None."""
    here = site()
    if here.rate.refuses():
        return too_many()
    if here.delay:
        here.sleep(here.delay)
    if question is not Question.TOKEN and (drawn := here.chance.draws()):
        how, _, after = drawn.partition(":")
        if question is not Question.WRITE or not after:
            return _failed(how)
        g.drawn = drawn
    for name in ("slow", "hang"):
        if hit_by(name, question):
            delayed(name, here.sleep)
    if hit_by("rate-limited", question) and here.switches.first_time(g.member, question):
        return too_many()
    return next((answer(body, here.sleep) for name, answer in INSTEAD.items() if hit_by(name, question)), None)


@blueprint.get("/fhir/.well-known/smart-configuration")
def configuration() -> Response:
    return jsonify(smart_configuration(site().root))


@blueprint.get("/fhir/metadata")
@asked(Question.METADATA)
def metadata() -> Resource:
    return capability_statement(site().style)


@blueprint.post("/oauth/token")
def token() -> Response:
    """SMART App Launch 2.2, Backend Services: the access token request."""
    g.member = None
    try:
        if hit_by("token-refused", Question.TOKEN):
            raise Refused("invalid_client", "the payer was told to refuse", 401)
        good = jsonify(site().tokens.grant(request.form))
    except Refused as refusal:
        good = jsonify({"error": refusal.error, "error_description": refusal.description})
        good.status_code = refusal.status
    good.headers["Cache-Control"] = "no-store"
    return _struck(Question.TOKEN, {}) or good
