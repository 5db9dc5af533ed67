"""A small causal transformer of words: what sentences would cost a code that is built on it."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from transformers import GPT2Config, GPT2LMHeadModel

from semlink.codecs.digital.language.contract import END, LanguageModel
from semlink.codecs.digital.language.kneser_ney import KneserNey
from semlink.codecs.digital.language.learned_file import read_learned, write_learned
from semlink.codecs.digital.language.spelling import Spelling
from semlink.codecs.digital.language.vocabulary import Vocabulary
from semlink.codecs.digital.language.word_ngram import learn_words, spelling_bits
from semlink.errors import CodecError
from semlink.progress import Progress
from semlink.seeding import generator_for, seed_for

KIND = "transformer"
WIDTH, LAYERS, HEADS, PLACES, DROPOUT = 256, 3, 4, 256, 0.1
BATCH, RATE, WARMUP, CLIP = 32, 1e-3, 100, 1.0
NOTHING = -100  # the target of a place that is only filling


class TransformerModel(LanguageModel):
    """GPT-2 of 3 layers and width 256 over the words of a vocabulary; unknown words are spelled as by the n-gram model.

    It is not coded with: it is for limits. It needs many steps before it passes an n-gram model of the same sentences.

    Source: Radford et al., Language Models are Unsupervised Multitask Learners, 2019, for the network.
    """

    def __init__(self, vocabulary: Vocabulary, spelling: Spelling, network: GPT2LMHeadModel) -> None:
        self.vocabulary, self.spelling, self.network = vocabulary, spelling, network

    @classmethod
    def learn(cls, sentences: Sequence[tuple[str, ...]], steps: int, seed: int, batch: int = BATCH) -> Self:
        """From the words of sentences: AdamW, linear warm-up, cosine decay, on the CPU.

        steps: of the optimiser, each over `batch` sentences of about the same length. The same seed, the same model.
        Errors: CodecError when there are no sentences.
        """
        if len(sentences) == 0:
            raise CodecError("A language model is learned from sentences, but there are none; give at least one.")
        vocabulary, spelling = learn_words(sentences)
        with torch.random.fork_rng(devices=[]):  # weights and dropout
            torch.default_generator.manual_seed(seed_for("transformer", seed))
            network = _network(len(vocabulary))
            model = cls(vocabulary, spelling, network)
            model._train(sorted((sentence[: PLACES - 1] for sentence in sentences), key=len), steps, seed, batch)
        return model

    @torch.no_grad()
    def cross_entropy(self, sentences: Sequence[tuple[str, ...]]) -> NDArray[np.float64]:
        """See `LanguageModel`. Errors: CodecError when a sentence has more than 255 words."""
        bits = np.zeros(len(sentences))
        order = sorted(range(len(sentences)), key=lambda row: len(sentences[row]))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            losses = self._losses([sentences[row] for row in rows])
            bits[rows] = losses.double().sum(dim=1).numpy() / math.log(2)
        return bits + spelling_bits(self.vocabulary, self.spelling, sentences)

    def save(self, path: Path) -> None:
        """Writes all of it into a file."""
        facts = {"words": self.vocabulary.entries, "characters": self.spelling.characters.entries}
        weights = {f"network.{name}": tensor.numpy() for name, tensor in self.network.state_dict().items()}
        characters = {f"characters.{name}": array for name, array in self.spelling.model.arrays().items()}
        write_learned(path, KIND, facts, {**weights, **characters})

    @classmethod
    def load(cls, path: Path) -> Self:
        """The model of a stored file. Errors: CodecError when the file is missing, damaged or another's."""
        facts, arrays = read_learned(path, KIND)
        network_arrays, characters = (
            {name.removeprefix(part): array for name, array in arrays.items() if name.startswith(part)}
            for part in ("network.", "characters.")
        )
        vocabulary = Vocabulary(facts["words"])
        network = _network(len(vocabulary))
        network.load_state_dict({name: torch.from_numpy(array) for name, array in network_arrays.items()})
        return cls(
            vocabulary, Spelling(Vocabulary(facts["characters"]), KneserNey.from_arrays(characters)), network.eval()
        )

    def _train(self, sentences: Sequence[tuple[str, ...]], steps: int, seed: int, batch: int) -> None:
        """In: sentences from the shortest to the longest."""
        optimiser = torch.optim.AdamW(self.network.parameters(), lr=RATE, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps))
        self.network.train()
        with Progress("language model", steps) as progress:
            for step in range(steps):
                places = generator_for("language model", seed, step)
                start = int(torch.randint(max(1, len(sentences) - batch + 1), (), generator=places))
                losses = self._losses(sentences[start : start + batch])
                loss = losses.sum() / (losses != 0).sum()
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
                optimiser.step()
                schedule.step()
                progress.step(f"{loss.item() / math.log(2):.2f} bits a word")
        self.network.eval()

    def _losses(self, sentences: Sequence[tuple[str, ...]]) -> Tensor:
        """-ln p of each word and of the end, 0 where there is none: float32 [sentences, longest + 1]."""
        longest = max(map(len, sentences)) + 1
        if longest > PLACES:
            raise CodecError(f"A sentence of {longest - 1} words is too long; give sentences of at most {PLACES - 1}.")
        begin = len(self.vocabulary)
        inputs = torch.full((len(sentences), longest), begin)
        targets = torch.full((len(sentences), longest), NOTHING)
        for row, sentence in enumerate(sentences):
            symbols = torch.tensor([self.vocabulary.symbol(word) for word in sentence], dtype=torch.int64)
            inputs[row, 1 : len(symbols) + 1] = symbols
            targets[row, : len(symbols)], targets[row, len(symbols)] = symbols, END
        there = targets != NOTHING
        with torch.autocast("cpu", torch.bfloat16, enabled=self.network.training):  # twice as fast
            hidden = self.network.transformer(inputs).last_hidden_state
            scores = self.network.lm_head(hidden[there])[:, :begin]
        return torch.zeros(targets.shape).masked_scatter(
            there, functional.cross_entropy(scores.float(), targets[there], reduction="none")
        )


def _network(symbols: int) -> GPT2LMHeadModel:
    config = GPT2Config(
        vocab_size=symbols + 1,  # one more, for the begin of a sentence
        n_positions=PLACES,
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        resid_pdrop=DROPOUT,
        embd_pdrop=DROPOUT,
        attn_pdrop=DROPOUT,
        bos_token_id=symbols,
        eos_token_id=END,
    )
    return GPT2LMHeadModel(config)


def _rate(step: int, steps: int) -> float:
    """The share of the learning rate at a step."""
    return min((step + 1) / WARMUP, 0.5 * (1 + math.cos(math.pi * step / steps)))
