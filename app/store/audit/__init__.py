"""Who saw and did what, so that a change of it shows: one hash chain per launch or job (README, Decisions).

Each entry's hash covers its plain content, its place and the hash before it, by the keyed digest: who can write to
the database but holds no key can neither forge nor edit. `seal_heads` writes the chains' newest hashes into a site
chain, so that cutting the end off a chain, or taking a whole one away, shows as well. The newest seal itself is only as
safe as the database: log it, and `verify` takes it back as a witness. `read` is for the
privacy role's page, `event` puts it into FHIR.
"""

from app.store.audit.chain import Audit, Seal
from app.store.audit.verify import Problem, verify
from app.store.audit.write import record, record_all, seal_heads, trail

__all__ = ["Audit", "Problem", "Seal", "record", "record_all", "seal_heads", "trail", "verify"]
