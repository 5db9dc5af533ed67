"""A student beside a teacher: both codecs send the same records through the same noise."""

from typing import Any

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.simulator.link import Transmission
from semlink.unlearning.contract import ErasureContext
from semlink.unlearning.methods.parts.descent import send


def beside_teacher(
    student: NeuralCodec[Any],
    teacher: NeuralCodec[Any],
    batch: Any,
    context: ErasureContext,
    generator: torch.Generator,
    temperature: float = 1.0,
) -> tuple[Tensor, Transmission]:
    """D(teacher || student) of each example after the channel, and the student's transmission.

    Each has its own sender and its own receiver. Es/N0, fades and noise are the same for both, so that D is 0 for equal
    codecs. Gradients reach the student alone. D is in the unit of the codec's loss: of choices it is a Kullback-Leibler
    divergence, of images the mean squared difference.

    Out: float32 [batch]; the transmission.
    """
    same_noise = torch.Generator(generator.device)
    same_noise.set_state(generator.get_state())
    with torch.no_grad():
        prediction = teacher.predict(batch, send(teacher, batch, context, same_noise).reception)
    sent = send(student, batch, context, generator)
    return prediction.divergence(student.predict(batch, sent.reception), temperature), sent
