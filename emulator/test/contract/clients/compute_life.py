"""Runs google-cloud-compute against the emulator as the developer, and prints JSON. Usage: compute_life.py ADDRESS"""

import json
import sys

from google.api_core import exceptions
from google.cloud import compute_v1
from google.oauth2.credentials import Credentials

url = sys.argv[1]
PROJECT_ID, REGION, ZONE = "demo-project", "us-central1", "us-central1-a"
zone = {"project": PROJECT_ID, "zone": ZONE}
results = {}


def client(name):
    """Creates one of the library's clients, using HTTP without TLS."""
    made = getattr(compute_v1, name)
    transport = made.get_transport_class("rest")(host=url, credentials=Credentials(token="developer"), url_scheme="http")
    return made(transport=transport)


def failure(call):
    """Returns the error of a call that must fail: its class, code and message."""
    try:
        call()
    except exceptions.GoogleAPICallError as error:
        return [type(error).__name__, error.code, error.message]
    return "no error"


images = client("ImagesClient")
networks, subnetworks, firewalls = client("NetworksClient"), client("SubnetworksClient"), client("FirewallsClient")
instances, disks, operations = client("InstancesClient"), client("DisksClient"), client("ZoneOperationsClient")

image = images.get_from_family(project="cos-cloud", family="cos-stable")
results["image"] = [image.name, image.disk_size_gb]

networks.insert(
    project=PROJECT_ID,
    network_resource=compute_v1.Network(name="net", auto_create_subnetworks=False),
).result()
subnetworks.insert(
    project=PROJECT_ID,
    region=REGION,
    subnetwork_resource=compute_v1.Subnetwork(
        name="sub",
        network=f"projects/{PROJECT_ID}/global/networks/net",
        ip_cidr_range="10.1.0.0/24",
        private_ip_google_access=True,
    ),
).result()
firewalls.insert(
    project=PROJECT_ID,
    firewall_resource=compute_v1.Firewall(
        name="ssh",
        network=f"projects/{PROJECT_ID}/global/networks/net",
        direction="INGRESS",
        allowed=[compute_v1.Allowed(I_p_protocol="tcp", ports=["22"])],
        source_ranges=["35.235.240.0/20"],
    ),
).result()


def resource(name):
    return compute_v1.Instance(
        name=name,
        machine_type=f"zones/{ZONE}/machineTypes/e2-small",
        disks=[
            compute_v1.AttachedDisk(
                boot=True,
                auto_delete=True,
                initialize_params=compute_v1.AttachedDiskInitializeParams(
                    source_image=image.self_link, disk_size_gb=20, disk_type=f"zones/{ZONE}/diskTypes/pd-standard"
                ),
            )
        ],
        network_interfaces=[
            compute_v1.NetworkInterface(subnetwork=f"projects/{PROJECT_ID}/regions/{REGION}/subnetworks/sub")
        ],
        metadata=compute_v1.Metadata(items=[compute_v1.Items(key="a", value="b")]),
        scheduling=compute_v1.Scheduling(
            automatic_restart=False,
            provisioning_model="SPOT",
            instance_termination_action="STOP",
            max_run_duration=compute_v1.Duration(seconds=3600),
        ),
        labels={"stack": "dev"},
        tags=compute_v1.Tags(items=["trainer"]),
    )


for name in ["vm-1", "vm-2", "vm-3"]:
    operation = instances.insert(**zone, instance_resource=resource(name))
    operation.result()
found = instances.get(**zone, instance="vm-1")
results["instance"] = {
    "operation": [operation.status.name, operations.get(**zone, operation=operation.name).progress],
    "status": found.status,
    "seconds": found.scheduling.max_run_duration.seconds,
    "disk": [found.disks[0].disk_size_gb, disks.get(**zone, disk="vm-1").source_image == image.self_link],
    "taken": failure(lambda: instances.insert(**zone, instance_resource=resource("vm-1"))),
}
request = compute_v1.ListInstancesRequest(**zone, max_results=2)
results["pages"] = [[one.name for one in page.items] for page in instances.list(request=request).pages]
filtered = compute_v1.ListInstancesRequest(**zone, filter='name = "vm-2"')
results["filtered"] = [one.name for one in instances.list(request=filtered)]

instances.set_metadata(
    **zone,
    instance="vm-1",
    metadata_resource=compute_v1.Metadata(
        fingerprint=found.metadata.fingerprint, items=[compute_v1.Items(key="a", value="c")]
    ),
).result()
results["stale"] = failure(
    lambda: instances.set_metadata(
        **zone, instance="vm-1", metadata_resource=compute_v1.Metadata(fingerprint=found.metadata.fingerprint)
    )
)
results["metadata"] = [item.value for item in instances.get(**zone, instance="vm-1").metadata.items]
output = instances.get_serial_port_output(**zone, instance="vm-1")
results["serial"] = [output.start, output.next == len(output.contents.encode())]

states = []
# Do not use .result() here: for a running operation, the library polls googleapis.com, regardless of the client's
# endpoint.
operations.wait(**zone, operation=instances.stop(**zone, instance="vm-1").name)
states.append(instances.get(**zone, instance="vm-1").status)
instances.set_machine_type(
    **zone,
    instance="vm-1",
    instances_set_machine_type_request_resource=compute_v1.InstancesSetMachineTypeRequest(
        machine_type=f"zones/{ZONE}/machineTypes/e2-medium"
    ),
).result()
instances.start(**zone, instance="vm-1").result()
states.append(instances.get(**zone, instance="vm-1").status)
results["states"] = states

results["in use"] = failure(lambda: networks.delete(project=PROJECT_ID, network="net"))
for name in ["vm-1", "vm-2", "vm-3"]:
    instances.delete(**zone, instance=name).result()
results["gone"] = [
    failure(lambda: instances.get(**zone, instance="vm-1")),
    failure(lambda: instances.delete(**zone, instance="vm-1")),
    [disk.name for disk in disks.list(**zone)],
]
firewalls.delete(project=PROJECT_ID, firewall="ssh").result()
subnetworks.delete(project=PROJECT_ID, region=REGION, subnetwork="sub").result()
networks.delete(project=PROJECT_ID, network="net").result()
json.dump(results, sys.stdout)
