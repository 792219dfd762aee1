"""Every page in a language of longer words: nothing stands out of the page, and no button or tab loses its end."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Page

from accounts.models import User
from tests.conftest import World
from tests.e2e.conftest import Site
from tests.e2e.places import PLACES, scene
from tests.e2e.pseudo import longer, spoken

SHOTS = Path(django_settings.BASE_DIR) / "var" / "shots"
WIDTHS = (1440, 900, 360)
CUT = """
[...document.querySelectorAll(".button, .tab, .badge, th, label, h1, h2, h3, dt")]
  .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 1)
  .filter((one) => getComputedStyle(one).display !== "inline" && !one.closest(".sr"))
  .map((one) => `${one.tagName}.${one.className}: ${one.innerText.slice(0, 40)}`)"""


@pytest.mark.parametrize(
    ("sentence", "found"),
    [("Send", "Séñd Sé"), ("%(n)s of <b>{total}</b>", "%(n)s öf <b>{total}</b> öf"), ("", "")],
)
def test_what_is_filled_in_stays(sentence: str, found: str) -> None:
    assert longer(sentence) == found


def test_nothing_stands_out(site: Site, stage: World, settings: Any, tmp_path: Path) -> None:
    site.log.expected = (400, 403, 404, 429, 500)
    shown = scene(stage)
    User.objects.update(locale="fr")
    places = {place.path + place.who: place for place in PLACES if os.environ.get("ONLY", "") in place.name}
    pages: dict[str, Page] = {}
    faults: list[str] = []
    with spoken(django_settings.BASE_DIR, tmp_path, settings):
        for place in places.values():
            if place.who not in pages:
                pages[place.who] = site.open(locale="fr")
                if cookie := shown.cookie(place.who):
                    pages[place.who].context.add_cookies([cookie | {"url": site.url}])
            page = pages[place.who]
            page.goto(site.url + place.path.format(**shown.words))
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                wide = page.evaluate("document.documentElement.scrollWidth")
                faults += [f"{place.name} at {width}: {wide} px wide"] if wide > width else []
                faults += [f"{place.name} at {width}: {cut}" for cut in page.evaluate(CUT)]
                if os.environ.get("SHOTS") == "all" and width != 900:
                    SHOTS.mkdir(parents=True, exist_ok=True)
                    page.screenshot(path=SHOTS / f"{place.name}-longer-{width}.png", full_page=True)
    assert faults == [], "\n".join(faults)
