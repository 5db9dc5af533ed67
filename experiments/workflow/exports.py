"""Stored codecs out of semlink, and the proof that what came out is the same codec."""

from dataclasses import asdict, dataclass
from pathlib import Path

from semlink.channels import build_channel, channel_name
from semlink.channels.contract import Frame, Reception
from semlink.codecs.interop.comparing import Comparison, compare
from semlink.codecs.interop.exporting import export_codec
from semlink.errors import CodecError, RecipeError
from semlink.experiments.workflow.codec_folders import find_bundle
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.preparation import prepare_stored
from semlink.experiments.workflow.store import stored_bundle, stored_export
from semlink.files import json_text, write_whole
from semlink.folder_lock import locked
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.metrics import metrics_for
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep import Entry, measure
from semlink.simulator.sweep_settings import SweepSettings

TOLERANCE = 1e-3  # between the metrics of the stored codec and of its export over the same draws
VERIFIED = "verified.json"


@dataclass(frozen=True)
class Verified:
    """What a verification found.

    comparison: on one batch. metrics: name -> (stored, exported), means over the same records, fades and noise.
    """

    comparison: Comparison
    metrics: dict[str, tuple[float, float]]

    def text(self) -> str:
        """As lines for a person."""
        facts = self.comparison
        lines = [
            f"largest difference: symbols {facts.symbols:.1e}, decoder outputs {facts.outputs:.1e}; "
            f"estimates differ in {facts.different:.2%} of their elements",
            *(f"{name}: {one:.6g} stored, {two:.6g} exported" for name, (one, two) in self.metrics.items()),
            f"one example, one thread: {1e3 * facts.seconds[0]:.2f} ms stored, "
            f"{1e3 * facts.seconds[1]:.2f} ms exported",
            f"weights {facts.weights / 1e6:.2f} MB stored, files {facts.size / 1e6:.2f} MB exported",
        ]
        return "\n".join(lines)


def parse_size(text: str) -> tuple[int, int]:
    """`32x48` as height and width. Errors: RecipeError."""
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise RecipeError(f'--size "{text}" is no size of images; write height x width, such as 32x48.')
    return int(parts[0]), int(parts[1])


@locked("out")
def export_bundle(folder: str | Path, kind: str, part: str, out: Path, size: tuple[int, int] | None = None) -> None:
    """Exports a stored codec; see `export_codec`. Errors: BundleError; those of `export_codec`."""
    bundle = stored_bundle(find_bundle(folder))
    export_codec(bundle.codec, bundle.digest(), kind, part, out, size)


@locked("export")
def verify_export(
    folder: str | Path, export: Path, channel: str, snr_db: float, records: int, seed: int, machine: Machine
) -> Verified:
    """Runs a stored codec and its export on the same records, fades and noise; leaves `verified.json` in the export.

    Errors: BundleError, CodecError when the two differ by more than `TOLERANCE` in a metric; SourceError.
    """
    bundle = stored_bundle(find_bundle(folder))
    exported = stored_export(export, bundle)
    original = exported.original
    source = prepare_stored([bundle], None, machine, seed).source
    chosen = list(subset(source.test, records, seed))
    if not chosen:
        raise RecipeError(f"The source {source.name} has no test records to verify with; train with another one.")
    name = channel_name(channel)

    def arrived(frame: Frame) -> Reception:
        reception: Reception = build_channel(name)(frame, snr_db, generator_for(seed, "verify"))
        return reception

    comparison = compare(exported, export, batch_of(original, chosen[:64]), arrived)
    found: dict[str, tuple[float, float]] = {}
    if original.delivers == original.modality:
        entries = [Entry(original, "stored"), Entry(exported, "exported")]
        settings = SweepSettings((snr_db,), records, 1)
        rows = measure(entries, chosen, name, "test", metrics_for(original.modality), settings, "verify", seed)
        values = {(row.metric, row.codec): row.value for row in rows if row.snr_db is not None}
        found = {
            metric: (value, values[metric, "exported"])
            for (metric, codec), value in values.items()
            if codec == "stored"
        }
    verified = Verified(comparison, found)
    told = {"bundle": bundle.digest(), "channel": name, "snr_db": snr_db, "n": len(chosen), "seed": seed}
    write_whole(export / VERIFIED, json_text({**told, **asdict(verified)}, 2) + "\n")
    wrong = [metric for metric, (one, two) in found.items() if not abs(one - two) <= TOLERANCE]
    if wrong or (not found and comparison.different > TOLERANCE):
        raise CodecError(f"{export} is not the codec in {folder}: {wrong[0] if wrong else 'its classes'} differ.")
    return verified
