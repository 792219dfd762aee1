"""What our own scripts and templates may not hold: ways for a text to become code, a link or a place in the browser."""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*") if path.is_file())
#: Links whose address no user writes: places of the house, what a template hands to a part, the staff's list for today,
#: a letter's link to us, an invoice's page at Stripe as Stripe names it.
LINKS = {
    ("admin/index.html", "item.url"),
    ("accounts/_hindrance.html", "billing_url"),
    ("admin/crm/_tab.html", "url"),
    ("admin/crm/find.html", "hit.url"),
    ("admin/crm/find.html", "url"),
    ("admin/crm/subject.html", "flag.url"),
    ("admin/index.html", "model.add_url"),
    ("admin/index.html", "model.admin_url"),
    ("admin/pagination.html", "show_all_url"),
    ("admin/change_list.html", "cl.clear_all_filters_qs"),
    ("admin/filter.html", "choice.query_string"),
    ("emails/letter.html", "letter.url"),
    ("billing/overview.html", "row.url"),
    ("errors/limit.html", "billing_url"),
    ("messaging/_dashboard.html", "href"),
    ("errors/_limit.html", "billing_url"),
    ("layouts/settings.html", "place.url"),
    ("partials/rail.html", "place.url"),
    ("partials/topbar.html", "place.url"),
    ("components/button.html", "href"),
    ("messaging/_dashboard.html", "alert"),
    ("components/pager.html", "first"),
    ("components/pager.html", "next"),
}


def found(pattern: str, paths: list[Path]) -> list[str]:
    return [
        f"{path.name}: {match[0]}"
        for path in paths
        for match in re.finditer(
            pattern, re.sub(r"^\s*//.*$", "", path.read_text(encoding="utf-8"), flags=re.M)
        )
    ]


def test_scripts_show_texts_as_texts() -> None:
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc"
    assert found(ways, SCRIPTS) == []


def test_scripts_run_nothing_that_they_read() -> None:
    assert found(r"\beval\s*\(|new Function|set(?:Timeout|Interval)\s*\(\s*[\"'`]|import\s*\(", SCRIPTS) == []
    assert found(r"location(?:\.href)?\s*=|window\.open|\.src\s*=|\.href\s*=", SCRIPTS) == []


def test_scripts_keep_nothing_in_clear_but_how_somebody_wants_the_pages_to_look() -> None:
    kept = re.findall(
        r"localStorage(?:\.\w+\(\s*([^,)]+))?",
        "".join(path.read_text(encoding="utf-8") for path in SCRIPTS),
    )
    assert set(kept) == {"name", '"own-keys"'}
    (choices,) = re.findall(
        r"const choices = \{(.*?)\};", (ROOT / "static" / "js" / "theme.js").read_text(encoding="utf-8")
    )
    assert re.findall(r"(\w+): \[", choices) == ["theme", "density", "rail", "keys"]
    assert found(r"sessionStorage", SCRIPTS) == ["app.js: sessionStorage"]
    assert found(r"setItem\(.*", SCRIPTS) == [
        "app.js: setItem(KEPT, JSON.stringify(sealed)));",
        'app.js: setItem("own-keys", JSON.stringify(ownKeys)));',
        "theme.js: setItem(name, value);",
    ]
    assert found(r"document\.cookie|indexedDB|caches\.|openDatabase|serviceWorker", SCRIPTS) == []


def test_scripts_write_to_no_property_whose_name_is_sent() -> None:
    """`object[name] = value`, merging and copying are how a prototype is reached."""
    assert found(r"\w\[[^\]\"'\d]+\]\s*=[^=]|__proto__|\.prototype\b|structuredClone", SCRIPTS) == []
    assert found(r"Object\.(?:assign|setPrototypeOf|defineProperty)", SCRIPTS) == []


def test_a_message_of_another_window_is_looked_at_only_from_the_page_that_was_framed() -> None:
    listeners = [
        path.name for path in SCRIPTS if 'addEventListener("message"' in path.read_text(encoding="utf-8")
    ]
    assert listeners == ["app.js"]
    body = (ROOT / "static" / "js" / listeners[0]).read_text(encoding="utf-8")
    first = body.partition('addEventListener("message", (event) => {\n')[2].strip().splitlines()[0]
    assert first == (
        'if (event.origin !== connecting?.dataset.connect || typeof event.data?.type !== "string") return;'
    )
    assert found(r"postMessage\(", SCRIPTS) == []


def test_scripts_and_templates_name_no_other_host() -> None:
    assert found(r"https?://(?!www\.w3\.org/)[\w.-]+", [*SCRIPTS, *TEMPLATES]) == []


def test_templates_hold_no_code_of_their_own() -> None:
    assert found(r"<script(?![^>]*\bsrc=)", TEMPLATES) == []
    assert found(r"\son\w+=|javascript:|<style|hx-on|hx-vals='?js:|js:", TEMPLATES) == []


def test_templates_use_nothing_that_browsers_gave_up() -> None:
    gone = r"<(?:object|embed|applet|frameset|marquee|keygen)\b|application/x-(?:shockwave|silverlight|java)"
    assert found(gone, [*TEMPLATES, *SCRIPTS]) == []


def test_links_lead_to_addresses_of_ours() -> None:
    """An address in a template is `{% url %}`, a constant, or one of the listed values, none of which a user writes."""
    pattern = re.compile(r'(?:href|src|action|hx-get|hx-post)="\{\{\s*([\w.]+)[^"]*"')
    values = {
        (path.relative_to(ROOT / "templates").as_posix(), value)
        for path in TEMPLATES
        for value in pattern.findall(path.read_text(encoding="utf-8"))
    }
    framed = {("accounts/connection.html", "address")}
    assert values - framed <= LINKS
    for path in TEMPLATES:
        for use in re.findall(r'components/empty\.html" with ([^%]*)%}', path.read_text(encoding="utf-8")):
            assert "href=" not in use or re.search(r'href=(?:"/|[a-z_]+_url|back|url)', use), (path.name, use)


def test_passwords_are_typed_unseen_and_may_be_pasted() -> None:
    """Every field for a password is of the type password, with the word that password managers know."""
    from accounts.forms import security, signin, signup, team

    seen = 0
    for module in (security, signin, signup, team):
        for form in vars(module).values():
            for name, field in getattr(form, "base_fields", {}).items():
                if "password" in name:
                    seen += 1
                    assert (form.__name__, name, field.widget.input_type) == (form.__name__, name, "password")
                    assert field.widget.attrs["autocomplete"] in {"current-password", "new-password"}
                    assert (field.strip, field.max_length) == (False, 128)
    assert seen >= 6
    assert found(r"paste|clipboard|contextmenu", [path for path in SCRIPTS if path.name != "app.js"]) == []
    assert found(r"onpaste|type=\"password\"[^>]*autocomplete=\"off\"", TEMPLATES) == []
