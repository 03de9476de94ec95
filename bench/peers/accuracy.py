"""Scores scikit-learn on the datasets of datasets.py.

Prints the scores as one line of JSON, by dataset and contest: for each repeat, the mean over the folds.

Usage: accuracy.py FOLDER ORDER, where ORDER is JSON; see AccuracyOrder in bench/sections/accuracy.ts. A tree breaks ties
at random, so it is grown several times and the scores are averaged.
"""

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

MODELS = {
    ("classification", "tree"): DecisionTreeClassifier,
    ("regression", "tree"): DecisionTreeRegressor,
    ("classification", "forest"): RandomForestClassifier,
    ("regression", "forest"): RandomForestRegressor,
}


def make_model(about, contest, max_features, state):
    options = {"max_depth": contest["maxDepth"], "min_samples_split": contest["minNumSamples"] + 1, "random_state": state}
    if contest["algorithm"] == "forest":
        options |= {"n_estimators": contest["trees"], "max_features": max_features}
    return MODELS[about["task"], contest["algorithm"]](**options)


def main() -> None:
    folder, order = Path(sys.argv[1]), json.loads(sys.argv[2])
    scores = {}
    for about in json.loads((folder / "sets.json").read_text()):
        table = np.fromfile(folder / f"{about['name']}.bin", dtype="<f8").reshape(-1, about["rows"])
        x, y = np.ascontiguousarray(table[:-1].T), table[-1]
        folds = np.fromfile(folder / f"{about['name']}.folds", dtype=np.uint8).reshape(-1, about["rows"])
        scores[about["name"]] = {}
        for contest in order["contests"]:
            max_features = order["maxFeatures"].get(about["name"])
            states = range(order["states"] if contest["algorithm"] == "tree" else 1)
            means = []
            for repeat, fold_of in enumerate(folds[: contest["repeats"]]):
                found = []
                for fold in range(about["folds"]):
                    held_out = fold_of == fold
                    for state in states:
                        model = make_model(about, contest, max_features, 1000 * repeat + state)
                        model.fit(x[~held_out], y[~held_out])
                        found.append(model.score(x[held_out], y[held_out]))
                means.append(float(np.mean(found)))
            scores[about["name"]][contest["name"]] = means
    print(json.dumps(scores))


main()
