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

torch.manual_seed(42)
client = storage.Client()
device = "cuda" if torch.cuda.is_available() else "cpu"
table = pd.read_csv(io.BytesIO(storage.Blob.from_uri(os.environ["AIP_TRAINING_DATA_URI"], client).download_as_bytes()))
classes = sorted(table[args.target].unique())
rows = table.drop(columns=[args.target, *args.dropColumns]).to_numpy("float32")
rows = torch.tensor(rows, device=device)
labels = torch.tensor([classes.index(label) for label in table[args.target]], device=device)
order = torch.randperm(len(rows)).to(device)
test, train = order[: len(rows) // 5], order[len(rows) // 5 :]
mean, std = rows[train].mean(0), rows[train].std(0)
inputs = (rows - mean) / std
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

# Everything that a prediction needs, even on a machine without a GPU
trained = io.BytesIO()
torch.save({"weights": model.cpu().state_dict(), "mean": mean.cpu(), "std": std.cpu(), "classes": classes}, trained)
metrics = {"accuracy": accuracy, "loss": loss.item(), "epochs": args.epochs, "testRows": len(test)}
results = {"model.pt": trained.getvalue(), "metrics.json": json.dumps(metrics)}
for name, content in results.items():
    storage.Blob.from_uri(os.environ["AIP_MODEL_DIR"] + name, client).upload_from_string(content)
for file in logs.iterdir():
    storage.Blob.from_uri(os.environ["AIP_TENSORBOARD_LOG_DIR"] + file.name, client).upload_from_filename(file)
