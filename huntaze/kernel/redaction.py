"""Masks secrets and personal data in text: the last thing that happens to a log line.

Covers mail addresses, phone numbers (international, and national forms of FR, BE, CH, GB, US, CA), cards
(Luhn), IBANs (ISO 13616 check digits), JWTs, our keys and those of vendors by their prefixes, bearer tokens
and cookies. It is a net under the rule that such things are not logged in the first place.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

MASK = "•••"

# Values of these fields are masked whole, whatever they hold.
SECRET_FIELDS = frozenset(
    (
        *("password", "passwd", "secret", "token", "access_token", "refresh_token", "api_key", "apikey"),
        *("authorization", "cookie", "set_cookie", "headers", "credentials"),
        *("body", "text", "content", "message_text", "locked_text", "prompt", "caption", "note"),
        *("email", "phone", "first_name", "last_name", "display_name", "handle", "username"),
    )
)

_KEY = r"(?:hzr?_|sk[-_]|rk_|pk_|whsec_|ofapi_|xox[abp]-)[A-Za-z0-9_\-]{6,}"
_COOKIE = r"((?:__Host-|__Secure-)?(?:sessionid|csrftoken|refreshToken))=[^;\s\"']+"


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return 13 <= len(digits) <= 19 and _luhn(digits)


def _is_iban(text: str) -> bool:
    compact = text.replace(" ", "")
    number = "".join(str(int(letter, 36)) for letter in compact[4:] + compact[:4])
    return 15 <= len(compact) <= 34 and int(number) % 97 == 1


def _longest(is_one: Callable[[str], bool], mask: str) -> Callable[[re.Match[str]], str]:
    """Masks the longest beginning of the match, cut at its separators, that passes the check: a match may
    have swallowed a word or number that follows."""

    def replace(match: re.Match[str]) -> str:
        cuts = [len(match[0]), *(found.start() for found in reversed(list(re.finditer(r"[ -]", match[0]))))]
        for cut in cuts:
            if is_one(match[0][:cut]):
                return mask + match[0][cut:]
        return match[0]

    return replace


_RULES: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*"), "[jwt]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s,;\"']{6,}"), r"\1 [key]"),
    (re.compile(r"(?i)\b((?:set-)?cookie['\"]?\s*[:=]\s*)[^\r\n]+"), r"\1[cookie]"),
    (re.compile(_COOKIE, re.I), r"\1=[cookie]"),
    (re.compile(rf"(?<![A-Za-z0-9]){_KEY}"), "[key]"),
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), "[mail]"),
    (
        re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])"),
        _longest(_is_iban, "[iban]"),
    ),
    (re.compile(r"(?<![\w.+])[2-6](?:[ -]?\d){12,22}(?!\w)"), _longest(_is_card, "[card]")),
    (re.compile(r"(?<![\w+])(?:\+|00)[1-9](?:[ .()/-]{0,2}\d){7,14}(?!\w)"), "[phone]"),
    (re.compile(r"(?<![\w.+-])0[1-9](?:[ ./-]?\d){7,9}(?!\w)"), "[phone]"),
    (
        re.compile(
            r"(?<![\w.+-])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-]?)[2-9]\d{2}[ .-]?\d{4}(?!\w)"
        ),
        "[phone]",
    ),
]
# A text without any of these signs can't match a rule.
_SIGNS = re.compile(
    r"@|\d{3}|\d[ .)/-]+\(?\d|eyJ|[Bb]earer|[Bb]asic|ookie|COOKIE|sessionid|csrftoken|efreshToken|[_-]"
)


def redact_text(text: str) -> str:
    """The text with everything recognisable masked."""
    if not _SIGNS.search(text):
        return text
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def redact(value: Any) -> Any:
    """A value fit for JSON: masked text, plain numbers, walked containers, anything else as masked text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact_text(str(value))
    if isinstance(value, Mapping):
        return {redact_text(str(k)): redact_field(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    return redact_text(str(value))


def redact_field(name: str, value: Any) -> Any:
    """The value of a field; a field whose name says it is secret or personal is masked whole."""
    return MASK if value is not None and _is_secret(name) else redact(value)


@lru_cache(maxsize=1000)
def _is_secret(name: str) -> bool:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace("-", "_") in SECRET_FIELDS
