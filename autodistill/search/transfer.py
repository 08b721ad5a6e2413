"""A sampler that keeps using history: it learns how a task differs from what past ones expect."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import TrialState
from scipy import special
from typing_extensions import override

from autodistill.component import AnyRange, Scalar
from autodistill.search.encoding import Encoding
from autodistill.search.prior import Past, Prior
from autodistill.search.process import Process
from autodistill.search.samplers import distribution, tpe
from autodistill.search.seen import Seen

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

Floats = NDArray[np.float64]
PORTFOLIO = 3
"""Trials that start from past tasks' surrogates."""
EXPLORING, EARLY = 10, 4
"""One trial in so many fills the space, so that history sees bad regions as well; and one early,
which shows whether the past misleads."""
MOST_POINTS = 300
"""Trials above which the tree-structured Parzen estimator proposes."""

SPREAD = 8
"""Random points of which the farthest from all others fills the space: of more, a corner would."""
RANDOM, NEIGHBOURS = 512, 192
"""Candidates: random ones, and neighbours of the best."""
WIDTHS = (0.2, 0.07, 0.03)
"""How far neighbours lie, round by round."""
SHARPNESS = 1.0
"""A past task that orders all pairs of trials wrongly loses this many factors of e a trial."""
LEAST_SPREAD = 0.1
"""Least share of the gap that the past is taken to tell trials apart by."""
COSTED = 8
"""Trials from which the seconds of one are predicted."""
CHEAPEST = 4.0
"""A trial that takes less than this part of the usual time counts as one that takes it."""


class Knowledge:
    """A space and its past, prepared once for many suggestions.

    Args:
        space: What is drawn, by flat name.
        when: What activates a name; see `component.conditions`.
        past: Similar past tasks.
    """

    def __init__(
        self,
        space: Mapping[str, AnyRange],
        when: Mapping[str, Collection[tuple[str, str]]] | None = None,
        past: Sequence[Past] = (),
        *,
        num_objectives: int = 1,
    ) -> None:
        self.space, self.encoding = dict(space), Encoding(space, when)
        rows = [np.stack([self.encoding.encode(s) for s in p.settings]) for p in past if p.settings]
        kept = [p for p in past if p.settings]
        self.priors = []
        for k in range(num_objectives):
            told = []
            for settings, p in zip(rows, kept, strict=True):
                known = np.isfinite(p.values[:, k])
                told.append((settings[known], p.values[known, k], p.weight))
            self.priors.append(Prior(self.encoding, told))

    @property
    def transfers(self) -> bool:
        """Whether the past speaks of every objective."""
        return all(self.priors)


