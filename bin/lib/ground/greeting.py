"""What a person reads when everything runs: the addresses, and who may sign in."""

import json
from shlex import quote

from ground.place import Place
from ground.state import State


def text(place: Place, state: State, verb: str = "runs") -> str:
    """The addresses, and who may sign in with which password."""
    base = f"http://127.0.0.1:{state.ports.get('web')}"
    lines = ["", f"Huntaze {verb} at {base}", "", *_people(place)]
    if "sandbox" in state.entries:
        lines.append(f"  sandbox   http://127.0.0.1:{state.ports.get('sandbox')}")
    lines += [
        f"  health    {base}/api/health",
        f"  logs      {place.log}",
        f"  by hand   . {quote(str(place.run / 'env'))} && {quote(str(place.python))} manage.py shell",
        "  stop      bin/down (Ctrl-C where bin/up runs in the foreground); the data stays",
    ]
    return "\n".join(lines)


def _people(place: Place) -> list[str]:
    try:
        users = json.loads((place.var / "demo.json").read_text())["users"]
        people = [f"    {name:<8} {who['email']:<32} {who['password']}" for name, who in users.items()]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return ["  sign in as", *people, ""]
