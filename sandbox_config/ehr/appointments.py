"""How the Appointments of a tenant can be searched: what it declares, what it refuses, what it answers with nothing.

Real EHRs differ most here. The CapabilityStatement is made from the same rows, so that it tells the truth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox_config.ehr.parameters import includes_of, params_of
from sandbox_config.ehr.search import BadSearch
from sandbox_config.ehr.tenants import Listing, Tenant

TYPE = "Appointment"
Criteria = Sequence[tuple[str, str]]

_ACTORS = frozenset({"actor", "practitioner", "location"})
_INSTANT = re.compile(r"(?:ge|lt)\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)")
_WHOLE_DAY = re.compile(r"(?:eq)?\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Offer:
    """`params` None: all of R4. `needs`: one of these must be given."""

    params: tuple[str, ...] | None = None
    includes: bool = True
    needs: tuple[str, ...] = ()


_OFFERS: Mapping[Listing, Offer] = {
    Listing.PORTABLE: Offer(),
    Listing.TYPED: Offer(),
    Listing.ONE_OF: Offer(("_id", "patient", "practitioner", "location", "date"), includes=False),
    Listing.LOCATION: Offer(("_id", "patient", "location", "date", "status"), needs=("_id", "patient", "location")),
    Listing.UNDECLARED: Offer(("_id", "_lastUpdated", "patient", "date"), includes=False),
    Listing.BOOKED: Offer(("_id", "patient", "date", "status"), includes=False, needs=("_id", "patient")),
    Listing.PATIENT: Offer(("_id", "patient", "date", "status"), includes=False, needs=("_id", "patient")),
}


def has(resource_type: str, tenant: Tenant) -> bool:
    """Whether this tenant has the type at all."""
    return resource_type != TYPE or tenant.listing is not Listing.ABSENT


def declared(tenant: Tenant) -> tuple[str, ...]:
    """The search parameters that the tenant declares for Appointment."""
    return _OFFERS[tenant.listing].params or tuple(params_of(TYPE))


def includes(tenant: Tenant) -> tuple[str, ...]:
    """The `_include` values that it declares."""
    return includes_of(TYPE) if _OFFERS[tenant.listing].includes else ()


def answers_nothing(tenant: Tenant, criteria: Criteria) -> bool:
    """Whether the tenant answers this search with 200 and nothing. Raises BadSearch where it refuses it."""
    given = [name for name, _ in criteria]
    offer = _OFFERS[tenant.listing]
    if tenant.listing is Listing.UNDECLARED:
        return bool(set(given) - set(offer.params or ()))
    if unknown := set(given) - set(declared(tenant)):
        raise BadSearch(f"{TYPE} has no search parameter {sorted(unknown)[0]!r} here")
    if offer.needs and not set(given) & set(offer.needs):
        raise BadSearch(f"one of {list(offer.needs)} is required")
    if tenant.listing is Listing.ONE_OF:
        _check_one_of(criteria)
    return tenant.listing is Listing.TYPED and any(_misses(name, value) for name, value in criteria)


def _check_one_of(criteria: Criteria) -> None:
    given = [name for name, _ in criteria]
    if given == ["_id"]:
        return
    whose = [(name, value) for name, value in criteria if name in ("patient", "practitioner", "location")]
    if len(whose) != 1:
        raise BadSearch("exactly one of patient, practitioner and location is required, once")
    name, value = whose[0]
    if name != "patient" and "/" in value:
        raise BadSearch(f"{name}: {value!r} is not an id")
    dates = [value for name, value in criteria if name == "date"]
    if not all(_INSTANT.fullmatch(date) for date in dates) or sorted(date[:2] for date in dates) != ["ge", "lt"]:
        raise BadSearch("date is required twice, as ge and lt, each with time and offset")


def _misses(name: str, value: str) -> bool:
    if name in _ACTORS:
        return all("/" not in part for part in value.split(","))
    return name == "date" and bool(_WHOLE_DAY.fullmatch(value))
