"""A training container in Python that reads data from a bucket, fits a tree with scikit-learn and writes the model back.

Usage: train.py --target=COLUMN [--dropColumns=JSON] [--maxDepth=N] [--minNumSamples=N]
It reads Vertex AI's variables AIP_TRAINING_DATA_URI and AIP_MODEL_DIR. STORAGE_EMULATOR_HOST directs the client to
another server.
"""

import json
import os
import sys
from urllib.parse import urlparse

import joblib
import pandas as pd
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier


def main() -> None:
    options = dict(argument.removeprefix("--").split("=", 1) for argument in sys.argv[1:])
    source = urlparse(os.environ["AIP_TRAINING_DATA_URI"])
    destination = urlparse(os.environ["AIP_MODEL_DIR"])
    client = storage.Client(project="bench-project", credentials=AnonymousCredentials())

    client.bucket(source.netloc).blob(source.path.lstrip("/")).download_to_filename("/tmp/bench-data.csv")
    data = pd.read_csv("/tmp/bench-data.csv")
    x = data.drop(columns=[options["target"], *json.loads(options.get("dropColumns", "[]"))])
    y = data[options["target"]]
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=42)
    model = DecisionTreeClassifier(
        max_depth=int(options["maxDepth"]) if "maxDepth" in options else None,
        min_samples_split=int(options.get("minNumSamples", "1")) + 1,
        random_state=42,
    )
    model.fit(x_train, y_train)
    print(f"accuracy {accuracy_score(y_test, model.predict(x_test)):.4f} on {len(x_test)} rows")

    joblib.dump(model, "/tmp/bench-model.joblib")
    blob = client.bucket(destination.netloc).blob(f"{destination.path.lstrip('/')}model.joblib")
    blob.upload_from_filename("/tmp/bench-model.joblib")


main()
