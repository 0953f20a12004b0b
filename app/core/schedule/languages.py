"""Whether a patient prefers another language than the clinic's: by code (BCP 47) or by the name that EHRs display."""

from __future__ import annotations

#: English names of the languages most spoken in the United States, by ISO 639-1 code (U.S. Census Bureau, ACS).
NAMES = {
    "ar": "arabic", "bn": "bengali", "de": "german", "en": "english", "es": "spanish", "fa": "persian", "fr": "french",
    "gu": "gujarati", "hi": "hindi", "ht": "haitian creole", "it": "italian", "ja": "japanese", "ko": "korean",
    "pl": "polish", "pt": "portuguese", "ru": "russian", "so": "somali", "tl": "tagalog", "uk": "ukrainian",
    "ur": "urdu", "vi": "vietnamese", "zh": "chinese",
}  # fmt: skip


#: What stands there where no language is known.
_NONE = frozenset({"unknown", "und", "undetermined", "mul", "zxx", "mis", "other", "none", "not reported", "refused",
                   "unspecified", "not specified", "n/a", "unk", "asku", "ask"})  # fmt: skip
_NONE_BEGINS = ("declin", "patient declin", "choose not", "no preference", "not applicable", "no information")
#: ISO 639-2 codes, bibliographic and terminological.
_LONGER = {"de": ("deu", "ger"), "en": ("eng",), "es": ("spa",), "fr": ("fra", "fre"), "zh": ("zho", "chi")}


def other_than(clinic: str, stated: str) -> str:
    """The patient's language as stated, where it is not the clinic's (a code: "en"); empty where it is, or not stated.

    "English (United States)" and "en-US" are both English.
    """
    said, own = stated.strip().casefold(), clinic.partition("-")[0].casefold()
    if not said or said in _NONE or said.startswith(_NONE_BEGINS):
        return ""
    if said == own or said in _LONGER.get(own, ()) or said.startswith((f"{own}-", f"{own}_")):
        return ""
    name = NAMES.get(own, "")
    return "" if name and said.startswith(name) else stated.strip()
