"""What several features of an importance come to: differences, and groups beside their members."""

from __future__ import annotations

from collections.abc import Mapping

from weighin._base.checks import check_level
from weighin._base.errors import InputError, listing, nearest, unknown
from weighin._inference import Evidence, Inference, Link, pair
from weighin._inference.judging import judge_contrast
from weighin._results.group_interaction import GroupInteraction
from weighin._results.one_feature import Difference


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

    def _contrast(self, weights: Mapping[int, float], confidence_level: float) -> Inference:
        check_level(confidence_level)
        if not self.evidence:
            raise InputError(f"A result of {self.metric} has no intervals to compare features by.")
        return judge_contrast(self.evidence, self.link, self.greater_is_better, weights)

    def _place(self, feature: str) -> int:
        if feature not in self.features:
            raise unknown("feature", feature, self.features)
        return self.features.index(feature)
