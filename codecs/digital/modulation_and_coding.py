"""Modulation and code rate of the classical chain: a ladder from the most robust to the fastest."""

from dataclasses import dataclass

from semlink.registry import choose

BITS_PER_SYMBOL = {"bpsk": 1, "qpsk": 2, "16qam": 4, "64qam": 6, "256qam": 8}


@dataclass(frozen=True)
class Mcs:
    """A modulation and a code rate, which 3GPP calls a modulation and coding scheme.

    modulation: one of `BITS_PER_SYMBOL`. numerator / denominator: the code rate, bits that enter the LDPC code (checks
    among them) over coded bits.
    """

    modulation: str
    numerator: int
    denominator: int

    @property
    def name(self) -> str:
        """As a user writes it, such as "16qam-3/4"."""
        return f"{self.modulation}-{self.numerator}/{self.denominator}"

    @property
    def bits_per_symbol(self) -> int:
        """Coded bits in a channel use."""
        return BITS_PER_SYMBOL[self.modulation]

    @property
    def code_rate(self) -> float:
        """Bits that enter the code, over bits that leave it."""
        return self.numerator / self.denominator

    @property
    def efficiency(self) -> float:
        """Bits that enter the code for each channel use. The checks of a block are among them: see `Transport`."""
        return self.bits_per_symbol * self.code_rate


# The order is that of efficiency. Of several that carry as much, the one for the lower Es/N0 is here; over fading that
# is more points and a lower code rate, which costs next to nothing over AWGN.
LADDER: tuple[Mcs, ...] = (
    Mcs("bpsk", 1, 5),
    Mcs("bpsk", 1, 4),
    Mcs("qpsk", 1, 5),
    Mcs("qpsk", 1, 4),
    Mcs("qpsk", 1, 3),
    Mcs("qpsk", 1, 2),
    Mcs("qpsk", 2, 3),
    Mcs("16qam", 2, 5),
    Mcs("16qam", 1, 2),
    Mcs("16qam", 2, 3),
    Mcs("64qam", 1, 2),
    Mcs("64qam", 3, 5),
    Mcs("64qam", 2, 3),
    Mcs("64qam", 3, 4),
    Mcs("256qam", 3, 5),
    Mcs("256qam", 2, 3),
    Mcs("256qam", 3, 4),
    Mcs("256qam", 5, 6),
)


def mcs_named(name: str) -> Mcs:
    """The rung of that name. Errors: UnknownName, which lists them."""
    return choose("modulation and code rate", {mcs.name: mcs for mcs in LADDER}, name)
