"""Run the commands of a tutorial as they stand there, and write their output below them.

    python scripts/tutorial.py docs/tutorials/first-clinic.md

Lines that begin with "$ " within ```console blocks are run in one shell, in the project's folder. The data folder is
CHIRON_HOME, as everywhere.
"""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
MARK = "--8<-- end of a command --8<--"


def commands_in(text: str) -> list[str]:
    """Every command of the text, in order."""
    return [line.removeprefix("$ ") for block in BLOCK.findall(text) for line in block.splitlines() if is_command(line)]


def is_command(line: str) -> bool:
    """Whether a line of a block is a command, and no output."""
    return line.startswith("$ ")


def run(commands: Sequence[str], folder: Path, environment: dict[str, str]) -> list[str]:
    """The output of each command, all run in one shell. Raises CalledProcessError where the shell itself fails."""
    script = "".join(f"{command}\necho; echo '{MARK}'\n" for command in commands)
    done = subprocess.run(
        ["/bin/bash", "-c", script], cwd=folder, env=environment, text=True, check=True, timeout=300,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return [output.strip("\n") for output in done.stdout.split(MARK)[:-1]]


def with_outputs(text: str, outputs: Sequence[str]) -> str:
    """The text with these outputs below its commands, in place of what stood there."""
    left = iter(outputs)

    def transcript(block: "re.Match[str]") -> str:
        lines = [line for line in block[0].splitlines() if is_command(line)]
        return "".join(f"{line}\n{output}\n" if (output := next(left)) else f"{line}\n" for line in lines)

    return BLOCK.sub(transcript, text)


def main(path: Path) -> None:
    """Rewrite a tutorial's outputs."""
    text = path.read_text()
    outputs = run(commands_in(text), Path(__file__).parents[1], dict(os.environ))
    path.write_text(with_outputs(text, outputs))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
