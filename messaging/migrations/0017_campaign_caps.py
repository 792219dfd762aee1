"""How fast a campaign may go at most: messages in any hour and in any day."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0016_texts_by_age")]
    operations = [
        migrations.AddField(
            model_name="campaign",
            name="most_per_hour",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="most_per_day",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
    ]
