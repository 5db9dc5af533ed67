"""A DeepSC that TensorFlow trained, as a codec of ours."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from torch import Tensor

from semlink.codecs.deepsc.configuration import DeepScConfig
from semlink.codecs.deepsc.model import DeepSc, label_offset_db
from semlink.codecs.interop.imported import Imported, check_shapes
from semlink.codecs.interop.tf_checkpoint import TensorFlowCheckpoint, read_checkpoint
from semlink.codecs.interop.tf_structure import structure_of
from semlink.codecs.text.tokenizer import SPECIAL, UNKNOWN, TextTokenizer
from semlink.errors import CodecError
from semlink.untrusted import json_of, read_bytes

Power = Literal["complex", "real"]
AMPLITUDES: Mapping[str, float] = {"complex": 1.0, "real": math.sqrt(2)}
MARKS = ("<PAD>", "<UNK>", "<START>", "<END>")


def import_deepsc(
    path: Path,
    vocabulary: Path,
    heads: int = 8,
    max_length: int = 30,
    power: Power = "complex",
    positions: Literal["column", "pair"] = "column",
) -> Imported[DeepSc]:
    """Reads a checkpoint or SavedModel of a DeepSC. All of its tensors are accounted for, or it is refused.

    In:     vocabulary: the JSON file with `token_to_idx`. The others are not to be seen in the weights:
            heads: of every attention. max_length: the longest sentence, in words.
            power: what the original normalised to mean square 1: complex symbols (as the published TensorFlow code) or
            real values (as PyTorch versions of it), whose labels of SNR are 3.01 dB too low.
            positions: see `DeepScConfig`.
    Errors: CodecError.
    """
    checkpoint = read_checkpoint(path)
    tokenizer, rows = read_vocabulary(vocabulary)
    return imported_from(checkpoint, tokenizer, rows, heads, max_length, AMPLITUDES[power], positions)


def imported_from(
    checkpoint: TensorFlowCheckpoint, tokenizer: TextTokenizer, rows: list[int], heads: int, max_length: int,
    amplitude: float,
    positions: Literal["column", "pair"],
) -> Imported[DeepSc]:  # fmt: skip
    """The codec of tensors that were read.

    In:     rows: the row of each of our entries in the original's vocabulary.
    Errors: CodecError.
    """
    names, weights = structure_of(checkpoint.weights).names, checkpoint.weights
    shapes = {parameter: weights[name].shape for parameter, name in names.items()}
    entries, width = shapes["semantic_encoder.embedding.words.weight"]
    if entries != len(rows):
        raise CodecError(
            f"The vocabulary has {len(rows)} entries, but the checkpoint {entries}; give the one it was trained with."
        )
    if width % heads:
        raise CodecError(f"{heads} heads do not divide the {width} features of the checkpoint; give its --heads.")
    layers = [
        len({name.split(".")[2] for name in names if name.startswith(f"{end}.layers.")})
        for end in ("semantic_encoder", "semantic_decoder")
    ]
    values = shapes["channel_encoder.values.weight"][1]
    if values % 2:
        raise CodecError(f"The checkpoint sends {values} real values for each word, which make no complex symbols.")
    config = DeepScConfig(
        d_model=width,
        heads=heads,
        feed_forward=shapes.get("semantic_encoder.layers.0.feed_forward.0.weight", (0, None))[1],
        encoder_layers=layers[0],
        decoder_layers=layers[1],
        symbols_per_token=values // 2,
        channel_hidden=shapes["channel_encoder.hidden.weight"][1],
        receiver_hidden=shapes["channel_decoder.hidden.weight"][1],
        max_length=max_length,
        vocabulary_size=len(tokenizer),
        attention_bias="semantic_encoder.layers.0.attention.query.bias" in names,
        positions=positions,
        amplitude=amplitude,
    )
    with torch.device("meta"):
        codec = DeepSc(config, tokenizer)
    taken = {parameter: _converted(parameter, weights[name], rows) for parameter, name in names.items()}
    check_shapes(codec.state_dict(), taken, "DeepSC whose layers are alike")
    codec.load_state_dict(taken, assign=True)
    unused = (*sorted(weights.keys() - set(names.values())), *checkpoint.others)
    return Imported(codec.eval(), names, unused, checkpoint.digest, label_offset_db(amplitude))


def read_vocabulary(path: Path) -> tuple[TextTokenizer, list[int]]:
    """The tokenizer of a vocabulary file, and the original's row for each of our entries.

    The entries are padding, unknown, words, start, end.

    Text is normalised as by the published code: letters without accents in lower case and exclamation marks; all else
    parts words. Errors: CodecError when it is none.
    """
    try:
        content = json_of(read_bytes(path), dict)
        table: dict[str, int] = content.get("token_to_idx", content)
        lacking = [mark for mark in MARKS if mark not in table]
        if lacking:
            raise CodecError(
                f"{path} is no vocabulary of DeepSC: it lacks {', '.join(lacking)}; give the JSON file with "
                f"token_to_idx that holds {', '.join(MARKS)}."
            )
        padding, unknown, start, end = (table[mark] for mark in MARKS)
        words = sorted((word for word in table if word not in MARKS), key=table.__getitem__)
        rows = [padding, unknown, *(table[word] for word in words), start, end]
        if sorted(rows) != list(range(len(rows))) or set(words) & set(SPECIAL):
            raise ValueError("gaps")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CodecError(
            f"{path} is no vocabulary of DeepSC: a JSON file with token_to_idx, {', '.join(MARKS)} in it."
        ) from error
    entries = {entry: index for index, entry in enumerate((*SPECIAL, *words))}
    tokenizer = Tokenizer(models.WordLevel(entries, unk_token=SPECIAL[UNKNOWN]))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFD(),
            normalizers.StripAccents(),
            normalizers.Replace(Regex(r"<[^>]*>"), ""),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"[^a-z!]+"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[a-z]+|!"), behavior="removed", invert=True)
    return TextTokenizer(tokenizer), rows


def _converted(parameter: str, values: Any, rows: list[int]) -> Tensor:
    """A tensor as torch has it: kernels transposed, words in our order."""
    array = np.asarray(values, dtype=np.float32)
    if parameter.endswith("weight") and array.ndim == 2 and "embedding" not in parameter:
        array = array.T
    if re.fullmatch(
        r"semantic_(en|de)coder\.embedding\.words\.weight|semantic_decoder\.projection\.(weight|bias)", parameter
    ):
        array = array[rows]
    return torch.from_numpy(np.ascontiguousarray(array))
