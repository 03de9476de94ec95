"""A training container in Python like train.py, but with polars and LightGBM's defaults. Usage: train_polars.py --target=COLUMN"""

import os
import sys
from urllib.parse import urlparse

import polars as pl
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from lightgbm import LGBMClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split


def main() -> None:
    target = sys.argv[1].removeprefix("--target=")
    source = urlparse(os.environ["AIP_TRAINING_DATA_URI"])
    destination = urlparse(os.environ["AIP_MODEL_DIR"])
    client = storage.Client(project="bench-project", credentials=AnonymousCredentials())

    client.bucket(source.netloc).blob(source.path.lstrip("/")).download_to_filename("/tmp/bench-data.csv")
    data = pl.read_csv("/tmp/bench-data.csv")
    x = data.drop(target).to_numpy()
    y = data[target].to_numpy()
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=42)
    model = LGBMClassifier(verbose=-1, random_state=42)
    model.fit(x_train, y_train)
    print(f"accuracy {accuracy_score(y_test, model.predict(x_test)):.4f} on {len(x_test)} rows")

    blob = client.bucket(destination.netloc).blob(f"{destination.path.lstrip('/')}model.joblib")
    blob.upload_from_string(model.booster_.model_to_string())


main()
