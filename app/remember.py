"""Use case: what changed since this patient was last opened, and what this launch will be remembered by."""

from __future__ import annotations

from app.core import changes
from app.core.asking import Opening
from app.core.changes import Memory
from app.core.flag import Changes, Panel
from app.store import Store, memories

DECEASED = "deceased"  # Panel.withheld


class Remembering:
    """One per process."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def since(self, opening: Opening, panel: Panel, *, may_see_prompts: bool) -> Changes:
        """What is different from the newest other launch of this patient. Said, and this launch remembered, once the
        panel is complete: what is still out is neither gone nor new.

        Nothing is forgotten here, so that every drawing of a launch says the same: a payer that may not be seen has not
        answered, and is not compared. Who holds a report or enters a restriction forgets (`app.actions`).
        """
        if not panel.complete or panel.patient is None or panel.withheld == DECEASED:
            return Changes()
        now = {"gaps": changes.of_gaps(panel, opening.day)}
        if may_see_prompts and not panel.withheld:
            now["prompts"] = changes.of_prompts(panel, opening.day)
        patient = f"{opening.issuer}|{panel.patient.id}"
        with self._store.read() as tx:
            found = {part: memories.newest(tx, patient, part, but_not=opening.handle) for part in now}
            heard = {part: memory.write() for part, memory in now.items() if memory.heard}
            news = {of: body for of, body in heard.items() if memories.of(tx, patient, of, opening.handle) != body}
        if news:  # nearly every drawing says the same as the one before
            with self._store.begin() as tx:
                for part, body in news.items():
                    memories.put(tx, patient, part, opening.handle, body)
        before = {part: was for part, body in found.items() if body and (was := Memory.read(body))}
        items = [change for part, was in before.items() for change in changes.changes(was, now[part])]
        return Changes(max((was.day for was in before.values()), default=None), tuple(items))
