"""Runs google-cloud-storage against the emulator as the developer, and prints JSON.

Usage: storage_life.py ADDRESS FOLDER_FOR_FILES
"""

import base64
import hashlib
import io
import json
import os
import sys

from google.api_core import exceptions
from google.cloud import storage
from google.oauth2.credentials import Credentials

url, folder = sys.argv[1:3]
client = storage.Client(
    project="demo-project",
    credentials=Credentials(token="developer"),
    client_options={"api_endpoint": url},
)
results = {}


def failure(call):
    """Returns the error of a call that must fail: its HTTP status and reason."""
    try:
        call()
    except exceptions.GoogleAPICallError as error:
        return [error.code, error.errors[0]["reason"] if error.errors else None]
    return "no error"


bucket = client.bucket("python-bucket")
bucket.iam_configuration.uniform_bucket_level_access_enabled = True
bucket.versioning_enabled = True
bucket.labels = {"stack": "dev"}
bucket.add_lifecycle_delete_rule(days_since_noncurrent_time=1)
client.create_bucket(bucket, location="us-central1")
bucket = client.get_bucket("python-bucket")
results["bucket"] = {
    "location": bucket.location,
    "labels": bucket.labels,
    "lifecycle": [dict(rule) for rule in bucket.lifecycle_rules],
    "listed": [found.name for found in client.list_buckets(prefix="python-")],
    "taken": failure(lambda: client.create_bucket("python-bucket")),
}
bucket.labels = {"stack": "prod"}
bucket.patch()
results["bucket"]["patched"] = client.get_bucket("python-bucket").labels

# A resumable upload of three chunks. The caller cuts the connection during the second one.
content = os.urandom(2 * 256 * 1024 + 1000)
blob = bucket.blob("runs/r-1/model.bin", chunk_size=256 * 1024)
blob.upload_from_file(io.BytesIO(content), if_generation_match=0, checksum="crc32c")
results["upload"] = {
    "size": blob.size,
    "md5": blob.md5_hash == base64.b64encode(hashlib.md5(content).digest()).decode(),
    "generation": blob.generation > 0,
}
target = os.path.join(folder, "downloaded")
bucket.blob(blob.name).download_to_filename(target, checksum="crc32c")
with open(target, "rb") as file:
    results["upload"]["downloaded"] = file.read() == content
# The caller corrupts one byte of this download. The client detects this from the checksum in the response headers.
bucket.blob("runs/r-1/spoilt").upload_from_string("content")
try:
    bucket.blob("runs/r-1/spoilt").download_as_bytes(checksum="crc32c", retry=None)
except storage.exceptions.DataCorruption as error:
    results["upload"]["spoilt"] = type(error).__name__
results["upload"]["chunked"] = bucket.blob(blob.name, chunk_size=256 * 1024).download_as_bytes() == content
results["ranges"] = [
    blob.download_as_bytes(start=10, end=19) == content[10:20],
    blob.download_as_bytes(start=len(content) - 5) == content[-5:],
    failure(lambda: blob.download_as_bytes(start=len(content) + 1))[0],
]

status = bucket.blob("runs/r-1/status.json")
status.upload_from_string("{}", content_type="application/json", if_generation_match=0)
first = status.generation
status.upload_from_string('{"a":1}', if_generation_match=first)
results["preconditions"] = {
    "stale": failure(lambda: status.upload_from_string("x", if_generation_match=first)),
    "exists": failure(lambda: status.upload_from_string("x", if_generation_match=0)),
    "read": failure(lambda: status.download_as_bytes(if_generation_match=first)),
    "old": bucket.blob(status.name, generation=first).download_as_bytes().decode(),
}
broken = bucket.blob("runs/r-1/broken")
broken.md5_hash = base64.b64encode(bytes(16)).decode()
results["wrong checksum"] = failure(lambda: broken.upload_from_string("content"))
status.metadata = {"run": "r-1"}
status.patch()
copied = bucket.copy_blob(status, bucket, "data/copy.json")
results["objects"] = {
    "metadata": bucket.get_blob(status.name).metadata,
    "copied": copied.download_as_text(),
    "missing": [bucket.get_blob("none"), bucket.blob("none").exists(), failure(lambda: bucket.blob("none").download_as_bytes())],
}
composed = bucket.blob("data/composed")
composed.compose([status, copied])
results["objects"]["composed"] = [composed.component_count, composed.download_as_text()]
odd = bucket.blob("data/a b+c%2F/é?#[1].txt")
odd.upload_from_string("odd")
results["objects"]["slashes"] = bucket.blob(odd.name).download_as_text()
rewritten = bucket.blob("data/rewritten")
results["objects"]["rewritten"] = list(rewritten.rewrite(copied))

for number in range(5):
    bucket.blob(f"pages/{number}").upload_from_string(str(number))
pages = client.list_blobs(bucket, prefix="pages/", page_size=2)
results["pages"] = [[found.name for found in page] for page in pages.pages]
tree = client.list_blobs(bucket, delimiter="/")
results["tree"] = [[found.name for found in tree], sorted(tree.prefixes)]

policy = bucket.get_iam_policy(requested_policy_version=3)
policy.version = 3
policy.bindings.append(
    {
        "role": "roles/storage.objectViewer",
        "members": {"allAuthenticatedUsers"},
        "condition": {
            "title": "data",
            "expression": 'resource.name.startsWith("projects/_/buckets/python-bucket/objects/data/")',
        },
    }
)
bucket.set_iam_policy(policy)
results["policy"] = {
    "condition": bucket.get_iam_policy(requested_policy_version=3).bindings[-1]["condition"]["title"],
    "stale": failure(lambda: bucket.set_iam_policy(policy)),
    "held": bucket.test_iam_permissions(["storage.objects.get"]),
}

results["not empty"] = failure(bucket.delete)
for version in list(client.list_blobs(bucket, versions=True)):
    version.delete()
bucket.delete()
results["gone"] = [client.lookup_bucket("python-bucket"), failure(lambda: client.get_bucket("python-bucket"))]
json.dump(results, sys.stdout)
