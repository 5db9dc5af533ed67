"""Rician fading: a line of sight beside scattered paths."""

import math

from semlink.channels.csi import Csi
from semlink.channels.equaliser import Equaliser
from semlink.channels.fading import FlatFading
from semlink.channels.gains import Coherence, GainLaw
from semlink.errors import WrongField

LARGEST_DB = 100.0


class Rician(FlatFading):
    """Flat fading with h ~ CN(sqrt(K / (K + 1)), 1 / (K + 1)): a line of sight of phase 0 and scatter.

    Fields: k_factor_db: K in dB, the power of the line of sight over that of the scatter, from -100 to 100. The
            default is the mean of the urban line-of-sight cells in 3GPP TR 38.901, table 7.5-6.
            The others are those of `FlatFading`.
    Errors: WrongField.
    Source: Tse and Viswanath, Fundamentals of Wireless Communication, 2005, section 2.4.2.
    """

    def __init__(
        self,
        k_factor_db: float = 9.0,
        coherence: Coherence = "block",
        csi: Csi = "perfect",
        equaliser: Equaliser = "mmse",
        pilots: int = 1,
    ) -> None:
        if not -LARGEST_DB <= k_factor_db <= LARGEST_DB:
            raise WrongField(
                f"k_factor_db cannot be {k_factor_db}; give a number from {-LARGEST_DB:g} to {LARGEST_DB:g}."
            )
        k_factor = 10 ** (k_factor_db / 10)
        law = GainLaw(mean=math.sqrt(k_factor / (k_factor + 1)), variance=1 / (k_factor + 1))
        super().__init__(law, coherence, csi, equaliser, pilots)
        self.k_factor_db = k_factor_db
