"""Deep-Emotion: an attentional convolutional network for 48-pixel faces.

S. Minaee, M. Minaei, A. Abdolrashidi, "Deep-Emotion: Facial Expression
Recognition Using Attentional Convolutional Network", Sensors 21(9):3046,
2021, doi:10.3390/s21093046.  Implements Figure 3 and Section 3; the loss,
equation (1), is :func:`fer_lib.losses.penalised_cross_entropy`.  Its
transformer is that of M. Jaderberg, K. Simonyan, A. Zisserman, K. Kavukcuoglu,
NIPS 2015, arXiv:1506.02025.

The authors published no code, and text and figure disagree.  Each reading is
an option here; the defaults follow the text where it speaks:

* ``warp``: the text warps the input, the figure draws the warp after the
  features; ``"none"`` is the network without its transformer.
* ``localisation``: the figure's FC(90 -> 32) cannot follow 3 x 3 kernels on
  48 pixels.  See :data:`LOCALISATIONS`.
* The last localisation layer starts at the identity transform.  The paper's
  Gaussian start would make every output pixel sample the image centre.
* The dropout rate, and whether a ReLU stands between the two last layers,
  are not given: 0.1 is ours, and yes as in the common re-implementation
  (github.com/omarsayed7/Deep-Emotion), whose batch normalisation after the
  fourth convolution is ``batch_norm=True``.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_lib.errors import FerError
from fer_lib.models.network import Network, check_choice
from fer_lib.preprocessing import Preprocessing

# Readings of the localisation network: first and second kernel, what it
# looks at, and the side of the map that it flattens (0: as it comes).
LOCALISATIONS = {
    "kernels_7_5": (7, 5, "input", 0),  # common re-implementation
    "kernels_3_3": (3, 3, "input", 0),  # the figure's kernels, its 90 dropped
    "pooled_to_90": (3, 3, "input", 3),  # the figure's kernels and its 90
    "resized_to_28": (7, 5, "input 28", 0),  # 90 as with 28-pixel digits
    "on_features": (3, 3, "features", 0),  # 90 from the 18 x 18 map
}
WARPS = ("input", "features", "none")


class DeepEmotion(Network):
    """The network of Figure 3, from grey faces to class scores.

    Args:
        num_classes: number of expressions.
        input_size: height and width of the faces in pixels, 40 or more.
        width: channels of the four feature convolutions (paper: 10).
        warp: one of :data:`WARPS`.
        localisation: one of :data:`LOCALISATIONS`.
        dropout: rate before the first fully connected layer, 0 to 1.
        hidden_relu: whether a ReLU follows the first fully connected layer.
        batch_norm: whether to normalise after the fourth convolution.
        align_corners: of the sampling grid; ``True`` is what torch did
            when the paper was written.
        init_std: standard deviation of the Gaussian that all weights start
            from (paper, section 4.2: 0.05); 0 keeps torch's own start, which
            is ours: the paper's trains more slowly, and one of our first runs
            never left the most frequent class with it.

    Raises:
        FerError: for an unknown or impossible reading, or too small faces.
    """

    NAME = "Deep-Emotion"
    PRESETS = {  # 48 pixels are little enough for any machine
        "smoke": {},
        "student": {},
        "reduced": {},
        "paper": {},
    }
    VARIANTS = {
        "default": {},
        "feature_warp": {"warp": "features"},
        "no_transformer": {"warp": "none"},
        "kernels_3_3": {"localisation": "kernels_3_3"},
        "pooled_to_90": {"localisation": "pooled_to_90"},
        "resized_to_28": {"localisation": "resized_to_28"},
        "on_features": {"warp": "features", "localisation": "on_features"},
        "batch_norm": {"batch_norm": True},
        "paper_start": {"init_std": 0.05},
        "no_dropout": {"dropout": 0.0},
    }

    def __init__(
        self,
        *,
        num_classes: int = 7,
        input_size: int = 48,
        width: int = 10,
        warp: str = "input",
        localisation: str = "kernels_7_5",
        dropout: float = 0.1,
        hidden_relu: bool = True,
        batch_norm: bool = False,
        align_corners: bool = True,
        init_std: float = 0.0,
    ):
        super().__init__()
        check_choice(self.NAME, "warp", warp, WARPS)
        check_choice(self.NAME, "localisation", localisation, LOCALISATIONS)
        if warp == "input" and localisation == "on_features":
            raise FerError(
                "Deep-Emotion: localisation='on_features' sees the features, so "
                "it cannot warp the input; use warp='features'."
            )
        if input_size < 40:
            raise FerError(
                f"Deep-Emotion: input_size is {input_size}, expected 40 or more "
                "pixels, or the localisation network has nothing left to see."
            )
        self.warp, self.align_corners = warp, align_corners
        self.look_at = LOCALISATIONS[localisation][2]
        # Grey faces in -1..1; the paper does not say, this is ours.
        self.input = Preprocessing(size=input_size, channels=1, mean=0.5, std=0.5)
        self.conv1 = nn.Conv2d(1, width, 3)
        self.conv2 = nn.Conv2d(width, width, 3)
        self.conv3 = nn.Conv2d(width, width, 3)
        self.conv4 = nn.Conv2d(width, width, 3)
        self.batch_norm = batch_norm
        self.norm = nn.BatchNorm2d(width) if batch_norm else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        side = ((input_size - 4) // 2 - 4) // 2  # 48 -> 22 -> 9
        self.fc1 = nn.Linear(width * side**2, 50)
        self.hidden = nn.ReLU() if hidden_relu else nn.Identity()
        self.fc2 = nn.Linear(50, num_classes)
        if warp != "none":
            self.localisation = _localisation(localisation, input_size, width)
        for module in self.modules() if init_std else ():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.normal_(module.weight, std=init_std)
                nn.init.zeros_(module.bias)
        if warp != "none":  # starts at the identity
            nn.init.zeros_(self.localisation[-1].weight)
            with torch.no_grad():
                self.localisation[-1].bias.copy_(torch.eye(3)[:2].flatten())

    def penalised_weights(self) -> list[Tensor]:
        """Weights of the last two layers, the ``w_fc`` of equation (1)."""
        return [self.fc1.weight, self.fc2.weight]

    def theta(self, x: Tensor) -> Tensor:
        """Affine transform that the localisation network chooses.

        Args:
            x: faces ``[B, 1, H, W]``.

        Returns:
            ``[B, 2, 3]``, from output to input positions, both in -1..1.
        """
        if self.warp == "none":
            raise FerError("this network was built with warp='none': no theta.")
        seen = self.maps(x) if self.look_at == "features" else x
        return self._regress(seen)

    def _regress(self, seen: Tensor) -> Tensor:
        if self.look_at == "input 28":
            seen = F.interpolate(seen, (28, 28), mode="bilinear")
        return self.localisation(seen).view(-1, 2, 3)

    def transform(self, x: Tensor, theta: Tensor) -> Tensor:
        """Sample ``x`` ``[B, C, H, W]`` on the grid of ``theta``."""
        return affine_warp(x, theta, align_corners=self.align_corners)

    def maps(self, x: Tensor) -> Tensor:
        """The four convolutions: ``[B, width, 18, 18]`` at 48 pixels."""
        x = F.relu(self.conv1(x))
        # Pooling first is the figure's order; ReLU and maximum commute.
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        return self.norm(self.conv4(F.relu(self.conv3(x))))

    def cam_layers(self) -> dict[str, nn.Module]:
        """The fourth convolution: ``[B, width, 18, 18]`` at 48 pixels."""
        return {"conv4": self.norm if self.batch_norm else self.conv4}

    def features(self, x: Tensor) -> Tensor:
        """``[B, 50]``, the first fully connected layer, of faces."""
        self.check_faces(x)
        face = x
        if self.warp == "input":
            x = self.transform(x, self._regress(x))
        maps = self.maps(x)
        x = self.dropout(F.relu(F.max_pool2d(maps, 2)))  # [B, width, 9, 9]
        if self.warp == "features":
            seen = maps if self.look_at == "features" else face
            x = self.transform(x, self._regress(seen))
        return self.hidden(self.fc1(x.flatten(1)))

    def forward(self, x: Tensor) -> Tensor:
        """Class scores ``[B, num_classes]`` of faces ``[B, 1, H, W]``."""
        return self.fc2(self.features(x))


def _localisation(name: str, input_size: int, width: int) -> nn.Sequential:
    """Two convolutions and two linear layers that regress six numbers."""
    first, second, look_at, pooled = LOCALISATIONS[name]
    channels, side = 1, 28 if look_at == "input 28" else input_size
    if look_at == "features":  # the map after conv4, 18 x 18 at 48 pixels
        channels, side = width, (input_size - 4) // 2 - 4
    side = pooled or ((side - first + 1) // 2 - second + 1) // 2
    return nn.Sequential(
        nn.Conv2d(channels, 8, first),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(8, 10, second),
        nn.AdaptiveMaxPool2d(pooled) if pooled else nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(10 * side**2, 32),
        nn.ReLU(),
        nn.Linear(32, 6),
    )


def affine_warp(x: Tensor, theta: Tensor, *, align_corners: bool = True) -> Tensor:
    """Sample maps on the grid of affine transforms.

    Args:
        x: ``[B, C, H, W]``.
        theta: ``[B, 2, 3]``, from output to input positions, both in -1..1.
        align_corners: whether -1 and 1 are the centres of the outer pixels,
            as torch had it before version 1.3, or their outer edges.

    Returns:
        ``[B, C, H, W]``, zero where the grid leaves ``x``.
    """
    grid = F.affine_grid(theta, list(x.shape), align_corners=align_corners)
    return F.grid_sample(x, grid, align_corners=align_corners)
