"""How questions reach one payer: by POST while it takes that (ids stay out of access logs), else by GET."""

from __future__ import annotations

from collections.abc import Sequence

from app.sources.errors import NotAllowed, NotFound, Refused, SourceError, Unreadable
from app.sources.fhir.shape import objs, words
from app.sources.http import Headers, Http, Pages
from app.sources.payer import later
from app.sources.payer.dialect import Parameter, body, query
from app.sources.replies import Json

_NOT_BY_POST = frozenset({400, 405, 415, 501})


class Asking:
    """Searches and operations at one payer. Lives as long as the process, so that a refusal is met once.

    `deferred`: the payer is asked to answer operations later (202) rather than to hold the connection.
    """

    def __init__(self, http: Http, *, by_post: bool, deferred: bool = False) -> None:
        self.http, self._by_post = http, by_post
        self._headers: Headers = later.PREFER if deferred else ()
        self._get_only: set[str] = set()

    def search(self, resource_type: str, params: list[tuple[str, str]]) -> Pages:
        """Search, by POST `_search` where the payer takes it (FHIR R4 search 3.1.1.5)."""
        if self._posts(resource_type):
            try:
                return self._pages(resource_type, params, post=True)
            except (NotFound, Refused) as refused:
                if not _is_about_post(refused):
                    raise
            pages = self._pages(resource_type, params, post=False)
            self._get_only.add(resource_type)
            return pages
        return self._pages(resource_type, params, post=False)

    def operation(self, path: str, parameters: Sequence[Parameter], *, headers: Headers = ()) -> Json:
        """Invoke an operation that only reads, by POST with Parameters where the payer takes it.

        Some payers forbid the POST (403) and take the GET: when that fails too, the 403 is what they meant.
        """
        headers = (*self._headers, *headers)
        pairs = query(parameters)
        if not self._posts(path) and pairs is not None:
            return self._got(path, pairs, headers)
        try:
            return later.finished(self.http, lambda: self.http.post(path, body(parameters), headers=headers))
        except NotAllowed:
            if pairs is None:
                raise
            try:
                reply = self._got(path, pairs, headers)
            except SourceError:
                reply = None
            if reply is None:
                raise
        except (NotFound, Refused) as refused:
            if pairs is None or not _is_about_post(refused):
                raise
            reply = self._got(path, pairs, headers)
        self._get_only.add(path)
        return reply

    def _got(self, path: str, pairs: list[tuple[str, str]], headers: Headers) -> Json:
        return later.finished(self.http, lambda: self.http.get(path, pairs, headers=headers))

    def _pages(self, resource_type: str, params: list[tuple[str, str]], *, post: bool) -> Pages:
        found: list[Pages] = []

        def ask() -> Json:
            found.append(self.http.search(resource_type, params, post=post))
            return found[0].bundles[0]

        first = later.finished(self.http, ask)
        if found:
            return found[0]
        if first.get("resourceType") != "Bundle":
            raise Unreadable("answered a search with something other than a Bundle")
        more = any(words(link.get("relation")) == "next" for link in objs(first.get("link")))
        return Pages((first,), Unreadable("an answer that came later has more pages") if more else None)

    def _posts(self, path: str) -> bool:
        return self._by_post and path not in self._get_only


def _is_about_post(refused: SourceError) -> bool:
    return isinstance(refused, NotFound) or (isinstance(refused, Refused) and refused.status in _NOT_BY_POST)
