"""Uses google-cloud-storage like a program on a VM, with credentials only from the metadata server, and prints JSON.

Usage: storage_vm.py BUCKET OBJECT
"""

import json
import sys

import google.auth
import google.auth.transport.requests
from google.api_core import exceptions
from google.cloud import storage

credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/devstorage.read_write"])
credentials.refresh(google.auth.transport.requests.Request())
client = storage.Client(project=project)
bucket = client.bucket(sys.argv[1])


def status(call):
    """Returns the HTTP status of a call that must fail."""
    try:
        call()
    except exceptions.GoogleAPICallError as error:
        return error.code
    return "no error"


results = {
    "account": [credentials.service_account_email, project, bool(credentials.token)],
    "names": [blob.name for blob in client.list_blobs(bucket)],
    "dataset": bucket.blob("data/iris.csv").download_as_text(),
}
model = bucket.blob(sys.argv[2])
model.upload_from_string("first", if_generation_match=0)
exists = status(lambda: model.upload_from_string("x", if_generation_match=0))
model.upload_from_string("second")
content = model.download_as_text()
model.delete()
results["written"] = [exists, content, model.exists()]
results["refused"] = [
    status(lambda: bucket.blob("data/more.csv").upload_from_string("x")),
    status(lambda: bucket.blob("other/secret").download_as_text()),
    status(lambda: bucket.delete()),
]
json.dump(results, sys.stdout)
