import { randomUUID } from "node:crypto";
import { ACCOUNT } from "./project";
import { type Json, PROJECT_ID, REGION, type Walker, ZONE } from "./walker";

type Version = "v1" | "beta";

/** Covers the lifecycle of an instance and its related resources, through one API version. */
export async function walkCompute(walker: Walker, version: Version): Promise<void> {
    const project = `/compute/${version}/projects/${PROJECT_ID}`;
    const images = `/compute/${version}/projects/cos-cloud/global/images`;
    await walker.ok("GET", project);
    const { name: image } = await walker.ok("GET", `${images}/family/cos-stable`);
    await walker.ok("GET", `${images}/${image}`);
    await walker.ok("GET", `${images}?filter=${encodeURIComponent("family = cos-stable")}&maxResults=10`);
    await walker.fails(404, "GET", `${images}/debian-12`);
    await walkPlaces(walker, project);
    await walkNetworks(walker, project);
    await walkInstances(walker, project);
    await walkAddresses(walker, project);
    await walker.ok("DELETE", `${project}/global/firewalls/ssh`);
    await walker.ok("DELETE", `${project}/regions/${REGION}/subnetworks/sub`);
    await walker.ok("DELETE", `${project}/global/networks/net`);
    await walker.fails(404, "GET", `${project}/global/networks/net`);
}

async function walkPlaces(walker: Walker, project: string): Promise<void> {
    await walker.ok("GET", `${project}/regions/${REGION}`);
    await walker.ok("GET", `${project}/regions?maxResults=3`);
    await walker.fails(403, "GET", `${project}/regions/us-nowhere1`);
    await walker.ok("GET", `${project}/zones/${ZONE}`);
    await walker.ok("GET", `${project}/zones?maxResults=3`);
    const types = `${project}/zones/${ZONE}/machineTypes`;
    await walker.ok("GET", `${types}/a2-ultragpu-1g`);
    await walker.ok("GET", `${types}/n2-custom-4-8192`);
    await walker.ok("GET", `${types}?maxResults=5`);
    await walker.fails(404, "GET", `${types}/e2-standard-3`);
    await walker.fails(403, "GET", `${project}/zones/us-nowhere1-a/machineTypes/e2-standard-2`);
    const gpus = `${project}/zones/${ZONE}/acceleratorTypes`;
    await walker.ok("GET", `${gpus}?maxResults=2`);
    await walker.ok("GET", `${gpus}/nvidia-tesla-t4`);
    await walker.fails(404, "GET", `${gpus}/nvidia-tesla-p100`);
    await walker.ok("GET", `${project}/aggregated/acceleratorTypes?maxResults=2`);
}

async function walkAddresses(walker: Walker, project: string): Promise<void> {
    const addresses = `${project}/regions/${REGION}/addresses`;
    await walker.ok("POST", addresses, { name: "reserved", labels: { stack: "dev" } });
    await walker.fails(409, "POST", addresses, { name: "reserved" });
    await walker.ok("GET", `${addresses}/reserved`);
    await walker.ok("GET", `${addresses}?maxResults=5`);
    await walker.ok("GET", `${project}/aggregated/addresses`);
    await walker.ok("GET", `${project}/aggregated/subnetworks`);
    await walker.ok("DELETE", `${addresses}/reserved`);
}

async function walkNetworks(walker: Walker, project: string): Promise<void> {
    const network = `projects/${PROJECT_ID}/global/networks/net`;
    const networks = `${project}/global/networks`;
    const subnetworks = `${project}/regions/${REGION}/subnetworks`;
    const firewalls = `${project}/global/firewalls`;
    await polled(walker, project, "POST", networks, {
        name: "net",
        autoCreateSubnetworks: false,
        mtu: 1460,
        routingConfig: { routingMode: "REGIONAL" },
    });
    await walker.fails(409, "POST", networks, { name: "net", autoCreateSubnetworks: false });
    await polled(walker, project, "POST", subnetworks, {
        name: "sub",
        network,
        ipCidrRange: "10.1.0.0/24",
        privateIpGoogleAccess: false,
    });
    await walker.ok("POST", `${subnetworks}/sub/setPrivateIpGoogleAccess`, { privateIpGoogleAccess: true });
    await walker.ok("POST", firewalls, {
        name: "ssh",
        network,
        direction: "INGRESS",
        allowed: [{ IPProtocol: "tcp", ports: ["22"] }],
        sourceRanges: ["35.235.240.0/20"],
        targetServiceAccounts: [ACCOUNT],
    });
    await walker.ok("POST", `${subnetworks}/sub/expandIpCidrRange`, { ipCidrRange: "10.1.0.0/20" });
    const { fingerprint } = await walker.ok("GET", `${subnetworks}/sub`);
    await walker.ok("PATCH", `${subnetworks}/sub`, { fingerprint, privateIpGoogleAccess: false });
    await walker.fails(412, "PATCH", `${subnetworks}/sub`, { fingerprint, privateIpGoogleAccess: true });
    await walker.ok("PATCH", `${networks}/net`, { routingConfig: { routingMode: "GLOBAL" } });
    await walker.ok("PATCH", `${firewalls}/ssh`, { name: "ssh", priority: 900, logConfig: { enable: false } });
    for (const [collection, name] of [
        [networks, "net"],
        [subnetworks, "sub"],
        [firewalls, "ssh"],
    ]) {
        await walker.ok("GET", `${collection}/${name}`);
        await walker.ok("GET", `${collection}?maxResults=500`);
    }
}

