"""Why an item is on the panel: who says so in which words, what was looked at, our rule, our ranking, what changed.

One page an item, one tap away. It says nothing that the panel may not say: no weight, no worth, nothing of a report
that the identity gate has stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from app.core.changes import key_of
from app.core.flag import Card, GapRow, Hidden, Panel, PromptRow
from app.core.measures.rule import MeasureRule
from app.core.report import Gap, GapStatus
from app.web.present.facts import evidence_words
from app.web.present.gaps import row_view
from app.web.present.gone import gone_words
from app.web.present.ids import Ids
from app.web.present.names import Payers
from app.web.present.people import header
from app.web.present.prompts import (
    condition_label,
    hidden_line,
    prompt_view,
)
from app.web.present.ranking import gap_ranking, prompt_ranking
from app.web.present.saying import gap_line, measure_title
from app.web.present.statements import Scene, changed, here, list_entry, rule_lines, said
from app.web.present.text import distinct
from app.web.present.views import HoldView, Labelled, Links, Mark, SectionView, WhyView
from app.web.present.words import NOT_THIS_PATIENT

HOLD = (
    "If a report speaks of somebody else: the button hides everything of that payer for this patient, for everyone, "
    "until the privacy officer has looked at it."
)
QUESTION = Labelled("Rule", "a condition is asked about and never answered for you; either answer is as good")
MAY_BE_OPEN = "We do not know this status, so it may be open: check it with the payer."
COUNTED = Mark("Counted", "box", "quiet")
AUTHORS = "Words in quotes are the payer's own. Rule, order and all other words are Chartside's; no sponsor wrote them."


@dataclass(frozen=True, slots=True)
class _Item:
    """What the page says of one item, before it is framed."""

    title: str
    lead: tuple[str, ...]
    sections: tuple[SectionView, ...]
    payers: tuple[str, ...]
    mark: Mark


def find_row(found: Panel, id_: str, ids: Ids) -> GapRow | None:
    """The row that words the card of this id, for what depends on the visit."""
    return next((card.main for card in _cards(found) if ids.card(card) == id_), None)


def why_view(
    found: Panel,
    id_: str,
    *,
    today: date,
    links: Links,
    ids: Ids,
    banner: bool = True,
    fits: bool | None = None,
    rule: MeasureRule | None = None,
) -> WhyView:
    """The page of the item `id_`; of one that is there no more, what happened to it.

    `fits` and `rule` are those of the row that `find_row` gives.
    """
    scene = Scene(found, Payers.of(found.sources, found.identity), today, ids, fits, rule)
    item = _item(scene, id_)
    payers = item.payers if item else ()
    return WhyView(
        id=id_,
        title=item.title if item else "This is no longer on the panel",
        header=header(found.patient, today=today, on_screen=banner) if found.patient else None,
        mark=item.mark if item else None,
        lead=item.lead if item else gone_words(found, today, lambda change: ids.act(change.key) == id_),
        sections=item.sections if item else (),
        holds=tuple(HoldView(each, f"{NOT_THIS_PATIENT}: {scene.payers.full(each)}") for each in payers),
        holds_title=f"{NOT_THIS_PATIENT}?",
        holds_words=HOLD if payers else "",
        back_url=f"{links.full}#{id_}" if item else links.full,
    )


def _item(scene: Scene, id_: str) -> _Item | None:
    found, ids = scene.found, scene.ids
    for card in _cards(found):
        if ids.card(card) == id_:
            return _of_card(card, scene)
    for row in (*found.prompts, *found.more_prompts, *found.put_away_prompts, *found.settled_prompts):
        if id_ in ids.prompts(row):
            return _of_prompt(row, scene)
    for gap in (*found.closed, *found.other):
        if ids.gap(gap) == id_:
            return _of_gap(gap, scene)
    for hidden in found.hidden:
        if ids.hidden(hidden) == id_:
            return _of_hidden(hidden, scene)
    return None


def _cards(found: Panel) -> tuple[Card, ...]:
    return (*found.gaps, *found.more_gaps, *found.staff, *found.excluded, *found.put_away, *found.settled)


# --- a card -----------------------------------------------------------------------------------------------------------


def _of_card(card: Card, scene: Scene) -> _Item:
    view = row_view(card, scene.payers, scene.today, scene.ids)
    gaps = [(row.gap, row.window, row.contract) for row in card.rows if row.gap]
    gaps += [(gap, None, "") for gap in card.closed if all(gap is not each for each, _, _ in gaps)]
    return _Item(
        title=view.service,
        lead=(view.action + ("" if view.action.endswith((".", "?")) else "."), view.why, view.verify, *view.clashes),
        sections=(
            *(said(gap, window, contract, scene) for gap, window, contract in gaps),
            here(card.main, scene),
            SectionView("Our rule", rule_lines(card.main.rule, scene.rule)),
            SectionView("Why it stands where it stands", gap_ranking(card, scene.found, scene.today, scene.fits)),
            changed(scene, card.act),
            SectionView("Who wrote this", words=(AUTHORS,)),
        ),
        payers=distinct([gap.payer for gap, _, _ in gaps]),
        mark=view.mark,
    )


# --- a condition ------------------------------------------------------------------------------------------------------


def _of_prompt(row: PromptRow, scene: Scene) -> _Item:
    view = prompt_view(row, scene.payers, scene.today, scene.ids)
    pro = tuple(evidence_words(each) for each in view.supporting)
    contra = tuple(evidence_words(each) for each in view.against)
    more = [each for each in view.details if each.label.startswith("Also ")]
    return _Item(
        title=view.title,
        lead=(view.why, view.action),
        sections=(
            *(list_entry(category, scene) for category in row.categories),
            SectionView("For", words=(*(pro or (view.no_support,)), *_labelled(more, "Also for"))),
            SectionView("Against", words=(*(contra or (view.no_against,)), *_labelled(more, "Also against"))),
            SectionView("Our rule", rule_lines(row.rule, None) if row.rule else (QUESTION,)),
            SectionView("Why it stands where it stands", prompt_ranking(row, scene.found, scene.today)),
            changed(scene, *(key_of(category) for category in row.categories), f"condition/{row.label.casefold()}"),
            SectionView("Who wrote this", words=(AUTHORS,)),
        ),
        payers=distinct([category.payer for category in row.categories]),
        mark=view.mark,
    )


def _labelled(lines: Sequence[Labelled], label: str) -> Iterator[str]:
    return (each.words for each in lines if each.label == label)


# --- what is only counted ---------------------------------------------------------------------------------------------


def _of_gap(gap: Gap, scene: Scene) -> _Item:
    return _Item(
        title=measure_title(gap),
        lead=(
            f"{gap_line(gap, scene.payers, scene.today)}.",
            MAY_BE_OPEN if gap.status is GapStatus.UNKNOWN else "Nothing is asked of you.",
        ),
        sections=(said(gap, None, "", scene), SectionView("Who wrote this", words=(AUTHORS,))),
        payers=(gap.payer,),
        mark=COUNTED,
    )


def _of_hidden(hidden: Hidden, scene: Scene) -> _Item:
    return _Item(
        title=condition_label(hidden.category),
        lead=(f"{hidden_line(hidden, scene.payers)}.", "It is counted, and nothing is asked of you."),
        sections=(list_entry(hidden.category, scene), SectionView("Who wrote this", words=(AUTHORS,))),
        payers=(hidden.category.payer,),
        mark=COUNTED,
    )
