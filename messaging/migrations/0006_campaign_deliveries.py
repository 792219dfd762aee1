"""A delivery may belong to a campaign and then has no message until its text is filled in.

The column is new and empty and its index comes by itself afterwards, so that nothing waits for a long lock.
"""
import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("messaging", "0005_audiences_and_campaigns")]
    operations = [
        migrations.AddField(
            "delivery",
            "campaign",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="messaging.campaign",
            ),
        ),
        migrations.AlterField(
            "delivery",
            "message",
            models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="delivery",
                to="messaging.message",
            ),
        ),
        AddConstraintNotValid(
            "delivery",
            models.CheckConstraint(
                condition=Q(message__isnull=False) | Q(campaign__isnull=False), name="delivery_has_text"
            ),
        ),
    ]
