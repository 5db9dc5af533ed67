"""What "auto" stands for in cascaded unlearning: the fake label, the substitute and the end, by codec and request."""

from dataclasses import dataclass
from typing import Literal

from semlink.codecs.generative.model import Adversarial
from semlink.errors import ErasureError
from semlink.unlearning.contract import Partition, Reads
from semlink.unlearning.methods.cascaded.fake_label import Fake
from semlink.unlearning.methods.cascaded.substitute import Kind

Players = Literal["both", "generator", "discriminator"]


@dataclass(frozen=True)
class Choice:
    """fake: None where the discriminator does not unlearn. substitute: None where the generator does not.

    by_scores: whether `ScoreRule` ends it.
    """

    fake: Fake | None
    substitute: Kind | None
    by_scores: bool
    reads: tuple[Reads, ...]


def choice_for(
    codec: Adversarial,
    partition: Partition,
    fake: Literal["auto"] | Fake,
    substitute: Literal["auto", "none"] | Kind,
    players: Players,
    stop: Literal["auto", "scores", "none"],
    retained: int | None,
) -> Choice:
    """The choice for a codec and a request; the fields are those of `Cascaded`.

    Errors: ErasureError when they do not fit each other, the codec or the request.
    """
    by_class, conditional = bool(partition.labels), codec.config.conditional
    link = "reconstruction" in codec.traits
    if by_class:
        default_label: Fake = "mean" if conditional or link else "zero"
        default_kind: Kind | None = "mean-condition" if conditional else None
    else:
        default_label, default_kind = "rank", "nearest" if link else None
    requested = "none" if players == "discriminator" else substitute
    kind = default_kind if requested == "auto" else None if requested == "none" else requested
    label = None if players == "generator" else default_label if fake == "auto" else fake
    if players == "generator" and kind is None:
        raise ErasureError("The generator has nothing to unlearn without a substitute; choose one, such as nearest.")
    if kind == "mean-condition" and not (by_class and conditional):
        raise ErasureError(
            "substitute=mean-condition needs a generator that takes a class and a request that names one; choose "
            "another."
        )
    if retained == 0 and (link or (by_class and not conditional)):
        raise ErasureError(
            "retained=0 trains on what the original generates, which here would bring back what is to be forgotten or "
            "is no data of the sender; give a number of retained records."
        )
    if retained == 0 and kind not in (None, "mean-condition", "truncated"):
        raise ErasureError(f"substitute={kind} is a retained image; give a number of retained records.")
    by_scores = stop == "scores" or (stop == "auto" and not by_class and players != "generator" and retained != 0)
    if by_scores and retained == 0:
        raise ErasureError("stop=scores looks at retained records; give a number of them, or choose stop=none.")
    reads: list[Reads] = ["forget"]
    if retained != 0:
        reads.append("retain")
    if by_scores or label not in (None, "zero"):
        reads.append("validation")
    return Choice(label, kind, by_scores, tuple(reads))
