"""What most users need, as functions: `import semlink as sl`, then `sl.sweep(...)`.

The command line calls these functions too. Whatever has a name on the command line can be given by it here; objects are
taken where they are handy. What writes to a folder raises FolderInUse while another process or thread works in it.
"""

import functools
import inspect
import os
import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from semlink.errors import WrongField
from semlink.files import leads_nowhere
from semlink.progress import tell_loading

if TYPE_CHECKING:
    from semlink.channels.contract import Channel
    from semlink.experiments.workflow.entrants import StoredCodec
    from semlink.experiments.workflow.machine import Machine
    from semlink.experiments.workflow.recipe import Recipe
    from semlink.experiments.workflow.records import Records
    from semlink.experiments.workflow.residue import Residue
    from semlink.experiments.workflow.results import Results
    from semlink.simulator.sources.contract import Source
    from semlink.unlearning.request import ErasureRequest

FROM_PYTHON = "called from Python"
P = ParamSpec("P")
R = TypeVar("R")
EntryType = TypeVar("EntryType", bound=type)

TEXTS = {"kind", "device", "command", "source", "method", "vocabulary"}
LISTS = {"overrides": str, "audits": str, "seeds": int, "uses": int}
PLACES = {
    "name", "out", "folder", "folders", "key", "table", "data_dir", "recipe", "what", "codec", "codecs", "original",
    "erased", "retrained", "channel", "request",
}  # what is given by a text or a path, or by an object of a class that the annotation names  # fmt: skip


