from django.db import migrations, models


def forget_the_default(apps, schema_editor):
    """Nobody could choose a zone so far: what stands there is the old default."""
    apps.get_model("accounts", "User").objects.filter(timezone="UTC").update(timezone="")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0016_retention_and_holds")]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="timezone",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.RunPython(forget_the_default, migrations.RunPython.noop),
    ]
