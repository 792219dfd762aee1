"""The demo workspace: an agency with three creators on the sandbox's accounts and one person for each role."""

import secrets
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import ApiKey, Creator, Membership, PlatformAccount, User
from accounts.services import people, platform_accounts
from accounts.services.api_keys import issue_api_key
from accounts.services.audit import Actor
from accounts.services.tokens import digest
from accounts.types import Platform, Role
from billing.selectors.standing import standing
from billing.services import limits
from billing.types import Feature
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from huntaze.platforms.onlyfansapi import Account
from messaging.models import Fan
from messaging.services.sync import platform_accounts as sandbox_accounts
from messaging.services.sync import sync_fans

PEOPLE = {
    "staff": ("staff@demo.huntaze.test", "Sam Staff"),
    "owner": ("owner@demo.huntaze.test", "Olivia Owner"),
    "manager": ("manager@demo.huntaze.test", "Marc Manager"),
    "chatter": ("chatter@demo.huntaze.test", "Chloé Chatter"),
}
MOST_CREATORS = 3


class NothingToShow(Exception):
    """The sandbox has no account that the demo could stand on."""


def seed_demo(*, known: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Make what is missing and return how to use it. `known` is the previous answer, whose passwords stay valid.

    Raises NothingToShow when our key reaches no account.
    """
    accounts = sandbox_accounts()[:MOST_CREATORS]
    if not accounts:
        raise NothingToShow
    passwords = {role: _password(known, role) for role in PEOPLE}
    with transaction.atomic():
        users = {role: _user(role, passwords[role], now) for role in PEOPLE}
        owner = _owner(users["owner"], now)
        people.mark_demo(workspace_pk=owner.workspace_id)
        with workspace_scope(owner.workspace_id):
            _lift_limits(owner.workspace_id, now)
            actor = Actor.member(owner.user_id, owner.pk)
            chatter = _members(users, actor, now)
            bound = [_account(account, chatter, actor, now) for account in accounts]
            api_key = _api_key(known, owner, actor, now)
    with workspace_scope(owner.workspace_id):
        for platform_account in bound:
            if platform_account.last_synced_at is None:
                sync_fans(account=platform_account, now=now)
        first = bound[0]
        fan = Fan.objects.filter(account=first, can_receive=True).order_by("pk").first()
        assert fan is not None
        return {
            "users": {role: {"email": PEOPLE[role][0], "password": passwords[role]} for role in PEOPLE},
            "apiKey": api_key,
            "accountId": first.public_id,
            "fanId": fan.public_id,
        }


def _password(known: dict[str, Any], role: str) -> str:
    known_password = known.get("users", {}).get(role, {}).get("password")
    return str(known_password) if known_password else f"Demo-{secrets.token_urlsafe(9)}-7a"


def _user(role: str, password: str, now: datetime) -> User:
    email, name = PEOPLE[role]
    user = User.objects.filter(email=email).first()
    if user is None:
        user = people.create_user(
            email=email, name=name, password=password, now=now, is_staff=role == "staff", is_verified=True
        )
    elif not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    if role == "staff" and not user.is_superuser:
        User.objects.filter(pk=user.pk).update(is_superuser=True)
    return user


def _owner(user: User, now: datetime) -> Membership:
    with cross_workspace("demo"):
        found: Membership | None = Membership.objects.filter(user=user, ended_at=None).first()
    if found is not None:
        return found
    _, member = people.create_workspace(
        name="Atelier Demo", owner=user, now=now, kind="agency", timezone="Europe/Paris"
    )
    return member


def _lift_limits(workspace_pk: int, now: datetime) -> None:
    """Nobody pays for the demo; it may do what the largest plan allows, once it may."""
    if standing(workspace_pk, now).limits.get(Feature.MESSAGES) == limits.PLAY[Feature.MESSAGES]:
        return
    limits.override(
        workspace_id=workspace_pk, limits=limits.PLAY, reason="demo", actor=Actor.system(), now=now
    )


def _members(users: dict[str, User], actor: Actor, now: datetime) -> Membership:
    """The manager and the chatter; returns the chatter."""
    found = {}
    for role in (Role.MANAGER, Role.CHATTER):
        member = Membership.objects.filter(user=users[role], ended_at=None).first()
        found[role] = member or people.add_member(user=users[role], role=role, actor=actor, now=now)
    return found[Role.CHATTER]


def _account(account: Account, chatter: Membership, actor: Actor, now: datetime) -> PlatformAccount:
    bound = (
        PlatformAccount.objects.present().filter(platform=Platform.ONLYFANS, external_id=account.id).first()
    )
    if bound is None:
        name = account.display_name or account.username
        creator: Creator = people.create_creator(
            stage_name=name, timezone="Europe/Paris", actor=actor, now=now
        )
        bound = platform_accounts.connect(
            creator=creator,
            platform=Platform.ONLYFANS,
            external_id=account.id,
            owner_external_id=account.onlyfans_id,
            handle=account.username,
            actor=actor,
            now=now,
        )
        people.assign(member=chatter, creator=creator, actor=actor, now=now)
    return bound


def _api_key(known: dict[str, Any], owner: Membership, actor: Actor, now: datetime) -> str:
    secret = known.get("apiKey")
    if secret and ApiKey.objects.filter(digest=digest(secret), revoked_at=None).exists():
        return str(secret)
    _, secret = issue_api_key(member=owner, name="Demo key", scopes=["read", "write"], actor=actor, now=now)
    return secret
