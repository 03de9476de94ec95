import { v1 } from "@google-cloud/compute";
import { JudgedEmulator } from "./judge";

const PROJECT_ID = "demo-project";
const ZONE = { project: PROJECT_ID, zone: "us-central1-a" };
const NETWORK = `projects/${PROJECT_ID}/global/networks/net`;
const SUBNETWORK = { project: PROJECT_ID, region: "us-central1", subnetwork: "sub" };

type Options = NonNullable<ConstructorParameters<typeof v1.InstancesClient>[0]>;

describe("@google-cloud/compute (Node.js)", () => {
    let judged: JudgedEmulator;
    let instances: v1.InstancesClient;
    let disks: v1.DisksClient;
    let operations: v1.ZoneOperationsClient;
    let networks: v1.NetworksClient;
    let subnetworks: v1.SubnetworksClient;
    let options: Options;

    beforeAll(async () => {
        judged = await JudgedEmulator.start();
        options = optionsFor(judged.recorder.port);
        instances = new v1.InstancesClient(options);
        disks = new v1.DisksClient(options);
        operations = new v1.ZoneOperationsClient(options);
        networks = new v1.NetworksClient(options);
        subnetworks = new v1.SubnetworksClient(options);
        await networks.insert({ project: PROJECT_ID, networkResource: { name: "net", autoCreateSubnetworks: false } });
        await subnetworks.insert({
            ...SUBNETWORK,
            subnetworkResource: { name: "sub", network: NETWORK, ipCidrRange: "10.1.0.0/24" },
        });
    });
    afterAll(() => judged.stop());

    it("creates instances, receives completed operations, and reads the instances back", async () => {
        const image = (
            await new v1.ImagesClient(options).getFromFamily({ project: "cos-cloud", family: "cos-stable" })
        )[0];
        for (const name of ["vm-1", "vm-2", "vm-3"]) {
            const [operation] = await instances.insert({
                ...ZONE,
                instanceResource: instance(name, image.selfLink ?? ""),
            });
            expect(operation.latestResponse).toMatchObject({ status: "DONE", progress: 100, operationType: "insert" });
        }
        const [found] = await instances.get({ ...ZONE, instance: "vm-1" });
        expect(found).toMatchObject({
            status: "RUNNING",
            scheduling: { provisioningModel: "SPOT", maxRunDuration: { seconds: "3600" } },
            labels: { stack: "dev" },
            disks: [{ diskSizeGb: "20", boot: true, autoDelete: true }],
        });
        const [disk] = await disks.get({ ...ZONE, disk: "vm-1" });
        expect(disk).toMatchObject({ sourceImage: image.selfLink, sizeGb: "20", users: [found.selfLink] });
    });

    it("lists instances page by page and with a filter", async () => {
        const [page, next] = await instances.list({ ...ZONE, maxResults: 2 }, { autoPaginate: false });
        expect(page.map(({ name }) => name)).toEqual(["vm-1", "vm-2"]);
        const [rest] = await instances.list({ ...ZONE, pageToken: next?.pageToken ?? "" }, { autoPaginate: false });
        expect(rest.map(({ name }) => name)).toEqual(["vm-3"]);
        const names: unknown[] = [];
        for await (const { name } of instances.listAsync({ ...ZONE, filter: "name != vm-2" })) {
            names.push(name);
        }
        expect(names).toEqual(["vm-1", "vm-3"]);
    });

    it("changes metadata, but rejects a stale fingerprint", async () => {
        const [{ metadata }] = await instances.get({ ...ZONE, instance: "vm-1" });
        const change = {
            ...ZONE,
            instance: "vm-1",
            metadataResource: { ...metadata, items: [{ key: "a", value: "c" }] },
        };
        await instances.setMetadata(change);
        expect((await instances.get({ ...ZONE, instance: "vm-1" }))[0].metadata?.items).toMatchObject([
            { key: "a", value: "c" },
        ]);
        await expect(instances.setMetadata(change)).rejects.toThrow(/fingerprint/);
    });

    it("stops, changes and starts an instance, and reads its serial port", async () => {
        const [stopping] = await instances.stop({ ...ZONE, instance: "vm-1" });
        const [stopped] = await operations.wait({ ...ZONE, operation: stopping.latestResponse.name ?? "" });
        expect(stopped).toMatchObject({ status: "DONE", operationType: "stop" });
        expect((await instances.get({ ...ZONE, instance: "vm-1" }))[0].status).toBe("TERMINATED");
        await instances.setMachineType({
            ...ZONE,
            instance: "vm-1",
            instancesSetMachineTypeRequestResource: { machineType: "zones/us-central1-a/machineTypes/e2-medium" },
        });
        await instances.start({ ...ZONE, instance: "vm-1" });
        const [running] = await instances.get({ ...ZONE, instance: "vm-1" });
        expect([running.status, running.machineType]).toEqual(["RUNNING", expect.stringMatching(/\/e2-medium$/)]);
        const [serial] = await instances.getSerialPortOutput({ ...ZONE, instance: "vm-1", port: 1 });
        expect(serial).toMatchObject({ start: "0", next: String(Buffer.byteLength(serial.contents ?? "")) });
    });

    it("changes networks, firewall rules and an instance's interface in place", async () => {
        const firewalls = new v1.FirewallsClient(options);
        const name = { project: PROJECT_ID, firewall: "ssh" };
        const allowed = [{ IPProtocol: "tcp", ports: ["22"] }];
        await firewalls.insert({ project: PROJECT_ID, firewallResource: { name: "ssh", network: NETWORK, allowed } });
        const [rule] = await firewalls.get(name);
        await firewalls.patch({ ...name, firewallResource: { ...rule, description: "new", priority: 900 } });
        expect((await firewalls.get(name))[0]).toMatchObject({ ...rule, description: "new", priority: 900 });
        await firewalls.delete(name);

        const [{ fingerprint }] = await subnetworks.get(SUBNETWORK);
        const subnetworkResource = { fingerprint: fingerprint ?? "", privateIpGoogleAccess: true };
        await subnetworks.patch({ ...SUBNETWORK, subnetworkResource });
        expect((await subnetworks.get(SUBNETWORK))[0].privateIpGoogleAccess).toBe(true);

        const nic = { ...ZONE, instance: "vm-2", networkInterface: "nic0" };
        await instances.addAccessConfig({ ...nic, accessConfigResource: { name: "nat", type: "ONE_TO_ONE_NAT" } });
        const [vm] = await instances.get(nic);
        expect(vm.networkInterfaces?.[0]?.accessConfigs?.[0]?.name).toBe("nat");
        await instances.update({ ...nic, instanceResource: { ...vm, description: "new" } });
        await instances.deleteAccessConfig({ ...nic, accessConfig: "nat" });
        const [after] = await instances.get(nic);
        expect([after.description, after.networkInterfaces?.[0]?.accessConfigs]).toEqual(["new", []]);
    });

    it("receives Google's errors", async () => {
        const path = `projects/${PROJECT_ID}/zones/us-central1-a/instances`;
        await expect(instances.get({ ...ZONE, instance: "none" })).rejects.toMatchObject({
            code: 5,
            message: `The resource '${path}/none' was not found`,
        });
        await expect(instances.insert({ ...ZONE, instanceResource: instance("vm-1", "") })).rejects.toMatchObject({
            // The gRPC code ALREADY_EXISTS, to which the client maps HTTP 409.
            code: 10,
            message: `The resource '${path}/vm-1' already exists`,
        });
        await expect(networks.delete({ project: PROJECT_ID, network: "net" })).rejects.toThrow(/already being used by/);
    });

    it("deletes instances, then the subnetwork, then the network", async () => {
        for (const name of ["vm-1", "vm-2", "vm-3"]) {
            await instances.delete({ ...ZONE, instance: name });
        }
        expect((await disks.list(ZONE))[0]).toEqual([]);
        await subnetworks.delete(SUBNETWORK);
        await networks.delete({ project: PROJECT_ID, network: "net" });
        expect(await judged.emulator.inventory()).toEqual([]);
    });

    it("sends and receives only what Google's descriptions allow", () => {
        expect(judged.report()?.problems ?? []).toEqual([]);
    });
});

