"""Power and delay of the paths in 3GPP's link-level channel models: TR 38.901 v19.2.0, tables 7.7.1-1 to 7.7.2-5."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Profile:
    """The paths of a channel, in the order of its table.

    letter:      "A" to "E", as in TDL-A and CDL-A.
    delays:      in multiples of the root-mean-square delay spread.
    powers_db:   of the fading paths, in dB, before they are scaled to a total of 1.
    specular_db: power in dB of the line of sight, which arrives with delay 0 beside the first path; None without one.
    """

    letter: str
    delays: tuple[float, ...]
    powers_db: tuple[float, ...]
    specular_db: float | None = None

    def powers(self) -> tuple[tuple[float, ...], float]:
        """Powers of the fading paths and of the line of sight (0 without one); they sum to 1."""
        fading = [10 ** (power / 10) for power in self.powers_db]
        specular = 0.0 if self.specular_db is None else 10 ** (self.specular_db / 10)
        total = sum(fading) + specular
        return tuple(power / total for power in fading), specular / total

    def by_delay(self) -> "Profile":
        """The same paths, the earliest first."""
        order = sorted(range(len(self.delays)), key=self.delays.__getitem__)
        delays, powers = ([column[path] for path in order] for column in (self.delays, self.powers_db))
        return replace(self, delays=tuple(delays), powers_db=tuple(powers))


# fmt: off
TDL_A = Profile(
    letter="A",
    delays=(
        0, 0.3819, 0.4025, 0.5868, 0.4610, 0.5375, 0.6708, 0.5750, 0.7618, 1.5375, 1.8978, 2.2242, 2.1718, 2.4942,
        2.5119, 3.0582, 4.0810, 4.4579, 4.5695, 4.7966, 5.0066, 5.3043, 9.6586,
    ),
    powers_db=(
        -13.4, 0, -2.2, -4, -6, -8.2, -9.9, -10.5, -7.5, -15.9, -6.6, -16.7, -12.4, -15.2,
        -10.8, -11.3, -12.7, -16.2, -18.3, -18.9, -16.6, -19.9, -29.7,
    ),
)
TDL_B = Profile(
    letter="B",
    delays=(
        0, 0.1072, 0.2155, 0.2095, 0.2870, 0.2986, 0.3752, 0.5055, 0.3681, 0.3697, 0.5700, 0.5283, 1.1021, 1.2756,
        1.5474, 1.7842, 2.0169, 2.8294, 3.0219, 3.6187, 4.1067, 4.2790, 4.7834,
    ),
    powers_db=(
        0, -2.2, -4, -3.2, -9.8, -1.2, -3.4, -5.2, -7.6, -3, -8.9, -9, -4.8, -5.7,
        -7.5, -1.9, -7.6, -12.2, -9.8, -11.4, -14.9, -9.2, -11.3,
    ),
)
TDL_C = Profile(
    letter="C",
    delays=(
        0, 0.2099, 0.2219, 0.2329, 0.2176, 0.6366, 0.6448, 0.6560, 0.6584, 0.7935, 0.8213, 0.9336, 1.2285, 1.3083,
        2.1704, 2.7105, 4.2589, 4.6003, 5.4902, 5.6077, 6.3065, 6.6374, 7.0427, 8.6523,
    ),
    powers_db=(
        -4.4, -1.2, -3.5, -5.2, -2.5, 0, -2.2, -3.9, -7.4, -7.1, -10.7, -11.1, -5.1, -6.8,
        -8.7, -13.2, -13.9, -13.9, -15.8, -17.1, -16, -15.7, -21.6, -22.8,
    ),
)
TDL_D = Profile(
    letter="D",
    delays=(0, 0.035, 0.612, 1.363, 1.405, 1.804, 2.596, 1.775, 4.042, 7.937, 9.424, 9.708, 12.525),
    powers_db=(-13.5, -18.8, -21, -22.8, -17.9, -20.1, -21.9, -22.9, -27.8, -23.6, -24.8, -30, -27.7),
    specular_db=-0.2,
)
TDL_E = Profile(
    letter="E",
    delays=(
        0, 0.5133, 0.5440, 0.5630, 0.5440, 0.7112, 1.9092, 1.9293, 1.9589, 2.6426, 3.7136, 5.4524, 12.0034, 20.6519,
    ),
    powers_db=(
        -22.03, -15.8, -18.1, -19.8, -22.9, -22.4, -18.6, -20.8, -22.6, -22.3, -25.6, -20.2, -29.8, -29.2,
    ),
    specular_db=-0.03,
)
# fmt: on
# The clusters of CDL-A to CDL-D have the powers and delays of TDL-A to TDL-D; in CDL-E the last delay differs.
CDL_A, CDL_B, CDL_C, CDL_D = TDL_A, TDL_B, TDL_C, TDL_D
CDL_E = replace(TDL_E, delays=(*TDL_E.delays[:-1], 20.6419))
