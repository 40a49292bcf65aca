"""The data sets that a classifier can be trained on, as its networks need to know them."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Dataset:
    """Square images of ten classes.

    Args:
        name: as ``classification.data.dataset`` has it.
        side: pixels.
        mean, std: of the training images' pixels between 0 and 1, a number a channel, as torchvision's examples have them.
    """

    name: str
    channels: int
    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one image: channels, rows, columns."""
        return self.channels, self.side, self.side

    def standardise(self, images: Float[Tensor, "n channels side side"]) -> Float[Tensor, "n channels side side"]:
        """Pixels between 0 and 1 as a network's input."""
        mean, std = (images.new_tensor(values)[:, None, None] for values in (self.mean, self.std))
        return (images - mean) / std


MNIST = Dataset("mnist", 1, 28, (0.1307,), (0.3081,))
CIFAR10 = Dataset("cifar10", 3, 32, (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
DATASETS = {dataset.name: dataset for dataset in (MNIST, CIFAR10)}
