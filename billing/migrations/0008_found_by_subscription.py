"""Staff look a subscription up by Stripe's id of it."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("billing", "0007_plan_limit_changes")]
    operations = [
        migrations.AddIndex(
            "subscriptionrecord",
            models.Index(
                "stripe_subscription_id",
                condition=~Q(stripe_subscription_id=""),
                name="subscription_by_stripe_id",
            ),
        )
    ]
