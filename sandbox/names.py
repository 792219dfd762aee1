"""Owns the invented people of the demo: first names, user names and creators."""

import random


def _words(text: str) -> list[str]:
    return text.split()


FIRST = _words(
    "Sam Alex Jordan Chris Taylor Morgan Luca Hugo Jules Leo Max Theo Nico Enzo Tom Ben Dan Matt Nick Josh Ryan Kyle "
    "Liam Noah Ethan Owen Mason Logan Lucas Louis Paul Victor Arthur Gabriel Raphael Antoine Julien Romain Quentin "
    "Bastien Maxime Florian Damien Cedric Yann Loic Erwan Marc Eric Olivier Thierry Pascal Laurent Stefan Jonas Felix "
    "Lars Sven Marco Paolo Diego Carlos Javier Pedro Rui Tiago Andre Piotr Pavel Ivan Milan Tariq Omar Karim Malik "
    "Kofi Dele Ravi Arjun Kenji Haru Minho Wei"
)
WORDS = _words(
    "night blue wolf silver quiet lucky north river storm tiger coffee vinyl turbo pixel ghost maple ocean solar "
    "cosmic velvet iron hazel crimson rocket harbor canyon ember atlas"
)
CREATORS = (
    ("Luna Martel", "lunamartel"),
    ("Ava Sinclair", "avasinclair"),
    ("Chloé Renard", "chloerenard"),
    ("Mia Laurent", "mialaurent"),
    ("Ivy Rose", "ivyrose"),
    ("Nora Vale", "noravale"),
)


def fan_name(draw: random.Random) -> str:
    first = draw.choice(FIRST)
    return first if draw.random() < 0.6 else f"{first} {draw.choice('ABCDEFGHJKLMNPRSTVW')}."


def fan_username(draw: random.Random, name: str, fan_id: int) -> str:
    """Unique within the sandbox: a third keep the platform's default of u + id."""
    shape = draw.random()
    if shape < 0.34:
        return f"u{fan_id}"
    stem = name.split(" ")[0].lower() if shape < 0.7 else draw.choice(WORDS)
    return f"{stem}_{draw.choice(WORDS)}{fan_id % 10_000}"


def creator(index: int) -> tuple[str, str]:
    if index < len(CREATORS):
        return CREATORS[index]
    return f"Creator {index + 1}", f"creator{index + 1}"