async function walkInstances(walker: Walker, project: string): Promise<void> {
    const zone = `${project}/zones/${ZONE}`;
    const one = `${zone}/instances/vm`;
    await polled(walker, project, "POST", `${zone}/instances`, instance());
    await walker.fails(409, "POST", `${zone}/instances`, instance());
    const { fingerprint: stale, ...read } = await walker.ok("GET", project.includes("beta") ? `${one}?view=FULL` : one);
    await walker.ok("GET", `${project}/aggregated/instances?filter=${encodeURIComponent("name = vm")}`);
    await walker.ok("GET", `${zone}/instances?maxResults=1&filter=${encodeURIComponent('status = "RUNNING"')}`);
    await walker.ok("GET", `${one}/serialPort?port=1&start=0`);
    await walkUpdates(walker, one, read, String(stale));
    await walkDisks(walker, zone);
    await walker.ok("POST", `${one}/reset`);
    await walkInterface(walker, one);
    const { name } = await walker.ok("POST", `${one}/stop`);
    await walker.ok("POST", `${zone}/operations/${name}/wait`);
    const ofVm = encodeURIComponent('targetLink eq ".*/instances/vm"');
    await walker.ok("GET", `${zone}/operations?maxResults=1&filter=${ofVm}`);
    await walker.ok("GET", `${project}/global/operations`);
    await walker.ok("GET", `${project}/regions/${ZONE.replace(/-[a-z]$/, "")}/operations`);
    await walkMove(walker, one);
    await walker.ok("POST", `${one}/setScheduling`, { maxRunDuration: { seconds: "7200" } });
    await walker.ok("POST", `${one}/setMachineType`, { machineType: `zones/${ZONE}/machineTypes/e2-medium` });
    await walker.ok("POST", `${one}/setServiceAccount`, { email: ACCOUNT, scopes: SCOPES });
    await walker.ok("PATCH", `${one}/updateShieldedInstanceConfig`, { enableSecureBoot: true });
    await walker.ok("POST", `${one}/start`);
    await walker.ok("GET", one);
    await walker.ok("DELETE", one);
    await walker.fails(404, "GET", one);
    await walker.fails(404, "DELETE", one);
    await walker.ok("DELETE", `${zone}/disks/vm`);
}

const SCOPES = ["https://www.googleapis.com/auth/devstorage.read_write"];

function instance(): object {
    return {
        name: "vm",
        machineType: `zones/${ZONE}/machineTypes/e2-small`,
        disks: [
            {
                boot: true,
                autoDelete: true,
                initializeParams: {
                    sourceImage: "projects/cos-cloud/global/images/family/cos-stable",
                    diskSizeGb: "20",
                    diskType: `zones/${ZONE}/diskTypes/pd-balanced`,
                },
            },
        ],
        networkInterfaces: [
            {
                subnetwork: `projects/${PROJECT_ID}/regions/${REGION}/subnetworks/sub`,
                accessConfigs: [{ name: "nat" }],
            },
        ],
        metadata: { items: [{ key: "serial-port-logging-enable", value: "true" }] },
        serviceAccounts: [{ email: ACCOUNT, scopes: SCOPES }],
        scheduling: {
            automaticRestart: false,
            provisioningModel: "SPOT",
            preemptible: true,
            onHostMaintenance: "TERMINATE",
            instanceTerminationAction: "STOP",
            maxRunDuration: { seconds: "3600" },
        },
        shieldedInstanceConfig: { enableVtpm: true, enableIntegrityMonitoring: true },
        labels: { stack: "dev" },
        tags: { items: ["trainer"] },
    };
}

