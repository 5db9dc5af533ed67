"""All randomness comes from generators that are derived here from the names of what they are used for."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

import torch

Made = TypeVar("Made")


def seed_for(*keys: int | float | str) -> int:
    """A 63-bit seed for the thing that `keys` name; the same keys give the same seed in every process.

    Errors: ValueError when there are no keys.
    """
    if not keys:
        raise ValueError("seed_for needs at least one key")
    digest = hashlib.blake2b("\x1f".join(map(repr, keys)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def generator_for(*keys: int | float | str, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator of its own for the thing that `keys` name, such as ("noise", seed, snr_db, batch).

    Results then depend neither on the order of the work nor on the number of workers. CPU and CUDA
    streams differ.
    """
    return torch.Generator(device).manual_seed(seed_for(*keys))


def seeded(seed: int, make: Callable[[], Made], device: torch.device | str = "cpu") -> Made:
    """What `make` returns when torch's global stream starts from `seed`; the stream itself is left alone.

    In:     device: whose stream starts from `seed` as well.
    """
    cuda = torch.device(device).type == "cuda"
    with torch.random.fork_rng(devices=[device] if cuda else []):
        torch.default_generator.manual_seed(seed)
        if cuda:
            torch.cuda.manual_seed(seed)
        return make()
