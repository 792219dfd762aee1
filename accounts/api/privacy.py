"""`/api/privacy/…`: exports and erasures of a workspace, a creator, a fan, or oneself."""

from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.privacy_shapes import (
    ErasureInput,
    ErasurePlanOutput,
    ExportInput,
    LinkOutput,
    RequestOutput,
    RequestsOutput,
    shown,
)
from accounts.selectors.privacy import request_of, requests_of
from accounts.services import audit
from accounts.services.privacy import downloads, holds, requests
from accounts.services.privacy.registry import Subject
from accounts.types import PrivacyScope
from huntaze.kernel import clock
from huntaze.kernel.api.pagination import PAGE_PARAMETERS, page_of
from huntaze.kernel.api.permissions import PUBLIC
from huntaze.kernel.api.views import HuntazeViewSet
from huntaze.kernel.errors import FieldError, Invalid

TAGS = ["Privacy"]


class _PrivacyViewSet(HuntazeViewSet):
    """Anybody may ask; whether about this one is the service's to say, which opens the scope that it needs."""

    kind = "export"

    def _subject(self, data: dict[str, Any]) -> Subject:
        scope, target = PrivacyScope(data["scope"]), data.get("id")
        if scope in {PrivacyScope.CREATOR, PrivacyScope.FAN} and not target:
            raise Invalid(FieldError("id", "Say whom."))
        return requests.subject_of(principal=self.principal, kind=self.kind, scope=scope, target_id=target)

    def _listed(self, request: Request) -> Response:
        page = page_of(request)
        rows = requests_of(self.principal).filter(kind=self.kind)
        is_held = holds.is_held(self.principal.workspace_pk)
        found = [shown(row, is_held) for row in rows[page.offset : page.offset + page.limit]]
        return Response(page.answer("requests", found, rows.count()))

    def _cancelled(self, request_id: str) -> Response:
        row = request_of(self.principal, self.kind, request_id)
        return Response(shown(requests.undo(request=row, principal=self.principal, now=clock.now())))


class ExportViewSet(_PrivacyViewSet):
    capabilities = dict.fromkeys(["list", "create", "retrieve", "cancel", "link"], "profile.manage")
    step_up = frozenset({"create", "link"})
    personal = frozenset({"create"})

    @extend_schema(
        operation_id="exports_list", summary="Exports, newest first", tags=TAGS,
        parameters=PAGE_PARAMETERS, responses=RequestsOutput,
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        return self._listed(request)

    @extend_schema(
        operation_id="exports_create",
        summary="Ask for an export",
        description="A zip with each list as JSON and as CSV. Follow it by its id; its files are deleted after a day.",
        tags=TAGS,
        request=ExportInput,
        responses={202: RequestOutput},
        examples=[
            OpenApiExample("A fan's data", value={"scope": "fan", "id": "fan_01KAJ3Z8Q4W5T6Y7V8B9N0M1C2"})
        ],
    )
    def create(self, request: Request) -> Response:
        subject = self._subject(self.valid(ExportInput))
        row = requests.ask_export(subject=subject, principal=self.principal, now=clock.now())
        return Response(shown(row), status=status.HTTP_202_ACCEPTED)

    @extend_schema(operation_id="exports_read", summary="How far it is", tags=TAGS, responses=RequestOutput)
    def retrieve(self, request: Request, request_id: str) -> Response:
        return Response(shown(request_of(self.principal, self.kind, request_id)))

    @extend_schema(
        operation_id="exports_cancel",
        summary="Stop an export",
        tags=TAGS,
        request=None,
        responses=RequestOutput,
    )
    def cancel(self, request: Request, request_id: str) -> Response:
        return self._cancelled(request_id)

    @extend_schema(
        operation_id="exports_link",
        summary="A link to the files, for 15 minutes",
        tags=TAGS,
        request=None,
        responses={201: LinkOutput},
    )
    def link(self, request: Request, request_id: str) -> Response:
        row = request_of(self.principal, self.kind, request_id)
        now = clock.now()
        token = downloads.token_for(request=row, member_pk=self.principal.member_pk, now=now)
        audit.record(
            workspace_id=row.workspace_id,
            actor=self.actor,
            action="export.link_made",
            now=now,
            target=row.public_id,
        )
        url = request.build_absolute_uri(f"/api/privacy/files/{token}")
        return Response(
            {"url": url, "expires_at": now + downloads.LINK_LASTS}, status=status.HTTP_201_CREATED
        )


class ErasureViewSet(_PrivacyViewSet):
    kind = "erase"
    capabilities = dict.fromkeys(["list", "create", "preview", "retrieve", "undo"], "profile.manage")
    step_up = frozenset({"create"})
    personal = frozenset({"create", "preview"})

    @extend_schema(
        operation_id="erasures_list", summary="Erasures, newest first", tags=TAGS,
        parameters=PAGE_PARAMETERS, responses=RequestsOutput,
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        return self._listed(request)

    @extend_schema(
        operation_id="erasures_preview",
        summary="What an erasure would do",
        description="What goes, what stays, why and until when. Changes nothing.",
        tags=TAGS,
        request=ErasureInput,
        responses=ErasurePlanOutput,
    )
    def preview(self, request: Request) -> Response:
        data = self.valid(ErasureInput)
        subject = self._subject(data)
        lines = [
            {
                "what": line.name,
                "count": line.count,
                "kept": line.is_kept,
                "reason": line.reason,
                "until": line.until,
            }
            for line in requests.plan_of(subject)
        ]
        runs_at = requests.due_at(subject.scope, at_once=data["at_once"], now=clock.now())
        return Response({"lines": lines, "runs_at": runs_at, "held": holds.stops(subject)})

    @extend_schema(
        operation_id="erasures_create",
        summary="Ask for an erasure",
        description=(
            "A fan or oneself: at once. A workspace or a creator: after 30 days, during which it rests and can be "
            "taken back."
        ),
        tags=TAGS,
        request=ErasureInput,
        responses={202: RequestOutput},
        examples=[
            OpenApiExample("A creator", value={"scope": "creator", "id": "crt_01KAJ3Z8Q4W5T6Y7V8B9N0M1C2"})
        ],
    )
    def create(self, request: Request) -> Response:
        data = self.valid(ErasureInput)
        row = requests.ask_erasure(
            subject=self._subject(data),
            principal=self.principal,
            now=clock.now(),
            reason=data["reason"],
            at_once=data["at_once"],
        )
        return Response(shown(row), status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        operation_id="erasures_read",
        summary="How far it is, or its receipt",
        tags=TAGS,
        responses=RequestOutput,
    )
    def retrieve(self, request: Request, request_id: str) -> Response:
        return Response(shown(request_of(self.principal, self.kind, request_id)))

    @extend_schema(
        operation_id="erasures_undo",
        summary="Take an erasure back",
        description="Possible until it begins.",
        tags=TAGS,
        request=None,
        responses=RequestOutput,
    )
    def undo(self, request: Request, request_id: str) -> Response:
        return self._cancelled(request_id)


class FilesViewSet(HuntazeViewSet):
    """The link says who asked for it; it stops working with their membership."""

    authentication_classes = ()
    capabilities = {"download": PUBLIC}

    @extend_schema(
        operation_id="exports_download",
        summary="The files of an export",
        tags=TAGS,
        auth=[],
        responses={(200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY)},
    )
    def download(self, request: Request, token: str) -> HttpResponseBase:
        row = downloads.request_of_token(token=token, now=clock.now())
        response = StreamingHttpResponse(downloads.zipped(row), content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="{row.public_id}.zip"'
        return response
