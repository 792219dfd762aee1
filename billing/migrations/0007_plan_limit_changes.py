import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARD = """
CREATE TRIGGER plan_limit_change_append_only BEFORE UPDATE OR DELETE ON billing_planlimitchange
    FOR EACH ROW EXECUTE FUNCTION billing_ledger_append_only();
CREATE TRIGGER plan_limit_change_no_truncate BEFORE TRUNCATE ON billing_planlimitchange
    FOR EACH STATEMENT EXECUTE FUNCTION billing_ledger_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("billing", "0006_first_packs"),
    ]

    operations = [
        migrations.CreateModel(
            name="PlanLimitChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("feature", models.CharField(max_length=30)),
                ("was", models.BigIntegerField(null=True)),
                ("value", models.BigIntegerField(null=True)),
                ("reason", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                ("changed_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("plan", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.plan")),
            ],
        ),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]
