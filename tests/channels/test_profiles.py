"""Tables of TR 38.901, against values read in the standard and against those that Sionna draws from."""

import pytest

from semlink.channels import profiles
from semlink.channels.profiles import Profile
from semlink.channels.sionna_adapter import sionna

TABLES = {f"{kind}-{letter}": getattr(profiles, f"{kind}_{letter}") for kind in ("TDL", "CDL") for letter in "ABCDE"}


@pytest.mark.parametrize(
    ("name", "paths", "path", "delay", "power_db"),
    [
        ("TDL-A", 23, 2, 0.3819, 0.0),
        ("TDL-A", 23, 23, 9.6586, -29.7),
        ("TDL-B", 23, 1, 0.0, 0.0),
        ("TDL-B", 23, 16, 1.7842, -1.9),
        ("TDL-C", 24, 6, 0.6366, 0.0),
        ("TDL-C", 24, 24, 8.6523, -22.8),
        ("TDL-D", 13, 1, 0.0, -13.5),
        ("TDL-D", 13, 13, 12.525, -27.7),
        ("TDL-E", 14, 2, 0.5133, -15.8),
        ("TDL-E", 14, 14, 20.6519, -29.2),
        ("CDL-E", 14, 14, 20.6419, -29.2),
    ],
)
def test_entries_of_the_standard(name: str, paths: int, path: int, delay: float, power_db: float) -> None:
    table = TABLES[name]
    assert table.letter == name[-1]
    assert len(table.delays) == len(table.powers_db) == paths
    assert (table.delays[path - 1], table.powers_db[path - 1]) == (delay, power_db)


@pytest.mark.parametrize(("table", "k_factor_db"), [(profiles.TDL_D, 13.3), (profiles.TDL_E, 22.0)])
def test_lines_of_sight(table: Profile, k_factor_db: float) -> None:
    """The K-factors that the notes below the tables state."""
    assert table.specular_db is not None
    assert table.specular_db - table.powers_db[0] == pytest.approx(k_factor_db)


@pytest.mark.parametrize("name", TABLES)
def test_powers_sum_to_one_and_delays_spread_by_one(name: str) -> None:
    """The delays are in multiples of their own root-mean-square spread; the standard rounds, to 1 % at most."""
    table = TABLES[name]
    fading, specular = table.powers()
    assert sum(fading) + specular == pytest.approx(1.0)
    mean = sum(power * delay for power, delay in zip(fading, table.delays, strict=True))
    square = sum(power * delay**2 for power, delay in zip(fading, table.delays, strict=True))
    assert (square - mean**2) ** 0.5 == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("letter", "ABCDE")
def test_tapped_delay_lines_are_those_of_sionna(letter: str) -> None:
    table = TABLES[f"TDL-{letter}"]
    theirs = sionna("channel.tr38901").TDL(letter, 1.0, 3.5e9, device="cpu")
    assert theirs.delays.tolist() == pytest.approx(table.delays)
    fading, specular = table.powers()
    assert theirs.mean_powers.tolist() == pytest.approx([fading[0] + specular, *fading[1:]], rel=1e-5)
    assert theirs.los == (table.specular_db is not None)


def test_paths_in_the_order_of_their_delays() -> None:
    ordered = profiles.TDL_A.by_delay()
    assert list(ordered.delays) == sorted(profiles.TDL_A.delays)
    assert set(zip(ordered.delays, ordered.powers_db, strict=True)) == set(
        zip(profiles.TDL_A.delays, profiles.TDL_A.powers_db, strict=True)
    )
