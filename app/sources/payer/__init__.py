"""What a payer's report server says of one member: care gaps (DEQM) and condition categories (Da Vinci RA)."""

from app.sources.payer.access import Access, TokenShare
from app.sources.payer.adapter import Payer
from app.sources.payer.entry import PayerEntry

__all__ = ["Access", "Payer", "PayerEntry", "TokenShare"]
