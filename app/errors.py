"""What can end a request, and what each becomes on screen. A leaf.

    ChartsideError
    ├── NotFound          404  no such page, or not this launch's
    ├── NoSuchDay         404  a day that no schedule reaches, or none at all
    ├── NotAllowed        403  this role may not
    ├── Changed           409  what was acted on is not there as it was shown
    ├── NotAnOrder        422  what was typed cannot be an order's id
    ├── CrossSite         403  a write that did not come from our own page
    ├── NotReady          503  the EHR has not said yet who looks
    ├── NoDatabase        503  locked, full or away: nothing was written
    └── NoPatient         409  the launch names no patient and none could be resolved

Trouble of an EHR or payer is not here: it is an `Unknown` answer and part of a normal screen. Trouble of a launch is
`launch.errors`. Messages never hold anything of a chart.
"""

from __future__ import annotations


class ChartsideError(Exception):
    """Base. `title` and `advice` are shown; `status` is the HTTP status."""

    status = 500
    title = "Something went wrong in Chartside"
    advice = "Try again. If it happens again, reopen Chartside from the patient's chart and tell your support desk."


class NotFound(ChartsideError):
    status = 404
    title = "There is no such page"
    advice = "Open Chartside from the patient's chart."


class NoSuchDay(ChartsideError):
    status = 404
    title = "There is no schedule for that day"
    advice = "Go back and choose a day within three years of today."


class NotAllowed(ChartsideError):
    status = 403
    title = "Your role does not include this page"
    advice = "Ask the person who runs Chartside at your practice to check your role."


class Changed(ChartsideError):
    status = 409
    title = "This has changed since it was shown"
    advice = "Nothing was changed or opened. Go back and look again."


class NotAnOrder(ChartsideError):
    status = 422
    title = "That cannot be an order's id"
    advice = (
        "Nothing was changed. Go back and enter the order's id alone: letters, digits and . - _ / # : and 40 at most."
    )


class CrossSite(ChartsideError):
    status = 403
    title = "This request did not come from Chartside's own page"
    advice = "Nothing was changed. Go back to the panel and try again."


class NotReady(ChartsideError):
    status = 503
    title = "The EHR has not said yet who you are"
    advice = "Open this page again in a moment."


class NoDatabase(ChartsideError):
    status = 503
    title = "Chartside's database does not answer"
    advice = "Nothing was recorded. Wait a moment and try again; if it goes on, tell your support desk."


class NoPatient(ChartsideError):
    status = 409
    title = "No patient is open"
    advice = "Open a patient's chart in the EHR, then open Chartside from there."
