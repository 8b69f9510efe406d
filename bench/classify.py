"""`POST /api/screening/classify` of a patient, over the WSGI application, against a floor that does not ask the model.

The floor verifies the token, finds the patient, reads what the answer depends on, seals question and answer, inserts
the same row and the same event, and sends an answer that was made before. What is told is how much longer the product
takes: reading the count, asking two stages of 300 trees with 64 leaves, its contributions, and all that it stands on.
"""

import os
import statistics
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import orjson

from bench.api import Scene, caller, make_scene, request
from bench.floor import MINE, Floor, Start, answer
from chiron.screening.blood.analytes import DIFFERENTIAL

CALLS, WARM, TREES, DEPTH = 1_000, 50, 300, 6
PARTS = {
    name: {"value": share, "unit": "%"} for name, share in zip(DIFFERENTIAL, (58.0, 30.0, 8.0, 3.0, 1.0), strict=True)
}
INSERT = """INSERT INTO screening_screening (id, version, recorded_at, updated_at, patient_id, laboratory_id, made_by,
    made_at, mode, bundle_hash, bundle_version, outcome, result_class, risk_class, p_normal, p_borderline, p_deficient,
    reasons, features, sex, age, input_hash, inputs, result, decision)
    VALUES (%s, 1, %s, %s, %s, NULL, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
    '{}', %s, %s, %s, %s, %s, %s, 'none')"""
ASKED = (
    "SELECT id FROM screening_optout WHERE patient_id = %s",
    "SELECT laboratory_id FROM registry_laboratorystaff WHERE account_id = %s AND until IS NULL",
    "SELECT bundle_hash, state FROM screening_bundlestate WHERE state IN ('active', 'validated', 'shadow')",
    "SELECT share, source FROM screening_prevalence ORDER BY id DESC LIMIT 1",
)


def measure(calls: int = CALLS, trees: int = TREES) -> None:
    """Measure in the installation that stands, and print the milliseconds."""
    from django.conf import settings

    from chiron.kernel import log
    from chiron.screening.shapes import COUNT
    from config.wsgi import application

    scene = make_scene(2, slug="classify")
    with TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        settings.BUNDLES_DIR = Path(folder)
        log.configure()
        put_model(scene, Path(folder), trees)
        body = orjson.dumps({"patient_id": str(scene.patient_id), "cbc": COUNT | PARTS})
        asked = request(scene, "POST", "/api/screening/classify", body=body)
        own = caller(application, asked)
        status, said = own()
        by_hand = caller(ByHand(scene, orjson.loads(said)["screening"]).classify, asked)
        same(status, said, *by_hand())
        waits = alternately(calls, own, by_hand)
    print(f"classify, a patient, two stages of {trees} trees, {calls} calls in turns with the floor; milliseconds")
    for name, each in zip(("product", "floor"), waits, strict=True):
        print(f"  {name:10} p50 {statistics.median(each):6.2f}  p99 {last(each):6.2f}")
    print(f"  beyond     p50 {difference(waits, statistics.median):6.2f}  p99 {difference(waits, last):6.2f}")


def put_model(scene: Scene, folder: Path, trees: int) -> None:
    """A model of usual size, which answers for research; and a patient whose age and sex are known."""
    from chiron.registry.models import Patient
    from chiron.screening.model.exported import stage_of
    from chiron.screening.model.tests.factories import bundle_in, trained
    from chiron.screening.models import BundleState, Prevalence
    from chiron.tenancy.public import inside

    models = [trained(stage, depth=DEPTH, trees=trees) for stage in (0, 1)]
    made = bundle_in(
        folder / "new", stages=[stage_of(model, a=1, b=0, base_rate=0.2) for model in models], thresholds={}
    )
    (folder / "new").rename(folder / made.content_hash)
    with inside(scene.organization_id):
        Patient.objects.filter(id=scene.patient_id).update(birth_date=date(1970, 1, 1), sex="female")
        BundleState.objects.create(bundle_hash=made.content_hash, state="validated")
        Prevalence.objects.create(share=0.05, source="bench", at=datetime.now(UTC))


class ByHand(Floor):
    """The same without a framework, and without a model: the answer is there already."""

    def __init__(self, scene: Scene, said: dict[str, Any]) -> None:
        super().__init__(scene.organization_id, scene.provider_id)
        self.answer = said

    def classify(self, environ: dict[str, Any], start: Start) -> list[bytes]:
        from chiron.kernel.ids import new_id
        from chiron.vault.envelope import place

        claims, asked = self.caller(environ), orjson.loads(environ["wsgi.input"].read())
        patient_id, now, row_id, said = UUID(asked["patient_id"]), datetime.now(UTC), new_id(), self.answer
        run = self.begin()
        question = f"SELECT p.id, p.birth_date, p.sex FROM registry_patient p WHERE p.id = %s AND {MINE}"
        run(question, [patient_id, *self.mine]).fetchone()
        self.accounts.execute("SELECT * FROM tenancy_organization WHERE id = %s", [self.organization_id]).fetchone()
        for each, about in zip(ASKED, ([patient_id], [claims["sub"]], [], []), strict=True):
            run(each, about or None).fetchall()
        cipher = self.ciphers([patient_id])[patient_id]
        sealed = [
            cipher.seal(place(self.organization_id, "screening_screening", row_id, column, 1), orjson.dumps(value))
            for column, value in (("inputs", asked), ("result", orjson.dumps(said).decode()))
        ]
        model = said["model"]
        run(INSERT, [
            row_id, now, now, patient_id, claims["sub"], now, said["mode"], model["content_hash"], model["version"],
            said["outcome"], said["class"] or "", said["risk_class"] or "", said["p_normal"], said["p_borderline"],
            said["p_deficient"], [each["value"] for each in said["contributions"][0]["all"]], said["sex"], said["age"],
            said["input_hash"], *sealed,
        ])  # fmt: skip
        details = {"bundle": model["content_hash"], "mode": said["mode"], "outcome": said["outcome"]}
        self.note(claims, "screening.classified", row_id, subjects=[patient_id], details=details)
        run("COMMIT")
        return answer(start, "200 OK", {"screening": said | {"id": row_id, "made_at": now}})


def same(status: str, said: bytes, floor_status: str, floor_said: bytes) -> None:
    """Stop where both do not answer the same, but for whose it is and when."""
    own, hand = ({**orjson.loads(each)["screening"], "id": "", "made_at": ""} for each in (said, floor_said))
    if status[:3] != "200" or floor_status[:3] != "200" or own != hand:
        raise SystemExit(f"classify: the product answers {status}, the floor {floor_status}")


def alternately(calls: int, own: Callable[[], object], floor: Callable[[], object]) -> tuple[list[float], list[float]]:
    """How many milliseconds each call took, in turns, once both are warm."""
    waits: tuple[list[float], list[float]] = ([], [])
    for number in range(calls + WARM):
        for call, found in zip((own, floor), waits, strict=True):
            began = time.perf_counter()
            call()
            if number >= WARM:
                found.append((time.perf_counter() - began) * 1e3)
    return waits


def last(waits: list[float]) -> float:
    """The 99th percentile."""
    return statistics.quantiles(waits, n=100)[-1]


def difference(waits: tuple[list[float], list[float]], of: Callable[[list[float]], float]) -> float:
    """How much more of the product than of the floor."""
    own, floor = map(of, waits)
    return own - floor
