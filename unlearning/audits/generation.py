"""What a generator makes, and what its discriminator still tells, beside retrained GANs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from semlink.channels import channel_of
from semlink.codecs.generative.model import Adversarial
from semlink.errors import AuditError
from semlink.seeding import generator_for, seed_for
from semlink.simulator.batches import batch_of
from semlink.simulator.frechet import frechet_distance
from semlink.simulator.image_classifier import ImageClassifier, train_classifier
from semlink.simulator.intervals import Interval, mean_interval, rate_interval
from semlink.simulator.link import transmit
from semlink.simulator.measure import Measure, by_name
from semlink.simulator.results import Row
from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep import Entry
from semlink.unlearning.audits.contract import Audit, AuditContext, versions_of
from semlink.unlearning.audits.separation import area_under_curve
from semlink.unlearning.contract import Partition

RESAMPLES = 500
CHUNK = 500
Floats = NDArray[np.float64]
MEASURES = by_name(
    Measure("frechet_distance", "", "lower", "Fréchet distance", "the Fréchet distance to unseen images", scale="free"),
    Measure(
        "share_on_request",
        "1",
        "none",
        "Erased class on request",
        "the share of images on request that show the class",
        interval="rate",
    ),
    Measure(
        "share_generated",
        "1",
        "none",
        "Erased class among all that is made",
        "the share of all images made that show the class",
        interval="rate",
    ),
    Measure(
        "histogram_distance",
        "1",
        "lower",
        "Classes on request, distance",
        "the distance of classes on request",
        interval="bootstrap",
    ),
    Measure("request_distance", "", "lower", "Fréchet distance on request", "the distance on request", scale="free"),
    Measure(
        "score_auc",
        "1",
        "none",
        "Scores attack (AUC)",
        "the area under the curve of the discriminator's scores",
        interval="other",
    ),
    Measure(
        "score_spread",
        "1",
        "none",
        "Spread of scores",
        "the spread of the discriminator's scores",
        scale="free",
        interval="other",
    ),
    Measure("score_ks_p", "1", "none", "Scores alike (p)", "the p value of equal scores", interval="exact"),
)


@dataclass(frozen=True)
class Generation(Audit):
    """Asks generator and discriminator of every version, also of each of several retrained GANs.

    An image classifier, trained on all training records, looks at the images. The aim is never zero but what retrained
    GANs do, and how far two of those lie apart says what a difference means.

    frechet_distance:    (set test) of the classifier's 64 features of generated images of the classes of test records,
                         or in a link of received test images, to those of test images. Over `draws` sets of images.
    share_on_request:    (set forget) of the images made on request of an erased class, the share that the classifier
                         takes for it.
    share_generated:     (set forget) the same of all images, where the GAN takes no request.
    histogram_distance:  (set forget) total variation between the classes that the classifier sees on that request and
                         those it sees in images that the first retrained GAN makes on it.
    request_distance:    (set forget) the Fréchet distance between these two sets of images.
    score_auc:           chance that D scores a forgotten record above an unseen one of its kind (0.5: cannot be told).
    score_spread:        standard deviation of D's scores of forgotten and of unseen (set test) records.
    score_ks_p:          p value of the Kolmogorov-Smirnov test between the two.

    Fields: images: generated for each set, and at most so many records of each set (2000). draws: (4).
    Errors: AuditError when a codec has no discriminator, a version is missing, or a set is too small.
    """

    name: ClassVar[str] = "generation"
    measures: ClassVar[Mapping[str, Measure]] = MEASURES
    least: ClassVar[Mapping[str, int]] = {"images": 10, "draws": 2}

    images: int = 2000
    draws: int = 4

    def run(self, entries: Sequence[Entry], partition: Partition, context: AuditContext) -> list[Row]:
        versions: list[tuple[Entry, Adversarial]] = []
        for entry, codec in versions_of(entries, every=True):
            if not isinstance(codec, Adversarial):
                raise AuditError(f"generation asks a discriminator, which {entry.name} has not; choose other audits.")
            versions.append((entry, codec))
        alike = partition.forget_test if partition.labels else partition.test
        if min(map(len, (partition.forget, alike, partition.test))) < 2:
            raise AuditError("generation needs two records in the forget and the test set; choose a wider request.")
        classifier = _classifier(partition, versions[0][1].config.classes)
        rows = self._quality(versions, partition, classifier, context)
        if partition.labels and _is_plain(versions[0][1]):
            rows += self._on_request(versions, partition.labels, classifier, context)
        return rows + self._scores(versions, partition.forget, alike, context)

    def _quality(
        self,
        versions: Sequence[tuple[Entry, Adversarial]],
        partition: Partition,
        classifier: ImageClassifier,
        context: AuditContext,
    ) -> list[Row]:
        test, rows = subset(partition.test, self.images, context.seed), []
        for entry, codec in versions:
            batch = batch_of(codec, test)
            real = _features(classifier, batch.images)
            distances = []
            for draw in range(self.draws):
                generator = generator_for(context.seed, "generation", draw, device=codec.device)
                if _is_plain(codec):
                    made = _generate(codec, self.images, batch.labels, generator)
                else:
                    with torch.no_grad():
                        passage = transmit(codec, channel_of(context.channel), batch, context.snr_db, generator)
                        made = codec.decode(passage.reception).images
                distances.append(frechet_distance(_features(classifier, made), real))
            distance = mean_interval(distances)
            rows.append(context.row(entry, "test", MEASURES["frechet_distance"], distance, self.draws))
        return rows

    def _on_request(
        self,
        versions: Sequence[tuple[Entry, Adversarial]],
        labels: Sequence[int],
        classifier: ImageClassifier,
        context: AuditContext,
    ) -> list[Row]:
        made = []
        for _, codec in versions:
            generator = generator_for(context.seed, "request", *labels, device=codec.device)
            made.append(_generate(codec, self.images, torch.tensor(labels), generator))
        seen = [classifier.classes_of(images).numpy() for images in made]
        features = [_features(classifier, images) for images in made]
        first = next(place for place, (entry, _) in enumerate(versions) if entry.version == "retrained")
        config, asked = versions[0][1].config, np.resize(labels, self.images)
        rows = []
        for place, (entry, _) in enumerate(versions):
            erased = seen[place] == asked if config.conditional else np.isin(seen[place], labels)
            name = "share_on_request" if config.conditional else "share_generated"
            share = rate_interval(float(erased.mean()), len(erased))
            rows.append(context.row(entry, "forget", MEASURES[name], share, 1))
            if place != first:
                variation = _variation(seen[place], seen[first], config.classes, context.seed)
                rows.append(context.row(entry, "forget", MEASURES["histogram_distance"], variation, 1))
                distances = [
                    frechet_distance(mine, other)
                    for mine, other in zip(
                        np.array_split(features[place], self.draws),
                        np.array_split(features[first], self.draws),
                        strict=True,
                    )
                ]
                rows.append(context.row(entry, "forget", MEASURES["request_distance"], mean_interval(distances), 1))
        return rows

    def _scores(
        self,
        versions: Sequence[tuple[Entry, Adversarial]],
        forget: Sequence[Record],
        alike: Sequence[Record],
        context: AuditContext,
    ) -> list[Row]:
        members, others = (subset(records, self.images, context.seed) for records in (forget, alike))
        rows = []
        for entry, codec in versions:
            mine, theirs = _scores(codec, members), _scores(codec, others)
            rows.append(context.row(entry, "forget", MEASURES["score_auc"], area_under_curve(mine, theirs), 1))
            for set_name, scores in (("forget", mine), ("test", theirs)):
                rows.append(context.row(entry, set_name, MEASURES["score_spread"], _deviation(scores), 1))
            p = float(stats.ks_2samp(mine, theirs).pvalue)
            rows.append(context.row(entry, "forget", MEASURES["score_ks_p"], Interval(p, p, p, 1.0, len(mine)), 1))
        return rows


def _is_plain(codec: Adversarial) -> bool:
    """Whether images are made of noise instead of what was sent."""
    return "reconstruction" not in codec.traits


def _classifier(partition: Partition, classes: int) -> ImageClassifier:
    """A classifier that knows the erased records too: it measures, and is no part of any codec."""
    known = [record for record in (*partition.retain, *partition.forget) if record.label is not None]
    if not known:
        raise AuditError("generation needs records with classes, for the classifier that looks at images.")
    return train_classifier(Source("audit", "image", known, (), (), tuple(map(str, range(classes)))))


@torch.no_grad()
def _generate(codec: Adversarial, count: int, classes: Tensor, generator: torch.Generator) -> Tensor:
    """Images of the classes, int64 [n], in turn: float32 [count, channels, height, width]."""
    latents = codec.prior(count, generator)
    labels = classes.to(codec.device)[torch.arange(count, device=codec.device) % len(classes)]
    parts = zip(latents.split(CHUNK), labels.split(CHUNK), strict=True)
    return torch.cat([codec.generate(latent, label) for latent, label in parts])


def _features(classifier: ImageClassifier, images: Tensor) -> Floats:
    return np.asarray(classifier.features(images).double())


@torch.no_grad()
def _scores(codec: Adversarial, records: Sequence[Record]) -> Floats:
    batch: Any = batch_of(codec, records)
    parts = [
        codec.scores(batch.images[start : start + CHUNK], batch.labels[start : start + CHUNK])
        for start in range(0, len(batch), CHUNK)
    ]
    return np.asarray(torch.cat(parts).double().cpu())


def _variation(first: NDArray[np.int64], second: NDArray[np.int64], classes: int, seed: int) -> Interval:
    """Half the sum of the differences of two histograms of classes, with a bootstrap interval."""

    def distance(mine: NDArray[np.int64], theirs: NDArray[np.int64]) -> float:
        histograms = [np.bincount(seen, minlength=classes) / len(seen) for seen in (mine, theirs)]
        return float(np.abs(histograms[0] - histograms[1]).sum() / 2)

    random = np.random.default_rng(seed_for(seed, "variation"))
    drawn = [distance(random.choice(first, len(first)), random.choice(second, len(second))) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    value = distance(first, second)
    return Interval(value, min(value, float(low)), max(value, float(high)), 0.95, len(first))


def _deviation(scores: Floats) -> Interval:
    """The standard deviation, with the interval of a normal distribution's."""
    value, count = float(scores.std(ddof=1)), len(scores)
    low, high = (value * ((count - 1) / stats.chi2.ppf(q, count - 1)) ** 0.5 for q in (0.975, 0.025))
    return Interval(value, float(low), float(high), 0.95, count)
