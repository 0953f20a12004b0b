"""Antidepressants by their RxNorm ingredients (SAB=RXNORM, term type IN; U.S. National Library of Medicine).

Not here: selegiline and doxepin, whose ingredient says nothing about depression, and the products of an ingredient. An
order that is coded as a product only is recognised by its words, and settles nothing until the practice imports the
products (`depression-screening/follow-up plan`).
"""

from __future__ import annotations

from app.core.terminology import RXNORM, codes

INGREDIENTS = {
    "704": "amitriptyline", "722": "amoxapine", "42347": "bupropion", "2556": "citalopram", "2597": "clomipramine",
    "3247": "desipramine", "734064": "desvenlafaxine", "72625": "duloxetine", "321988": "escitalopram",
    "4493": "fluoxetine", "42355": "fluvoxamine", "5691": "imipramine", "6011": "isocarboxazid",
    "1433212": "levomilnacipran", "6646": "maprotiline", "15996": "mirtazapine", "31565": "nefazodone",
    "7531": "nortriptyline", "32937": "paroxetine", "8123": "phenelzine", "8886": "protriptyline",
    "36437": "sertraline", "10734": "tranylcypromine", "10737": "trazodone", "10834": "trimipramine",
    "39786": "venlafaxine", "1086769": "vilazodone", "1455099": "vortioxetine",
}  # fmt: skip
ANTIDEPRESSANTS = codes(RXNORM, *INGREDIENTS)
