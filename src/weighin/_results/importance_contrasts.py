"""What several features of an importance come to: differences, and groups beside their members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weighin._base.checks import check_level
from weighin._base.errors import InputError, listing, nearest, unknown
from weighin._inference import R_SQUARED, ROOT, Evidence, Inference, Link, free_and_given, pair
from weighin._inference.judging import judge_contrast, judge_leave_one_out, offer_of
from weighin._results.given_feature import shuffled
from weighin._results.group_interaction import GroupInteraction
from weighin._results.one_feature import Difference, LeaveOneOut

# names of the mean squared error
SQUARED = ("mse", "mean_squared_error", "MSELoss", "MeanSquaredError")


class Contrasts:
    """What an importance adds up and subtracts; `ImportanceNumbers` has the fields."""

    features: tuple[str, ...]
    metric: str
    greater_is_better: bool
    groups: Mapping[str, tuple[str, ...]]
    link: Link
    evidence: tuple[Evidence, ...]

    def difference(self, first: str, second: str, confidence_level: float = 0.95) -> Difference:
        """Tell how much more one feature weighs than another, from the same rows and shuffles.

        With ``weigh(..., precision=...)`` features are left alone one by one: the difference is that on the rows both
        were measured on.

        Parameters
        ----------
        first, second : str
            Two features.
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        Difference
            Positive where `first` weighs more; it prints itself as a sentence.

        Raises
        ------
        InputError
            On unknown features, or a result without what intervals are made of.
        """
        judged = self._contrast(pair(self._place(first), self._place(second)), confidence_level)
        lower, upper = judged.interval(confidence_level)
        return Difference(
            first=first,
            second=second,
            metric=self.metric,
            difference=float(judged.estimate[0]),
            se=float(judged.se[0]),
            ci_lower=float(lower[0]),
            ci_upper=float(upper[0]),
            confidence_level=confidence_level,
            few_rows=bool(judged.few_rows[0]),
        )

    def interaction(self, group: str, confidence_level: float = 0.95) -> GroupInteraction:
        """Tell how much more a group weighs than its members one by one, from the same rows and shuffles.

        Correlation makes it differ from 0 even for a model that only adds its members up: swapped together, they keep
        their correlation. Whether the model has an interaction is what `weighin.interactions` tells.

        Parameters
        ----------
        group : str
            Of two features or more, weighed beside them: ``weigh(..., groups={"elo": ["home_elo", "away_elo"]})``.
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        GroupInteraction
            Importance of the group less those of its members; it prints itself as a sentence.

        Raises
        ------
        InputError
            On an unknown group, members that were not weighed, or a result without what intervals are made of.
        """
        if group not in self.groups:
            known = f"Groups: {listing(self.groups)}." if self.groups else "The result has no groups."
            raise InputError(
                f"Unknown group {group!r}.{nearest(str(group), self.groups)} {known} weigh(..., groups={{...}}) weighs "
                "groups beside their members."
            )
        members = self.groups[group]
        lacking = [name for name in members if name not in self.features]
        if lacking or len(members) < 2:
            why = f"{listing(lacking)} were not weighed" if lacking else "it has one member"
            raise InputError(f"The group {group!r} is compared with its members one by one, and {why}.")
        weights = {self._place(name): -1.0 for name in members} | {self._place(group): 1.0}
        judged = self._contrast(weights, confidence_level)
        lower, upper = judged.interval(confidence_level)
        return GroupInteraction(
            group=group,
            members=tuple(members),
            metric=self.metric,
            interaction=float(judged.estimate[0]),
            se=float(judged.se[0]),
            ci_lower=float(lower[0]),
            ci_upper=float(upper[0]),
            confidence_level=confidence_level,
            few_rows=bool(judged.few_rows[0]),
        )

    def leave_one_out(self: Any, feature: str, confidence_level: float = 0.95) -> LeaveOneOut:
        """Tell how much worse the model gets with a feature averaged out, given the other columns, and not retrained.

        The mean of predictions over swaps among rows that are alike in the other columns is the best guess of the
        prediction without the feature. A model trained again without it is no worse, if this model is as good as one
        can be. Needs squared errors, where the difference from the importance is the total index: half of the squared
        distance that swaps move predictions by (Jansen 1999; Williamson et al. 2021 for what is estimated).

        Parameters
        ----------
        feature : str
            One that was shuffled given all others: ``weigh(..., given="rest", metric="rmse")``.
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        LeaveOneOut
            In units of the metric; it prints itself as a sentence.

        Raises
        ------
        InputError
            On an unknown feature, a feature not shuffled given the rest, or a metric that is no function of the mean
            squared error.
        """
        place = self._place(feature)
        check_level(confidence_level)
        if self.given != "rest":
            ways = 'of(given="rest") has it' if "rest" in self.givens else 'weigh(..., given="rest")'
            raise InputError(
                f"leave_one_out needs features shuffled given all other columns; these were {shuffled(self.given)}: "
                f"{ways}."
            )
        squared = self.link in (ROOT, R_SQUARED) or self.metric.removeprefix("neg_") in SQUARED
        judged = (
            judge_leave_one_out(self.evidence, self.link, self.greater_is_better, place) if squared else None
        )
        if judged is None:
            raise InputError(
                f"leave_one_out needs the mean squared error or a function of it (mse, rmse, r2); got {self.metric!r}. "
                "weighin.ablate trains without a feature, for any metric."
            )
        lower, upper = judged.interval(confidence_level)
        return LeaveOneOut(
            feature=feature,
            metric=self.metric,
            increase=float(judged.estimate[0]),
            se=float(judged.se[0]),
            ci_lower=float(lower[0]),
            ci_upper=float(upper[0]),
            confidence_level=confidence_level,
            few_rows=bool(judged.few_rows[0]),
        )

    def carried_by_others(self: Any, feature: str, confidence_level: float = 0.95) -> Difference:
        """Tell how much of a feature's importance other columns carry, too: shuffled freely less given others.

        Parameters
        ----------
        feature : str
            One that was shuffled both ways: ``weigh(..., given=[None, "rest"], keep_rows=True)``.
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        Difference
            From the same rows, with the interval of two estimates that err together; it prints itself as a sentence.

        Raises
        ------
        InputError
            On an unknown feature, or a result without both ways or without rows.
        """
        check_level(confidence_level)
        other = next((given for given in self.givens if given), None)
        if other is None or "" not in self.givens or self.segment is not None:
            raise InputError(
                "carried_by_others needs features shuffled freely and given other columns, on all rows: "
                'weigh(..., given=[None, "rest"], keep_rows=True).'
            )
        free, given = self.of(self.metric, given=""), self.of(self.metric, given=other)
        places = free._place(feature), given._place(feature)
        if free.kept is None or given.kept is None:
            raise InputError(
                "carried_by_others needs what each swap changed row by row, of the first metric: "
                "weigh(..., keep_rows=True)."
            )
        offer = offer_of(given.evidence, places[1])
        evidence = free_and_given(free.kept, given.kept, places, offer)
        sign = -1.0 if self.greater_is_better else 1.0
        judged = evidence.contrast(pair(0, 1), self.link.change, sign=sign)
        difference = float(free.importances_mean[places[0]] - given.importances_mean[places[1]])
        # one way may have had more shuffles than the other: those are in the difference, not in its interval
        lower, upper = (end - judged.estimate + difference for end in judged.interval(confidence_level))
        return Difference(
            first=f"{feature} shuffled {shuffled('')}",
            second=f"{feature} shuffled {shuffled(other)}",
            metric=self.metric,
            difference=difference,
            se=float(judged.se[0]),
            ci_lower=float(lower[0]),
            ci_upper=float(upper[0]),
            confidence_level=confidence_level,
            few_rows=bool(judged.few_rows[0]),
        )

    def _contrast(self, weights: Mapping[int, float], confidence_level: float) -> Inference:
        check_level(confidence_level)
        if not self.evidence:
            raise InputError(f"A result of {self.metric} has no intervals to compare features by.")
        return judge_contrast(self.evidence, self.link, self.greater_is_better, weights)

    def _place(self, feature: str) -> int:
        if feature not in self.features:
            raise unknown("feature", feature, self.features)
        return self.features.index(feature)
