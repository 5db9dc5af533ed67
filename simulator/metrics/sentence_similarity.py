"""Sentence similarity: how close two sentences are in meaning, to an encoder that was trained to tell."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from semlink.codecs.contract import Sentence
from semlink.codecs.pretrained import load_pretrained
from semlink.codecs.text.tokenizer import readable
from semlink.simulator.metrics.contract import Metric, Statistics

DEFAULT = "all-MiniLM-L6-v2"  # what most of the literature measures with
NAME = "sentence_similarity"
CHUNK = 64  # sentences encoded together
LONGEST = 256  # tokens; the rest of a longer sentence is not looked at


class SentenceSimilarity(Metric):
    """Cosine between the embeddings of the two sentences. Range -1 to 1, 1 for the same words.

    An embedding is the mean of the encoder's last hidden states over all tokens, its special symbols among them. Both
    sentences are their words as the codec's tokenizer writes them, so upper case that no codec sends is no difference.

    The metric is `sentence_similarity` with all-MiniLM-L6-v2 and `sentence_similarity:model=NAME` with another encoder,
    NAME being its folder's. What it says depends on the encoder: numbers of two encoders cannot be compared, and for one
    that was not trained for sentence similarity they are high for any two sentences.

    Fields:     model: folder of a transformers text encoder with its tokenizer.json. Nothing is ever downloaded.
    Statistics: the cosine.
    Errors:     CodecError when the folder holds no text encoder.
    Source:     N. Reimers, I. Gurevych, Sentence-BERT, EMNLP 2019; as a metric of text transmission: H. Xie et al., Deep
                Learning Enabled Semantic Communication Systems, 2021 (there with BERT).
    """

    modality: ClassVar[Literal["text", "image"]] = "text"
    names: ClassVar[Mapping[str, str]] = {NAME: "1"}
    averages: ClassVar[Mapping[str, int]] = {NAME: 0}

    def __init__(self, model: str) -> None:
        encoder = load_pretrained(model, "text", download=False)
        self._network = encoder.network.requires_grad_(False)
        limit = encoder.config.get("max_position_embeddings") or LONGEST
        self._tokenizer = Tokenizer.from_str(encoder.tokenizer())
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True
        self._tokenizer.enable_truncation(min(limit, LONGEST))
        self._references: dict[str, NDArray[np.float64]] = {}  # embedded once, for all draws and SNRs
        own = Path(model).resolve().name
        self._name = NAME if own == DEFAULT else f"{NAME}:model={own}"
        self.names = {self._name: "1"}  # type: ignore[misc]  # of the class it is what there is without a model
        self.averages = {self._name: 0}  # type: ignore[misc]

    def statistics(self, references: Sequence[Sentence], estimates: Sequence[Sentence]) -> Statistics:
        """In: lists of Sentence of equal length. Out: float64 [records, 1]."""
        pairs = [(readable(one.words), readable(other.words)) for one, other in zip(references, estimates, strict=True)]
        wanted = {one for one, _ in pairs} - self._references.keys()
        self._references.update(self._embedded(sorted(wanted)))
        found = self._references | self._embedded(sorted({other for _, other in pairs} - self._references.keys()))
        cosines = [1.0 if one == other else float(found[one] @ found[other]) for one, other in pairs]
        return np.clip(np.array(cosines, dtype=np.float64), -1, 1).reshape(-1, 1)

    def values(self, mean: Statistics) -> dict[str, Statistics]:
        return {self._name: mean[..., 0]}

    @torch.no_grad()
    def _embedded(self, texts: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """Unit vectors of sentences; 0 where there are no tokens."""
        found: dict[str, NDArray[np.float64]] = {}
        by_length = sorted((self._tokenizer.encode(text).ids, text) for text in texts)
        for start in range(0, len(by_length), CHUNK):
            part = by_length[start : start + CHUNK]
            rows = [torch.tensor(ids, dtype=torch.int64) for ids, _ in part]
            ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
            mask = torch.arange(ids.shape[1]) < torch.tensor([len(row) for row in rows]).unsqueeze(1)
            states = self._network(input_ids=ids, attention_mask=mask.long()).last_hidden_state
            mean = (states * mask.unsqueeze(-1)).double().sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp_min(1)
            vectors = torch.nn.functional.normalize(mean, dim=1).numpy()
            found.update(zip((text for _, text in part), vectors, strict=True))
        return found
