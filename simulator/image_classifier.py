"""A small classifier of the images of a source, by which the reconstructions of every codec are judged alike."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional

from semlink.errors import SourceError
from semlink.files import write_whole
from semlink.progress import Progress
from semlink.seeding import generator_for, seeded
from semlink.simulator.optimisation import rate_at
from semlink.simulator.sources.contract import Record, Source

STEPS, BATCH, RATE, WARMUP = 1500, 64, 2e-3, 50  # 0.98 of clean MNIST
CHUNK = 1024


class ImageClassifier(nn.Module):
    """Two convolutions and two linear layers, trained on images as they are sent, not as they arrive.

    In: channels: of an image. places: pixels of the second feature map. classes: how many there are.
    """

    def __init__(self, channels: int, places: int, classes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, 16, 5, stride=2, padding=2)
        self.second = nn.Conv2d(16, 32, 5, stride=2, padding=2)
        self.third = nn.Linear(32 * places, 64)
        self.last = nn.Linear(64, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Images float32 [batch, channels, height, width] in 0..1 to logits [batch, classes]."""
        logits: Tensor = self.last(self._features(images))
        return logits

    def _features(self, images: Tensor) -> Tensor:
        maps = functional.relu(self.second(functional.relu(self.first(images - 0.5))))
        return functional.relu(self.third(maps.flatten(1)))

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """The input of the last layer for each image, float32 [batch, 64]."""
        return torch.cat([self._features(part) for part in images.cpu().float().split(CHUNK)])

    @torch.no_grad()
    def classes_of(self, images: Tensor) -> Tensor:
        """The most probable class of each image, int64 [batch]."""
        return torch.cat([self(part).argmax(dim=1) for part in images.cpu().float().split(CHUNK)])


def classifier_path(source: Source, folder: Path) -> Path:
    """The file in `folder` for the classifier of a source; its name depends on the records and on the training."""
    depends_on = repr((source.digest(), STEPS, BATCH, RATE, WARMUP))
    return folder / f"judge-{hashlib.sha256(depends_on.encode()).hexdigest()[:24]}.safetensors"


def make_classifier(source: Source, path: Path) -> None:
    """Trains the classifier of a source and stores it, unless the file exists. Errors: as `train_classifier`."""
    if not path.exists():
        write_whole(path, safetensors.torch.save(train_classifier(source).state_dict()))


def load_classifier(path: Path) -> ImageClassifier:
    """Reads a stored classifier. Errors: SourceError when the file is missing or damaged."""
    try:
        weights = safetensors.torch.load(path.read_bytes())
        with torch.device("meta"):  # no random numbers for weights that are replaced at once
            classifier = ImageClassifier(
                weights["first.weight"].shape[1], weights["third.weight"].shape[1] // 32, len(weights["last.bias"])
            )
        classifier.load_state_dict(weights, assign=True)
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise SourceError(f"{path} holds no classifier that can be read; remove the file and run again.") from error
    return classifier


def train_classifier(source: Source) -> ImageClassifier:
    """A classifier trained on the training records of a source, triggered ones among them: Adam, warm-up, cosine decay.

    It depends on those records alone. Training takes seconds on a CPU.

    Errors: SourceError when the source has no labelled training images.
    """
    records = [record for record in source.train if record.label is not None]
    if source.modality != "image" or not source.labels or not records:
        raise SourceError(f"A classifier needs images with labels, which {source.name} lacks; set sweep.judge=false.")
    images, labels = images_of(records), torch.tensor([record.label for record in records])
    channels, height, width = images.shape[1:]
    classifier = seeded(0, lambda: ImageClassifier(channels, -(-height // 4) * -(-width // 4), len(source.labels)))
    optimiser = torch.optim.Adam(classifier.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate_at(step, STEPS, WARMUP))
    with Progress(f"image classifier {source.name}", STEPS) as progress:
        for step in range(STEPS):
            rows = torch.randint(len(images), (BATCH,), generator=generator_for("judge", step))
            loss = functional.cross_entropy(classifier(images[rows].float() / 255), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            progress.step(f"loss {loss.item():.4f}")
    return classifier.requires_grad_(False)


def images_of(records: Sequence[Record]) -> Tensor:
    """The payloads of image records, uint8 [records, channels, height, width]."""
    pixels = np.stack([record.payload for record in records])
    return torch.from_numpy(pixels if pixels.ndim == 4 else pixels[..., None]).permute(0, 3, 1, 2)
