"""Rayleigh fading: many scattered paths, no line of sight."""

from semlink.channels.csi import Csi
from semlink.channels.equaliser import Equaliser
from semlink.channels.fading import FlatFading
from semlink.channels.gains import Coherence, GainLaw


class Rayleigh(FlatFading):
    """Flat fading with h ~ CN(0, 1): |h| follows a Rayleigh law. The fields are those of `FlatFading`.

    Source: Tse and Viswanath, Fundamentals of Wireless Communication, 2005, section 2.4.2.
    """

    def __init__(
        self, coherence: Coherence = "block", csi: Csi = "perfect", equaliser: Equaliser = "mmse", pilots: int = 1
    ) -> None:
        super().__init__(GainLaw(mean=0.0, variance=1.0), coherence, csi, equaliser, pilots)
