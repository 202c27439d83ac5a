"""Recipes trained on faces that are drawn in no time."""

from drawn_splits import drawn_splits
from torch import nn

from ferbook.training.loop import fit
from ferbook.training.plan import Plan, Stage


def one_stage(paper, config) -> Stage:
    (stage,) = paper.make_plan(config, drawn_splits(), seed=0).stages
    return stage


def train(network: nn.Module, plan: Plan, path=None, fail_in=None, scores=()):
    """Train on drawn faces; fail in the evaluation of an epoch if asked.

    Args:
        network: trained in place.
        plan: a new one for each call.
        path: of the state.
        fail_in: number of the epoch, counted from this call.
        scores: accuracies of the epochs of this call; 0.5 where there is none.
    """
    given, seen = iter(scores), []

    def evaluate(judged):
        seen.append(judged)
        if fail_in == len(seen):
            raise KeyboardInterrupt
        return {"PublicTest_accuracy": next(given, 0.5)}

    faces = drawn_splits().train
    return fit(network, plan, faces, evaluate, path=path, progress=False)
