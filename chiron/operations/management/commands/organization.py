"""`organization export | delete | proof | key`: what the operator does with a whole organization."""

import json
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from typing_extensions import override

from chiron.identity.public import Removal, erase_organization, proof_of, public_key
from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, CLINICAL
from chiron.kernel.errors import DomainError
from chiron.operations.exporting import export
from chiron.tenancy.public import Organization, organization_for_slug, tables_of

SUSPENDED_FOR = timedelta(days=30)
BY = Caller(operator=True, device="organization")


class Command(BaseCommand):
    help = "Export an organization whole, delete it for good, or print the proof that it was deleted."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verb = verbs.add_parser("export", help="every row opened, every file, and a manifest, in a new folder")
        verb.add_argument("slug")
        verb.add_argument("path", type=Path, help="A folder that is not there yet; it will hold plaintext.")
        verb = verbs.add_parser("delete", help="keys, schema, role, files, members: for good, with a proof")
        verb.add_argument("slug")
        verb.add_argument(
            "--confirm", metavar="SLUG",
            help=f"The slug once more; needed unless it was suspended {SUSPENDED_FOR.days} days ago or before.",
        )  # fmt: skip
        verb.add_argument("--proof", type=Path, help="Where to write the proof (default: print it).")
        verbs.add_parser("proof", help="print the proof of a removal again").add_argument("slug")
        verbs.add_parser("key", help="print the public key that proofs are checked with, in base64")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")(**options)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from None

    def _export(self, slug: str, path: Path, **_: Any) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        organization = organization_for_slug(slug)
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task("tables and files", total=len(tables_of(CLINICAL)) + len(tables_of(ACCOUNTS)))
            try:
                manifest = export(BY, organization, path, lambda name: bars.update(task, advance=1, description=name))
            except FileExistsError:
                raise CommandError(
                    f"{path} is there already, or {path.name}.partial is, which an export that was killed left behind, "
                    "in plaintext: remove it, and say it again."
                ) from None
        files = manifest["files"].values()
        self.stdout.write(f"{len(files)} files, {sum(each['bytes'] for each in files)} bytes: {path}")

    def _delete(self, slug: str, confirm: str | None, proof: Path | None, **_: Any) -> None:
        organization = organization_for_slug(slug)
        if confirm != slug:
            self._must_be_long_suspended(organization)
        if proof is not None:
            self._must_be_writable(proof)
        removal = erase_organization(by=BY, organization_id=organization.id, now=clock.now())
        self._tell(removal, proof)

    def _proof(self, slug: str, **_: Any) -> None:
        removal = Removal.objects.filter(slug=slug).exclude(finished_at=None).order_by("-finished_at").first()
        if removal is None:
            raise CommandError(f"No organization {slug!r} was deleted to the end here.")
        self._tell(removal, None)

    def _key(self, **_: Any) -> None:
        self.stdout.write(public_key())

    def _must_be_long_suspended(self, organization: Organization) -> None:
        since = organization.suspended_at
        if since is None or clock.now() - since < SUSPENDED_FOR:
            raise CommandError(
                f"{organization.slug} was not suspended {SUSPENDED_FOR.days} days ago or before: suspend it and wait, "
                f"or say --confirm {organization.slug}. Nothing was deleted."
            )

    def _must_be_writable(self, proof: Path) -> None:
        """See that the proof can be written before anything is deleted; a run that was killed left it empty."""
        try:
            proof.touch()
        except OSError:
            raise CommandError(f"{proof} cannot be written. Nothing was deleted.") from None

    def _tell(self, removal: Removal, path: Path | None) -> None:
        text = json.dumps(proof_of(removal), indent=2)
        if path is None:
            self.stdout.write(text)
        else:
            path.write_text(f"{text}\n")
            self.stdout.write(f"{removal.slug} is deleted; the proof: {path}")
