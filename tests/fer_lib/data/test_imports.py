"""What is heavy, optional or of one system alone is imported where it is used."""

import subprocess
import sys

HIDDEN = """
import importlib, pkgutil, sys

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ImportError(f"no {{name}}")

sys.meta_path.insert(0, Hide())
import fer_lib.data, fer_lib.photos, fer_lib.rendered
assert not {heavy!r} & set(sys.modules), sorted(sys.modules)
for room in (fer_lib.data, fer_lib.photos, fer_lib.rendered):
    for module in pkgutil.walk_packages(room.__path__, f"{{room.__name__}}."):
        importlib.import_module(module.name)
from fer_lib.photos.detection import find_faces
for use in (
    lambda: fer_lib.data.load("rendered", train=1, public=0, private=0, cached=False),
    lambda: find_faces(None),
):
    try:
        use()
    except fer_lib.data.FerError as error:
        print(error)
"""
MISSING = {"dlib", "embreex", "scipy", "skimage", "pooch", "kagglehub"}
MISSING |= {"face_recognition_models", "platformdirs", "resource", "fcntl"}


def test_without_extras_everything_is_imported_and_the_missing_one_is_named():
    script = HIDDEN.format(missing=MISSING, heavy={"torch", "matplotlib", "PIL"})
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert 'pip install "embreex>=' in told[0]
    assert "the package dlib is missing" in told[1] and '"dlib-bin>=' in told[1]
