"""The first message packs. What they cost is the operator's to say: until then they are not for sale."""

from django.db import migrations

PACKS = [("25k", 25_000), ("100k", 100_000), ("500k", 500_000)]


def forward(apps, schema_editor):
    MessagePack = apps.get_model("billing", "MessagePack")
    for key, credits in PACKS:
        MessagePack.objects.create(key=key, credits=credits, stripe_lookup_key=f"huntaze_msgpack_{key}")


def backward(apps, schema_editor):
    apps.get_model("billing", "MessagePack").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_stripe")]
    operations = [migrations.RunPython(forward, backward)]
