"""One self-contained page from one plain dict; knows no result.

``render(page)`` takes what ``_result_page`` builds, and nothing else: numbers, texts and lists, so the same dict
could be written as JSON. Names (features, levels, segments) are the data's own, raw: the page makes them inert.

=============  ========================================================================================================
title          str, of the window
kicker         str, over the headline: which model, which rows
simulated      bool: the data were made up; a banner says so
training_rows  True (the model was trained on some of the rows), False, or None (nobody knows)
complete       bool; False for an interrupted run
sentences      list of str, the first is the headline; names of features stand between backticks
notes          list of str a reader must know
weights        list, one per metric: {metric, effect, axis, axis_relative, baseline, features: [{feature, members,
               importance, ci_lower, ci_upper, relative, relative_lower, relative_upper, pvalue, pvalue_holm, few_rows,
               ignored, rank}]}; numbers may be None, NaN or infinite
directions     {feature: (arrow, word)}: which way predictions go as it grows, where that is known
effects        list: {feature, kind: "numeric" or "levels", grid: numbers or names, mean, lower, upper (over the grid),
               curves: list of lists over the grid, direction: a word, arrow: one character; where known also ordered
               (bool, of levels), shares and ale (over the grid), missing: None or {share, mean, lower, upper},
               sentence, note}; numbers may be None
effects_notes  list of str: what a reader of the effects must know
associations   None, or {sentences, notes, n_pairs, pairs: [{feature, other, strength, measure, association}],
               clusters: [{features; where known also importance, ci_lower, ci_upper}]; where known also
               off_data: [{feature, ratio, far, sentence}], which then stands for the sentences
segments       None, or {by, names, metrics: [{metric, effect, features: [{feature, cells: [{importance,
               ci_lower, ci_upper, sure}]}]}]}
ablation       None, or {sentences, columns, rows}: texts and numbers
made           list of (term, text) pairs: model, rows, metric, seed, versions, date
command        str: what gives these numbers again; "" for none
=============  ========================================================================================================
"""

from weighin._display.page.plain import bullets, page_of_telling, plain_page, safe
from weighin._display.page.render import check_further, render

__all__ = ["bullets", "check_further", "page_of_telling", "plain_page", "render", "safe"]
