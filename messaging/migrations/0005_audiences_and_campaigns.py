import django.db.models.deletion
import huntaze.kernel.fields
import huntaze.kernel.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_audit_append_only'),
        ('messaging', '0004_uuid7_in_sql'),
    ]

    operations = [
        migrations.CreateModel(
            name='Campaign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=huntaze.kernel.ids.uuid7, editable=False, unique=True)),
                ('name', models.CharField(max_length=80)),
                ('state', models.CharField(choices=[('draft', 'draft'), ('awaiting_approval', 'awaiting_approval'), ('scheduled', 'scheduled'), ('planning', 'planning'), ('running', 'running'), ('paused', 'paused'), ('done', 'done'), ('cancelled', 'cancelled'), ('failed', 'failed'), ('unsending', 'unsending'), ('unsent', 'unsent')], max_length=17)),
                ('state_reason', models.CharField(blank=True, default='', max_length=40)),
                ('language', models.CharField(max_length=2)),
                ('text', huntaze.kernel.fields.EncryptedTextField(blank=True)),
                ('text_digest', models.BinaryField(max_length=32)),
                ('price_minor', models.PositiveIntegerField(default=0)),
                ('currency', models.CharField(default='USD', max_length=3)),
                ('is_locked_text', models.BooleanField(default=False)),
                ('media_ids', models.JSONField(blank=True, default=list)),
                ('include', models.JSONField(default=list)),
                ('exclude', models.JSONField(blank=True, default=list)),
                ('in_conversation_minutes', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('recent_campaign_hours', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('same_text_days', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('priority', models.PositiveSmallIntegerField()),
                ('scheduled_for', models.DateTimeField(blank=True, null=True)),
                ('timezone', models.CharField(default='UTC', max_length=64)),
                ('approved_at', models.DateTimeField(blank=True, null=True)),
                ('approved_hash', models.CharField(blank=True, default='', max_length=71)),
                ('launch_at', models.DateTimeField(blank=True, null=True)),
                ('trace_id', models.CharField(blank=True, default='', max_length=64)),
                ('plan', models.JSONField(blank=True, null=True)),
                ('planned_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('edited_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.platformaccount')),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.membership')),
                ('editor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.membership')),
                ('launched_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.membership')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='CampaignExclusion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=20)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exclusions', to='messaging.campaign')),
                ('fan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='messaging.fan')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='CampaignUnsend',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('available_at', models.DateTimeField()),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.UUIDField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=200)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('working', 'Working'), ('done', 'Done'), ('failed', 'Failed')], default='queued', max_length=10)),
                ('outcome', models.CharField(blank=True, choices=[('removed', 'removed'), ('too_late', 'too_late'), ('bought', 'bought'), ('unknown', 'unknown')], default='', max_length=10)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='unsends', to='messaging.campaign')),
                ('delivery', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='unsend', to='messaging.delivery')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='FanList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=huntaze.kernel.ids.uuid7, editable=False, unique=True)),
                ('name', models.CharField(max_length=80)),
                ('created_at', models.DateTimeField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.platformaccount')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='FanListEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('added_at', models.DateTimeField()),
                ('fan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='messaging.fan')),
                ('fan_list', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='entries', to='messaging.fanlist')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace')),
            ],
            options={
                'verbose_name_plural': 'fan list entries',
            },
        ),
        migrations.CreateModel(
            name='Segment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=huntaze.kernel.ids.uuid7, editable=False, unique=True)),
                ('name', models.CharField(max_length=80)),
                ('conditions', models.JSONField()),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.platformaccount')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.AddIndex(
            model_name='campaign',
            index=models.Index(fields=['account', '-id'], name='campaign_by_account'),
        ),
        migrations.AddIndex(
            model_name='campaign',
            index=models.Index(condition=models.Q(('state', 'scheduled')), fields=['launch_at'], name='campaign_due'),
        ),
        migrations.AddIndex(
            model_name='campaign',
            index=models.Index(condition=models.Q(('state__in', ['planning', 'running', 'paused', 'unsending'])), fields=['state'], name='campaign_under_way'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['planning', 'running'])), fields=('account',), name='campaign_one_an_account'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['scheduled', 'planning', 'running', 'paused', 'done']), _negated=True), models.Q(('approved_at__isnull', False), ('approved_by__isnull', False)), _connector='OR'), name='campaign_needs_approval'),
        ),
        migrations.AddConstraint(
            model_name='campaignexclusion',
            constraint=models.UniqueConstraint(fields=('campaign', 'fan'), name='campaign_exclusion_once'),
        ),
        migrations.AddIndex(
            model_name='campaignunsend',
            index=models.Index(models.F('available_at'), models.F('id'), condition=models.Q(('state', 'queued')), name='campaign_unsend_due'),
        ),
        migrations.AddIndex(
            model_name='campaignunsend',
            index=models.Index(models.F('leased_until'), condition=models.Q(('state', 'working')), name='campaign_unsend_leased'),
        ),
        migrations.AddConstraint(
            model_name='fanlist',
            constraint=models.UniqueConstraint(fields=('account', 'name'), name='fan_list_name_once'),
        ),
        migrations.AddConstraint(
            model_name='fanlistentry',
            constraint=models.UniqueConstraint(fields=('fan_list', 'fan'), name='fan_list_entry_once'),
        ),
        migrations.AddConstraint(
            model_name='segment',
            constraint=models.UniqueConstraint(fields=('account', 'name'), name='segment_name_once'),
        ),
    ]
