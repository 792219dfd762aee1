"""Staff's runs over many dead letters, and a digest by which a fan is found by name."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import huntaze.kernel.ids

STATES = [
    ("queued", "Queued"),
    ("working", "Working"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
]


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("messaging", "0018_credits"),
    ]
    operations = [
        migrations.AddField("fan", "name_digest", models.BinaryField(blank=True, max_length=32, null=True)),
        migrations.CreateModel(
            name="DeadLetterRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("uid", models.UUIDField(default=huntaze.kernel.ids.uuid7, editable=False, unique=True)),
                ("available_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("lease_token", models.UUIDField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, default="", max_length=200)),
                (
                    "deed",
                    models.CharField(choices=[("retry", "Retry"), ("discard", "Discard")], max_length=7),
                ),
                ("cause", models.CharField(blank=True, default="", max_length=200)),
                ("workspace_pk", models.BigIntegerField(blank=True, null=True)),
                ("account_pk", models.BigIntegerField(blank=True, null=True)),
                ("reason", models.CharField(max_length=200)),
                ("asked_at", models.DateTimeField()),
                ("newest_pk", models.BigIntegerField()),
                ("position", models.BigIntegerField(blank=True, null=True)),
                ("state", models.CharField(choices=STATES, default="queued", max_length=10)),
                ("total_count", models.PositiveIntegerField()),
                ("done_count", models.PositiveIntegerField(default=0)),
                ("refused_count", models.PositiveIntegerField(default=0)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index("available_at", "id", condition=Q(state="queued"), name="dead_run_due"),
                    models.Index("leased_until", condition=Q(state="working"), name="dead_run_leased"),
                    models.Index(F("ended_at"), condition=Q(ended_at__isnull=False), name="dead_run_ended"),
                ],
            },
        ),
    ]
