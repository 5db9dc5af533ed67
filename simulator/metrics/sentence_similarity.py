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
from semlink.simulator.measure import Measure, by_name
from semlink.simulator.metrics.contract import Metric, Statistics

DEFAULT = "all-MiniLM-L6-v2"  # what most of the literature measures with
CHUNK = 64  # sentences encoded together
LONGEST = 256  # tokens; the rest of a longer sentence is not looked at
MEASURES = by_name(
    Measure(
        "sentence_similarity",
        "1",
        "higher",
        "Sentence similarity",
        "sentence similarity",
        "cosine of sentence embeddings, 1 is identical; numbers of different encoders cannot be compared",
        scale="free",
    ),
)


class SentenceSimilarity(Metric):
    """Cosine between the embeddings of the two sentences. Range -1 to 1, 1 for the same words.

    An embedding is the mean of the encoder's last hidden states over all tokens, its special symbols among them. Both
    sentences are their words as the codec's tokenizer writes them, so upper case that no codec sends is no difference.

    The metric is `sentence_similarity` with all-MiniLM-L6-v2 and `sentence_similarity:model=NAME` with another encoder,
    where NAME is its folder's. The number depends on the encoder: numbers of two encoders cannot be compared, and with
    one that was not trained for sentence similarity they are high for any two sentences.

    Fields:     model: folder of a transformers text encoder with its tokenizer.json. Nothing is ever downloaded.
    Statistics: the cosine.
    Errors:     CodecError when the folder holds no text encoder.
    Source:     N. Reimers, I. Gurevych, Sentence-BERT, EMNLP 2019; as a metric of text transmission: H. Xie et al.,
                Deep Learning Enabled Semantic Communication Systems, 2021 (there with BERT).
    """

    modality: ClassVar[Literal["text", "image"]] = "text"
    # What there is without a model; an instance names its own encoder.
    measures: Mapping[str, Measure] = MEASURES  # type: ignore[misc]
    averages: Mapping[str, int] = {"sentence_similarity": 0}  # type: ignore[misc]

    def __init__(self, model: str) -> None:
        encoder = load_pretrained(model, "text", download=False)
        self._network = encoder.network.requires_grad_(False)
        limit = encoder.config.get("max_position_embeddings") or LONGEST
        self._tokenizer = Tokenizer.from_str(encoder.tokenizer())
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True
        self._tokenizer.enable_truncation(min(limit, LONGEST))
        self._references: dict[str, NDArray[np.float64]] = {}  # embedded once, for all draws and SNRs
        name, usual = Path(model).resolve().name, MEASURES["sentence_similarity"]
        measure = usual if name == DEFAULT else usual.with_setting(f"model={name}")
        self.measures, self.averages = by_name(measure), {measure.name: 0}

    def statistics(self, references: Sequence[Sentence], estimates: Sequence[Sentence]) -> Statistics:
        """In: lists of Sentence of equal length. Out: float64 [records, 1]."""
        pairs = [
            (readable(reference.words), readable(estimate.words))
            for reference, estimate in zip(references, estimates, strict=True)
        ]
        self._references.update(self._embedded(sorted({sent for sent, _ in pairs} - self._references.keys())))
        arrived = self._embedded(sorted({arrival for _, arrival in pairs} - self._references.keys()))
        vectors = self._references | arrived
        cosines = [1.0 if sent == arrival else float(vectors[sent] @ vectors[arrival]) for sent, arrival in pairs]
        return np.clip(np.array(cosines, dtype=np.float64), -1, 1).reshape(-1, 1)

    def values(self, mean: Statistics) -> dict[str, Statistics]:
        return {name: mean[..., column] for name, column in self.averages.items()}

    @torch.no_grad()
    def _embedded(self, texts: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """Unit vectors of sentences; 0 where there are no tokens."""
        embedded: dict[str, NDArray[np.float64]] = {}
        by_length = sorted((self._tokenizer.encode(text).ids, text) for text in texts)
        for start in range(0, len(by_length), CHUNK):
            part = by_length[start : start + CHUNK]
            rows = [torch.tensor(ids, dtype=torch.int64) for ids, _ in part]
            ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
            mask = torch.arange(ids.shape[1]) < torch.tensor([len(row) for row in rows]).unsqueeze(1)
            states = self._network(input_ids=ids, attention_mask=mask.long()).last_hidden_state
            mean = (states * mask.unsqueeze(-1)).double().sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp_min(1)
            vectors = torch.nn.functional.normalize(mean, dim=1).numpy()
            embedded.update(zip((text for _, text in part), vectors, strict=True))
        return embedded
