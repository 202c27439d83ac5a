"""How fast this machine trains, before anything is trained on it."""

import time

import torch
from torch import nn

BACKWARD = 3  # a training step costs about three forward passes


def measured_rate(device: torch.device, seconds: float = 1.0) -> float:
    """GFLOPs a second that this machine does, forward and back.

    Of a 3 x 3 convolution of 64 channels on 32 maps of 32 x 32, which is
    what most of these networks spend their time with.
    """
    layer = nn.Conv2d(64, 64, 3, padding=1).to(device)
    layer.to(memory_format=torch.channels_last)
    x = torch.randn(32, 64, 32, 32, device=device, requires_grad=True)
    work = 2 * 64 * 64 * 9 * 32 * 32 * 32 * BACKWARD / 1e9
    done, started = -3, time.monotonic()
    while done < 1 or time.monotonic() - started < seconds:
        layer(x).sum().backward()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        done += 1
        if done == 0:  # the first three warm it up
            started = time.monotonic()
    return work * done / (time.monotonic() - started)
