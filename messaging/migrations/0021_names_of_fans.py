"""Fans that were known before can be found by their name as well: each name is opened once, for its digest.

In small batches by key, each of which commits, so that it can be broken off and begun again beside a running queue.
"""

from django.db import migrations

from huntaze.kernel.crypto import DecryptionFailed

BATCH = 500


def forward(apps, schema_editor):
    from messaging.services.fans import name_digest

    Fan = apps.get_model("messaging", "Fan")
    after = 0
    while True:
        rows = Fan.objects.filter(pk__gt=after, name__isnull=False, name_digest=None).order_by("pk")
        found = list(rows.only("pk", "uid", "workspace_id", "name")[:BATCH])
        if not found:
            return
        for fan in found:
            try:
                name = fan.name.reveal()
            except DecryptionFailed:
                continue
            Fan.objects.filter(pk=fan.pk).update(name_digest=name_digest(name) if name else None)
        after = found[-1].pk


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("messaging", "0020_staff_indexes")]
    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
