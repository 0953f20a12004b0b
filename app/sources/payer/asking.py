"""How questions reach one payer: by POST while it takes that (ids stay out of access logs), else by GET."""

from __future__ import annotations

from collections.abc import Sequence

from app.sources.errors import NotFound, Refused, SourceError
from app.sources.http import Http, Pages
from app.sources.payer.dialect import Parameter, body, query
from app.sources.replies import Json

_NOT_BY_POST = frozenset({400, 405, 415, 501})


class Asking:
    """Searches and operations at one payer. Lives as long as the process, so that a refusal is met once."""

    def __init__(self, http: Http, *, by_post: bool) -> None:
        self.http, self._by_post = http, by_post
        self._get_only: set[str] = set()

    def search(self, resource_type: str, params: list[tuple[str, str]]) -> Pages:
        """Search, by POST `_search` where the payer takes it (FHIR R4 search 3.1.1.5)."""
        if self._posts(resource_type):
            try:
                return self.http.search(resource_type, params, post=True)
            except (NotFound, Refused) as refused:
                if not _is_about_post(refused):
                    raise
            pages = self.http.search(resource_type, params)
            self._get_only.add(resource_type)
            return pages
        return self.http.search(resource_type, params)

    def operation(self, path: str, parameters: Sequence[Parameter]) -> Json:
        """Invoke an operation that only reads, by POST with Parameters where the payer takes it."""
        if self._posts(path):
            try:
                return self.http.post(path, body(parameters))
            except (NotFound, Refused) as refused:
                if not _is_about_post(refused):
                    raise
            reply = self.http.get(path, query(parameters))
            self._get_only.add(path)
            return reply
        return self.http.get(path, query(parameters))

    def _posts(self, path: str) -> bool:
        return self._by_post and path not in self._get_only


def _is_about_post(refused: SourceError) -> bool:
    return isinstance(refused, NotFound) or (isinstance(refused, Refused) and refused.status in _NOT_BY_POST)
