"""How a codec is trained."""

import math
from dataclasses import asdict, dataclass
from typing import Literal

from semlink.channels.snr_db import HIGHEST_DB, LOWEST_DB, is_snr_db
from semlink.errors import WrongField

SnrLaw = float | tuple[float, float]  # Es/N0 in dB: one number, or (low, high) for a uniform law per example


@dataclass(frozen=True)
class TrainingSettings:
    """How a codec is trained.

    steps:         optimiser steps (AdamW, linear warm-up, then cosine decay to zero).
    batch:         records a step.
    snr_db:        Es/N0 of the training channel in dB: one number, or (low, high) for a uniform law per example.
    clip:          largest gradient norm.
    prior_weight:  weight of KL(q(z|x) || N(0, I)) for variational codecs.
    information_weight: weight of a lower bound on I(sent symbol; received symbol) that is raised; 0: none. DeepSC has
                   0.0009. See `InformationTerm`.
    validate:      steps between two measurements of the loss of at most 1024 validation records.
    keep:          "best" of the weights on those records, or the "last"; a GAN has no loss to choose by.
    momentum:      of AdamW, its beta_1; a GAN needs less.
    Errors: WrongField when a number makes no sense.
    """

    steps: int = 1000
    batch: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup: int = 50
    snr_db: SnrLaw = (0.0, 18.0)
    clip: float = 1.0
    prior_weight: float = 1e-4
    information_weight: float = 0.0
    validate: int = 200
    keep: Literal["best", "last"] = "best"
    momentum: float = 0.9

    def __post_init__(self) -> None:
        if self.keep not in ("best", "last"):
            raise WrongField(f"training cannot take keep={self.keep}; choose one of: best, last.")
        if not self.momentum < 1:
            raise WrongField(f"training cannot take momentum={self.momentum}; give a number from 0 to below 1.")
        for name, value in asdict(self).items():
            if isinstance(value, str):
                continue
            for number in value if isinstance(value, tuple) else (value,):
                if math.isnan(number) or (name != "snr_db" and not 0 <= number < math.inf):
                    raise WrongField(f"training cannot take {name}={value}; give a number that makes sense there.")
        points = self.snr_db if isinstance(self.snr_db, tuple) else (self.snr_db,)
        ordered = len(points) == 1 or LOWEST_DB <= points[0] <= points[-1] <= HIGHEST_DB
        if not ordered or not all(map(is_snr_db, points)):
            raise WrongField(
                f"training cannot take snr_db={self.snr_db}; give a number or (low, high) in dB with low <= high, from "
                f"{LOWEST_DB:g} to {HIGHEST_DB:g}."
            )
        for name in ("steps", "batch", "validate"):
            if getattr(self, name) < 1:
                raise WrongField(f"training needs {name} of at least 1.")
