"""What another system lacks, hidden from the two packages; run by a test.

    python -X warn_default_encoding tests/helpers/other_system.py FOLDER

The standard library and other packages keep what they were made for; only our own
modules find no ``fcntl`` and no ``os.fork``.  A text file that is opened without an
encoding ends the script.
"""

import builtins
import importlib
import os
import pkgutil
import signal
import sys
import warnings
from pathlib import Path

import numpy as np

from fer_lib.data.faceset import FaceSet

OURS = ("fer_lib", "ferbook")
# Of Unix alone, by the standard library's documentation.
MODULES = {"crypt", "fcntl", "grp", "posix", "pwd", "resource", "syslog", "termios"}
MODULES |= {"pty", "tty", "readline"}
FUNCTIONS = {
    os: "fork forkpty killpg getuid geteuid getgid setsid nice mkfifo chown "
    "getloadavg sched_getaffinity sysconf wait4 lockf statvfs uname",
    signal: "SIGKILL SIGALRM SIGHUP SIGUSR1 alarm setitimer pause",
}


def ours(depth=2):
    """Whether the code that asks is ours."""
    return sys._getframe(depth).f_globals.get("__name__", "").startswith(OURS)


def hide():
    """Let our modules find nothing of Unix."""
    real = builtins.__import__

    def imported(name, *words, **named):
        if name in MODULES and ours():
            raise ImportError(f"no {name} on this system")
        return real(name, *words, **named)

    builtins.__import__ = imported
    for module, names in FUNCTIONS.items():
        _without(module, set(names.split()))


def _without(module, names):
    hidden = {name: module.__dict__.pop(name) for name in names & set(vars(module))}

    def found(name):
        if name in hidden and not ours():
            return hidden[name]
        raise AttributeError(f"no {module.__name__}.{name} on this system")

    module.__getattr__ = found


def import_everything():
    """All modules of both packages; how many."""
    count = 0
    for package in map(importlib.import_module, OURS):
        for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not one.name.endswith("__main__"):
                importlib.import_module(one.name)
                count += 1
    return count


def train(folder):
    """A network trained on noise, its record, and what the terminal is told."""
    from ferbook import cli
    from ferbook.runs import make

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (140, 1, 48, 48), dtype=np.uint8)
    splits = np.array(["Training"] * 84 + ["PublicTest"] * 28 + ["PrivateTest"] * 28)
    faces = FaceSet(
        "rendered", images, np.arange(140) % 7, splits, "drawn.", rendered=True
    )
    make.load = lambda name, root, **options: faces
    words = ["reproduce", "deep_emotion", "--dataset", "rendered", "--preset", "smoke"]
    words += ["--set", "epochs=1", "--out", str(folder / "runs")]
    return cli.main(words), cli.main(["models"])


def check_hidden():
    """That the hiding hides, and from nobody else."""
    tries = ("import fcntl", "import os; os.fork", "import signal; signal.SIGKILL")
    for code in tries:
        exec(code, {"__name__": "somebody"})
        try:
            exec(code, {"__name__": "ferbook.other"})
        except (AttributeError, ImportError):
            continue
        raise AssertionError(code)


def main(folder):
    hide()
    check_hidden()
    warnings.filterwarnings("error", category=EncodingWarning, module="fer_lib|ferbook")
    print(import_everything(), "modules")
    print("exit codes", *train(Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1])
