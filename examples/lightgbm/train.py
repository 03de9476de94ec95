"""Trains gradient-boosted trees and continues after an interruption: python train.py --target=target --rounds=300"""

import argparse
import io
import json
import os

import lightgbm as lgb
import pandas as pd
from google.cloud import storage
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--target", required=True)
parser.add_argument("--rounds", type=int, default=300)
parser.add_argument("--learning_rate", type=float, default=0.05)
parser.add_argument("--checkpoint_every", type=int, default=50)
args = parser.parse_args()

client = storage.Client()
table = pd.read_csv(io.BytesIO(storage.Blob.from_uri(os.environ["AIP_TRAINING_DATA_URI"], client).download_as_bytes()))
table = table.astype({name: "category" for name in table.select_dtypes(exclude="number")})
train, test = train_test_split(table, test_size=0.2, random_state=42)
data = lgb.Dataset(train.drop(columns=args.target), train[args.target])

checkpoint = storage.Blob.from_uri(os.environ["AIP_CHECKPOINT_DIR"] + "model.txt", client)
started = lgb.Booster(model_str=checkpoint.download_as_text()) if checkpoint.exists() else None
done = started.current_iteration() if started else 0
print(f"Continuing after round {done}" if started else f"Starting with {len(train)} rows")


def save_checkpoint(env):
    if (env.iteration + 1) % args.checkpoint_every == 0:
        checkpoint.upload_from_string(env.model.model_to_string())
        print(f"Saved a checkpoint after round {env.iteration + 1} of {args.rounds}")


params = {"objective": "regression", "learning_rate": args.learning_rate, "seed": 42, "verbose": -1}
model = lgb.train(params, data, args.rounds - done, init_model=started, callbacks=[save_checkpoint])

predicted = model.predict(test.drop(columns=args.target))
metrics = {
    "meanAbsoluteError": mean_absolute_error(test[args.target], predicted),
    "r2": r2_score(test[args.target], predicted),
    "rounds": model.current_iteration(),
    "testRows": len(test),
}
for name, content in {"model.txt": model.model_to_string(), "metrics.json": json.dumps(metrics)}.items():
    storage.Blob.from_uri(os.environ["AIP_MODEL_DIR"] + name, client).upload_from_string(content)
