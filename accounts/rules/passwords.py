"""Which passwords are accepted.

Any characters may be used, spaces and other alphabets too; length counts characters.
"""

LEAST, MOST = 8, 128
#: Words that everybody who guesses here tries first; none may stand in a password, however it is written.
CONTEXT_WORDS = ("huntaze", "onlyfan", "instagram", "tiktok", "whatsapp")
#: Shorter parts of a mail or name are in too many words to be refused.
PERSONAL_LEAST = 3


def problems(
    password: str, *, email: str, name: str, is_common: bool, needs_classes: bool = True
) -> list[str]:
    """What is wrong, as codes: short, long, lower, upper, digit, common, context, personal. Empty when nothing is."""
    found = []
    if len(password) < LEAST:
        found.append("short")
    if len(password) > MOST:
        found.append("long")
    if needs_classes:
        classes = {"lower": str.islower, "upper": str.isupper, "digit": str.isdigit}
        found += [code for code, is_one in classes.items() if not any(map(is_one, password))]
    if is_common:
        found.append("common")
    if any(word in password.casefold() for word in CONTEXT_WORDS):
        found.append("context")
    if _is_personal(password, email, name):
        found.append("personal")
    return found


def _is_personal(password: str, email: str, name: str) -> bool:
    """Whether the mail's local part, the name or a word of it is in the password."""
    folded = password.casefold()
    parts = {email.partition("@")[0], name, name.replace(" ", ""), *name.split()}
    return any(part.casefold() in folded for part in parts if len(part) >= PERSONAL_LEAST)
