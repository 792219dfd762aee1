"""`manage.py rotate_keys wrapping|data|destroy`: change keys while everything runs. See docs/keys.md."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import localtime

from accounts.errors import RotationUnfinished
from accounts.models import KeyRotation, Workspace
from accounts.services import key_rotation
from huntaze.kernel import clock, ids


class Command(BaseCommand):
    help = "Changes the wrapping key of all data keys, or data keys: one workspace's, everybody's, the installation's."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["wrapping", "data", "destroy", "status"])
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--workspace", help="wsp_…")
        which.add_argument("--installation", action="store_true", help="rows of no workspace")
        which.add_argument("--all", action="store_true", help="every workspace and the installation")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "wrapping":
            return self._wrapping()
        if options["what"] == "status":
            return self._status()
        deed = self._rotate if options["what"] == "data" else self._destroy
        for workspace in self._which(options):
            deed(workspace)

    def _which(self, options: dict[str, Any]) -> list[Workspace | None]:
        if options["all"]:
            return [None, *Workspace.objects.exclude(status="erased").order_by("pk")]
        if options["installation"]:
            return [None]
        uid = ids.decode("wsp", options["workspace"] or "")
        found = Workspace.objects.filter(uid=uid).first() if uid else None
        if found is None:
            raise CommandError("Say which: --workspace wsp_…, --installation or --all.")
        return [found]

    def _wrapping(self) -> None:
        done = key_rotation.rewrap_keys()
        self.stdout.write(f"{done.changed} data keys wrapped anew, {done.left} under an older wrapping key")
        if done.left:
            raise CommandError(
                "Run it again: keys were made meanwhile by a process that knows older settings."
            )

    def _rotate(self, workspace: Workspace | None) -> None:
        now = clock.now()
        rotation = key_rotation.start_rotation(workspace=workspace, now=now)
        is_over = key_rotation.go_on(rotation=rotation, now=now)
        self._say(rotation)
        if not is_over:
            again = localtime(rotation.started_at + key_rotation.EVERYBODY_KNOWS)
            self.stdout.write(f"  to be ended by a job, or by running this again after {again:%H:%M:%S}")

    def _destroy(self, workspace: Workspace | None) -> None:
        try:
            count = key_rotation.destroy_old_keys(workspace=workspace, now=clock.now())
        except RotationUnfinished as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{_name(workspace)}: {count} old data keys destroyed")

    def _status(self) -> None:
        for rotation in KeyRotation.objects.select_related("workspace").order_by("pk"):
            self._say(rotation)

    def _say(self, rotation: KeyRotation) -> None:
        state = "finished, nothing is under an older key" if rotation.finished_at else "under way"
        self.stdout.write(
            f"{_name(rotation.workspace)}: data key {rotation.version} {state}; walk {rotation.walks}, "
            f"{rotation.seen} rows seen, {rotation.changed} texts sealed anew, {rotation.unreadable} unreadable"
        )


def _name(workspace: Workspace | None) -> str:
    return workspace.public_id if workspace else "installation"
