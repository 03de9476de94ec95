"""Trains a classifier or a regressor on a CSV file. It reads Vertex AI's AIP_TRAINING_DATA_URI and AIP_MODEL_DIR."""
import argparse
import io
import json
import os

import joblib
import pandas as pd
from google.cloud import storage
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

parser = argparse.ArgumentParser()
parser.add_argument("--target", required=True)
parser.add_argument("--trees", type=int, default=200)  # npx pulumi config set --path hyperparameters.trees 500
parser.add_argument("--dropColumns", type=json.loads, default=[])  # npx pulumi config set --path 'dropColumns[0]' Id
args = parser.parse_args()

# With STORAGE_EMULATOR_HOST, which a rehearsal sets, the client needs no credentials.
client = storage.Client(project=os.environ["CLOUD_ML_PROJECT_ID"])
blob = storage.Blob.from_uri(os.environ["AIP_TRAINING_DATA_URI"], client=client)
rows = pd.read_csv(io.BytesIO(blob.download_as_bytes())).dropna(subset=[args.target])
print(f"Read {len(rows):,} rows", flush=True)

features, target = rows.drop(columns=[args.target, *args.dropColumns]), rows[args.target]
is_number = pd.api.types.is_numeric_dtype(target) and target.nunique() > 20
forest = (RandomForestRegressor if is_number else RandomForestClassifier)(args.trees, random_state=0, n_jobs=-1)
prepare = make_column_transformer(
    (SimpleImputer(), make_column_selector(dtype_include="number")),
    (OneHotEncoder(handle_unknown="ignore", max_categories=50), make_column_selector(dtype_exclude="number")),
)
train_x, test_x, train_y, test_y = train_test_split(features, target, test_size=0.2, random_state=0)
model = make_pipeline(prepare, forest).fit(train_x, train_y)
metrics = {"r2" if is_number else "accuracy": model.score(test_x, test_y), "rows": len(rows)}
print(metrics, flush=True)


def save(name: str, content: bytes) -> None:
    storage.Blob.from_uri(f"{os.environ['AIP_MODEL_DIR']}{name}", client=client).upload_from_string(content)


buffer = io.BytesIO()
joblib.dump(model, buffer)
save("model.joblib", buffer.getvalue())
save("metrics.json", json.dumps(metrics).encode())
