"""Trains a classifier on a CSV file: python train.py --target=Species --n_estimators=200"""

import argparse
import io
import json
import os

import joblib
import pandas as pd
from google.cloud import storage
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--target", required=True)
parser.add_argument("--dropColumns", type=json.loads, default=[])
parser.add_argument("--n_estimators", type=int, default=100)
parser.add_argument("--max_depth", type=int)
args = parser.parse_args()

client = storage.Client()
table = pd.read_csv(io.BytesIO(storage.Blob.from_uri(os.environ["AIP_TRAINING_DATA_URI"], client).download_as_bytes()))
print(f"Read {len(table)} rows and {len(table.columns)} columns")

features = pd.get_dummies(table.drop(columns=[args.target, *args.dropColumns]))
train, test, train_labels, test_labels = train_test_split(features, table[args.target], test_size=0.2, random_state=42)
model = RandomForestClassifier(args.n_estimators, max_depth=args.max_depth, random_state=42, n_jobs=-1)
model.fit(train, train_labels)

predicted = model.predict(test)
metrics = {
    "accuracy": accuracy_score(test_labels, predicted),
    "macroF1": f1_score(test_labels, predicted, average="macro"),
    "trainRows": len(train),
    "testRows": len(test),
}
print(f"Accuracy on {len(test)} other rows: {metrics['accuracy']:.3f}")

file = io.BytesIO()
joblib.dump({"model": model, "columns": list(features.columns)}, file)
for name, content in {"model.joblib": file.getvalue(), "metrics.json": json.dumps(metrics)}.items():
    storage.Blob.from_uri(os.environ["AIP_MODEL_DIR"] + name, client).upload_from_string(content)
