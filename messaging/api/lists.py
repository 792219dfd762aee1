"""`/api/onlyfans/lists`: fans put together by hand."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from huntaze.kernel import clock
from huntaze.kernel.api.pagination import PAGE_PARAMETERS
from huntaze.kernel.api.schema import KEY_PARAMETER
from messaging.api import audience_shapes as shapes
from messaging.api.base import ACCOUNT, MessagingBase
from messaging.selectors import audiences as found
from messaging.selectors import fan_of
from messaging.services import audiences as services


class ListViewSet(MessagingBase):
    capabilities = {
        "list": "fans.view", "create": "fans.edit", "retrieve": "fans.view", "change": "fans.edit",
        "destroy": "fans.edit", "fans": "fans.view", "add": "fans.edit", "remove": "fans.edit",
    }  # fmt: skip
    once = frozenset({"create", "add"})

    @extend_schema(
        operation_id="lists_list",
        summary="Lists of fans",
        tags=["Audiences"],
        parameters=[ACCOUNT, *PAGE_PARAMETERS],
        responses=shapes.ListsOutput,
    )
    def list(self, request: Request) -> Response:
        rows = self.of_account(found.lists_of(self.reach)).order_by("-pk")
        return self.paged("lists", rows, shapes.fan_list)

    @extend_schema(
        operation_id="lists_create",
        summary="Make a list",
        tags=["Audiences"],
        parameters=[KEY_PARAMETER],
        request=shapes.ListInput,
        responses={201: shapes.ListOutput},
        examples=[OpenApiExample("A list", value={"name": "Regulars"}, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        data = self.valid(shapes.ListInput)
        account = self.account(data.get("account_id"))

        def work() -> Response:
            row = services.make_list(account=account, name=data["name"], actor=self.actor, now=clock.now())
            return Response(shapes.fan_list(row), status=status.HTTP_201_CREATED)

        return self.answer_once(work)

    @extend_schema(
        operation_id="lists_read", summary="One list", tags=["Audiences"], responses=shapes.ListOutput
    )
    def retrieve(self, request: Request, list_id: str) -> Response:
        return Response(shapes.fan_list(found.list_of(self.reach, list_id)))

    @extend_schema(
        operation_id="lists_change",
        summary="Rename a list",
        tags=["Audiences"],
        request=shapes.ListChange,
        responses=shapes.ListOutput,
    )
    def change(self, request: Request, list_id: str) -> Response:
        row = found.list_of(self.reach, list_id)
        data = self.valid(shapes.ListChange)
        services.rename_list(fan_list=row, name=data["name"], actor=self.actor, now=clock.now())
        return Response(shapes.fan_list(row))

    @extend_schema(
        operation_id="lists_delete",
        summary="Delete a list",
        description="409 while a segment or a campaign that is not over names it.",
        tags=["Audiences"],
        responses={204: None},
    )
    def destroy(self, request: Request, list_id: str) -> Response:
        row = found.list_of(self.reach, list_id)
        services.delete_list(fan_list=row, actor=self.actor, now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="lists_fans",
        summary="Fans on a list, newest first",
        tags=["Audiences"],
        parameters=PAGE_PARAMETERS,
        responses=shapes.EntriesOutput,
    )
    def fans(self, request: Request, list_id: str) -> Response:
        rows = found.fans_on(found.list_of(self.reach, list_id))
        return self.paged("fans", rows, shapes.entry)

    @extend_schema(
        operation_id="lists_add_fans", summary="Put fans on a list", tags=["Audiences"], parameters=[KEY_PARAMETER],
        description=f"At most {shapes.MOST_FANS} at once; those who are on it already stay once.",
        request=shapes.FansInput, responses=shapes.AddedOutput,
        examples=[
            OpenApiExample("Two fans", request_only=True, value={
                "fanIds": ["fan_01KAJ3Z8Q4W5T6Y7V8B9N0M1C2", "fan_01KAJ3Z8Q4W5T6Y7V8B9N0M1C3"]}),
        ],
    )  # fmt: skip
    def add(self, request: Request, list_id: str) -> Response:
        row = found.list_of(self.reach, list_id)
        data = self.valid(shapes.FansInput)

        def work() -> Response:
            fans = data["fan_ids"]
            added = services.add_fans(fan_list=row, fan_ids=fans, actor=self.actor, now=clock.now())
            return Response({"added": added, "count": found.fans_on(row).count()})

        return self.answer_once(work)

    @extend_schema(
        operation_id="lists_remove_fan",
        summary="Take a fan off a list",
        tags=["Audiences"],
        responses={204: None},
    )
    def remove(self, request: Request, list_id: str, fan_id: str) -> Response:
        row = found.list_of(self.reach, list_id)
        fan = fan_of(self.reach, fan_id, row.account)
        services.remove_fan(fan_list=row, fan=fan, actor=self.actor, now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
