"""Use case: what leaves for payers, when, and what becomes of it.

What is recorded waits in the outbox until the visit has ended (`Closing`), is sent by whichever process comes to it
(`Delivery`), at least once and not twice where a payer lets us see what it has, and is followed until the payer's own
reports confirm it (`Following`, and every look at the patient: `Visiting`). The rows of the store are the truth: a
nudge, a thread or a process may be lost at any point.
"""

from app.deliver.closing import Closing
from app.deliver.delivery import Delivery
from app.deliver.following import Following
from app.deliver.leaving import Leaving
from app.deliver.permitted import Access, Permitted
from app.deliver.terms import Tells, Terms, Writes
from app.deliver.visiting import Visiting

__all__ = ["Access", "Closing", "Delivery", "Following", "Leaving", "Permitted", "Tells", "Terms", "Visiting", "Writes"]
