"""How laboratories state that a test found nothing. Several measures read their results by these words."""

from __future__ import annotations

from app.core.terminology import LOINC, codes
from app.core.words import phrases

#: "Not detected" contains "detected": what reads results takes these out before it looks for the finding.
NOTHING_FOUND = phrases(
    r"not (?:been )?(?:detected|positive|reactive|present|abnormal|seen|found)\b",
    r"undetect(?:ed|able)\b",
    r"non.?(?:reactive|positive|detected)\b",
    r"(?:none|no [\w-]+(?: [\w-]+)?)(?: was| were)? (?:detected|seen|found|identified|present)\b",
    r"neg(?:ative)?\b",
    r"(?:within )?normal\b",
    r"absent\b",
).like
NOTHING_FOUND_WORDS = frozenset({"nd", "nr", "neg", "negative", "not detected", "normal", "none"})
NOTHING_FOUND_CODES = codes(LOINC, "LA6577-6", "LA11883-8")  # negative, not detected
