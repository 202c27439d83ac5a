"""VGG16, the trunk of RAMN.

K. Simonyan, A. Zisserman, "Very Deep Convolutional Networks for Large-Scale
Image Recognition", ICLR 2015, arXiv:1409.1556; Table 1, column D.  Names of
parameters are those of torchvision's ``vgg16`` and ``vgg16_bn``, so their
weight files fit.
"""

from torch import Tensor, nn

from fer_lib.models.resnet import start_fan_out

# Convolutions of each stage, and their channels as multiples of the first.
STAGES = ((2, 1), (2, 2), (3, 4), (3, 8), (3, 8))


class VGG16(nn.Module):
    """Thirteen convolutions in five stages, each ended by a pooling.

    Args:
        width: channels of the first stage.
        batch_norm: whether every convolution is normalised.
        hidden: neurons of the two fully connected layers (fc6, fc7) that
            follow; None for none.  The paper's 4,096 go with width 64.
    """

    def __init__(
        self, *, width: int = 64, batch_norm: bool = False, hidden: int | None = None
    ):
        super().__init__()
        self.stage_channels = [width * times for _, times in STAGES]
        layers: list[nn.Module] = []
        self.stage_ends = []  # index after each pooling
        inputs = 3
        for (count, _), outputs in zip(STAGES, self.stage_channels, strict=True):
            for _ in range(count):
                layers.append(nn.Conv2d(inputs, outputs, 3, padding=1))
                layers += [nn.BatchNorm2d(outputs)] if batch_norm else []
                layers.append(nn.ReLU(inplace=True))
                inputs = outputs
            layers.append(nn.MaxPool2d(2))
            self.stage_ends.append(len(layers))
        self.features = nn.Sequential(*layers)
        self.classifier = _hidden_layers(49 * inputs, hidden) if hidden else None
        self.out_features = hidden or inputs
        start_fan_out(self)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.zeros_(module.bias)

    def layers(self) -> list[nn.Sequential]:
        """The five stages in their order."""
        starts = [0, *self.stage_ends[:-1]]
        pairs = zip(starts, self.stage_ends, strict=True)
        return [self.features[start:end] for start, end in pairs]

    def maps(self, x: Tensor, blocks: nn.ModuleList | None = None) -> Tensor:
        """``[B, 3, H, W]`` to ``[B, 8 width, H/32, W/32]``.

        Each stage may have a block, which is applied to what it returns.
        """
        for i, stage in enumerate(self.layers()):
            x = stage(x)
            x = x if blocks is None else blocks[i](x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """Feature vectors ``[B, out_features]``: mean of maps, or fc7."""
        maps = self.maps(x)
        if self.classifier is None:
            return maps.mean((2, 3))
        maps = nn.functional.adaptive_avg_pool2d(maps, 7)
        return self.classifier(maps.flatten(1))


def _hidden_layers(inputs: int, hidden: int) -> nn.Sequential:
    """fc6 and fc7, numbered 0 and 3 as in torchvision's classifier."""
    layers = [nn.Linear(inputs, hidden), nn.ReLU(inplace=True), nn.Dropout()]
    layers += [nn.Linear(hidden, hidden), nn.ReLU(inplace=True), nn.Dropout()]
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)
