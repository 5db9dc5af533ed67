"""One page for the person who asked for an erasure: what was done, what that shows, and what it does not."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from semlink.codecs.bundle import WEIGHTS, Bundle
from semlink.codecs.interop.sidecar import SIDECAR
from semlink.errors import ErasureError
from semlink.experiments.report.labels import snr_label
from semlink.experiments.workflow.erasure import CERTIFICATE, certificate_of
from semlink.experiments.workflow.residue import Needles
from semlink.experiments.workflow.run_folder import RUN
from semlink.experiments.workflow.signatures import SIGNATURE, read_signature, verify
from semlink.experiments.workflow.store import stored_bundle
from semlink.experiments.workflow.training_records import chain_of
from semlink.files import write_whole
from semlink.unlearning.chain import ChainEntry
from semlink.unlearning.request import ErasureRequest
from semlink.untrusted import read_bytes

MARK = b"<!-- semlink proof -->\n"  # begins the page, so that it alone is replaced by another one
WITHHELD = "not shown here, since it names what was erased"
SETS = {"forget": "erased records", "validation": "other records"}


@dataclass(frozen=True)
class RequestFacts:
    """The request of a proof.

    request: as it was made. number: its place among the requests that the codec carries, from 1. chain: these.
    """

    request: ErasureRequest
    number: int
    chain: tuple[ChainEntry, ...]

    @property
    def last(self) -> bool:
        """Whether it is the one that the certificate of the codec is about."""
        return self.number == len(self.chain)


def write_proof(folder: Path, out: Path, request: ErasureRequest | None = None, key: Path | None = None) -> Path:
    """Writes the page about one request that was carried out on a stored codec; nobody's data are in it.

    In:     folder: of the codec after the erasure. request: None: the last one in its protected files. key: a file of
            public keys, one of which must have signed the codec.
    Errors: ErasureError when nothing was erased, or the request is not known or another; BundleError; SignatureError;
            OSError.
    """
    _check_place(out)
    bundle = stored_bundle(folder)
    certificate = _certificate(bundle)
    facts = _facts(bundle, request)
    page = (
        _environment()
        .get_template("proof.html.j2")
        .render(
            style=Markup((Path(__file__).parent / "page.css").read_text(encoding="utf-8")),
            sections=_sections(bundle, certificate, facts, _signature(folder, key)),
            losses=_losses(certificate) if facts.last else [],
            last=facts.last,
            checked=key is not None,
            retrained=bundle.card.get("version") == "retrained",
        )
    )
    write_whole(out, MARK + page.encode(), 0o600)
    return out


def _check_place(out: Path) -> None:
    """Errors: ErasureError when something else than an earlier proof is there, or the place is in a folder of ours."""
    if any((parent / name).is_file() for parent in out.absolute().parents for name in (WEIGHTS, RUN, SIDECAR)):
        raise ErasureError(f"{out} would lie in a stored codec, an export or a run; choose another --out for the page.")
    if out.exists() or out.is_symlink():
        try:
            earlier = read_bytes(out)[: len(MARK)] == MARK
        except OSError:
            earlier = False
        if not earlier:
            raise ErasureError(f"{out} is there already and is no proof; choose another --out.")


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=StrictUndefined,
    )  # fmt: skip


def _certificate(bundle: Bundle) -> Mapping[str, Any]:
    """The certificate, checked. Errors: ErasureError where there is none; BundleError when it is of another codec."""
    if CERTIFICATE not in bundle.texts:
        raise ErasureError(f"Nothing was erased from {bundle.folder}; give the codec that semlink erase made.")
    return certificate_of(bundle)


def _facts(bundle: Bundle, request: ErasureRequest | None) -> RequestFacts:
    """The request, and its place among those that the codec carries. Errors: ErasureError."""
    chain = chain_of(bundle)
    if request is None:
        carried_out = chain.kept.get(chain.entries[-1].request)
        if carried_out is None:
            raise ErasureError(
                f"The protected files of {bundle.folder} are not here, which hold the request; give it with --request."
            )
        request = carried_out.request
    entry = chain.entry_of(request)
    if entry is None:
        raise ErasureError(f"Request {request.id} was not carried out on {bundle.folder}; give one that was.")
    return RequestFacts(request, chain.entries.index(entry) + 1, chain.entries)


def _losses(certificate: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The errors before and after, as the page shows them."""
    return [
        {
            "set": SETS[row["set"]],
            "snr": snr_label(float(row["snr_db"])),
            "n": row["n"],
            **{name: f"{float(row[name]):.4g}" for name in ("before", "after")},
        }
        for row in certificate.get("mean_loss", ())
        if row.get("set") in SETS
    ]


def _sections(
    bundle: Bundle, certificate: Mapping[str, Any], facts: RequestFacts, signature: str
) -> dict[str, dict[str, str]]:
    """The page, as headings with their facts."""
    needles = Needles.of(facts.request.model_copy(update={"id": "-", "reason": "-"}))
    entry = facts.chain[facts.number - 1]
    count = entry.records

    def shown(text: str) -> str:
        return WITHHELD if needles.in_text(text) else text

    request = {
        "Name of the request": shown(facts.request.id),
        "Made": facts.request.time,
        "Its digest in the codec": entry.request,
        "Requests carried out on this codec in all": len(facts.chain),
        "Which of them this is": facts.number,
    }
    done = {
        "Carried out": certificate.get("issued") if facts.last else "before the last request",
        "Method": entry.method,
        "Records of the training that are forgotten": "not counted: no record was read" if count is None else count,
        "Certificate of the last erasure": None if facts.last else certificate.get("issued"),
    }
    codec = {
        "Codec": shown(str(bundle.card.get("experiment", bundle.folder.name))),
        "Digest before": entry.parent,
        "Digest now": bundle.digest(),
        "Digest of its weights": certificate.get("weights"),
        "Digest of the method's settings": certificate["method"].get("digest") if facts.last else None,
        "Version of semlink": certificate.get("code_version"),
        "Signature": signature,
    }
    sections = {"The request": request, "What was done": done, "The codec": codec}
    return {
        heading: {name: str(value) for name, value in listed.items() if isinstance(value, str | int | float)}
        for heading, listed in sections.items()
    }


def _signature(folder: Path, key: Path | None) -> str:
    """Errors: SignatureError when a key is given that did not sign the codec."""
    if key is not None:
        signature = verify(folder, key)
        return f"checked: by the owner of the key {signature.key}, on {signature.time}"
    if (folder / SIGNATURE).is_file():
        return f"there is one, by the key {read_signature(folder).key}; it was not checked for this page"
    return "none: the digests show damage, but not who made the codec"
