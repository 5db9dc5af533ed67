"""The tensors of a PyTorch checkpoint by their names; its size and content are checked before, and no code is run."""

import hashlib
import io
import stat
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from semlink.errors import CodecError
from semlink.untrusted import cut, read_bytes

FILE_MOST, PICKLE_MOST = 512 << 20, 4 << 20  # bytes of the whole file, and of the list of its tensors
ENTRIES_MOST = 10_000
WRAPPERS = ("state_dict", "model_state_dict", "model")  # keys under which trainers put the weights
PARALLEL = "module."  # what torch's DataParallel puts before each name


@dataclass(frozen=True)
class TorchFile:
    """What a checkpoint holds.

    weights: name -> tensor, on the CPU. digest: SHA-256 of the file.
    """

    weights: Mapping[str, Tensor]
    digest: str


def read_torch_file(path: Path) -> TorchFile:
    """Reads a state dict that `torch.save` wrote, as it is or under a key such as "state_dict".

    Only archives whose entries lie in them uncompressed are taken, as torch writes them, so that nothing can be larger
    in memory than in the file.
    Errors: CodecError when it is none, is too large, or holds something else than tensors.
    """
    try:
        content = read_bytes(path, FILE_MOST)
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise CodecError(f"{path} cannot be used ({reason}); give the file that torch.save wrote.") from error
    try:
        checked = _checked(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch about old files
            loaded = torch.load(checked, map_location="cpu", weights_only=True)
        weights = _weights(loaded, len(content))
    except Exception as error:  # what torch, its unpickler and the zip module raise has no common class
        raise CodecError(
            f"{path} is no state dict that can be read safely ({cut(str(error).splitlines()[0] if str(error) else '')}"
            "); save it with torch.save(model.state_dict(), FILE)."
        ) from error
    return TorchFile(weights, f"sha256:{hashlib.sha256(content).hexdigest()}")


def _checked(content: bytes) -> io.BytesIO:
    """The archive written anew from the entries that were checked, so that torch sees nothing else.

    Errors: ValueError, zipfile.BadZipFile.
    """
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise ValueError("it is no archive of torch 1.6 or later")
    checked = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(checked, "w", zipfile.ZIP_STORED) as written:
        entries = given.infolist()
        if len(entries) > ENTRIES_MOST or len({entry.filename for entry in entries}) < len(entries):
            raise ValueError("it has too many entries, or one twice")
        if any(entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1 for entry in entries):
            raise ValueError("an entry is compressed or encrypted")
        if sum(entry.file_size for entry in entries) > len(content):
            raise ValueError("its entries are larger than itself")
        for entry in entries:
            if entry.filename.endswith(".pkl") and entry.file_size > PICKLE_MOST:
                raise ValueError("its list of tensors is too long")
            if (mode := entry.external_attr >> 16) and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
                raise ValueError("an entry is no file")
            written.writestr(entry.filename, given.read(entry))
    checked.seek(0)
    return checked


def _weights(loaded: object, most: int) -> dict[str, Tensor]:
    """The tensors of a state dict.

    In:     most: bytes that they may have together.
    Errors: ValueError when there is something else.
    """
    for wrapper in WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(wrapper), Mapping):
            loaded = loaded[wrapper]
            break
    if not isinstance(loaded, Mapping) or not loaded:
        raise ValueError("it holds no table of tensors")
    weights: dict[str, Tensor] = {}
    for name, value in loaded.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise ValueError("something in it is no tensor")
        if value.layout != torch.strided or value.is_quantized or value.device.type != "cpu":
            raise ValueError(f"{cut(name)} is no plain tensor")
        if value.is_complex():
            raise ValueError(f"{cut(name)} is complex, where the codec is real")
        if value.numel() * value.element_size() > most:
            raise ValueError(f"{cut(name)} says to be larger than the file")
        if (plain := name.removeprefix(PARALLEL)) in weights:
            raise ValueError(f"{cut(plain)} is in it twice")
        weights[plain] = value
    return weights
