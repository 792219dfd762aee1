"""Room for the answers before the last one, from which the limiter's log is made again after a loss."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0013_fewer_indexes")]
    operations = [
        migrations.AddField(
            model_name="delivery",
            name="earlier_answers",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DateTimeField(), blank=True, null=True, size=None
            ),
        ),
    ]
