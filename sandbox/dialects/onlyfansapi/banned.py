"""Owns the banned words of the sandbox: three tiers, invented, harmless to print."""

import re
from functools import cache

from ...http import Json
from .core import Refused, Reply, Request, invalid

WORDS = {
    "strict_ban": ("bannedword", "forbiddenact", "blocklisted"),
    "risky": ("riskyword", "meetup", "paypal"),
    "replace_soften": ("softenword", "drunk", "asleep"),
}
SCREENS = {
    "strict_ban": ("strict_ban", "risky", "replace_soften"),
    "risky": ("risky", "replace_soften"),
    "replace_soften": ("replace_soften",),
}


@cache
def _pattern(level: str) -> re.Pattern[str]:
    words = [word for tier in SCREENS[level] for word in WORDS[tier]]
    return re.compile(r"\b(" + "|".join(words) + r")\b", re.IGNORECASE)


def screen(request: Request, text: str, level: object) -> None:
    """Refuses with the words found; the `banned_word` fault finds one in any screened text."""
    if level is None:
        return
    if not isinstance(level, str) or level not in SCREENS:
        raise invalid(blockBannedWords="The selected blockBannedWords is invalid.")
    found = sorted({word.lower() for word in _pattern(level).findall(text)})
    if "banned_word" in request.faults:
        found.append("bannedword")
    if found:
        raise refusal(found)


def refusal(found: list[str]) -> Refused:
    message = f"The text contains banned words: {', '.join(found)}"
    return Refused(
        422,
        {"message": message, "code": "BANNED_WORDS", "banned_words": found, "errors": {"text": [message]}},
    )


def listing(request: Request) -> Reply:
    """GET /api/banned-words?risk_level=…"""
    level = request.query("risk_level")
    if level and level not in WORDS:
        raise invalid(risk_level="The selected risk_level is invalid.")
    tiers = [level] if level else list(WORDS)
    rows: list[Json] = [{"word": word, "risk_level": tier} for tier in tiers for word in WORDS[tier]]
    limit = request.integer("limit", 50, 1, 100)
    offset = request.integer("offset", 0, 0, 10**6)
    more = len(rows) > offset + limit
    return Reply(
        rows[offset : offset + limit], paged=True, next_page=request.next_page(more, offset=offset + limit)
    )
