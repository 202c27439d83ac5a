"""A chapter's network: loaded or trained, and its record."""

from pathlib import Path

from fer_lib.data.protocols import Splits
from fer_lib.device import choose_device
from fer_lib.errors import FerError
from fer_lib.models.saved import beside, committed, load
from ferbook.kit.parameters import Parameters
from ferbook.kit.results import made_by, recorded
from ferbook.papers import config_of
from ferbook.runs.make import reproduce
from ferbook.runs.records import write_record
from ferbook.runs.run import Run
from ferbook.show.figures import percent
from ferbook.show.phrases import learned
from ferbook.training.states import Fitted

RECORDS = Path("_build/runs")  # of the runs made in notebooks


def network(parameters: Parameters, splits: Splits, variant: str = "default") -> Run:
    """The network to look at: trained, or loaded.

    Loaded are the weights beside a recorded run on the same data set and protocol, else
    the library's own.

    Raises:
        FerError: when there are no weights to load, or for other classes.
    """
    if parameters.train:
        return _trained(parameters, variant)
    path = _at_hand(parameters, variant)
    found = load(path)
    if found.classes != splits.classes:
        raise FerError(
            f"{path.name}: trained on {len(found.classes)} classes, the protocol "
            f"'{splits.protocol}' has {len(splits.classes)}; use a protocol with as "
            "many, or train = True."
        )
    print(f"Loaded {path.name}, which learned from {learned(found.provenance)}.")
    placed = found.to(choose_device(parameters.device))
    record, ended = made_by(found), Fitted(finished=True)
    run = Run(placed, config_of(placed), splits, ended, record)
    print(f"It reads {percent(run.reading())} of these test faces.")
    return run


def _trained(parameters: Parameters, variant: str) -> Run:
    run = reproduce(
        parameters.key(variant),
        folder=RECORDS,
        root=parameters.data_root or None,
        device=parameters.device,
        budget=parameters.budget,
        states=Path(parameters.state_folder) if parameters.state_folder else None,
        again=True,  # cells are executed twice; the same outcome is kept once
    )
    if not run.fitted.finished:
        done = run.fitted.epoch
        print(f"The budget ended after epoch {done}; run this again to go on.")
    return run


def _at_hand(parameters: Parameters, variant: str) -> Path:
    """Weights to load."""
    paper, dataset = parameters.paper, parameters.dataset
    for record in recorded(
        paper, dataset, protocol=parameters.protocol, variant=variant
    ):
        if beside(record.path).is_file():
            return beside(record.path)
    path = committed(paper)
    if variant != "default" or not path.is_file():
        raise FerError(
            f"No weights of {paper}, variant '{variant}', come with the book; set "
            "train = True."
        )
    return path


def record_cell(run: Run, reader: str = "") -> None:
    """Tell where the record of a run is, and how its reader can send it in."""
    record = run.record
    if record is None or RECORDS.resolve() not in record.path.resolve().parents:
        print("Nothing was trained here, so there is no new record.  To make one,")
        print("set train = True (and a data set that you have) and run all cells.")
        return
    if reader:
        content = dict(record.content) | {"reader": reader}
        record = write_record(record.path, content, record.predictions)
    inside = record.path.resolve().relative_to(RECORDS.resolve())
    print(f"Your record: {record.path}, and the .npz file beside it.")
    print("To see what it says about the paper, copy both into a clone, to")
    print(f"    book/runs/{inside.parent}/")
    print("and run `ferbook claims`.  To send it in, commit the two files and open")
    print("a pull request.  If a record of that name is there already, add -run2 to")
    print("both names: none is replaced.  A record holds settings, curve and")
    print("predictions, and no faces.")
