"""Making bundles: train the codec of a recipe, carry out an erasure request on a stored one."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from semlink import __version__
from semlink.channels import build_channel
from semlink.codecs import CODECS
from semlink.codecs.building import new_codec, new_codec_like
from semlink.codecs.bundle import Bundle, load_bundle, save_bundle
from semlink.codecs.contract import NeuralCodec
from semlink.errors import BundleError, RecipeError
from semlink.experiments.workflow.recipe import Component, Recipe, recipe_from
from semlink.experiments.workflow.store import find_bundle
from semlink.files import check_room, write_whole
from semlink.registry import build, canonical
from semlink.simulator.sources import SOURCES, build_source
from semlink.simulator.sources.contract import Source
from semlink.simulator.training import train
from semlink.unlearning.contract import ErasureContext
from semlink.unlearning.erase import erase
from semlink.unlearning.methods import METHODS
from semlink.unlearning.methods.mnemonic.codes import CODES_FILE, CodeMixing, MnemonicCodes
from semlink.unlearning.partition import without_data
from semlink.unlearning.request import ErasureRequest

RECIPE, REQUEST, IMPORT = "training.yaml", "request.json", "import.json"
CHECKPOINT_COPIES = 4  # of the weights: as they are, the best so far, and the optimiser's two averages


@dataclass(frozen=True)
class Machine:
    """Where work is done: the torch device, the folder of large data sets or None."""

    device: str = "cpu"
    data_dir: Path | None = None


def pick_device(name: str) -> str:
    """`auto` is CUDA where there is one, else the CPU. Errors: RecipeError for a device that is not there."""
    available = torch.cuda.is_available()
    if name == "auto":
        return "cuda" if available else "cpu"
    if name == "cpu" or (name.startswith("cuda") and available):
        return name
    reason = "this machine has no CUDA device" if name.startswith("cuda") else "there is no such device"
    raise RecipeError(f'--device {name}: {reason}; use "auto" or "cpu".')


def source_of(recipe: Recipe, machine: Machine) -> Source:
    """The records that a recipe names. Errors: SourceError, UnknownName, WrongField."""
    return build_source(recipe.source.name, recipe.source.fields, machine.data_dir)


def fresh_codec(recipe: Recipe, source: Source) -> NeuralCodec[Any]:
    """The codec of a recipe before its training.

    It is untrained, with vocabulary, sizes and classes from the training records, or the stored one that the recipe starts from.
    Errors: RecipeError when that is of another kind than the recipe says; BundleError.
    """
    if recipe.start is not None:
        return start_of(recipe).codec
    payloads = [record.payload for record in source.train]
    return new_codec(recipe.codec.name, recipe.codec.fields, payloads, recipe.seed, source.labels)


def start_of(recipe: Recipe) -> Bundle:
    """The stored codec that a recipe starts from. Errors: RecipeError when it is another than the recipe says; BundleError."""
    assert recipe.start is not None
    bundle = load_bundle(find_bundle(recipe.start))
    if type(bundle.codec) is not CODECS[recipe.codec.name]:
        raise RecipeError(f"{recipe.start} is not a codec of the kind {recipe.codec.name}; give its kind under codec.")
    for field, value in recipe.codec.fields.items():
        own = getattr(bundle.codec.config, field)
        if own != value:
            raise RecipeError(
                f"{recipe.start} has {field}={own}, not {value}; leave {field} out, or start from nothing."
            )
    return bundle


def train_bundle(recipe: Recipe, folder: Path, machine: Machine) -> None:
    """Trains the codec of a recipe and stores it at `folder`; a stored one of the same recipe is left as it is.

    Stopped training goes on from its checkpoint beside the folder.
    Errors: RecipeError when `folder` holds something else, or the recipe trains nothing; OSError, before the training, when
    it cannot be written.
    """
    if recipe.training is None:
        raise RecipeError(f"The recipe {recipe.experiment} trains nothing; carry it out with: semlink run.")
    if _holds(folder, {"recipe": _training_part(recipe), "version": "original"}):
        return
    torch.set_num_threads(recipe.threads)
    source = source_of(recipe, machine)
    codec = fresh_codec(recipe, source).on(machine.device)
    check_room(folder.parent, CHECKPOINT_COPIES * _weight_bytes(codec))
    checkpoint = _checkpoint_of(folder)
    start = {"start": start_of(recipe).digest()} if recipe.start else {}
    codes = _codes_for(recipe, codec, source, folder)
    outcome = train(
        codec,
        source.train,
        source.validation,
        build_channel(recipe.channel),
        recipe.training,
        recipe.seed,
        f"train {recipe.experiment}",
        checkpoint,
        CodeMixing(recipe.training.mnemonic, codes) if codes else None,
    )
    card = {
        "experiment": recipe.experiment,
        "version": "original",
        "method": "none",
        "codec": recipe.codec.name,
        "parameters": sum(parameter.numel() for parameter in codec.parameters()),
        "source": {
            "name": source.name,
            **asdict(SOURCES[recipe.source.name].terms),
            "digest": source.digest(),
            "labels": source.labels,
            "train_records": len(source.train),
            "validation_records": len(source.validation),
        },
        "bandwidth": _bandwidth(codec, source),
        "training_channel": recipe.channel,
        "training_snr_db": recipe.training.snr_db,
        "validation_loss": outcome.validation_loss,
        "best_step": outcome.best_step,
        "seconds": outcome.seconds,
        "seed": recipe.seed,
        "device": machine.device,
        "code_version": __version__,
        "command": f"semlink train {RECIPE} --out DIR",
        **start,
        "recipe": _training_part(recipe),
    }
    save_bundle(codec.cpu(), card, folder, _recipe_file(card), _protected(codes))
    _remove(checkpoint)
    _secret_of(folder).unlink(missing_ok=True)


def erase_bundle(
    folder: Path, request: ErasureRequest, method: Component, out: Path, machine: Machine, seed: int | None = None
) -> None:
    """Carries out an erasure request on the codec stored at `folder` and stores the new version at `out`.

    The deployed version is not touched. The new bundle carries `erasure.json`, the request, and the mnemonic codes of
    the classes that are left. A codec that was trained from a stored one, whose records it saw too, takes methods alone
    that read no records.
    Errors: ErasureError, BundleError, RecipeError; OSError, before the work, when `out` cannot be written.
    """
    bundle = load_bundle(folder)
    recipe = recipe_of(bundle)
    unlearn = build("method", METHODS, method.name, method.fields)
    if recipe.training is None or (recipe.start is not None and unlearn.reads):
        raise RecipeError(
            f"{folder} was trained from {recipe.start}, which saw records too; carry out the request on {recipe.start}, "
            "then train from what that gives."
        )
    seed = recipe.seed if seed is None else seed
    version = "retrained" if method.name == "retrain" else "erased"
    marks = {
        "version": version,
        "request": request.digest(),
        "parent": bundle.digest(),
        "method": method.model_dump(),
        "erasure_seed": seed,
    }
    if _holds(out, marks):
        return
    torch.set_num_threads(recipe.threads)
    source = source_of(recipe, machine) if unlearn.reads else None
    if source is not None:
        same_data(bundle, source)
    check_room(out.parent, CHECKPOINT_COPIES * _weight_bytes(bundle.codec))
    checkpoint = _checkpoint_of(out)
    codes = MnemonicCodes.restored(bundle.protected[CODES_FILE]) if CODES_FILE in bundle.protected else None

    def fresh() -> NeuralCodec[Any]:
        return new_codec_like(bundle.codec, seed).on(machine.device)

    context = ErasureContext(
        channel=build_channel(recipe.channel),
        training=recipe.training,
        seed=seed,
        fresh=fresh,
        label=f"{method.name} {recipe.experiment}",
        checkpoint=checkpoint,
        transform=CodeMixing(recipe.training.mnemonic, codes) if recipe.training.mnemonic else None,
        codes=codes,
    )
    codec, labels = bundle.codec.on(machine.device), bundle.card.get("source", {}).get("labels", ())
    erased, certificate = erase(codec, source, request, unlearn, context, bundle.digest(), labels=labels)
    inherited = {name: fact for name, fact in bundle.card.items() if name not in ("validation_loss", "best_step")}
    card = {**inherited, **marks, "seconds": erased.seconds, "device": machine.device, "code_version": __version__}
    told = canonical(method.name, METHODS[method.name], method.fields)
    card["command"] = shlex.join(
        [
            "semlink",
            "erase",
            recipe.experiment,
            "--request",
            REQUEST,
            "--method",
            told,
            "--seed",
            f"{seed}",
            "--out",
            "DIR",
        ]
    )
    extra = {"erasure.json": json.dumps(certificate, indent=2) + "\n", REQUEST: request.text(), **_recipe_file(card)}
    if (bundle.folder / IMPORT).is_file() and version == "erased":  # where the tensors that it was made of are from
        extra[IMPORT] = (bundle.folder / IMPORT).read_text(encoding="utf-8")
    if codes is not None and request.selection.by == "label":
        codes = codes.without(without_data(labels, request).labels)
    save_bundle(erased.codec.cpu(), card, out, extra, _protected(codes))
    _remove(checkpoint)


def _codes_for(recipe: Recipe, codec: NeuralCodec[Any], source: Source, folder: Path) -> MnemonicCodes | None:
    """The codes that training mixes in, if any; secret ones lie beside `folder` until the codec is stored there.

    Errors: WrongField when the codec or the source has no classes; BundleError when secret codes are damaged.
    """
    assert recipe.training is not None
    if not recipe.training.mnemonic:
        return None
    arguments = codec, source.train[0].payload, len(source.labels)
    if recipe.training.codes == "seeded":
        return MnemonicCodes.drawn_for(*arguments, recipe.seed)
    path = _secret_of(folder)
    if not path.exists():
        write_whole(path, MnemonicCodes.drawn_for(*arguments, None).stored(), 0o600)
    return MnemonicCodes.restored(path.read_bytes())


def _protected(codes: MnemonicCodes | None) -> dict[str, bytes]:
    return {} if codes is None else {CODES_FILE: codes.stored()}


def _secret_of(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.codes"


def recipe_of(bundle: Bundle) -> Recipe:
    """The recipe that a stored codec was trained with. Errors: BundleError when its card has none."""
    content = bundle.card.get("recipe")
    if not isinstance(content, Mapping):
        raise BundleError(f"The bundle {bundle.folder} does not say how it was trained; train it with: semlink train.")
    return recipe_from(content, f"in {bundle.folder / 'card.json'}")


def _training_part(recipe: Recipe) -> dict[str, Any]:
    """All that the trained weights depend on."""
    return recipe.model_dump(mode="json", exclude={"sweep", "erasure"})


def _recipe_file(card: Mapping[str, Any]) -> dict[str, str]:
    return {RECIPE: yaml.safe_dump(card["recipe"], sort_keys=False, allow_unicode=True)}


def _bandwidth(codec: NeuralCodec[Any], source: Source) -> dict[str, float]:
    """Mean channel uses of a validation record, and of a part of it: a word, or a sample of an image."""
    payloads = [record.payload for record in source.validation]
    uses = codec.channel_uses(codec.prepare(payloads).to(codec.device)).double().mean().item()
    parts = sum(len(payload.split()) if isinstance(payload, str) else payload.size for payload in payloads)
    return {"channel_uses": uses, "channel_uses_per_part": uses * len(payloads) / parts}


def same_data(bundle: Bundle, source: Source) -> None:
    """Checks that the records are those of the codec's training. Errors: BundleError when they differ."""
    stored = bundle.card.get("source", {}).get("digest")
    if stored != source.digest():
        raise BundleError(
            f"The records of {source.name} differ from those that {bundle.folder} was trained on; "
            "use the data (and, for embedded text, the Python version) of its training."
        )


def _weight_bytes(codec: NeuralCodec[Any]) -> int:
    return sum(value.nbytes for value in codec.state_dict().values())


def _checkpoint_of(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.checkpoint"


def _remove(checkpoint: Path) -> None:
    """Removes a checkpoint, and those of phases of a method or parts of a codec."""
    for part in (checkpoint, *checkpoint.parent.glob(f"{checkpoint.name}-*")):
        part.unlink(missing_ok=True)


def _holds(folder: Path, marks: Mapping[str, Any]) -> bool:
    """Whether a bundle with these marks in its card is there. Errors: RecipeError when something else is."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        bundle = load_bundle(folder)
        card = {**bundle.card, "recipe": _training_part(recipe_of(bundle))}  # with the defaults of fields added since
    except BundleError as error:
        raise RecipeError(f"{folder} holds something that is not this codec; choose another --out.") from error
    if any(card.get(key) != json.loads(json.dumps(value)) for key, value in marks.items()):
        raise RecipeError(f"{folder} holds another codec; choose another --out, or remove that folder first.")
    return True
