"""What can go wrong in the store itself. Messages are for whoever runs it, and hold nothing of anybody.

StoreError
├── StoreUnavailable      no connection, no lock in time, no disk: ask the user to try again
├── DatabaseNewer         the database was migrated by a newer release: start that one
├── NestedTransaction     a bug of ours: a transaction inside a transaction
├── NetworkInTransaction  a bug of ours: a network call inside a transaction
├── SealBroken            a sealed value that no key opens, or that stands in another row than it was sealed for
└── CodecError            not a value that is stored, or not one that this release can read
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


class CodecError(StoreError):
    pass
