"""The table of networks: one row each, with the words a visitor reads, the layers and the published initialisation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import nn

from leaklab.networks import initialisation as fill
from leaklab.networks.convnets import cnn1, cnn2, cnn6, convnet, convnet2
from leaklab.networks.layers import Statistics
from leaklab.networks.lenet import lenet, lenet5, lenet5_rog
from leaklab.networks.mlp import mlp
from leaklab.networks.mobilenet import MOBILENET_SHRINKS, mobilenet_v2, mobilenet_weights
from leaklab.networks.resnet import RESNET_SHRINKS, Stem, Torchvision, resnet, resnet9, resnet_weights

Name = Literal[
    "lenet", "lenet5", "lenet5_rog", "mlp", "convnet2", "convnet64", "cnn1", "cnn2", "cnn6",
    "resnet9", "resnet18", "resnet34", "resnet50", "mobilenet_v2",
]  # fmt: skip
Fill = Callable[[nn.Module, torch.Generator], None]


@dataclass(frozen=True)
class Plan:
    """What a network is built for, every choice settled."""

    image_shape: tuple[int, int, int]
    num_classes: int
    stem: Stem
    statistics: Statistics


@dataclass(frozen=True)
class Row:
    """One network: its words, its layers, how they are first filled, and what only torchvision's have."""

    title: str
    sentence: str
    make: Callable[[Plan], nn.Module]
    fill: Fill = fill.pytorch
    smallest: int = 4  # pixels a side: poolings and strides must leave one
    shrinks: Mapping[Stem, int] = field(default_factory=dict)  # how far batch norm's maps shrink, if to a pixel
    published: Callable[[], str] | None = None  # the address of the weights torchvision offers


def _torchvision_resnet(name: Torchvision, title: str, sentence: str) -> Row:
    def make(plan: Plan) -> nn.Module:
        return resnet(name, plan.image_shape[0], plan.num_classes, stem=plan.stem, statistics=plan.statistics)

    return Row(
        title, sentence, make, fill.kaiming, shrinks=RESNET_SHRINKS, published=lambda: resnet_weights(name)
    )  # fmt: skip


NETWORKS: dict[Name, Row] = {
    "lenet": Row(
        "LeNet",
        "A tiny network of smooth layers with wide random weights: the classic one that gives photographs away.",
        lambda plan: lenet(plan.image_shape, plan.num_classes),
        fill.uniform,
    ),
    "lenet5": Row(
        "LeNet-5",
        "The classic reader of handwritten digits, whose gradient gives away how often each label occurs.",
        lambda plan: lenet5(plan.image_shape, plan.num_classes),
        fill.kaiming,
        smallest=16,
    ),
    "lenet5_rog": Row(
        "LeNet-5 of ROG",
        "A wide LeNet whose linear layers have no biases, so that attacks which read the biases find none.",
        lambda plan: lenet5_rog(plan.image_shape, plan.num_classes),
    ),
    "mlp": Row(
        "MLP",
        "The plainest network: every pixel is joined to 200 units, those to 200 more, and those to the classes.",
        lambda plan: mlp(plan.image_shape, plan.num_classes),
    ),
    "convnet2": Row(
        "ConvNet2",
        "Two wide smooth convolutions, whose gradient says enough to give back dozens of photographs at once.",
        lambda plan: convnet2(plan.image_shape, plan.num_classes),
    ),
    "convnet64": Row(
        "ConvNet64",
        "Eight convolutions with batch norm and 3 million weights, through which Inverting Gradients first looked.",
        lambda plan: convnet(plan.image_shape, plan.num_classes, statistics=plan.statistics),
        smallest=9,
    ),
    "cnn1": Row(
        "CNN1",
        "The small network that federated averaging was introduced with: two convolutions and a hidden layer of 512.",
        lambda plan: cnn1(plan.image_shape, plan.num_classes),
    ),
    "cnn2": Row(
        "CNN2",
        "A common network of federated papers: two convolutions, average pooling and a hidden layer of 200.",
        lambda plan: cnn2(plan.image_shape, plan.num_classes),
    ),
    "cnn6": Row(
        "CNN6",
        "Six convolutions, each of which can be undone: a single photograph follows from solving layer after layer.",
        lambda plan: cnn6(plan.image_shape, plan.num_classes),
    ),
    "resnet9": Row(
        "ResNet9",
        "A short residual network without batch norm, known from attacks on several local steps.",
        lambda plan: resnet9(plan.image_shape, plan.num_classes, stem=plan.stem),
    ),
    "resnet18": _torchvision_resnet(
        "resnet18", "ResNet18", "The deep network of many papers: 11 million weights between pixel and class."
    ),
    "resnet34": _torchvision_resnet(
        "resnet34", "ResNet34", "A deeper ResNet with 21 million weights, slower to attack than ResNet18."
    ),
    "resnet50": _torchvision_resnet(
        "resnet50", "ResNet50", "A very deep ResNet with 24 million weights, best attacked on a graphics card."
    ),
    "mobilenet_v2": Row(
        "MobileNetV2",
        "A deep network made for telephones; fresh weights pass nothing on unless batch norm uses the batch.",
        lambda plan: mobilenet_v2(plan.image_shape[0], plan.num_classes, stem=plan.stem, statistics=plan.statistics),
        fill.kaiming_small_head,
        shrinks=MOBILENET_SHRINKS,
        published=mobilenet_weights,
    ),
}
