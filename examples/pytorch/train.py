"""Trains a small neural network with TensorBoard logs: python train.py --target=Species --epochs=30"""

import argparse
import io
import json
import os
import pathlib
import tempfile

import pandas as pd
import torch
from google.cloud import storage
from torch.utils.tensorboard import SummaryWriter

parser = argparse.ArgumentParser()
parser.add_argument("--target", required=True)
parser.add_argument("--dropColumns", type=json.loads, default=[])
parser.add_argument("--epochs", type=int, default=30)
parser.add_argument("--lr", type=float, default=0.01)
args = parser.parse_args()

client = storage.Client()
device = "cuda" if torch.cuda.is_available() else "cpu"
table = pd.read_csv(io.BytesIO(storage.Blob.from_uri(os.environ["AIP_TRAINING_DATA_URI"], client).download_as_bytes()))
classes = sorted(table[args.target].unique())
rows = table.drop(columns=[args.target, *args.dropColumns]).to_numpy("float32")
inputs = torch.tensor((rows - rows.mean(0)) / rows.std(0), device=device)
labels = torch.tensor([classes.index(label) for label in table[args.target]], device=device)
order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(42)).to(device)
test, train = order[: len(rows) // 5], order[len(rows) // 5 :]
print(f"Training on {len(train)} rows with {device}")

model = torch.nn.Sequential(torch.nn.Linear(rows.shape[1], 32), torch.nn.ReLU(), torch.nn.Linear(32, len(classes)))
model.to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
logs = pathlib.Path(tempfile.mkdtemp())
with SummaryWriter(str(logs)) as writer:
    for epoch in range(args.epochs):
        loss = torch.nn.functional.cross_entropy(model(inputs[train]), labels[train])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        accuracy = (model(inputs[test]).argmax(1) == labels[test]).float().mean().item()
        writer.add_scalar("loss", loss.item(), epoch)
        writer.add_scalar("accuracy", accuracy, epoch)
        print(f"Epoch {epoch + 1}: loss {loss.item():.4f}, accuracy {accuracy:.3f}")

weights = io.BytesIO()
torch.save(model.state_dict(), weights)
metrics = {"accuracy": accuracy, "loss": loss.item(), "epochs": args.epochs, "testRows": len(test)}
results = {"model.pt": weights.getvalue(), "metrics.json": json.dumps(metrics)}
for name, content in results.items():
    storage.Blob.from_uri(os.environ["AIP_MODEL_DIR"] + name, client).upload_from_string(content)
for file in logs.iterdir():
    storage.Blob.from_uri(os.environ["AIP_TENSORBOARD_LOG_DIR"] + file.name, client).upload_from_filename(file)
