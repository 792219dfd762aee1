"""`manage.py verify_audit`: prove that the audit log is as it was written, and name what is not."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Workspace
from accounts.services.audit_check import Proof, verify
from huntaze.kernel import ids


class Command(BaseCommand):
    help = (
        "Checks signatures and chains of the audit log; ends with 1 and names each row that does not add up."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", help="only this one (wsp_…)")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Workspace.objects.order_by("pk")
        if options["workspace"]:
            uid = ids.decode("wsp", options["workspace"])
            rows = rows.filter(uid=uid) if uid else rows.none()
            if not rows.exists():
                raise CommandError("There is no such workspace.")
        broken = 0
        for workspace in rows.iterator(chunk_size=200):
            proof = verify(workspace)
            self._say(proof)
            broken += bool(proof.findings)
        if broken:
            raise CommandError(f"The audit log of {broken} workspace(s) is not as it was written.")

    def _say(self, proof: Proof) -> None:
        verdict = f"{len(proof.findings)} findings" if proof.findings else "whole"
        self.stdout.write(
            f"{proof.workspace_id}: {verdict}; {proof.rows} rows in {proof.blocks} blocks, "
            f"{proof.unsealed} not sealed yet, {proof.forgotten} forgotten by retention"
        )
        for finding in proof.findings:
            self.stdout.write(f"  {finding.kind}: {finding.place}")
