"""Shapes of connecting accounts on the wire: what is taken, and how accounts and attempts are shown."""

from typing import Any

from rest_framework import serializers

from accounts.models import Connection, PlatformAccount
from accounts.rules import connections as rules
from accounts.rules import oauth
from accounts.services.connections.oauth import finish, talk
from accounts.templatetags.integration_words import (
    account_words,
    failure_words,
    reason_words,
    step_words,
)
from accounts.types import AccountState, ConnectionState, Platform

_HELP = "Version of the text that the person agreed to; GET says which is current."


class ConsentInput(serializers.Serializer[Any]):
    consent = serializers.CharField(max_length=20, help_text=_HELP)


class StartInput(ConsentInput):
    creator_id = serializers.CharField(max_length=40)


class ConnectionCheckInput(serializers.Serializer[Any]):
    account_id = serializers.CharField(
        max_length=100,
        required=False,
        default="",
        help_text="What the vendor's page said; it is compared, never believed.",
    )


class ConnectionCodeInput(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=rules.MOST_CODE)


class ConnectionCallbackInput(serializers.Serializer[Any]):
    state = serializers.CharField(max_length=200)
    code = serializers.CharField(max_length=oauth.MOST_CODE, required=False, default="", allow_blank=True)
    error = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)


class ConnectionChoiceInput(serializers.Serializer[Any]):
    choice = serializers.CharField(max_length=100, help_text="`id` of one of the connection's `choices`.")


class ConnectedOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    creator_id = serializers.CharField()
    handle = serializers.CharField()
    state = serializers.ChoiceField(choices=[state.value for state in AccountState])
    state_text = serializers.CharField()
    reason_text = serializers.CharField(allow_blank=True)
    state_since = serializers.DateTimeField()
    connected_at = serializers.DateTimeField()
    last_synced_at = serializers.DateTimeField(allow_null=True)
    is_sending_paused = serializers.BooleanField()
    scopes = serializers.ListField(
        child=serializers.CharField(), help_text="What was granted, where that exists."
    )
    missing_scopes = serializers.ListField(
        child=serializers.CharField(),
        help_text="What was asked for and not granted; connect again to grant it.",
    )
    token_expires_at = serializers.DateTimeField(allow_null=True, help_text="Renewed by itself before that.")


class IntegrationOutput(serializers.Serializer[Any]):
    platform = serializers.ChoiceField(choices=[platform.value for platform in Platform])
    is_configured = serializers.BooleanField(help_text="Whether the operator gave the platform's keys.")
    consent = serializers.CharField(help_text="The version of the text to agree to.")
    accounts = ConnectedOutput(many=True)


class ConnectionOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    platform = serializers.ChoiceField(choices=[platform.value for platform in Platform])
    creator_id = serializers.CharField()
    account_id = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=[state.value for state in ConnectionState])
    state_text = serializers.CharField()
    reason_text = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class ChoiceOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    handle = serializers.CharField()


class ConnectionStateOutput(ConnectionOutput):
    choices = ChoiceOutput(many=True, help_text="In the state `choosing`: the accounts that were shared.")


class StartedOutput(ConnectionOutput):
    address = serializers.CharField(
        allow_blank=True,
        help_text="The vendor's page on which the creator signs in, or agrees. It is in this answer and nowhere else.",
    )


def shown_account(row: PlatformAccount) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "creator_id": row.creator.public_id,
        "handle": row.handle,
        "state": row.state,
        "state_text": str(account_words(row)),
        "reason_text": str(reason_words(row)),
        "state_since": row.state_changed_at,
        "connected_at": row.connected_at,
        "last_synced_at": row.last_synced_at,
        "is_sending_paused": row.is_sending_paused,
        "scopes": row.scopes,
        "missing_scopes": talk.missing_scopes(row),
        "token_expires_at": row.token_expires_at,
    }


def shown(row: Connection) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "platform": row.platform,
        "creator_id": row.creator.public_id,
        "account_id": row.account.public_id if row.account else None,
        "state": row.state,
        "state_text": str(step_words(row)),
        "reason_text": str(failure_words(row)),
        "started_at": row.started_at,
        "expires_at": row.expires_at,
    }


def shown_with_choices(row: Connection) -> dict[str, Any]:
    offer = finish.offered(row)
    found = offer[1] if offer else []
    return shown(row) | {"choices": [{"id": item.external_id, "handle": item.handle} for item in found]}