class TransferSampler(BaseSampler):
    """Proposes from history first, and from the job's own trials more and more.

    The first trials are a portfolio of what past tasks' surrogates expect. Then a Gaussian process
    of the job's trials, whose mean is what the past expects, as far as that is trusted, proposes by
    expected improvement per second, where trials tell `seconds` as a user attribute. Settings that
    are inactive are left out. One trial in ten fills the space; running trials count with the mean
    of the others (constant liar). Several objectives are made one by random weights (ParEGO,
    Knowles, 2006). Trials that were stopped early count with what the others gained from there on.
    Above 300 trials, and without a past, the tree-structured Parzen estimator proposes.

    The design is ours, after Wistuba et al. (2018) and Salinas et al. (2020).

    Args:
        knowledge: The space and its past.
        seed: Of every choice; the same trials and seed give the same proposal.
        accepts: Says of a setting whether it may be proposed.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        *,
        seed: int,
        accepts: Callable[[dict[str, Scalar]], bool] = lambda _: True,
    ) -> None:
        self._known, self._seed = knowledge, seed
        self._accepts = accepts
        self._independent = RandomSampler(seed=seed)
        self._estimator = tpe(seed)

    def reason(self, known: int, num_past: int) -> str:
        """Say what a proposal rests on where so many trials have finished."""
        tasks = f"{num_past} similar past task{'s' * (num_past > 1)}"
        if exploring(known):
            return "far from what was tried, as one in ten"
        if known < PORTFOLIO:
            return f"good in {tasks}"
        return f"expected improvement per second from {known} finished trials and {tasks}"

    @override
    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        if self._many(study):
            return self._estimator.infer_relative_search_space(study, trial)
        return {name: distribution(drawn) for name, drawn in self._known.space.items()}

    @override
    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: Any
    ) -> Any:
        chosen = self._estimator if self._many(study) else self._independent
        return chosen.sample_independent(study, trial, param_name, param_distribution)

    @override
    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        if self._many(study):
            return self._estimator.sample_relative(study, trial, search_space)
        return self.propose(study, trial.number) or {}

    def propose(self, study: Study, number: int = -1) -> dict[str, Scalar] | None:
        """Return the next setting, or None where none of the candidates is accepted.

        Args:
            study: The trials so far, those that run included.
            number: Of the trial in the study that is asked for; it is not taken for a running one.
        """
        trials = study._get_trials(deepcopy=False)  # copies take a second at 1,000
        others = [t for t in trials if t.number != number]
        seen = Seen(self._known.encoding, others, study.directions)
        rng = np.random.default_rng([self._seed, len(seen.everything)])
        for row in self._ranked(seen, len(seen.everything), rng):
            params = self._known.encoding.decode(row)
            if self._accepts(params):
                return params
        return None

    def _many(self, study: Study) -> bool:
        if not self._known.transfers:
            return True
        states = (TrialState.COMPLETE, TrialState.PRUNED)
        return len(study._get_trials(deepcopy=False, states=states)) > MOST_POINTS

    def _ranked(self, seen: Seen, number: int, rng: np.random.Generator) -> Floats:
        """Return candidates, best first."""
        encoding = self._known.encoding
        fresh = encoding.draw(rng, RANDOM)
        if exploring(number):
            few = fresh[:SPREAD]
            order = _spread(encoding.features(few), encoding.features(seen.everything))
            return np.vstack([few[order], fresh[SPREAD:]])
        past = [prior.rows for prior in self._known.priors]
        pool = np.vstack([fresh, *past])
        weights = _weights(len(self._known.priors), rng)
        if len(seen.rows) < PORTFOLIO:
            prior, said = self._expected(encoding.features(pool), weights)
            return pool[prior.portfolio(said, PORTFOLIO + len(seen.everything))]
        return self._improving(seen, pool, weights, rng)

    def _expected(self, features: Floats, weights: Floats) -> tuple[Prior, Floats]:
        """Return what each past task expects at points in the weighed objectives."""
        said = [prior.said(features) for prior in self._known.priors]
        if len(said) == 1:
            return self._known.priors[0], said[0]
        fewest = min(len(s) for s in said)
        return self._known.priors[0], _weighed(np.stack([s[:fewest] for s in said]), weights)

    def _improving(
        self, seen: Seen, pool: Floats, weights: Floats, rng: np.random.Generator
    ) -> Floats:
        """Return candidates by expected improvement, after improving on the best of the pool."""
        encoding = self._known.encoding
        values = _weighed(seen.values.T, weights)
        rows = np.vstack([seen.rows, seen.pending])
        told = np.concatenate([values, np.full(len(seen.pending), values.mean())])
        features = encoding.features(rows)
        expect = self._mean(features[: len(values)], values, weights)
        process = Process(
            features,
            told,
            encoding.groups,
            mean=None if expect is None else expect(features),
            lengths=self._known.priors[0].lengths,
        )
        slow = _slowness(features, seen.seconds)
        best = process.expect(features, None if expect is None else expect(features)).max()

        def worth(candidates: Floats) -> Floats:
            at = encoding.features(candidates)
            mu, sd = process.predict(at, None if expect is None else expect(at))
            gain = _log_improvement((mu - best) / sd) + np.log(sd)
            return gain if slow is None else gain - slow(at)

        order = np.argsort(-values, kind="stable")
        pool = np.vstack(
            [
                pool,
                encoding.near(
                    np.resize(rows[order[:5]], (NEIGHBOURS, rows.shape[1])), rng, width=WIDTHS[0]
                ),
            ]
        )
        worths = worth(pool)
        for width in WIDTHS:
            top = pool[np.argsort(-worths, kind="stable")[:6]]
            near = encoding.near(np.resize(top, (NEIGHBOURS, top.shape[1])), rng, width=width)
            pool, worths = np.vstack([pool, near]), np.concatenate([worths, worth(near)])
        return pool[np.argsort(-worths, kind="stable")]

    def _mean(
        self, features: Floats, values: Floats, weights: Floats
    ) -> Callable[[Floats], Floats] | None:
        """Return what the past expects, in units of the values' spread."""
        if not self._known.transfers:
            return None
        prior, said = self._expected(features, weights)
        share = prior.weights * np.exp(-len(values) * _misordered(said, values) * SHARPNESS)
        share = share / share.sum()
        at = share @ said
        unit = max(float(at.std()), LEAST_SPREAD)
        middle = float(at.mean())
        return lambda points: (share @ self._expected(points, weights)[1] - middle) / unit


