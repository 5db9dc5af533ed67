"""The contract of a receiver: the channel decoder's features of each token become a sentence."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from torch import Tensor, nn
from torch.nn import functional

from semlink.codecs.ends import CodecEnds
from semlink.codecs.text.batch import TextBatch
from semlink.codecs.text.configuration import TextCodecConfig

if TYPE_CHECKING:
    from semlink.codecs.text.model import TextCodec


@dataclass(frozen=True)
class SharedWords:
    """What sender and receiver share: a vector and a bias for each entry of the vocabulary, then for each mark.

    vectors: float32 [entries, d_model]. bias: float32 [entries].
    """

    vectors: Tensor
    bias: Tensor

    def scores(self, features: Tensor) -> Tensor:
        """Scores of all entries, before the softmax: float32 [..., entries] for features [..., d_model]."""
        return functional.linear(features, self.vectors, self.bias)


class Receiver(nn.Module, ABC):
    """The semantic decoder of a text codec.

    features: float32 [batch, length, d_model], of each sent token. mask: bool [batch, length], the tokens that were
    sent, which the frame shows. The receiver knows nothing else of the sentence.

    marks: how many ids the receiver adds after those of the vocabulary, such as an end of the sentence.
    """

    marks: ClassVar[int] = 0

    @classmethod
    @abstractmethod
    def of(cls, config: TextCodecConfig) -> Self:
        """The receiver of a codec with this configuration."""

    @abstractmethod
    def targets(self, batch: TextBatch) -> Tensor:
        """The ids to decode for each sentence: int64 [batch, elements], -1 where there is none."""

    @abstractmethod
    def states(self, features: Tensor, mask: Tensor, targets: Tensor, words: SharedWords) -> Tensor:
        """What is scored against the words for each target that there is: float32 [targets >= 0, d_model].

        A receiver may use the targets before the one that comes next (teacher forcing).
        """

    @abstractmethod
    def scores(self, states: Tensor, targets: Tensor, words: SharedWords) -> Tensor:
        """Scores of all entries for each target: float32 [targets >= 0, entries], -inf where an entry is impossible."""

    @abstractmethod
    def decode(self, features: Tensor, mask: Tensor, words: SharedWords) -> TextBatch:
        """The estimate: ids of the vocabulary, at least one for each sentence, and never padding."""

    @abstractmethod
    def export_ends(self, codec: "TextCodec") -> CodecEnds:
        """The ends of a codec that has this receiver, for other runtimes. Errors: CodecError when it has none."""
