"""What can go wrong in the store itself. Messages hold addresses of nothing and values of nobody.

StoreError
├── StoreUnavailable      no connection or no lock in time: ask the user to try again
├── DatabaseNewer         the database was migrated by a newer release: start that one
├── NestedTransaction     a bug of ours: a transaction inside a transaction
├── NetworkInTransaction  a bug of ours: a network call inside a transaction
└── SealBroken            a sealed value that no key opens, or that stands in another row than it was sealed for
"""

from __future__ import annotations


class StoreError(Exception):
    """Base of everything the store raises on its own account."""


class StoreUnavailable(StoreError):
    pass


class DatabaseNewer(StoreError):
    pass


class NestedTransaction(StoreError):
    pass


class NetworkInTransaction(StoreError):
    pass


class SealBroken(StoreError):
    pass