def exploring(number: int) -> bool:
    """Whether a trial fills the space."""
    return number == EARLY or number % EXPLORING == EXPLORING - 1


def _weights(count: int, rng: np.random.Generator) -> Floats:
    return rng.dirichlet(np.ones(count))


def _weighed(shares: Floats, weights: Floats) -> Floats:
    """Return the augmented Chebyshev distance from the ideal, turned; objectives come first."""
    if len(shares) == 1:
        return np.asarray(shares[0])
    loss = (1.0 - shares) * weights.reshape(-1, *[1] * (shares.ndim - 1))
    distance: Floats = loss.max(axis=0) + 0.05 * loss.sum(axis=0)
    return -distance


def _misordered(said: Floats, values: Floats) -> Floats:
    """Return the share of the pairs of points that each task puts in the wrong order."""
    i, j = np.triu_indices(len(values), 1)
    apart = values[i] != values[j]
    if not apart.any():
        return np.zeros(len(said))
    i, j = i[apart], j[apart]
    wrong: Floats = ((said[:, i] > said[:, j]) != (values[i] > values[j])).mean(axis=1)
    return wrong


def _slowness(features: Floats, seconds: Floats) -> Callable[[Floats], Floats] | None:
    """Return a prediction of the logarithm of the seconds of a trial, against the usual one."""
    known = np.isfinite(seconds) & (seconds > 0)
    if known.sum() < COSTED:
        return None
    x, y = features[: len(seconds)][known], np.log(seconds[known])
    middle, centre = x.mean(axis=0), float(y.mean())
    x = x - middle
    slope = np.linalg.solve(x.T @ x + np.eye(x.shape[1]), x.T @ (y - centre))
    usual = math.log(CHEAPEST)
    return lambda at: np.clip((at - middle) @ slope, -usual, usual)


def _spread(candidates: Floats, known: Floats) -> NDArray[np.int64]:
    """Return the order of candidates by their distance from all that is known, farthest first."""
    if not len(known):
        return np.arange(len(candidates))
    cross = np.square(candidates[:, None] - known[None]).sum(axis=2)
    return np.argsort(-cross.min(axis=1), kind="stable")


def _log_improvement(z: Floats) -> Floats:
    """Return log(φ(z) + z Φ(z)), also where it is too small for a float."""
    density = -0.5 * z * z - 0.5 * math.log(2 * math.pi)
    near = np.maximum(z, -6.0)
    plain = np.log(np.exp(-0.5 * near * near) / math.sqrt(2 * math.pi) + near * special.ndtr(near))
    far = density - 2 * np.log(np.maximum(-z, 1.0))
    found: Floats = np.where(z > -6.0, plain, far)
    return found
