"""Stopping long work, whatever kind it is of: each kind of id is registered with what stops it."""

from collections.abc import Callable
from datetime import datetime

from accounts.selectors.privacy import requests_of
from accounts.services.privacy import requests
from huntaze.kernel import ids
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import NotFound

#: Takes the caller, the public id and the time; raises NotFound, NotAllowed, Conflict when it is too late.
Stop = Callable[[Principal, str, datetime], None]
_stops: dict[str, Stop] = {}


def register(prefix: str, stop: Stop) -> None:
    _stops[prefix] = stop


def cancel_job(*, principal: Principal, job_id: str, now: datetime) -> None:
    """Stop a job; raises what its kind raises, NotFound for an id that is no job's."""
    stop = _stops.get(job_id.partition("_")[0])
    if stop is None:
        raise NotFound("Unknown job")
    stop(principal, job_id, now)


def _stop_request(principal: Principal, job_id: str, now: datetime) -> None:
    uid = ids.decode("prv", job_id)
    row = requests_of(principal).filter(uid=uid).first() if uid else None
    if row is None:
        raise NotFound("Unknown job")
    requests.undo(request=row, principal=principal, now=now)


register("prv", _stop_request)
