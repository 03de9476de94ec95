"""A training container in Python that cross-validates scikit-learn's forest of 100 trees in five folds, and fits it.

Usage: train_forest_cv.py --target=COLUMN
It reads the same variables as train.py.
"""

import os
import sys
from urllib.parse import urlparse

import joblib
import pandas as pd
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score


def main() -> None:
    options = dict(argument.removeprefix("--").split("=", 1) for argument in sys.argv[1:])
    source = urlparse(os.environ["AIP_TRAINING_DATA_URI"])
    destination = urlparse(os.environ["AIP_MODEL_DIR"])
    client = storage.Client(project="bench-project", credentials=AnonymousCredentials())

    client.bucket(source.netloc).blob(source.path.lstrip("/")).download_to_filename("/tmp/bench-data.csv")
    data = pd.read_csv("/tmp/bench-data.csv")
    x = data.drop(columns=[options["target"]])
    y = data[options["target"]]
    model = RandomForestClassifier(n_estimators=100, n_jobs=-1, random_state=42)
    scores = cross_val_score(model, x, y, cv=5)
    print(f"accuracy {scores.mean():.4f} in 5 folds")
    model.fit(x, y)

    joblib.dump(model, "/tmp/bench-model.joblib")
    blob = client.bucket(destination.netloc).blob(f"{destination.path.lstrip('/')}model.joblib")
    blob.upload_from_filename("/tmp/bench-model.joblib")


main()
