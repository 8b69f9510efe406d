"""`create_organization SLUG`: a clinic that can begin, with its first admin."""

from argparse import ArgumentParser
from getpass import getpass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from chiron.identity.models import Account
from chiron.identity.passwords import must_be_strong
from chiron.identity.roles import Role
from chiron.identity.services.accounts import make_account
from chiron.identity.services.memberships import add_membership
from chiron.identity.services.organizations import create_organization
from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.kernel.errors import DomainError


class Command(BaseCommand):
    help = "Make an organization: its key, schema and database role, and its first admin."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="Short name in lower case, as in hilltop; it never changes.")
        parser.add_argument("--name", help="Its name for people. Default: the slug with capitals.")
        parser.add_argument("--time-zone", default="UTC", help="An IANA name, as in Africa/Accra.")
        parser.add_argument("--locale", default="en")
        parser.add_argument("--domain", action="append", default=[], help="A host name under which it is reached.")
        parser.add_argument("--admin-username", help="Its first admin: an account that exists, or a new one.")
        parser.add_argument("--admin-email", default="", help="Address of a new admin.")
        parser.add_argument("--admin-password-file", type=Path, help="Holds a new admin's password; else it is asked.")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._create(**options)
        except DomainError as refusal:
            details = "".join(f" ({fault['loc'][-1]} {fault['msg']})" for fault in refusal.errors)
            raise CommandError(f"{refusal}{details}") from None

    def _create(self, slug: str, admin_username: str | None, admin_email: str, **options: Any) -> None:
        admin = Account.objects.named(admin_username) if admin_username else None
        password = self._password(options["admin_password_file"]) if admin_username and admin is None else ""
        organization = create_organization(
            by=Caller(operator=True, device="create_organization"),
            slug=slug,
            name=options["name"] or slug.replace("-", " ").title(),
            time_zone=options["time_zone"],
            locale=options["locale"],
            domains=options["domain"],
        )
        self.stdout.write(f"{organization.slug} {organization.id}")
        if admin_username:
            now = clock.now()
            admin = admin or make_account(username=admin_username, email=admin_email, password=password, now=now)
            by = Caller(organization_id=organization.id, roles=frozenset({Role.ADMIN}), device="create_organization")
            add_membership(by=by, account=admin, roles=[Role.ADMIN], now=now)
            self.stdout.write(f"admin {admin.username}")

    def _password(self, file: Path | None) -> str:
        password = file.read_text().strip() if file else getpass("Password of the admin: ")
        must_be_strong(password)
        return password
