"""Tables of accounts."""

from accounts.models.access import ApiKey, IdempotencyRecord, RefreshSession, RefreshToken
from accounts.models.audit import AuditBlock, AuditEvent, AuditHead, AuditMark, AuditProof
from accounts.models.connections import Connection, Consent, Revocation
from accounts.models.factors import RecoveryCode, SecurityKey, TotpDevice
from accounts.models.impersonation import ImpersonationGrant
from accounts.models.mail import Mail
from accounts.models.oauth import OAuthState, TokenRefresh
from accounts.models.people import User
from accounts.models.platform_accounts import PlatformAccount
from accounts.models.privacy import ExportChunk, LegalHold, PrivacyRequest
from accounts.models.retention import RetentionChoice, RetentionRun
from accounts.models.sessions import BrowserSession, FailedSignIn, KnownDevice
from accounts.models.team import Invitation
from accounts.models.webhooks import WebhookDelivery, WebhookSubscription
from accounts.models.workspaces import (
    Creator,
    CreatorAssignment,
    KeyRotation,
    Membership,
    Workspace,
    WorkspaceKey,
)

__all__ = [
    "ApiKey",
    "AuditBlock",
    "AuditEvent",
    "AuditHead",
    "AuditMark",
    "AuditProof",
    "BrowserSession",
    "Connection",
    "Consent",
    "Creator",
    "CreatorAssignment",
    "ExportChunk",
    "FailedSignIn",
    "IdempotencyRecord",
    "ImpersonationGrant",
    "Invitation",
    "KeyRotation",
    "KnownDevice",
    "LegalHold",
    "Mail",
    "Membership",
    "OAuthState",
    "PlatformAccount",
    "PrivacyRequest",
    "RecoveryCode",
    "RefreshSession",
    "RefreshToken",
    "RetentionChoice",
    "RetentionRun",
    "Revocation",
    "SecurityKey",
    "TokenRefresh",
    "TotpDevice",
    "User",
    "WebhookDelivery",
    "WebhookSubscription",
    "Workspace",
    "WorkspaceKey",
]
