"""The root's part for the sources: everything through which a process asks others, web server and jobs alike."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.actions.sending import Envelope
from app.core.allowance import Limit
from app.core.answers import Answer, Known
from app.core.asking import Opening, PayerRow
from app.core.ledger.outgoing import Submission
from app.core.ledger.practice import Practice
from app.deliver import Closing, Terms
from app.gather import Gathering, PayerSource
from app.health import Beat
from app.sources.allowances import Allowances
from app.sources.answering import answer
from app.sources.backend import Backend, Client
from app.sources.connections import Connections
from app.sources.ehr import Ehr
from app.sources.payer import Payer
from app.sources.pools import Pools, Rank
from app.store.allowances import SqlShares
from app.store.tokens import SqlTokenShare

if TYPE_CHECKING:
    from requests import Session

    from app.sources.payer import PayerEntry
    from app.store import Store
    from launch import ClientKeys
    from launch import Ehr as EhrEntry


@dataclass(frozen=True, slots=True)
class Outside:
    """The sources of one process. `process`: its name in the store. `close` ends its threads, those of its gathering
    too, and gives back what it holds.
    """

    store: Store
    connections: Connections
    pools: Pools
    payers: dict[str, Payer]
    rows: list[PayerRow]
    at_work: dict[str, int]  # questions that a source works on at once, where its entry limits them
    process: str
    beat: Beat
    allowances: Allowances
    keys: ClientKeys
    terms: dict[str, Terms]  # by payer
    practices: dict[str, Practice]  # by EHR

    def gathering(
        self,
        ehr: Callable[[Opening], Ehr],
        rank: Rank = Rank.LAUNCH,
        *,
        payer: Callable[[Payer], PayerSource] = lambda payer: payer,
    ) -> Gathering:
        """The use case over these sources. `ehr`: the EHR as an opening may read it; `rank`: whose turn comes first;
        `payer`: each payer as this gathering asks it.
        """
        return Gathering(
            self.store,
            self.pools,
            ehr=ehr,
            payers={name: payer(each) for name, each in self.payers.items()},
            rows=self.rows,
            who=self.process,
            heard=self.connections.watch.heard,
            at_work=self.at_work,
            rank=rank,
        )

    def closing(self) -> Closing:
        """What happens at the end of a visit."""
        return Closing(self.store, self.terms, self.practices)

    def envelopes(self) -> dict[str, Envelope]:
        """Evidence as each payer takes it, before it is sent; None from a payer that takes none."""
        return {name: _envelope(name, payer, self.connections.clock) for name, payer in self.payers.items()}

    def close(self, gathering: Gathering) -> None:
        self.pools.shutdown()
        self.beat.close()
        gathering.close()
        self.allowances.close()
        self.store.close()

    def backend(self, client: Client) -> Backend:
        """Our own access to an EHR."""
        share = SqlTokenShare(self.store, client.id)
        return Backend(client, key_for=self.keys.signer, connections=self.connections, share=share)


def outside(
    store: Store,
    ehrs: Iterable[EhrEntry],
    payers: Iterable[PayerEntry],
    keys: ClientKeys,
    clock: Callable[[], datetime],
    make_session: Callable[[], Session],
) -> Outside:
    """One process's sources. EHR entries and payer entries never share an id that both limit."""
    ehrs, payers, process = list(ehrs), list(payers), secrets.token_hex(8)
    entries: list[Any] = [*ehrs, *payers]
    allowances = Allowances(
        {entry.id: Limit(entry.in_flight, entry.per_minute) for entry in entries},
        SqlShares(store, process),
        counted_as={
            f"{entry.id}-{what}": entry.id for entry in entries for what in ("token", "metadata", "system-token")
        },
    )
    connections = Connections(make_session, clock=clock, allowances=allowances)
    pools = Pools()
    return Outside(
        store=store,
        connections=connections,
        pools=pools,
        payers={
            entry.id: Payer(
                entry,
                key_for=keys.signer,
                connections=connections,
                share=SqlTokenShare(store, entry.id),
                measures=[name.canonical for name in entry.measure_names],
            )
            for entry in payers
        },
        rows=[PayerRow(entry.id, entry.name, entry.recognised_by, entry.speaks, entry.data) for entry in payers],
        at_work={entry.id: entry.in_flight for entry in entries},
        process=process,
        beat=Beat(store, lambda: connections.seen(pools.load), process),
        allowances=allowances,
        keys=keys,
        terms={entry.id: Terms(entry.id, entry.software_remarks, entry.confirm_days) for entry in payers},
        practices={entry.id: entry.practice for entry in ehrs},
    )


def _envelope(name: str, payer: Payer, clock: Callable[[], datetime]) -> Envelope:
    def envelope(what: Submission) -> Answer[Mapping[str, Any]] | None:
        try:
            return answer(name, lambda: Known(payer.envelope(what), name, clock()))
        except ValueError:  # no way that it takes
            return None

    return envelope