async function walkUpdates(walker: Walker, one: string, read: Json, stale: string): Promise<void> {
    const { metadata, tags, labelFingerprint } = read as Record<string, { fingerprint: string }>;
    await walker.ok("POST", `${one}/setMetadata`, {
        fingerprint: metadata?.fingerprint,
        items: [{ key: "a", value: "b" }],
    });
    await walker.fails(412, "POST", `${one}/setMetadata`, { fingerprint: stale, items: [] });
    await walker.ok("POST", `${one}/setTags`, { fingerprint: tags?.fingerprint, items: ["other"] });
    await walker.ok("POST", `${one}/setLabels`, { labelFingerprint, labels: { stack: "prod" } });
    await walker.ok("POST", `${one}/setScheduling`, { instanceTerminationAction: "DELETE" });
    const whole = await walker.ok("GET", one);
    await walker.ok("PUT", one, { ...whole, description: "Changed" });
    await walker.fails(412, "PUT", one, whole);
    await walker.ok("POST", `${one}/setDeletionProtection?deletionProtection=true`);
    await walker.fails(400, "DELETE", one);
    await walker.ok("POST", `${one}/setDeletionProtection?deletionProtection=false`);
    await walker.ok("POST", `${one}/setDiskAutoDelete?autoDelete=false&deviceName=persistent-disk-0`);
}

/** Removes and restores an external address. The provider also sets the security policy whenever it does this. */
async function walkInterface(walker: Walker, one: string): Promise<void> {
    const nic = "networkInterface=nic0";
    const requestId = `requestId=${randomUUID()}`;
    const { name } = await walker.ok("POST", `${one}/deleteAccessConfig?accessConfig=nat&${nic}&${requestId}`);
    const again = await walker.ok("POST", `${one}/deleteAccessConfig?accessConfig=nat&${nic}&${requestId}`);
    if (again.name !== name) {
        throw new Error(`a repeated request created two operations: ${name}, ${again.name}`);
    }
    await walker.fails(400, "POST", `${one}/deleteAccessConfig?accessConfig=nat&${nic}`);
    await walker.ok("POST", `${one}/addAccessConfig?${nic}`, { type: "ONE_TO_ONE_NAT", networkTier: "PREMIUM" });
    await walker.ok("POST", `${one}/setSecurityPolicy`, { networkInterfaces: ["nic0"] });
}

/** Moves the stopped instance to another address. */
async function walkMove(walker: Walker, one: string): Promise<void> {
    const { networkInterfaces } = await walker.ok("GET", one);
    const [{ fingerprint, subnetwork } = {}] = networkInterfaces as Record<string, unknown>[];
    const update = `${one}/updateNetworkInterface?networkInterface=nic0`;
    await walker.ok("PATCH", update, { fingerprint, subnetwork, networkIP: "10.1.9.9" });
    await walker.fails(412, "PATCH", update, { fingerprint, subnetwork });
}

async function walkDisks(walker: Walker, zone: string): Promise<void> {
    const { labelFingerprint } = await walker.ok("GET", `${zone}/disks/vm`);
    await walker.ok("GET", `${zone}/disks?maxResults=10`);
    await walker.ok("POST", `${zone}/disks/vm/resize`, { sizeGb: "30" });
    await walker.ok("POST", `${zone}/disks/vm/setLabels`, { labels: { stack: "dev" }, labelFingerprint });
    const project = zone.replace(/\/zones\/[^/]+$/, "");
    await walker.ok("GET", `${project}/aggregated/disks`);
    await walker.ok("POST", `${project}/global/images`, { name: "saved", sourceDisk: `zones/${ZONE}/disks/vm` });
    await walker.ok("GET", `${project}/global/images/saved`);
    await walker.ok("DELETE", `${project}/global/images/saved`);
    await walker.fails(400, "DELETE", `${zone}/disks/vm`);
}

/** Makes a change, then reads its operation and waits for it in the matching scope. */
async function polled(walker: Walker, project: string, method: string, target: string, body: object): Promise<void> {
    const operation = await walker.ok(method, target, body);
    const place = /\/(global|zones\/[^/]+|regions\/[^/]+)\/operations\//.exec(String(operation.selfLink))?.[1];
    const path = `${project}/${place}/operations/${operation.name}`;
    await walker.ok("GET", path);
    await walker.ok("POST", `${path}/wait`);
}
