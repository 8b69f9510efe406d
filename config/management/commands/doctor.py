"""`doctor`: what is here, how it is, and what to do about it."""

import dataclasses
import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config.doctor import examine


class Command(BaseCommand):
    help = "Say what is here and how it is: versions, settings, databases, keys, sealer, queue; exit 1 on trouble."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether as data."""
        parser.add_argument("--json", action="store_true", help="Print the findings as data.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each finding as it is made."""
        findings = []
        for finding in examine():
            findings.append(finding)
            if not options["json"]:
                self.stdout.write(f"{finding.state:8} {finding.subject}: {finding.seen}")
                if finding.advice:
                    self.stdout.write(f"         -> {finding.advice}")
        if options["json"]:
            self.stdout.write(json.dumps([dataclasses.asdict(each) for each in findings], indent=2))
        if any(each.state == "bad" for each in findings):
            sys.exit(1)
