"""Make `.venv` from `uv.lock` on a machine that has nothing but Python: `python3 scripts/bootstrap.py`.

The one tool this needs, uv, comes from PyPI at a pinned version, each wheel checked against a pinned hash. It lives in
`.uv/`, because `uv sync` removes from `.venv` whatever the lock does not name. A second run with the same lock does
nothing. Standard library only, and written for Python 3.8, so that an older python can still bring a newer one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import platform
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / ".made-from"
OLDEST_PYTHON = (3, 11)
UV_VERSION = "0.13.8"
UV = ROOT / ".uv" / UV_VERSION / "bin" / "uv"
FILES = "https://files.pythonhosted.org/packages/"
WHEELS = {  # platform: (place below FILES, SHA-256), as PyPI publishes them
    "Linux-x86_64-glibc": (
        "c5/32/52ee34636aea1ab3f8baeeae1c3599461b8cddfb379862cc72ac61b8d91c/"
        "uv-0.13.8-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "e18a57b8b352eb7c8feb317b9f6f533c8f0ad9673fd6cf34bbe3cf1a9f6a8984",
    ),
    "Linux-x86_64-musl": (
        "4d/a3/1ac9cd75985371da0d29c9c12132e6d5b5627b9d0de87c5ad97ab9ad69b0/"
        "uv-0.13.8-py3-none-musllinux_1_1_x86_64.whl",
        "29451c60f5e8b07403e0a175d5229efc36b0289b34143ff4aaa499a5dd52553a",
    ),
    "Linux-aarch64-glibc": (
        "80/ce/f5eba24d8ec7fa566f9d50d1a69dbf9510137c30366b9f16dbeaf9b9dae4/"
        "uv-0.13.8-py3-none-manylinux_2_28_aarch64.whl",
        "5337c30bb893b4f9ce0ceb921ba2da0d13f649da644f40ad3bef84083bef0203",
    ),
    "Linux-aarch64-musl": (
        "9e/f0/d989ac5fcebf83f1c8c5d78974f27788e8364945969eb646f5d0db35d924/"
        "uv-0.13.8-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl",
        "0b3e8b1a4f5e405e31e2ff33de8af4744831e9f7338539671efbd8c3c94e791d",
    ),
    "Darwin-x86_64": (
        "be/7a/fd8a719c0198f8f8341847fc33b377f25ac79f7c4a56dbce5ceb086f239c/uv-0.13.8-py3-none-macosx_10_12_x86_64.whl",
        "b7124ca1956ec2e476a1003ea5715a15f0266afaec37f4dc9c6972ba8183e6d1",
    ),
    "Darwin-arm64": (
        "84/46/deb3a1eb3020575e41d1f9840c07185761d8d4c25cd6f58e813afb017476/uv-0.13.8-py3-none-macosx_11_0_arm64.whl",
        "62b6943c7fd64fac6854f780bea6e0359e5a5bc3241f83ee357bb38276afac49",
    ),
}


def main() -> None:
    wanted = fingerprint()
    if (ENVIRONMENT / "bin" / "python").exists() and STAMP.exists() and STAMP.read_text() == wanted:
        return
    if not UV.exists():
        say(f"bringing uv {UV_VERSION} from PyPI")
        bring_uv()
    say("making .venv from uv.lock")
    make_environment()
    STAMP.write_text(wanted)


def fingerprint() -> str:
    """What `.venv` depends on: the lock, the project, this python, and where the checkout lies."""
    parts = [(ROOT / name).read_bytes() for name in ("uv.lock", "pyproject.toml")]
    parts += [UV_VERSION.encode(), sys.version.encode(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def bring_uv() -> None:
    """Put the pinned uv at `UV`: through pip, which knows the machine's mirrors and proxies, or else without it."""
    folder = UV.parent.parent
    shutil.rmtree(folder, ignore_errors=True)
    if not (importlib.util.find_spec("pip") and installed_by_pip(folder)):
        place, digest = wheel_for_this_machine()
        wheel = download(FILES + place)
        if hashlib.sha256(wheel).hexdigest() != digest:
            sys.exit(f"bootstrap: {place} has not the hash pinned in scripts/bootstrap.py; nothing was used")
        unpack(wheel, UV)


def installed_by_pip(folder: Path) -> bool:
    folder.mkdir(parents=True)
    pinned = folder / "requirements.txt"
    hashes = " ".join(f"--hash=sha256:{digest}" for _, digest in WHEELS.values())
    pinned.write_text(f"uv=={UV_VERSION} {hashes}\n")
    what = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--requirement", str(pinned)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), *what]
    return subprocess.run(command, check=False).returncode == 0 and UV.exists()


def wheel_for_this_machine() -> tuple[str, str]:
    machine = f"{platform.system()}-{platform.machine()}"
    if platform.system() == "Linux":
        machine += "-glibc" if platform.libc_ver()[0] == "glibc" else "-musl"
    if machine not in WHEELS:
        sys.exit(f"bootstrap: no uv is pinned for {machine}; install uv {UV_VERSION} as {UV} by hand and run again")
    return WHEELS[machine]


def download(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=60, context=trust()) as answer:  # noqa: S310
            return bytes(answer.read())
    except urllib.error.URLError as problem:
        sys.exit(
            f"bootstrap: {address} cannot be fetched: {problem.reason}\n"
            "  Behind a proxy set HTTPS_PROXY; behind a company's certificate set SSL_CERT_FILE."
        )


def trust() -> ssl.SSLContext:
    """The machine's certificates. Where it has none at all, the pinned hash alone decides what is accepted."""
    if machine_has_certificates():
        return ssl.create_default_context()
    return ssl._create_unverified_context()  # noqa: S323  (bare Debian without ca-certificates; see above)


def machine_has_certificates() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())))


def unpack(wheel: bytes, target: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        member = next(name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial")
        partial.write_bytes(archive.read(member))
    partial.chmod(0o755)
    partial.replace(target)


def make_environment() -> None:
    """`uv sync` with this python; only a python that is too old lets uv fetch another."""
    settings = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    settings["UV_PROJECT_ENVIRONMENT"] = str(ENVIRONMENT)
    if machine_has_certificates():
        settings.setdefault("UV_SYSTEM_CERTS", "1")
    if sys.version_info >= OLDEST_PYTHON:
        settings["UV_PYTHON_DOWNLOADS"] = "never"
        python = getattr(sys, "_base_executable", sys.executable)
    else:
        python = ".".join(map(str, OLDEST_PYTHON))
    done = subprocess.run([str(UV), "sync", "--locked", "--python", python], cwd=ROOT, env=settings, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def say(what: str) -> None:
    sys.stderr.write(f"bootstrap: {what}\n")


if __name__ == "__main__":
    main()
