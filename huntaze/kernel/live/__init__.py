"""What happened, told at once to the pages that show it: names and ids, never what they stand for.

`tell` is all that services need. The truth is in the rows: a page that hears a name asks again for what it shows, and a
page that hears nothing asks every fifteen seconds.
"""

from huntaze.kernel.live.post import PATH, Event, position, rights_changed, tell

__all__ = ["PATH", "Event", "position", "rights_changed", "tell"]
