"""The base of every API view: capability, workspace scope, limits, idempotent answers."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, ClassVar, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSetMixin

from huntaze.kernel import clock, context
from huntaze.kernel.actor import Actor
from huntaze.kernel.api import idempotency, throttling
from huntaze.kernel.api.pagination import page_of
from huntaze.kernel.api.permissions import PUBLIC
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import StepUpRequired
from huntaze.kernel.tenancy import workspace_scope

_Row = TypeVar("_Row", bound=Model)


class _Replayed(Exception):
    def __init__(self, answer: idempotency.Answer) -> None:
        self.answer = answer


class HuntazeViewSet(ViewSetMixin, APIView):
    """Declare `capabilities = {action: capability}`; an action that is missing there can't be called.

    Actions listed in `step_up` ask for a password or second factor given lately (`/api/auth/step-up` takes it anew).
    Actions listed in `personal` are about the person, not the workspace: no scope is opened for them.
    Actions listed in `once` honour `Idempotency-Key`: they run their writes through `self.answer_once`.
    """

    capabilities: ClassVar[dict[str, str]] = {}
    once: ClassVar[frozenset[str]] = frozenset()
    step_up: ClassVar[frozenset[str]] = frozenset()
    personal: ClassVar[frozenset[str]] = frozenset()

    def capability_of(self, request: Request) -> str | None:
        return self.capabilities.get(self.action) if self.action else PUBLIC

    @property
    def principal(self) -> Principal:
        principal = self.request.auth
        assert isinstance(principal, Principal)
        return principal

    @property
    def actor(self) -> Actor:
        """Who acts here, for services and the audit log."""
        return Actor.of(self.principal)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with ExitStack() as stack:
            self._stack = stack
            response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
            verdict = getattr(request, "rate_verdict", None)
            for name, value in throttling.headers(verdict).items() if verdict else ():
                response[name] = value
            response.setdefault("Cache-Control", "no-store")
            return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not self.action and request.method != "OPTIONS":
            # Without an action no capability was asked: nothing may run, also not a method of ours with a verb's name.
            raise MethodNotAllowed(str(request.method))
        self._raw_body = request._request.body if self.action in self.once else b""
        if isinstance(request.auth, Principal):
            if self.action not in self.personal:
                self._stack.enter_context(workspace_scope(request.auth.workspace_pk))
            context.put(workspace_id=request.auth.workspace_id, user_id=request.auth.user_id)
            if self.action in self.step_up and not request.auth.is_proved(clock.now()):
                raise StepUpRequired
            self._idempotency_key = self._read_key(request)

    def _read_key(self, request: Request) -> str | None:
        if self.action not in self.once:
            return None
        key = idempotency.key_of(request.headers.get(idempotency.HEADER))
        if key is not None:
            answer = idempotency.replay(self.principal, key, self._fingerprint())
            if answer is not None:
                raise _Replayed(answer)
        return key

    def _fingerprint(self) -> bytes:
        return idempotency.fingerprint(self.request.method or "", self.request.path, self._raw_body)

    def valid(self, shape: type[Serializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """The checked body; what is wrong with it is told by field. `partial`: what is left out stays."""
        checked = shape(data=self.request.data, partial=partial)
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data)

    def paged(self, plural: str, rows: QuerySet[_Row], show: Callable[[_Row], dict[str, Any]]) -> Response:
        """One page of ordered rows under their plural, with the total."""
        page = page_of(self.request)
        shown = [show(row) for row in rows[page.offset : page.offset + page.limit]]
        return Response(page.answer(plural, shown, rows.count()))

    def answer_once(self, work: Callable[[], Response]) -> Response:
        """Run `work` in one transaction, at most once for the request's Idempotency-Key."""
        key = self._idempotency_key
        if key is None:
            with transaction.atomic():
                return work()
        store = idempotency.store()
        with transaction.atomic():
            if store.claim(self.principal, key, self._fingerprint()):
                response = work()
                store.complete(self.principal, key, response.status_code, response.data)
                return response
        answer = idempotency.replay(self.principal, key, self._fingerprint())
        assert answer is not None
        return _replayed_response(answer)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, _Replayed):
            return _replayed_response(exc.answer)
        response: Response = super().handle_exception(exc)
        return response


def _replayed_response(answer: idempotency.Answer) -> Response:
    response = Response(answer.body, status=answer.status)
    response["Idempotent-Replayed"] = "true"
    return response
