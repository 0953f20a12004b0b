"""The morning schedule as views.

day       the fragment: rows, and what is said when there are none       visit   one row
steps     what somebody does, and the buttons that mark it as done       words   the tables
progress  where it comes from, and what did not work                     tools   the days, filters and search above
place     a drawn row stays where it is
"""

from app.web.present.huddle.day import About, day_view, waiting
from app.web.present.huddle.place import Shown
from app.web.present.huddle.tools import tools_view

__all__ = ["About", "Shown", "day_view", "tools_view", "waiting"]
