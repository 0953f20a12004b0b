"""Questions to a payer about nobody: a member with a random id, and the list of its measures."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from app.doctor.looking import Looking, Reply
from app.doctor.report import Finding, broken, cannot_tell, degraded, ok
from app.sources.errors import ForeignLink
from app.sources.fhir.shape import obj, objs, words
from app.sources.payer import PayerEntry
from app.sources.replies import Json
from app.sources.urls import resolve


class Nobody:
    """Asks with the token of one payer."""

    def __init__(self, entry: PayerEntry, looking: Looking, bearer: str, *, care_gaps_listed: bool) -> None:
        self._entry, self._base, self._looking, self._bearer = entry, entry.base.rstrip("/"), looking, bearer
        self._care_gaps_listed = care_gaps_listed

    def findings(self) -> Iterator[Finding]:
        yield from self._member()
        yield from self._care_gaps()
        yield from self._paging()

    def _look(self, path: str) -> Reply:
        return self._looking.get(f"{self._base}/{path}", accept="application/fhir+json", bearer=self._bearer)

    def _member(self) -> Iterator[Finding]:
        """A search for somebody who does not exist must find nobody."""
        nobody, by_post = f"chartside-doctor-{secrets.token_hex(8)}", self._entry.search_by == "post"
        reply = self._search(nobody, by_post=by_post)
        if by_post and not reply.good:
            posted, reply = reply, self._search(nobody, by_post=False)
            if reply.good:
                yield degraded(
                    "search by POST",
                    f"refused ({posted.said}); GET works",
                    "Member ids travel in addresses, and may stay in logs.",
                    "Please allow POST Patient/_search (FHIR R4 search 3.1.1.5).",
                )
        found = reply.json()
        if found is None or found.get("resourceType") != "Bundle":
            means = "Members are found by $member-match alone, where it is offered."
            ask = f"May client {self._entry.client_id} search Patient by identifier? It answers {reply.said}."
            yield degraded("member search", f"Patient?identifier= answers {reply.said}", means, ask)
        elif _matches(found):
            means = "It ignores the identifier. Chartside checks every hit, but may not find a member among so many."
            ask = "Is Patient searchable by identifier? A search for an unknown id answers with other people."
            yield broken("member search", "a search for nobody finds somebody", means, ask)
        else:
            yield ok("member search", "Patient?identifier= finds nobody for a made-up id, as it must")

    def _search(self, nobody: str, *, by_post: bool) -> Reply:
        if by_post:
            form = [("identifier", nobody), ("_count", "1")]
            return self._looking.post_form(f"{self._base}/Patient/_search", form, bearer=self._bearer)
        return self._look(f"Patient?identifier={nobody}&_count=1")

    def _care_gaps(self) -> Iterator[Finding]:
        """`$care-gaps` of nobody: whatever it answers, 403 and 501 are no answers to a question."""
        if "care-gaps" not in self._entry.speaks:
            return
        query = "periodStart=2000-01-01&periodEnd=2000-12-31&status=open-gap"
        reply = self._look(f"Measure/$care-gaps?{query}&subject=Patient/chartside-doctor-{secrets.token_hex(8)}")
        if reply.status in (401, 403):
            ask = f"May client {self._entry.client_id} invoke Measure/$care-gaps? It answers {reply.said}."
            yield broken("$care-gaps", f"not allowed ({reply.said})", "No care gaps of this payer.", ask)
        elif reply.status >= 500 or not reply.status:
            ask = "Is Measure/$care-gaps in service?"
            yield degraded("$care-gaps", f"answers {reply.said} for a made-up member", "Care gaps may be missing.", ask)
        elif reply.status == 404 and not self._care_gaps_listed:
            means = "This payer may have no care gaps to ask for; take care-gaps out of `speaks` if so."
            ask = "Do you offer DEQM Measure/$care-gaps? Your CapabilityStatement does not list it."
            yield degraded("$care-gaps", "not listed, and answers HTTP 404", means, ask)
        else:
            yield ok("$care-gaps", f"takes the question (HTTP {reply.status} for a made-up member)")

    def _paging(self) -> Iterator[Finding]:
        """Measures are about nobody: one on a page, and the way to the next must stay on its server."""
        reply = self._look("Measure?_count=1")
        found = reply.json()
        if found is None:
            yield cannot_tell("paging", f"Measure?_count=1 answers {reply.said}")
            return
        following = [words(link.get("url")) for link in objs(found.get("link")) if link.get("relation") == "next"]
        try:
            for link in following:
                resolve(self._base, link)
            yield ok("paging", "the next page is on the same server" if following else "nothing to page through")
        except ForeignLink:
            means = "Answers end after their first page: our token goes to no other server."
            ask = f"Your next links lead away from {self._base}; please let them start with that base URL."
            yield degraded("paging", "next links lead to another server", means, ask)


def _matches(bundle: Json) -> bool:
    return any(words(obj(entry.get("search")).get("mode")) in ("", "match") for entry in objs(bundle.get("entry")))
