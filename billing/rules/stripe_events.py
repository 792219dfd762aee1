"""Which events we listen to, and when they are tried again."""

#: What the webhook's endpoint is subscribed to; anything else is stored and ignored.
TYPES = frozenset(
    {
        *(
            f"checkout.session.{word}"
            for word in ("completed", "async_payment_succeeded", "async_payment_failed", "expired")
        ),
        *(f"customer.{word}" for word in ("created", "updated", "deleted")),
        *(
            f"customer.subscription.{word}"
            for word in ("created", "updated", "deleted", "paused", "resumed", "trial_will_end")
        ),
        *(
            f"invoice.{word}"
            for word in (
                "paid",
                "payment_succeeded",
                "payment_failed",
                "payment_action_required",
                "finalized",
                "voided",
                "marked_uncollectible",
            )
        ),
        "charge.refunded",
        *(f"refund.{word}" for word in ("created", "updated", "failed")),
        *(
            f"charge.dispute.{word}"
            for word in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
        ),
        *(f"payment_method.{word}" for word in ("attached", "detached")),
        *(f"price.{word}" for word in ("created", "updated", "deleted")),
        *(f"product.{word}" for word in ("created", "updated", "deleted")),
    }
)

#: Seconds before attempt 2, 3, …; afterwards the event is a dead letter.
DELAYS = (5.0, 30.0, 120.0, 600.0, 1_800.0, 7_200.0)
