"""Cyclic redundancy checks, beside Sionna's."""

import pytest
import torch

from semlink.channels.sionna_adapter import sionna
from semlink.codecs.digital.checksum import CRC16, CRC24A, CRC24B, checksum
from semlink.seeding import generator_for

KINDS = {"CRC16": CRC16, "CRC24A": CRC24A, "CRC24B": CRC24B}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("size", [1, 12, 100, 4000])
def test_is_the_check_of_5g_inverted(name: str, size: int) -> None:
    bits = torch.randint(2, (5, size), dtype=torch.uint8, generator=generator_for("bits", size))
    whole = sionna("fec.crc").CRCEncoder(name, device="cpu")(bits.float())
    assert torch.equal(1 - checksum(bits, KINDS[name]), whole[:, size:].to(torch.uint8))


@pytest.mark.parametrize("name", KINDS)
def test_silence_is_no_block(name: str) -> None:
    assert checksum(torch.zeros(1, 50, dtype=torch.uint8), KINDS[name]).any()


@pytest.mark.parametrize("name", KINDS)
def test_every_wrong_bit_and_every_wrong_pair_shows(name: str) -> None:
    bits = torch.randint(2, (1, 60), dtype=torch.uint8, generator=generator_for("bits"))
    wrong = torch.eye(60, dtype=torch.uint8)
    pairs = (wrong.unsqueeze(0) ^ wrong.unsqueeze(1)).view(-1, 60)
    flipped = bits ^ torch.cat([wrong, pairs[pairs.sum(dim=1) > 0]])
    assert (checksum(flipped, KINDS[name]) != checksum(bits, KINDS[name])).any(dim=1).all()
