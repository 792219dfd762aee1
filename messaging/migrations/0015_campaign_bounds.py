"""What bounds a campaign: fans who had its media already, the most recipients, and since when it is judged."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0014_earlier_answers")]
    operations = [
        migrations.AddField(
            model_name="campaign",
            name="same_media_days",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="most_recipients",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="judged_from",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
