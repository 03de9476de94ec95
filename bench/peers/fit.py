"""Fits scikit-learn's tree or forest once, in its own process, and prints the time as one line of JSON.

Usage: fit.py TASK, where TASK is JSON; see FitOrder in bench/sections/fit.ts. The time covers only `fit`. The data
is already in memory in scikit-learn's native layout (float32, row by row), so no conversion is needed.
"""

import json
import sys
import time

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier


def main() -> None:
    task = json.loads(sys.argv[1])
    table = np.fromfile(task["file"], dtype="<f8").reshape(-1, task["rows"])
    x = np.ascontiguousarray(table[:-1].T, dtype=np.float32)
    y = table[-1].astype(np.int64)
    limits = {"max_depth": task["maxDepth"], "min_samples_split": task["minNumSamples"] + 1}
    forest = task.get("forest")
    if forest is None:
        model = DecisionTreeClassifier(**limits, random_state=0)
    else:
        model = RandomForestClassifier(
            **limits,
            n_estimators=forest["trees"],
            max_features=forest["maxFeatures"],
            n_jobs=task["threads"],
            random_state=0,
        )
    started = time.perf_counter()
    model.fit(x, y)
    seconds = time.perf_counter() - started
    trees = [model] if forest is None else model.estimators_
    print(json.dumps({"seconds": seconds, "leaves": sum(int(tree.get_n_leaves()) for tree in trees)}))


main()
