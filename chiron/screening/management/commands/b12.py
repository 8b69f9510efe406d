"""`b12 train|validate|activate|demo-data`: a model of a site's own patients, what it is worth, who answers for it."""

import json
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from typing_extensions import override

from chiron.identity.public import Role
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.errors import DomainError, NotFound
from chiron.screening.blood.analytes import DIFFERENTIAL
from chiron.screening.services.bundles import Words, change_state, refuse_made_up
from chiron.screening.services.bundles import read_bundle as read_state
from chiron.screening.shelf import put_bundle
from chiron.screening.words import BundleStanding
from chiron.tenancy.public import inside, organization_for_command

NUMBER = r"[-+]?\d+(?:\.\d+)?"
EQUATION = re.compile(rf"(?:(?P<period>.+)=)?(?P<slope>{NUMBER}),(?P<intercept>{NUMBER})")


def numbers(text: str) -> tuple[float, float]:
    found = re.fullmatch(rf"({NUMBER}),({NUMBER})", text)
    if found is None:
        raise ArgumentTypeError("two numbers with a comma, as in 200,300")
    return float(found[1]), float(found[2])


def equation(text: str) -> tuple[float, float, str | None]:
    found = EQUATION.fullmatch(text)
    if found is None:
        raise ArgumentTypeError("SLOPE,INTERCEPT or PERIOD=SLOPE,INTERCEPT, as in 0.97,0.14")
    return float(found["slope"]), float(found["intercept"]), found["period"]


def unit(text: str) -> tuple[str, str]:
    name, given, code = text.partition("=")
    if not (name and given and code):
        raise ArgumentTypeError("ANALYTE=UCUM, as in hemoglobin=g/L")
    return name, code


