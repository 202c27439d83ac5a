"""``python -m ferbook.site.picture``: the README's picture of what comes out.

A network that was trained on FER2013 reads scikit-image's astronaut, and
occlusion says where.
"""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from skimage.data import astronaut

import fer_lib
from fer_lib.models.saved import SUFFIX
from fer_lib.photos.faces import FER2013_FRAME, faces_in
from ferbook.runs.paths import repository_root, runs_folder

CMAP, MARK = "viridis", "#E69F00"


def drawn() -> Figure:
    """Photograph with its box, probabilities, and the map on the face."""
    (weights,) = runs_folder().rglob(f"*{SUFFIX}")
    network = fer_lib.load(weights)
    photo = astronaut()
    (face,) = faces_in(photo)
    framed = face.framed(network.input.size, FER2013_FRAME)[None]
    (reading,) = fer_lib.predict(network, framed)
    maps = fer_lib.explain(network, framed, "occlusion").maps
    n, (left, top, right, bottom) = len(network.classes), face.box
    figure, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
    axes[0].imshow(photo)
    size = right - left, bottom - top
    axes[0].add_patch(Rectangle((left, top), *size, fill=False, ec=MARK, lw=3))
    axes[0].set_title("fer_lib.predict(network, photo)", fontsize=10)
    axes[1].barh(range(n), 100 * reading.probabilities, color=MARK)
    axes[1].set_yticks(range(n), network.classes)
    axes[1].invert_yaxis()
    axes[1].set(xlim=(0, 100), xlabel="probability, %", title="one face, one network")
    axes[2].imshow(framed[0].mean(0), cmap="gray", extent=(0, 1, 1, 0))
    heat = axes[2].imshow(maps[0], cmap=CMAP, alpha=0.6, extent=(0, 1, 1, 0))
    axes[2].set_title('fer_lib.explain(..., "occlusion")', fontsize=10)
    figure.colorbar(heat, ax=axes[2], label="fall of the score under a square")
    for panel in (axes[0], axes[2]):
        panel.set(xticks=[], yticks=[])
    return figure


def main() -> None:
    """Write ``book/_static/reading.webp``."""
    path = repository_root() / "book" / "_static" / "reading.webp"
    drawn().savefig(path, dpi=110)
    print(path)


if __name__ == "__main__":
    main()
