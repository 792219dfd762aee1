"""One walk through every page in every state, in one browser: what axe says, how wide, how heavy, and how it looks.

`SHOTS=one` keeps a picture of each in each language below `var/shots`, `SHOTS=all` in every size and theme. `ONLY` is a
part of a page's name.
"""

import gzip
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Page

from accounts.models import User
from tests.conftest import World
from tests.e2e.conftest import COLOURS, RULES, Site, violations
from tests.e2e.places import PLACES, Place, Scene, scene

SHOTS = Path(settings.BASE_DIR) / "var" / "shots"
#: Each theme in each language, each at a desk and on a phone.
LOOKS = {"en": [(1440, "light"), (360, "dark")], "fr": [(1440, "dark"), (360, "light")]}
EVERY_LOOK = [(width, theme) for width in (1440, 360) for theme in ("light", "dark")]
#: At which other widths nothing may stand out, beside each of the two.
WIDTHS = {1440: (1280, 1100, 900, 721), 360: (360, 320)}
HEIGHTS = {1440: 900, 360: 780}
JS_BUDGET, CHART_BUDGET, CSS_BUDGET, HTML_BUDGET, REQUESTS = 40_000, 55_000, 25_000, 40_000, 12
ENGLISH = re.compile(
    r"\b(the|and|with|sent|queued|failed|priority|account|message waits|sign|your|what|this|to go)\b",
    re.IGNORECASE,
)
#: Words that people and the sandbox wrote.
THEIRS = re.compile(
    r"(?:queued|scheduled|uncertain|failed|sent|sending) \d.*|https?://\S+|[\w.]+@[\w.]+|\w+\.\w+"
)
#: The rules whose findings hang on colours and on room: what a phone adds to a page in French, of which all rules have
#: seen the desk, as they have seen the phone in English.
ROOM = {"type": "rule", "values": [*COLOURS["values"], "target-size", "scrollable-region-focusable"]}
SMALL = """
[...document.querySelectorAll("button, input:not([type=hidden]), select, textarea, summary, .button, .tab, nav a")]
  .filter((one) => !["checkbox", "radio"].includes(one.type))
  .map((one) => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
  .filter(([, box]) => box.height > 1 && (box.height < 24 || box.width < 24))
  .map(([html, box]) => `${box.width} × ${box.height} ${html}`)"""
#: What has the focus and lies under something else, such as a bar that stays in its place.
COVERED = """
[...document.querySelectorAll("main :is(a[href], button, input:not([type=hidden]), select, textarea)")]
  .filter((one) => one.checkVisibility({visibilityProperty: true}))
  .filter((one) => {
    one.focus({preventScroll: true});
    one.scrollIntoView({block: "nearest"});
    const box = one.getBoundingClientRect();
    const found = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return found?.closest(".topbar, .rail, .visit") && !found.closest("details");
  }).map((one) => one.outerHTML.slice(0, 90))"""

LOADED = """performance.getEntriesByType("resource").filter((one) => one.initiatorType !== "fetch")
  .map((one) => one.name.split("#")[0])"""


