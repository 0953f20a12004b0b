"""The printed schedule as a PDF (fpdf2): the same words as the page, set in DejaVu Sans.

Letters that the font does not have are never drawn as empty boxes: another of the patient's names stands in, or it is
said where to look.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from app.web.present.views.paper import PaperRow, PaperStep, SheetView

#: Sizes by the name in the address; a practice in the United States prints on letter.
PAPERS = ("letter", "a4")
ELSEWHERE = "(in letters that this PDF cannot set: see the screen)"
FILES = ("DejaVuSansCondensed.ttf", "DejaVuSansCondensed-Bold.ttf")

_FACE = "DejaVu"
_SIDE, _TOP, _FOOT = 11.0, 9.0, 15.0  # millimetres
_TIME, _WHO, _GAP = 12.0, 66.0, 3.0
_BODY, _FINE, _LEAD = 8.4, 7.6, 9.6  # points
_LINE, _FINE_LINE = 3.7, 3.35  # millimetres
_BOX = 2.5
_INSET = _BOX + 1.2

# It would log the very letters of a name that it cannot set.
for _name in ("fpdf", "fontTools"):
    logging.getLogger(_name).setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class _Line:
    words: str
    size: float = _BODY
    bold: bool = False
    box: str = ""  # "open" or "done": a box to tick stands before it
    inset: float = 0.0

    @property
    def height(self) -> float:
        return _FINE_LINE if self.size <= _FINE else _LINE


def pdf(sheet: SheetView, paper: str, fonts: Path, made: datetime) -> bytes:
    """The sheet on `paper` ("letter" or "a4"), with the fonts of folder `fonts`."""
    drawing = _Sheet(sheet, paper, fonts)
    drawing.set_creation_date(made)
    drawing.add_page()
    drawing.head()
    for row in sheet.rows:
        drawing.row(row)
    if sheet.empty:
        drawing.write_line(_Line(sheet.empty, _LEAD, bold=True))
    return bytes(drawing.output())


class _Sheet(FPDF):
    def __init__(self, sheet: SheetView, paper: str, fonts: Path) -> None:
        super().__init__(format=paper, unit="mm")
        self._sheet = sheet
        self.add_font(_FACE, "", fonts / FILES[0])
        self.add_font(_FACE, "B", fonts / FILES[1])
        self.set_margins(_SIDE, _TOP)
        self.c_margin = 0  # words stand where their box stands
        self.set_auto_page_break(False)
        self.set_title(f"{sheet.title}, {sheet.day}")
        self.set_lang("en-US")
        self._letters = frozenset(self.fonts[_FACE.lower()].cmap)  # type: ignore[union-attr] # a TrueType font

    # --- every page -----------------------------------------------------------------------------------------------

    def header(self) -> None:
        """Whose day it is, on every page: sheets get apart."""
        self._face(_LEAD + 1, bold=True)
        self.cell(0, 5, self.settable(f"{self._sheet.provider} · {self._sheet.day}"))
        self.set_x(_SIDE)
        self._face(_FINE)
        self.cell(0, 5, self.settable(self._sheet.clinic), align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.line(_SIDE, self.get_y() + 0.5, self.w - _SIDE, self.get_y() + 0.5)
        self.set_y(self.get_y() + 1.5)

    def footer(self) -> None:
        self.set_y(-_FOOT + 3)
        self.line(_SIDE, self.get_y() - 0.8, self.w - _SIDE, self.get_y() - 0.8)
        self._face(_FINE, bold=True)
        self.multi_cell(self.epw - 26, _FINE_LINE, self._sheet.destroy, new_x=XPos.RIGHT, new_y=YPos.TOP, align="L")
        self._face(_FINE)
        self.set_x(self.w - _SIDE - 26)
        self.cell(26, _FINE_LINE, f"Page {self.page_no()} of {{nb}}", align="R")

    def head(self) -> None:
        """What the first page says of the whole sheet."""
        sheet = self._sheet
        for warning in sheet.warnings:
            self.write_line(_Line(warning, bold=True))
        first = " · ".join(filter(None, [sheet.summary, sheet.sources, sheet.printed]))
        self.write_line(_Line(first, _FINE))
        self.write_line(_Line(sheet.left_out, _FINE))
        self._rule(self.get_y() + 1)

    # --- one visit ------------------------------------------------------------------------------------------------

    def row(self, row: PaperRow) -> None:
        """One visit, never torn apart by the end of a page."""
        width = self.epw - _TIME - _WHO - _GAP
        who, todo = self._broken(self._who(row), _WHO), self._broken(_todo(row), width)
        height = max(_height(who), _height(todo), _LINE) + 1.8
        if self.get_y() + height > self.h - _FOOT:
            self.add_page()
        top, left = self.get_y(), _SIDE + _TIME
        self._face(_LEAD, bold=True)
        self.set_xy(_SIDE, top + 0.6)
        self.cell(_TIME, _LINE, row.time)
        self._column(who, left, top + 0.6)
        self._column(todo, left + _WHO + _GAP, top + 0.6)
        self._rule(top + height)

    def _rule(self, y: float) -> None:
        self.set_draw_color(140)
        self.line(_SIDE, y, self.w - _SIDE, y)
        self.set_draw_color(0)
        self.set_y(y)

    def _who(self, row: PaperRow) -> list[_Line]:
        name = next((each.words for each in row.names if self._has(each.words)), f"Name {ELSEWHERE}")
        visit = " · ".join(filter(None, [row.visit, row.reason]))
        return [
            _Line(name, _LEAD, bold=True),
            _Line(" · ".join(row.identifiers)),
            *([_Line(visit, _FINE)] if visit else []),
            *([_Line(row.notes, _FINE, bold=True)] if row.notes else []),
        ]

    def _broken(self, lines: Sequence[_Line], width: float) -> list[_Line]:
        """Each as the lines that it takes in a column of that width."""
        found: list[_Line] = []
        for line in lines:
            inset = _INSET if line.box else 0.0
            words = self.settable(line.words)
            self._face(line.size, bold=line.bold)
            self.set_text_shaping(_is_shaped(words))
            broken = self.multi_cell(width - inset, line.height, words, dry_run=True, output="LINES", align="L")
            first, *rest = [str(each) for each in broken] or [""]  # type: ignore[union-attr] # by what `output` asks for
            found.append(replace(line, words=first, inset=inset))
            found += [replace(line, words=more, inset=inset, box="") for more in rest]
        return found

    def _column(self, lines: Sequence[_Line], x: float, y: float) -> None:
        for line in lines:
            if line.box:
                self._box(x, y + (_LINE - _BOX) / 2, done=line.box == "done")
            self._face(line.size, bold=line.bold)
            self.set_text_shaping(_is_shaped(line.words))
            self.set_xy(x + line.inset, y)
            self.cell(0, line.height, line.words)
            y += line.height
        self.set_y(y)

    def _box(self, x: float, y: float, *, done: bool) -> None:
        self.rect(x, y, _BOX, _BOX)
        if done:
            self.line(x, y, x + _BOX, y + _BOX)
            self.line(x, y + _BOX, x + _BOX, y)

    # --- letters --------------------------------------------------------------------------------------------------

    def write_line(self, line: _Line) -> None:
        """One line or paragraph over the whole width."""
        if line.words:
            self._column(self._broken([line], self.epw), _SIDE, self.get_y())
            self.set_x(_SIDE)

    def settable(self, words: str) -> str:
        return words if self._has(words) else ELSEWHERE

    def _has(self, words: str) -> bool:
        return all(ord(char) in self._letters for char in words if not char.isspace())

    def _face(self, size: float, *, bold: bool = False) -> None:
        self.set_font(_FACE, "B" if bold else "", size)


def _height(lines: Sequence[_Line]) -> float:
    return sum(line.height for line in lines)


def _is_shaped(words: str) -> bool:
    """Whether letters join, are stacked or run from right to left. To shape all others too is most of the work."""
    return any(unicodedata.combining(each) or unicodedata.bidirectional(each) in ("R", "AL", "AN") for each in words)


def _todo(row: PaperRow) -> list[_Line]:
    marks = [_Line(mark, _FINE, bold=True) for mark in row.marks]
    steps = [_Line(_said(step), box="done" if step.done else "open") for step in row.steps]
    rest = " · ".join(filter(None, [row.counts, row.more]))
    return [*marks, *steps, *([_Line(rest, _FINE)] if rest else [])]


def _said(step: PaperStep) -> str:
    """Order an HbA1c test – clinician, due 14 Sep (prepped 07:12, M. Chen)"""
    words = f"{step.words} – {step.owner}"
    words += f", {step.note}" if step.note else ""
    return f"{words} ({step.done})" if step.done else words
