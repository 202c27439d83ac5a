"""ResNet-18 and ResNet-34, trunks of three of the papers' networks.

K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image
Recognition", CVPR 2016, arXiv:1512.03385; Table 1, Figure 5 left.  Names of
parameters are those of torchvision, so its weight files fit.
"""

from torch import Tensor, nn


def conv3x3(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """3 x 3 convolution without bias that keeps height and width."""
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)


class Projection(nn.Sequential):
    """1 x 1 convolution of every ``stride``-th pixel, for a shortcut.

    The stride is not the convolution's: oneDNN (issue 6035) then writes past
    its memory in the gradient of the weights, where maps in channels_last
    have fewer channels than a vector register.
    """

    def __init__(self, inputs: int, outputs: int, stride: int):
        convolution = nn.Conv2d(inputs, outputs, 1, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(outputs))
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` to ``[B, outputs, H/stride, W/stride]``."""
        return super().forward(x[..., :: self.stride, :: self.stride])


def projection(inputs: int, outputs: int, stride: int) -> Projection | None:
    """For a shortcut; None where shapes agree."""
    agree = inputs == outputs and stride == 1
    return None if agree else Projection(inputs, outputs, stride)


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions, the first with the stride, and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        self.conv1 = conv3x3(inputs, outputs, stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(outputs, outputs)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = projection(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` to ``[B, outputs, H/stride, W/stride]``."""
        shortcut = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(out)) + shortcut)


def layer(
    block: type[nn.Module], inputs: int, outputs: int, count: int, stride: int
) -> nn.Sequential:
    """``count`` blocks, of which the first has the stride."""
    first = block(inputs, outputs, stride)
    return nn.Sequential(first, *(block(outputs, outputs) for _ in range(count - 1)))


class ResNet(nn.Module):
    """Stem and four layers of basic blocks, without the classifier.

    Args:
        depths: blocks in each layer; (2, 2, 2, 2) is ResNet-18 and
            (3, 4, 6, 3) ResNet-34.  Fewer layers make a shorter trunk.
        width: channels of the first layer; each next one doubles them.
        num_classes: adds pooling and the layer ``fc`` where not None.
    """

    def __init__(
        self,
        depths: tuple[int, ...] = (3, 4, 6, 3),
        *,
        width: int = 64,
        num_classes: int | None = None,
    ):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.stage_channels = [width * 2**i for i in range(len(depths))]
        inputs = width
        for i, (outputs, depth) in enumerate(
            zip(self.stage_channels, depths, strict=True)
        ):
            blocks = layer(BasicBlock, inputs, outputs, depth, 1 if i == 0 else 2)
            setattr(self, f"layer{i + 1}", blocks)
            inputs = outputs
        self.fc = nn.Linear(inputs, num_classes) if num_classes else None
        start_fan_out(self)

    def stem(self, x: Tensor) -> Tensor:
        """``[B, 3, H, W]`` to ``[B, width, H/4, W/4]``."""
        return self.maxpool(self.relu(self.bn1(self.conv1(x))))

    def layers(self) -> list[nn.Sequential]:
        """The layers in their order."""
        names = (f"layer{i + 1}" for i in range(len(self.stage_channels)))
        return [getattr(self, name) for name in names]

    def maps(self, x: Tensor, blocks: nn.ModuleList | None = None) -> Tensor:
        """``[B, 3, H, W]`` to the last layer's ``[B, C, H/32, W/32]``, if the fourth.

        Each layer may have a block, which is applied to what it returns.
        """
        x = self.stem(x)
        for i, blocks_of_layer in enumerate(self.layers()):
            x = blocks_of_layer(x)
            x = x if blocks is None else blocks[i](x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """Maps, or class scores where there is a classifier."""
        x = self.maps(x)
        return x if self.fc is None else self.fc(x.mean((2, 3)))


def start_fan_out(network: nn.Module) -> None:
    """He's start for convolutions, by fan-out; normalisations at one."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