@dataclass
class Walk:
    """The browser, what was found wrong, and what a file weighs on the wire."""

    site: Site
    scene: Scene
    faults: list[str] = field(default_factory=list)
    weights: dict[str, int] = field(default_factory=dict)
    states: int = 0

    def look(self, page: Page, place: Place, locale: str) -> None:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.context.set_offline(False)
        answer = page.goto(self.site.url + place.path.format(**self.scene.words))
        assert answer is not None
        if answer.status != place.status:
            self.faults.append(f"{place.name}: {answer.status}")
        self.weigh(page, place, answer.body())
        if place.act:
            place.act(page)
        self.read(page, place, locale)
        for width, theme in LOOKS[locale]:
            self.turn(page, width, theme, is_whole=True)
            only = ROOM if (locale, width) == ("fr", 360) else RULES
            self.note(f"{place.name} {locale} {width} {theme}", violations(page, only))
            self.states += 1
            self.measure(page, place, f"{locale} {width}", width)
        self.picture(page, place, locale)

    def turn(self, page: Page, width: int, theme: str, *, is_whole: bool = False) -> None:
        """Another theme and width; `is_whole` makes the window as high as the page, so that no bar lies over it."""
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        if is_whole:
            high = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": width, "height": min(high, 8000)})

    def note(self, where: str, found: list[str]) -> None:
        self.faults += [f"{where}: {one}" for one in found]

    def read(self, page: Page, place: Place, locale: str) -> None:
        if page.locator("html").get_attribute("lang") != locale:
            self.faults.append(f"{place.name}: not in {locale}")
        if locale == "fr" and not place.holds_names:
            text = THEIRS.sub("", page.locator("body").inner_text())
            self.note(f"{place.name}: English", ENGLISH.findall(text))

    def measure(self, page: Page, place: Place, where: str, at: int) -> None:
        self.note(f"{place.name} {where}: too small", page.evaluate(SMALL))
        for width in WIDTHS[at]:
            page.set_viewport_size({"width": width, "height": 780})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                self.faults.append(f"{place.name} {where}: {wide} px wide at {width}")
        if at == 360:
            self.note(f"{place.name} {where}: focus covered", page.evaluate(COVERED))

    def picture(self, page: Page, place: Place, locale: str) -> None:
        looks = {"all": EVERY_LOOK, "one": LOOKS[locale][:1]}.get(os.environ.get("SHOTS", ""), [])
        page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
        for width, theme in looks:
            self.turn(page, width, theme)
            page.screenshot(path=SHOTS / f"{place.name}-{locale}-{width}-{theme}.png", full_page=True)

    def weigh(self, page: Page, place: Place, body: bytes) -> None:
        """Bytes of a first view, packed as a server packs them, whatever this browser had already."""
        names: list[str] = page.evaluate(LOADED)
        for name in set(names) - set(self.weights):
            self.weights[name] = len(gzip.compress(page.request.get(name).body(), 9))
        script = sum(self.weights[name] for name in set(names) if urlsplit(name).path.endswith(".js"))
        style = sum(self.weights[name] for name in set(names) if urlsplit(name).path.endswith(".css"))
        most = CHART_BUDGET if any("uPlot" in name for name in names) else JS_BUDGET
        requests = len(set(names)) + 2  # the page itself, and its icon
        for what, is_kept in {
            f"{script} B of JS": script <= most,
            f"{style} B of CSS": 0 < style <= CSS_BUDGET,
            f"{len(gzip.compress(body, 9))} B of HTML": len(gzip.compress(body, 9)) <= HTML_BUDGET,
            f"{requests} requests": requests <= REQUESTS,
        }.items():
            if not is_kept:
                self.faults.append(f"{place.name}: {what}")


@pytest.fixture
def walk(site: Site, stage: World) -> Walk:
    SHOTS.mkdir(parents=True, exist_ok=True)
    site.log.expected, site.log.is_cut_off = (400, 403, 404, 422, 429, 500), True
    return Walk(site, scene(stage))


@pytest.mark.parametrize("locale", LOOKS)
def test_every_page_in_every_state(walk: Walk, locale: str) -> None:
    """axe, both themes, narrow and wide, targets, bytes; the fixture looks at the console and hosts."""
    places = [place for place in PLACES if os.environ.get("ONLY", "") in place.name]
    User.objects.update(locale=locale)
    pages: dict[str, Page] = {}
    for place in places:
        if place.who not in pages:
            pages[place.who] = page = walk.site.open(locale=locale)
            if cookie := walk.scene.cookie(place.who):
                page.context.add_cookies([cookie | {"url": walk.site.url}])  # type: ignore[list-item]
        walk.look(pages[place.who], place, locale)
    heaviest = {kind: max((size for name, size in walk.weights.items() if name.endswith(kind)), default=0)
                for kind in (".js", ".css")}  # fmt: skip
    print(
        f"{walk.states} page states of {len(places)} pages; {len(walk.faults)} faults; heaviest files {heaviest}"
    )
    (SHOTS / f"faults-{locale}.txt").write_text("\n".join(walk.faults))
    assert walk.faults == []
