"""How the staff's tables stand together on the first page: by what is done with them, not by app."""

from django.utils.translation import gettext_lazy as _

from huntaze.kernel.admin import Section

SECTIONS = (
    Section(
        "sending",
        _("Messages going out"),
        (
            "messaging_delivery", "messaging_deadletterrun", "messaging_message", "messaging_campaign",
            "messaging_inboundevent", "messaging_sendpolicy", "messaging_sendswitch",
        ),
    ),
    Section(
        "accounts",
        _("Creators and accounts"),
        (
            "accounts_workspace", "accounts_creator", "accounts_platformaccount", "accounts_connection",
            "accounts_tokenrefresh", "accounts_revocation",
        ),
    ),
    Section(
        "people",
        _("People and access"),
        (
            "accounts_user", "accounts_membership", "accounts_apikey", "accounts_refreshsession",
            "accounts_mail", "accounts_impersonationgrant",
        ),
    ),
    Section(
        "money",
        _("Money"),
        (
            "billing_subscriptionrecord", "billing_checkoutintent", "billing_grant", "billing_limitoverride",
            "billing_stripeevent", "billing_reconciliationfinding", "billing_plan", "billing_planprice",
            "billing_planlimit", "billing_planlimitchange", "billing_messagepack",
            "billing_ledgertransaction", "billing_ledgeraccount", "billing_reservation",
            "billing_subscriptionhistory",
        ),
    ),
    Section(
        "privacy",
        _("Privacy and audit"),
        (
            "accounts_privacyrequest", "accounts_legalhold", "accounts_retentionrun", "accounts_auditevent",
            "accounts_auditproof", "admin_logentry",
        ),
    ),
    Section(
        "fans",
        _("Fans"),
        (
            "messaging_fan", "messaging_conversation", "messaging_fansignal", "messaging_fanlist",
            "messaging_segment",
        ),
    ),
    Section(
        "integrations",
        _("Integrations"),
        ("accounts_webhooksubscription", "accounts_webhookdelivery"),
    ),
    Section(
        "stripe",
        _("Copies of Stripe's objects"),
        (
            "djstripe_customer", "djstripe_subscription", "djstripe_invoice", "djstripe_charge",
            "djstripe_dispute", "djstripe_session", "djstripe_product", "djstripe_price",
        ),
    ),
)  # fmt: skip