class Command(BaseCommand):
    help = "Train a B12 model on your own patients, validate it on later ones, activate it, or make up patients to try."
    requires_migrations_checks = False

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        train = verbs.add_parser("train", help="train both stages on a CSV file and write a bundle")
        self.add_source(train)
        train.add_argument("--cutoffs", type=numbers, required=True, metavar="LOW,HIGH", help="pg/mL, as in 200,300")
        train.add_argument("--periods", metavar="A,B", help="train on these only, and keep the later ones for testing")
        train.add_argument("--name", default="site", help="what the model is called (default: site)")
        train.add_argument("--model-version", default="1", metavar="VERSION", help="its version (default: 1)")
        train.add_argument(
            "--without-differential", action="store_true", help="of neutrophils to basophils nothing is read or asked"
        )
        train.add_argument("--card", type=Path, metavar="FILE", help="JSON with what only you know for the model card")
        train.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the bundle goes")
        validate = verbs.add_parser("validate", help="test a bundle on later patients; exit 1 if it fails the gate")
        validate.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="what `train` wrote")
        self.add_source(validate)
        validate.add_argument(
            "--draws", type=int, default=1000, metavar="N", help="of patients (default: 1000, fewer never pass)"
        )
        validate.add_argument("--out", type=Path, metavar="DIR", help="where bundle and report go (default: in place)")
        validate.add_argument("--json", action="store_true", help="print the gate as data, and nothing else")
        activate = verbs.add_parser("activate", help="let a bundle that passed the gate answer in an organization")
        activate.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="what `validate` wrote")
        activate.add_argument("--organization", metavar="SLUG", help="whose it is (default: the only one)")
        activate.add_argument("--person", required=True, metavar="NAME", help="who answers for it")
        activate.add_argument("--reason", required=True, metavar="WORDS", help="why")
        demo = verbs.add_parser("demo-data", help="made-up patients by a known law, as CSV")
        demo.add_argument("--seed", type=int, required=True, metavar="N", help="the same seed, the same patients")
        demo.add_argument("--rows", type=int, default=8000, metavar="N", help="so many (default: 8000)")
        demo.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to")

    def add_source(self, parser: ArgumentParser) -> None:
        """What file is read, and how."""
        parser.add_argument("--csv", type=Path, required=True, metavar="FILE", help="one row per blood count")
        parser.add_argument("--label-unit", required=True, metavar="UNIT", help="of B12: pg/mL or pmol/L")
        parser.add_argument(
            "--assay", required=True, metavar="NAME", help="which the B12 values are of, or turned into"
        )
        parser.add_argument("--time-col", required=True, metavar="COLUMN", help="a day or a period that sorts as text")
        parser.add_argument("--patient-col", metavar="COLUMN", help="whose row it is (default: patient)")
        parser.add_argument("--label-col", metavar="COLUMN", help="the B12 value (default: b12)")
        parser.add_argument(
            "--columns", default="canonical", metavar="NAMES", help="canonical, nhanes, or a JSON file of names"
        )
        parser.add_argument(
            "--unit", action="append", type=unit, default=[], metavar="ANALYTE=UCUM",
            help="of an analyte that is not in its canonical unit (repeatable)",
        )  # fmt: skip
        parser.add_argument(
            "--assay-equation", action="append", type=equation, default=[], metavar="[PERIOD=]SLOPE,INTERCEPT",
            help="assay = 10^(SLOPE log10(value in pg/mL) + INTERCEPT), for all rows or a period's (repeatable)",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="where the dice begin (default: 0)")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        from chiron.screening.model.folders import BundleDamaged
        from chiron.screening.training.errors import TrainingRefused

        try:
            match options["verb"]:
                case "train":
                    self.train(options)
                case "validate":
                    self.validate(options)
                case "activate":
                    self.activate(options)
                case _:
                    self.demo_data(options)
        except (TrainingRefused, BundleDamaged) as refusal:
            raise CommandError(str(refusal)) from None

    def train(self, options: dict[str, Any]) -> None:
        from chiron.screening.training.training import Plan, train

        stated = stated_in(options["card"])
        with steps(quiet=False) as step:
            cohort, label = read(options, options["cutoffs"])
            plan = Plan(options["name"], options["model_version"], options["seed"], stated)
            bundle = train(
                options["out"], cohort=cohort, label=label, plan=plan, told=lambda stage: step(f"stage {stage}")
            )
        self.stdout.write(f"{len(cohort)} rows, stage by stage:")
        for number, notes in enumerate(bundle.training["stages"], start=1):
            tried = next(each for each in notes["tried"] if notes["setting"].items() <= each.items())
            self.stdout.write(
                f"  {number}. {notes['question']}: {notes['events']} of {notes['rows']}; {notes['tuning']}"
            )
            self.stdout.write(f"     {notes['setting']['trees']} trees, AUC held out {tried['auc']:.3f}")
        for reason, count in cohort.left_out.items():
            self.stdout.write(f"  left out: {reason}: {count}")
        optional = [name for name in bundle.needed if name in DIFFERENTIAL]
        if optional:
            self.stdout.write(f"It abstains where {', '.join(optional)} was not measured: no row was without.")
        self.stdout.write(f"{options['out']}: {bundle.name} {bundle.version}, {bundle.content_hash}")
        self.stdout.write("Not validated yet: `b12 validate` tests it on later patients.")

    def validate(self, options: dict[str, Any]) -> None:
        from chiron.screening.model.folders import read_bundle
        from chiron.screening.training.card import faults_of
        from chiron.screening.training.pages import write_report
        from chiron.screening.training.validation import Trial, validate

        if options["draws"] < 1:
            raise CommandError("--draws is at least 1.")
        out = options["out"] or options["bundle"]
        with steps(quiet=options["json"]) as step:
            low, high = read_bundle(options["bundle"]).label["cutoffs"]
            cohort, label = read(options, (low, high))
            bundle, report = validate(
                options["bundle"], out, cohort=cohort, label=label, trial=Trial(options["draws"], options["seed"]),
                told=lambda stage: step(f"stage {stage}"),
            )  # fmt: skip
            write_report(out, report, bundle.card)
        if options["json"]:
            self.stdout.write(json.dumps(report["gate"] | {"content_hash": bundle.content_hash}, indent=2))
        else:
            self.tell(report)
            if silent := faults_of(bundle.card):
                self.stdout.write(f"The model card says nothing of {', '.join(silent)} (--card of `b12 train`).")
            self.stdout.write(f"{out / 'report.html'}: {bundle.name} {bundle.version}, {bundle.content_hash}")
        if not report["gate"]["passed"]:
            sys.exit(1)

    def tell(self, report: dict[str, Any]) -> None:
        from chiron.screening.training.plots import told

        for stage in report["stages"]:
            self.stdout.write(f"Stage {stage['stage']}: {stage['events']} events of {stage['rows']} rows")
            self.stdout.write(f"  AUC {told(stage['figures']['auc'])}")
        self.stdout.write("The gate is passed." if report["gate"]["passed"] else "The gate is NOT passed:")
        if report["gate"].get("made_up"):
            self.stdout.write("Its patients are made up: in production no organization can let it answer.")
        for reason in report["gate"]["reasons"]:
            self.stdout.write(f"  {reason}")

    def activate(self, options: dict[str, Any]) -> None:
        from chiron.screening.model.folders import read_bundle

        try:
            organization = organization_for_command(options["organization"])
        except NotFound:
            raise CommandError("Name the organization with --organization, by a slug that is one here.") from None
        bundle = read_bundle(options["bundle"])
        if not bundle.gate["passed"]:
            raise CommandError(" ".join(["The gate is not passed:", *bundle.gate["reasons"]]))
        by = Caller(organization_id=organization.id, roles=frozenset({Role.ADMIN}), device="b12 activate")
        words = Words(options["person"], options["reason"])
        try:
            words.refuse_silence()
            refuse_made_up(bundle)
            content_hash = put_bundle(options["bundle"]).content_hash
            with inside(organization.id):
                if read_state(by, content_hash).state is BundleStanding.RESEARCH_ONLY:
                    change_state(
                        by=by, content_hash=content_hash, state=BundleStanding.VALIDATED, words=words, now=now()
                    )
                change_state(by=by, content_hash=content_hash, state=BundleStanding.ACTIVE, words=words, now=now())
        except DomainError as refusal:
            faults = ", ".join(f"--{fault['loc'][-1]} {fault['msg']}" for fault in refusal.errors)
            raise CommandError(f"{faults}." if faults else refusal.title) from None
        self.stdout.write(f"{content_hash} answers in {organization.slug}; {options['person']} answers for it.")

    def demo_data(self, options: dict[str, Any]) -> None:
        from chiron.screening.training.demo import write_demo

        if options["rows"] < 1:
            raise CommandError("--rows is at least 1.")
        write_demo(options["out"], seed=options["seed"], rows=options["rows"])
        self.stdout.write(f"{options['out']}: {options['rows']} made-up rows of 2021 to 2023")


