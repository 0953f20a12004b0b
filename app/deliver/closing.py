"""The end of a visit: what waited for it may leave, and every group that a payer sent has exactly one remark.

A clinician's remarks wait until the EHR says that the visit is finished, else until the clinic's midnight. Groups of RA
reports about which nobody has said anything get one of the software's own then, where the payer's entry asks for them.
Both in one transaction, under the visit's lock: nobody adds to a visit that is closed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.core import fault
from app.core.ledger.outgoing import Author, Message, Post, Remark, Sends
from app.core.ledger.practice import Practice
from app.core.ledger.remarks import Code, software
from app.core.program import PROGRAM
from app.deliver.barring import RESTRICTION, bars
from app.deliver.bodies import body_of
from app.deliver.noted import by_visit
from app.deliver.terms import Terms
from app.store import Store, Tx, barred, outbox, visits
from app.store.outbox import Parcel
from app.store.visits import Group, Visited

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Closing:
    """`practices`: who stands behind what leaves, by EHR entry; `program`: what the software calls itself."""

    store: Store
    terms: Mapping[str, Terms]
    practices: Mapping[str, Practice] = field(default_factory=dict)
    program: str = PROGRAM

    def over(self) -> int:
        """Close every visit that has ended. How many; one that cannot be closed holds up no other."""
        with self.store.read() as tx:
            ended = visits.over(tx)
        closed = 0
        for visited in ended:
            try:
                with self.store.begin() as tx:
                    closed += self.close(tx, visited.key)
            except Exception as error:
                log.error("closing a visit: %s", fault.told(error))
        return closed

    def close(self, tx: Tx, key: str) -> bool:
        """Close one. False where somebody else has. Before any other lock of the transaction."""
        if not visits.close(tx, key):
            return False
        visited = visits.find(tx, key)
        assert visited is not None, "it has just been closed"
        messages = outbox.of_visit(tx, key)
        if visited.patient:  # else its sealing key is gone: what waited for it may leave, and no more is known
            own = barred.own(tx, visited.patient)
            shut = [one.id for one in messages if one.post is Post.HELD and bars(own, one.to)]
            if shut:
                entry = by_visit(
                    tx, visited.launch, visited.patient, "withdraw-remark", {"remark": len(shut)}, RESTRICTION
                )
                outbox.withdraw(tx, entry, shut, RESTRICTION)
            ours = [one for one in self._unanswered(tx, visited, messages) if not bars(own, one.to)]
            if ours:
                entry = by_visit(tx, visited.launch, visited.patient, "put-remark", {"remark": len(ours)}, "software")
                outbox.put(tx, entry, ours)
        entry = by_visit(tx, visited.launch, visited.patient, "release-remark", {"visit": 1}, "ok")
        outbox.release(tx, entry, key)
        return True

    def _unanswered(self, tx: Tx, visited: Visited, messages: tuple[Message, ...]) -> list[Parcel]:
        """One remark for each group that has none, by what was shown of it."""
        answered = {
            (one.to, one.group) for one in messages if one.kind is Sends.REMARK and one.post is not Post.WITHDRAWN
        }
        parcels = []
        for group in visited.groups:
            terms = self.terms.get(group.payer)
            code = software(group.dialect, ingested=group.ingested, presented=group.presented)
            wanted = terms is not None and terms.software and not group.withheld and isinstance(code, Code)
            if wanted and (group.payer, f"{group.report_id}/{group.group_id}") not in answered:
                assert isinstance(code, Code)
                parcels.append(self._parcel(tx, visited, group, code))
        return parcels

    def _parcel(self, tx: Tx, visited: Visited, group: Group, code: Code) -> Parcel:
        whole = ("software-remark", visited.key, group.payer, group.report_id, group.group_id)
        name = tx.hash(*whole)[:32]  # the same, whoever closes it
        practice = self.practices.get(visited.ehr) or Practice()
        author = Author(organization_npi=practice.npi, organization=practice.name, software=self.program)
        remark = Remark(
            name, group.payer, group.report_id, group.group_id, "risk", group.dialect, code.code, author, tx.now
        )
        return Parcel(
            kind=Sends.REMARK, to=group.payer, together=f"{group.payer}|{group.report_id}", patient=visited.patient,
            body=body_of(remark), id=name, visit=visited.key, launch=visited.launch, person=visited.person,
        )  # fmt: skip
