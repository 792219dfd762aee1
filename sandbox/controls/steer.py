"""Owns the controls that change the rules: reset, time, settings, faults, webhook delivery."""

import dataclasses
from typing import Any

from ..http import Json
from ..seeding import PROFILES
from ..state import Settings
from .base import Call, Wrong


def reset(call: Call) -> Json:
    profile = call.body.get("profile", call.sandbox.profile)
    if profile not in PROFILES:
        raise Wrong(f"no profile {profile}")
    call.app.reset(int(call.body.get("seed", call.sandbox.seed)), profile)
    return {"seed": call.sandbox.seed, "profile": profile}


def read_clock(call: Call) -> Json:
    clock = call.sandbox.clock
    return {"now": clock.now(), "frozen": clock.frozen, "speed": clock.speed}


def set_clock(call: Call) -> Json:
    clock, body = call.sandbox.clock, call.body
    if "now" in body:
        clock.freeze(float(body["now"]))
    if "advanceSeconds" in body:
        clock.advance(float(body["advanceSeconds"]))
    if "freeze" in body:
        clock.freeze() if body["freeze"] else clock.unfreeze()
    if "speed" in body:
        clock.speed = max(0.01, float(body["speed"]))
    call.sandbox.dialects["stripe"].clockwork.roll()
    return read_clock(call)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


_SETTINGS = {_camel(field.name): field.name for field in dataclasses.fields(Settings)}


def read_settings(call: Call) -> Json:
    return {outside: getattr(call.sandbox.settings, inside) for outside, inside in _SETTINGS.items()}


def set_settings(call: Call) -> Json:
    """All or nothing: one unknown name or wrong type refuses the whole call."""
    settings = call.sandbox.settings
    for name, value in call.body.items():
        if name not in _SETTINGS:
            raise Wrong(f"no setting {name}; one of {', '.join(_SETTINGS)}")
        _check(name, value, getattr(settings, _SETTINGS[name]))
    for name, value in call.body.items():
        setattr(settings, _SETTINGS[name], value)
    return read_settings(call)


def _check(name: str, value: Any, current: Any) -> None:
    if name == "latencyMs":
        good = isinstance(value, int | float | list | dict)
    elif isinstance(current, bool):
        good = isinstance(value, bool)
    elif isinstance(current, int | float):
        good = isinstance(value, int | float) and not isinstance(value, bool)
    else:
        good = isinstance(value, list) and len(value) >= 2
    if not good:
        raise Wrong(f"{name} cannot be {value!r}")


def list_faults(call: Call) -> list[Json]:
    return [fault.public() for fault in call.sandbox.faults.active]


def add_fault(call: Call) -> Json:
    try:
        return call.sandbox.faults.add(call.body).public()
    except (TypeError, ValueError) as problem:
        raise Wrong(str(problem)) from None


def drop_faults(call: Call) -> Json:
    removed = call.sandbox.faults.remove(call.parameter or None)
    if call.parameter and not removed:
        raise Wrong(f"no fault {call.parameter}", 404)
    return {"removed": removed}


async def flush(call: Call) -> Json:
    return {"flushed": await call.sandbox.hooks.flush(float(call.body.get("timeout", 10)))}


def redeliver(call: Call) -> Json:
    delivery = call.sandbox.hooks.find(call.parameter)
    if delivery is None:
        raise Wrong(f"no delivery {call.parameter}", 404)
    return call.sandbox.hooks.redeliver(delivery).public()