def read(options: dict[str, Any], cutoffs: tuple[float, float]) -> Any:
    """The cohort and the label that the options describe. Raises TrainingRefused, CommandError."""
    import numpy as np

    from chiron.screening.training.cohort import Source, read_cohort
    from chiron.screening.training.columns import columns_of
    from chiron.screening.training.labels import Equation, Label

    equations = tuple(Equation(*each) for each in options["assay_equation"])
    label = Label(options["label_unit"], options["assay"], cutoffs, equations)
    columns = columns_of(options["columns"], patient=options["patient_col"], label=options["label_col"])
    source = Source(
        columns, options["time_col"], label, dict(options["unit"]), not options.get("without_differential", False)
    )
    cohort = read_cohort(options["csv"], source)
    if options.get("periods") is not None:
        periods = [each.strip() for each in options["periods"].split(",")]
        if absent := [repr(each) for each in periods if each not in cohort.periods]:
            raise CommandError(f"--periods: no row that counts is of {', '.join(absent)}.")
        cohort = cohort.only(np.isin(cohort.periods, periods), "of another period")
    return cohort, label


def stated_in(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        stated = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise CommandError("--card is a JSON file that can be read.") from None
    if not isinstance(stated, dict) or not all(isinstance(each, str) for each in stated.values()):
        raise CommandError("The JSON file of --card is one object of sentences.")
    return stated


@contextmanager
def steps(*, quiet: bool) -> Iterator[Any]:
    """Shows what is being done, on a terminal."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bars:
        task = bars.add_task("reading")
        yield lambda words: bars.update(task, description=words)
