"""Two caps that staff will want to switch on: for each fan 2 a minute and 10 an hour. They come switched off."""

from django.db import migrations

CAPS = [("2 a minute for each fan", 60, 2), ("10 an hour for each fan", 3600, 10)]


def add(apps, schema_editor):
    policy = apps.get_model("messaging", "SendPolicy")
    for name, window, count in CAPS:
        policy.objects.get_or_create(
            name=name, defaults={"window_seconds": window, "count": count, "is_per_fan": True, "is_active": False}
        )


def remove(apps, schema_editor):
    apps.get_model("messaging", "SendPolicy").objects.filter(name__in=[name for name, _, _ in CAPS]).delete()


class Migration(migrations.Migration):
    dependencies = [("messaging", "0002_send_policies")]
    operations = [migrations.RunPython(add, remove)]
