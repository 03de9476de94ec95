"""Runs google-cloud-batch against the emulator as the developer, and prints JSON. Usage: batch_life.py ADDRESS"""

import json
import sys
import time

from google.api_core import exceptions
from google.cloud import batch_v1
from google.oauth2.credentials import Credentials
from google.protobuf import duration_pb2

url = sys.argv[1]
PARENT = "projects/demo-project/locations/us-central1"
results = {}

transport = batch_v1.BatchServiceClient.get_transport_class("rest")(
    host=url, credentials=Credentials(token="developer"), url_scheme="http"
)
client = batch_v1.BatchServiceClient(transport=transport)


def job(text, tasks=1):
    """Returns a job that runs a script once per task."""
    policy = batch_v1.LifecyclePolicy(
        action="RETRY_TASK",
        action_condition=batch_v1.LifecyclePolicy.ActionCondition(exit_codes=[50001, 75]),
    )
    task = batch_v1.TaskSpec(
        runnables=[batch_v1.Runnable(script=batch_v1.Runnable.Script(text=text))],
        max_run_duration=duration_pb2.Duration(seconds=60),
        max_retry_count=2,
        lifecycle_policies=[policy],
    )
    instance = batch_v1.AllocationPolicy.InstancePolicy(
        machine_type="e2-standard-2",
        provisioning_model="SPOT",
        boot_disk=batch_v1.AllocationPolicy.Disk(image="batch-cos", size_gb=30),
    )
    return batch_v1.Job(
        task_groups=[batch_v1.TaskGroup(task_spec=task, task_count=tasks, parallelism=tasks)],
        allocation_policy=batch_v1.AllocationPolicy(
            instances=[batch_v1.AllocationPolicy.InstancePolicyOrTemplate(policy=instance)],
            service_account=batch_v1.ServiceAccount(email="trainer@demo-project.iam.gserviceaccount.com"),
        ),
        labels={"stack": "dev"},
        logs_policy=batch_v1.LogsPolicy(destination="CLOUD_LOGGING"),
    )


def ended(name):
    """Waits until a job has ended, and returns its state."""
    while True:
        status = client.get_job(name=name).status
        if status.state.name in ("SUCCEEDED", "FAILED", "CANCELLED"):
            return status
        time.sleep(0.05)


def failure(call):
    """Returns the error of a call that must fail: its class, code and message."""
    try:
        call()
    except exceptions.GoogleAPICallError as error:
        return [type(error).__name__, error.code, error.message]
    return "no error"


def exit_codes(task):
    """Returns the exit codes in a task's events, in chronological order."""
    events = sorted(task.status.status_events, key=lambda event: event.event_time)
    return [event.task_execution.exit_code for event in events if event.task_state.name == "FAILED"]


script = '[ "$BATCH_TASK_INDEX" != 1 ] || [ "$BATCH_TASK_RETRY_ATTEMPT" = 1 ] || exit 75'
created = client.create_job(parent=PARENT, job=job(script, tasks=3), job_id="good")
results["created"] = [created.name, created.status.state.name]
results["taken"] = failure(lambda: client.create_job(parent=PARENT, job=job(script), job_id="good"))
status = ended(created.name)
results["good"] = [status.state.name, dict(status.task_groups["group0"].counts)]
group = f"{created.name}/taskGroups/group0"
pages = client.list_tasks(request={"parent": group, "page_size": 2}).pages
results["tasks"] = [[exit_codes(task) for task in page.tasks] for page in pages]
results["task"] = client.get_task(name=f"{group}/tasks/1").status.state.name

bad = client.create_job(parent=PARENT, job=job("exit 3"), job_id="bad")
results["bad"] = ended(bad.name).state.name

long = client.create_job(parent=PARENT, job=job("exec sleep 55"), job_id="long")
client.cancel_job(name=long.name)
results["cancelled"] = ended(long.name).state.name

listing = client.list_jobs(request={"parent": PARENT, "filter": 'Status.State="FAILED" OR Status.State="CANCELLED"'})
results["listed"] = [one.name.rsplit("/", 1)[1] for one in listing]

for one in (created, bad, long):
    client.delete_job(name=one.name).result()
results["gone"] = failure(lambda: client.get_job(name=created.name))

print(json.dumps(results))
