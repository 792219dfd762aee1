from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0018_oauth")]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="skipped_steps",
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
    ]