function instance(name: string, sourceImage: string) {
    return {
        name,
        machineType: "zones/us-central1-a/machineTypes/e2-small",
        disks: [{ boot: true, autoDelete: true, initializeParams: { sourceImage, diskSizeGb: "20" } }],
        networkInterfaces: [{ subnetwork: `projects/${PROJECT_ID}/regions/us-central1/subnetworks/sub` }],
        metadata: { items: [{ key: "a", value: "b" }] },
        scheduling: {
            automaticRestart: false,
            provisioningModel: "SPOT",
            instanceTerminationAction: "STOP",
            maxRunDuration: { seconds: 3600 },
        },
        labels: { stack: "dev" },
    };
}

/** Options for a client that uses HTTP without TLS on a local port, with a developer's token. */
function optionsFor(port: number): Options {
    const auth = {
        getClient: async () => auth,
        fetch: (url: string, init: RequestInit) => {
            const headers = new Headers(init.headers);
            headers.set("authorization", "Bearer developer");
            return fetch(url, { ...init, headers });
        },
    };
    // The GoogleAuth methods that the client calls. The real class would request a token from Google.
    const options: Options = { auth: auth as unknown as NonNullable<Options["auth"]> };
    return { ...options, apiEndpoint: "127.0.0.1", port, protocol: "http", projectId: PROJECT_ID };
}