def _checked(function: Callable[P, R]) -> Callable[P, R]:
    """The function, with arguments of a wrong type told in a sentence, and the plug-ins of the environment loaded.

    Errors: WrongField; PluginError.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if os.environ.get("SEMLINK_PLUGINS"):
            from semlink.plugins import load_environment

            load_environment()
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            needed = _needed(signature.parameters[name], value)
            if signature.parameters[name].annotation is str and not isinstance(value, str):
                needed = "a text"
            if needed and (value is not None or signature.parameters[name].default is not None):
                raise WrongField(f"{function.__name__} cannot take {name}={value!r:.60}; give {needed}.")
        return function(*args, **kwargs)

    return call


def _needed(parameter: inspect.Parameter, value: object) -> str | None:
    """What an argument of that name should be, where the value is not it."""
    name = parameter.name
    whole = isinstance(value, int) and not isinstance(value, bool)
    if name == "seed" and not (whole and 0 <= cast(int, value) < 2**63):
        return "a whole number from 0 to 2**63 - 1"
    if name == "workers" and not (whole and cast(int, value) >= 1):
        return "a number of processes, 1 or more"
    if name in TEXTS and not isinstance(value, str):
        return "a text"
    if name == "snr_db" and (not isinstance(value, Real | Iterable) or isinstance(value, bool | bytes | Mapping)):
        return "Es/N0 in dB"
    if name in PLACES and not _is_place(parameter, value):
        return "a name or an object, as its documentation says"
    if name in ("out", "table") and isinstance(value, str | Path) and leads_nowhere(Path(value)):
        return "a place that is not a link to something that is not there"
    if name in LISTS:
        several = isinstance(value, Sequence) and not isinstance(value, str | bytes)
        if not several or not all(type(item) is LISTS[name] for item in cast(Sequence[object], value)):
            return "a list of texts" if LISTS[name] is str else "a list of whole numbers"
        if name == "audits" and not value:
            return "at least one"
    return None


def _is_place(parameter: inspect.Parameter, value: object) -> bool:
    """Whether an argument is a text, a path or an object of a class that its annotation names, or several of these."""
    known = set(re.findall(r"\w+", str(parameter.annotation)))
    listed = isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping) and not _is_one(value, known)
    if not listed or not known & {"Sequence", "Iterable"}:
        return _is_one(value, known)
    return not isinstance(value, list | tuple) or all(_is_one(item, known) for item in value)  # others are read once


def _is_one(value: object, classes: Container[str]) -> bool:
    return isinstance(value, str | Path) or any(base.__name__ in classes for base in type(value).__mro__)


@_checked
def names(kind: str) -> list[str]:
    """The names that there are: of channels, codecs, classical, compressors, sources, metrics, methods, audits, recipes
    or bundles (stored codecs).

    Errors: UnknownName for another kind.

    >>> import semlink as sl
    >>> "rayleigh" in sl.names("channels")
    True
    """
    from semlink.experiments.workflow import listing

    return listing.names(kind)


def register(kind: str, name: str, entry: type | None = None) -> Any:
    """Adds a class of your own, as a decorator or as a call; its name is then known wherever semlink's own names are.

    Put it in a file and name that file as a plug-in (`--plugin FILE`, `plugins: [FILE]` in a recipe), or register a
    class of a script or notebook as it is: worker processes know it as well.

    In:     kind: channel, codec, source, metric, method or audit. name: lower-case letters, digits and hyphens.
            entry: a class that derives from `sl.Channel`, `sl.NeuralCodec`, `sl.SourceReader`, `sl.Metric`,
            `sl.Method` or `sl.Audit`; None: the class that is decorated.
    Errors: UnknownName; PluginError when the name is taken, or the class lacks something that its kind needs.

    >>> import semlink as sl
    >>> @sl.register("channel", "loud")
    ... class Loud(sl.Channel):
    ...     def forward(self, frame, snr_db, generator):
    ...         return sl.channel("awgn")(frame, snr_db - 3, generator)
    >>> "loud" in sl.names("channels")
    True
    """
    from semlink.plugins import registry_of

    for argument in ("kind", "name"):
        if not isinstance(given := {"kind": kind, "name": name}[argument], str):
            raise WrongField(f"register cannot take {argument}={given!r:.60}; give a text.")

    def decorate(decorated: EntryType) -> EntryType:
        registry_of(kind).register(name, decorated)
        return decorated

    return decorate if entry is None else decorate(entry)


@_checked
def channel(name: str) -> "Channel":
    """A channel, by the name that the command line takes. Errors: UnknownName, WrongField.

    >>> import semlink as sl
    >>> type(sl.channel("rayleigh:coherence=symbol")).__name__
    'Rayleigh'
    """
    from semlink.channels import build_channel

    return build_channel(name)


@_checked
def load_source(name: str, data_dir: str | Path | None = None) -> "Source":
    """Records with their splits, by the name that the command line takes.

    In:     data_dir: folder of the large data sets; None: the environment variable SEMLINK_DATA.
    Errors: UnknownName, WrongField; SourceError when the data are missing or damaged.

    >>> import semlink as sl
    >>> len(sl.load_source("digits").labels)
    10
    """
    from semlink.experiments.workflow.component import component_from
    from semlink.simulator.sources import build_source

    component = component_from(name)
    return build_source(component.name, component.fields, None if data_dir is None else Path(data_dir))


@_checked
def load_codec(name: str | Path) -> "StoredCodec":
    """A stored codec, by its folder or by a name from `names("bundles")`.

    Errors: BundleError when there is none, or it is damaged.

    >>> import semlink as sl
    >>> sl.load_codec("image-digits").card["training_channel"]
    'awgn'
    """
    from semlink.experiments.workflow.entrants import stored_codec

    return stored_codec(name)


@_checked
def records(
    what: "str | Path | StoredCodec",
    request: "str | Path | ErasureRequest | None" = None,
    *,
    data_dir: str | Path | None = None,
) -> "Records":
    """The records of a source or of a codec's training, or those that a request would select; nothing is erased.

    In:     what: a source such as "python-docs", or a stored codec. request: a JSON file, or an `ErasureRequest`.
    Errors: BundleError, ErasureError, SourceError, UnknownName, WrongField.

    >>> import semlink as sl
    >>> sl.records("python-docs", sl.ErasureRequest.of("term", "interpreter", reason="An example.")).near.records > 0
    True
    """
    asked = None if request is None else _request(request)

    from semlink.experiments.workflow.machine import Machine
    from semlink.experiments.workflow.records import records_of

    place = what if isinstance(what, str | Path) else what.folder
    return records_of(place, asked, Machine("cpu", None if data_dir is None else Path(data_dir)))


@_checked
def train(
    recipe: "str | Path | Recipe",
    out: str | Path | None = None,
    *,
    overrides: Sequence[str] = (),
    device: str = "auto",
    data_dir: str | Path | None = None,
) -> "StoredCodec":
    """Trains the codec of a recipe and stores it as a bundle; a stopped training goes on.

    In:     recipe: a file, a name from `names("recipes")`, or a `Recipe`. out: folder of the bundle; None: one in
            SEMLINK_HOME (~/.semlink), found by the name of the experiment. overrides: such as "training.steps=200".
            device: auto, cpu or cuda. data_dir: as for `load_source`.
    Errors: RecipeError, SourceError, CodecError, OSError.

    >>> import semlink as sl
    >>> codec = sl.train("quickstart-digits", "trained", overrides=["training.steps=20"])
    >>> codec.card["codec"]
    'image'
    """
    from semlink.experiments.workflow.codec_folders import own_bundles
    from semlink.experiments.workflow.recipe_file import given_recipe

    loaded = given_recipe(recipe, overrides)

    from semlink.experiments.workflow.training import train_bundle

    folder = own_bundles() / loaded.experiment if out is None else Path(out)
    train_bundle(loaded, folder, _machine(device, data_dir))
    return load_codec(folder)


@_checked
def sweep(
    codecs: "str | Path | StoredCodec | Sequence[str | Path | StoredCodec]",
    channel: "str | Channel | Sequence[str | Channel]" = "awgn",
    snr_db: str | float | Sequence[float] = "0:18:3",
    *,
    request: "str | Path | ErasureRequest | None" = None,
    source: str | None = None,
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    workers: int = 1,
    device: str = "auto",
    data_dir: str | Path | None = None,
    command: str = FROM_PYTHON,
) -> "Results":
    """Measures codecs over a range of Es/N0, all under the same fades and noise.

    In:     codecs: stored codecs, exports of these, and classical codecs such as "digital:webp". channel: one or
            several. snr_db: Es/N0 in dB. request: also measure on its forget and retain sets. source: other test
            records, such as "kodak". out: folder of the run; None: the rows are kept in memory only. overrides: fields
            of the sweep, such as "records=100" or "draws=1". seed: None: that of the first codec's training.
    Errors: BundleError, RecipeError, ChannelError, CodecError, ErasureError, SourceError, UnknownName, WrongField.

    >>> import semlink as sl
    >>> results = sl.sweep("image-digits", "rayleigh", snr_db=[0, 12], overrides=["records=20", "draws=1"])
    >>> results.filter(metric="psnr").rows[0].unit
    'dB'
    """
    from semlink.experiments.workflow.known_names import check_codecs, check_names, check_snr

    check_names("channel", channel if isinstance(channel, list | tuple) else [channel])
    check_names("source", [source])
    check_snr(snr_db)
    check_codecs(codecs if isinstance(codecs, list | tuple) else [codecs])
    asked = None if request is None else _request(request)
    tell_loading()

    from semlink.channels.contract import Channel
    from semlink.experiments.workflow.classical import is_classical
    from semlink.experiments.workflow.component import component_from
    from semlink.experiments.workflow.entrants import StoredCodec
    from semlink.experiments.workflow.recipe_file import plan_from
    from semlink.experiments.workflow.results import Results
    from semlink.experiments.workflow.sweeping import run_sweep, sweep_plan

    listed = [codecs] if isinstance(codecs, str | Path | StoredCodec) else list(codecs)
    places = [codec.folder if isinstance(codec, StoredCodec) else codec for codec in listed]
    classical = [str(place) for place in places if is_classical(str(place))]
    channels = [channel] if isinstance(channel, str | Channel) else list(channel)
    plan = sweep_plan(
        [place for place in places if str(place) not in classical],
        plan_from(
            [each if isinstance(each, str) else _registered_name(each) for each in channels],
            snr_db,
            classical,
            overrides,
        ),
        asked,
        None if source is None else component_from(source),
        seed,
    )
    machine = _machine(device, data_dir, workers)
    if out is not None:
        return Results.read(run_sweep(plan, Path(out), machine, command))
    with TemporaryDirectory(prefix="semlink-") as folder:
        return Results.read(run_sweep(plan, Path(folder, "sweep"), machine, command))


@_checked
def erase(
    codec: "str | Path | StoredCodec",
    request: "str | Path | ErasureRequest",
    out: str | Path,
    method: str = "scu",
    *,
    vocabulary: str = "auto",
    seed: int | None = None,
    device: str = "auto",
    data_dir: str | Path | None = None,
) -> "StoredCodec":
    """Carries out an erasure request: a new version of a stored codec in the folder `out`, with its certificate.

    In:     request: a JSON file, or an `ErasureRequest`. method: such as "scu:forget_weight=0.2"; "retrain" makes the
            reference that the others are compared with. vocabulary: "replace" takes words out that only erased records
            hold, "keep" keeps them, "auto" replaces where the request names words.
    Errors: BundleError, ErasureError, RecipeError, SourceError, OSError.

    >>> import semlink as sl
    >>> sevens = sl.ErasureRequest.of("label", ["7"], reason="An example.")
    >>> erased = sl.erase("image-digits", sevens, "without-sevens", method="finetune:share=0.01")
    >>> erased.carries(sevens)
    True
    """
    from semlink.experiments.workflow.codec_folders import find_bundle
    from semlink.experiments.workflow.component import component_from
    from semlink.experiments.workflow.known_names import check_names

    asked, folder = _request(request), find_bundle(_place(codec))  # mistakes first: what follows loads torch
    check_names("method", [method])
    tell_loading()

    from semlink.experiments.workflow.erasure import erase_bundle

    erase_bundle(folder, asked, component_from(method), Path(out), _machine(device, data_dir), seed, vocabulary)
    return load_codec(out)


@_checked
def audit(
    original: "str | Path | StoredCodec",
    erased: "str | Path | StoredCodec",
    retrained: "str | Path | StoredCodec | Sequence[str | Path | StoredCodec]",
    request: "str | Path | ErasureRequest",
    out: str | Path,
    audits: Sequence[str] = ("membership",),
    snr_db: float = 12.0,
    *,
    seed: int | None = None,
    device: str = "auto",
    data_dir: str | Path | None = None,
    command: str = FROM_PYTHON,
) -> "Results":
    """Attacks an erased codec, beside the original and one or several that were retrained without the data.

    In:     retrained: some audits need several. out: folder of the run. audits: from `names("audits")`, with fields
            such as "relearn:steps=100". snr_db: Es/N0 in dB at which they measure.
    Errors: AuditError, BundleError, ErasureError, RecipeError, UnknownName, WrongField.

    >>> import semlink as sl
    >>> sevens = sl.ErasureRequest.of("label", ["7"], reason="An example.")
    >>> erased = sl.erase("image-digits", sevens, "erased", method="finetune:share=0.01")
    >>> again = sl.erase("image-digits", sevens, "again", method="retrain")
    >>> found = sl.audit("image-digits", erased, again, sevens, "audit", ["membership:records=20"])
    >>> sorted(set(row.version for row in found))
    ['erased', 'original', 'retrained']
    """
    asked = _request(request)

    from semlink.experiments.workflow.codec_folders import find_bundle
    from semlink.experiments.workflow.known_names import check_names

    check_names("audit", audits)
    several = list(retrained) if isinstance(retrained, Sequence) and not isinstance(retrained, str) else [retrained]
    places = [_place(codec) for codec in several]
    for place in (_place(original), _place(erased), *places):
        find_bundle(place)
    tell_loading()

    from semlink.experiments.workflow.auditing import audit_plan, run_audits
    from semlink.experiments.workflow.results import Results

    plan = audit_plan(_place(original), _place(erased), places, asked, audits, snr_db, seed)
    return Results.read(run_audits(plan, Path(out), _machine(device, data_dir), command))


@_checked
def run(
    what: "str | Path | Recipe | Sequence[str | Path | Recipe]",
    out: str | Path,
    *,
    overrides: Sequence[str] = (),
    seeds: Sequence[int] = (),
    show_erased: bool = False,
    workers: int = 1,
    device: str = "auto",
    data_dir: str | Path | None = None,
    command: str = FROM_PYTHON,
) -> "Results":
    """Carries out whole experiments (train, erase, retrain, sweep, audit), or repeats a run from its folder.

    In:     what: recipes (files, names, or `Recipe` objects), or one folder of a run of any kind. out: folder of the
            run; a stopped one goes on. overrides: such as "sweep.records=50". seeds: each recipe with each of several.
            show_erased: whether samples of erased records are kept for the report.
    Errors: RecipeError, and those of what is carried out.

    >>> import semlink as sl
    >>> quick = ["training.steps=20", "sweep.records=20", "sweep.draws=1", "erasure=null"]
    >>> results = sl.run("quickstart-digits", "quick", overrides=quick)
    >>> results.folder.plan.kind
    'experiment'
    """
    from semlink.experiments.workflow.recipe import Recipe
    from semlink.experiments.workflow.running import carry_out, plan_for

    listed = [what] if isinstance(what, str | Path | Recipe) else list(what)
    plan = plan_for(listed, overrides, seeds)

    from semlink.experiments.workflow.results import Results

    return Results.read(carry_out(plan, Path(out), _machine(device, data_dir, workers), command, show_erased))


@_checked
def block_errors(
    out: str | Path,
    channel: Sequence[str] = ("awgn",),
    uses: Sequence[int] = (256,),
    snr_db: str | Sequence[float] = "-4:20:2",
    target: float = 0.1,
    *,
    table: str | Path | None = None,
    workers: int = 1,
    command: str = FROM_PYTHON,
) -> "Results":
    """Measures block error rates of the classical chain beforehand, so that sweeps only look them up.

    In:     uses: channel uses of a block. target: the block error rate that a choice may have at most. table: folder of
            the tables; None: block-errors in SEMLINK_HOME (~/.semlink), where sweeps keep theirs.
    Errors: RecipeError, UnknownName, WrongField, ResultsError.
    """
    from semlink.experiments.workflow.error_tables import block_errors_plan, run_block_errors
    from semlink.experiments.workflow.machine import Machine
    from semlink.experiments.workflow.recipe_file import plan_from
    from semlink.experiments.workflow.results import Results

    points = plan_from(channel, snr_db, (), ()).snr_db
    plan = block_errors_plan(channel, uses, points, target, None if table is None else Path(table))
    return Results.read(run_block_errors(plan, Path(out), Machine(workers=workers), command))


@_checked
def report(
    folder: str | Path,
    show_erased: bool = False,
    beside: str | Path | None = None,
    out: str | Path | None = None,
) -> Path:
    """Draws the report page and the figures of a run again, from its folder alone; returns the path of the page.

    In:     show_erased: whether erased records and what a request says may stand on the page. beside: another run, to
            draw the two side by side instead. out: the folder to write to; None: that of the run, or of two runs a new
            one beside the first.
    Errors: ResultsError when the folder holds no run, a file is damaged, or two runs cannot be compared.

    >>> import semlink as sl
    >>> results = sl.sweep("image-digits", snr_db=[0, 12], out="curve", overrides=["records=20", "draws=1"])
    >>> sl.report("curve").name
    'report.html'
    """
    from semlink.experiments.report import write_comparison, write_report

    where = None if out is None else Path(out)
    if beside is not None:
        return write_comparison(Path(folder), Path(beside), where)
    return write_report(Path(folder), where, show_erased=show_erased)


@_checked
def sign(folder: str | Path, key: str | Path) -> Path:
    """Signs a bundle, an export or a run folder; returns the path of the signature, which lies in it.

    In:     key: the file of a private key; `semlink sign --new-key PATH` makes one.
    Errors: SignatureError when the folder is none of these, or the key is none; BundleError; OSError.

    >>> import semlink as sl
    >>> from semlink.experiments.workflow.signatures import new_key_pair
    >>> public = new_key_pair(Path("key"))
    >>> results = sl.sweep("image-digits", snr_db=[12], out="signed", overrides=["records=20", "draws=1"])
    >>> sl.sign("signed", "key").name
    'signature.json'
    """
    from semlink.experiments.workflow import signatures

    return signatures.sign(Path(folder), Path(key))


@_checked
def verify(folder: str | Path, key: str | Path | None = None) -> str:
    """Checks that a folder is what the owner of a key signed; returns that in a sentence.

    In:     key: the file of the public key, or of several; None: a stored codec is checked against its own manifest.
    Errors: SignatureError when it is not; BundleError when it is damaged.

    >>> import semlink as sl
    >>> from semlink.experiments.workflow.signatures import new_key_pair
    >>> public = new_key_pair(Path("key"))
    >>> results = sl.sweep("image-digits", snr_db=[12], out="signed", overrides=["records=20", "draws=1"])
    >>> signature = sl.sign("signed", "key")
    >>> sl.verify("signed", public)
    'signed is what the owner of key.pub signed on ...: a run of 3 files.'
    """
    from semlink.experiments.workflow import signatures
    from semlink.experiments.workflow.codec_folders import find_bundle
    from semlink.experiments.workflow.store import stored_bundle

    if key is None:
        place = find_bundle(folder)
        digest = stored_bundle(place).digest()
        return f"{place} fits its manifest and has the digest {digest}; that does not show who made it."
    signature = signatures.verify(Path(folder), Path(key))
    files = "" if signature.kind == "bundle" else f" of {len(signature.files)} files"
    return f"{folder} is what the owner of {key} signed on {signature.time}: a {signature.kind}{files}."


@_checked
def residue(
    folders: "str | Path | Sequence[str | Path]",
    request: "str | Path | ErasureRequest",
    source: str | None = None,
    *,
    data_dir: str | Path | None = None,
) -> "Residue":
    """Looks for what is left of a request's data in files and their names.

    In:     folders: all that lies below is looked at. source: the records among which those of the request are, or a
            stored codec that was trained on them; their ids and sentences are looked for too.
    Errors: ErasureError when a folder is not there, or the request does not fit the source; SourceError.

    >>> import semlink as sl
    >>> Path("notes").mkdir()
    >>> written = Path("notes", "call.txt").write_text("Mrs Weber asked for it.")
    >>> [trace.kind for trace in sl.residue("notes", sl.ErasureRequest.of("term", "weber", "Asked.")).found]
    ['term']
    """
    asked = _request(request)

    from semlink.experiments.workflow.codec_folders import find_bundle, stored_codecs
    from semlink.experiments.workflow.component import component_from
    from semlink.experiments.workflow.residue import residue as search
    from semlink.experiments.workflow.store import stored_bundle
    from semlink.experiments.workflow.stored_recipe import recipe_of
    from semlink.simulator.sources import build_source

    records = None
    if source is not None:
        stored = Path(source).is_dir() or source in stored_codecs()
        component = recipe_of(stored_bundle(find_bundle(source))).source if stored else component_from(source)
        records = build_source(component.name, component.fields, None if data_dir is None else Path(data_dir))
    places = [folders] if isinstance(folders, str | Path) else list(folders)
    own = Path(request) if isinstance(request, str | Path) else None
    return search([Path(place) for place in places], asked, records, own)


@_checked
def proof(
    codec: "str | Path | StoredCodec",
    out: str | Path,
    request: "str | Path | ErasureRequest | None" = None,
    key: str | Path | None = None,
) -> Path:
    """Writes one page for the person who asked: what was erased when and how, without anybody's data.

    In:     codec: after the erasure. out: the page, HTML. request: None: the last one in the codec's protected files.
            key: the file of a public key, with which the codec's signature is checked.
    Errors: ErasureError when nothing was erased, or the request is not known; BundleError; SignatureError; OSError.

    >>> import semlink as sl
    >>> sevens = sl.ErasureRequest.of("label", ["7"], reason="An example.")
    >>> erased = sl.erase("image-digits", sevens, "without-sevens", method="finetune:share=0.01")
    >>> sl.proof(erased, "proof.html", sevens).name
    'proof.html'
    """
    asked = None if request is None else _request(request)

    from semlink.experiments.report.proof import write_proof
    from semlink.experiments.workflow.codec_folders import find_bundle

    return write_proof(find_bundle(_place(codec)), Path(out), asked, None if key is None else Path(key))


def _machine(device: str, data_dir: str | Path | None, workers: int = 1) -> "Machine":
    from semlink.experiments.workflow.machine import Machine, pick_device

    return Machine(pick_device(device), None if data_dir is None else Path(data_dir), workers)


def _request(request: "str | Path | ErasureRequest") -> "ErasureRequest":
    from semlink.unlearning.request import ErasureRequest, read_request

    return request if isinstance(request, ErasureRequest) else read_request(Path(request))


def _place(codec: "str | Path | StoredCodec") -> str | Path:
    return codec if isinstance(codec, str | Path) else codec.folder


def _registered_name(channel: "Channel") -> str:
    """The name of a channel object. Errors: WrongField when its class is not registered: a run is repeated by names."""
    from semlink.channels import CHANNELS, name_of

    if CHANNELS.name_of(type(channel)) is None:
        raise WrongField(
            f"The class {type(channel).__name__} has no name that a run can hold; "
            'write @sl.register("channel", NAME) above it.'
        )
    return name_of(channel)
