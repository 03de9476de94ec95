import { randomUUID } from "node:crypto";
import { TestEmulator } from "../../src/testing";
import { INSTANCES, instanceBody, PROJECT_ID, TestInstance, ZONE } from "../vm/support";

let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await TestEmulator.start();
    const custom = { name: "net", autoCreateSubnetworks: false };
    await emulator.call("POST", `/compute/v1/projects/${PROJECT_ID}/global/networks`, { body: custom });
    const network = `projects/${PROJECT_ID}/global/networks/net`;
    const subnetwork = { name: "sub", network, ipCidrRange: "10.1.0.0/24" };
    await emulator.call("POST", SUBNETWORKS, { body: subnetwork });
});
afterAll(() => emulator.stop());

const SUBNETWORKS = `/compute/v1/projects/${PROJECT_ID}/regions/us-central1/subnetworks`;
const made = (name: string, more: object = {}) => TestInstance.create(emulator, name, "", more);
const patch = (vm: TestInstance, method: string, body: object) =>
    emulator.call("PATCH", `${INSTANCES}/${vm.name}/${method}`, { body });
const put = (vm: TestInstance, body: unknown) =>
    emulator.call("PUT", `${INSTANCES}/${vm.name}?view=FULL&alt=json`, { body });

describe("instances.update", () => {
    it("changes the description if the rest of the instance is sent back unchanged", async () => {
        const vm = await made("described", { description: "old" });
        const read = (await vm.get()).json as object;
        expect((await put(vm, { ...read, description: "new" })).at("operationType")).toBe("update");
        const after = await vm.get();
        expect(after.json).toEqual({ ...read, description: "new", fingerprint: expect.any(String) });
        const stale = await put(vm, { ...read, description: "newer" });
        expect([stale.status, stale.at("error.errors.0.reason")]).toEqual([412, "conditionNotMet"]);
    });

    it.each([
        [{ canIpForward: true }, "canIpForward"],
        [{ labels: { a: "b" } }, "labels"],
        [{ tags: null }, "tags"],
        [{ surprise: 1 }, "surprise"],
    ])("returns 501 for %j", async (more, what) => {
        const vm = await made(`refuses-${what.toLowerCase()}`);
        const answer = await put(vm, { ...((await vm.get()).json as object), ...more });
        expect([answer.status, answer.at("error.message")]).toEqual([501, expect.stringContaining(`"${what}"`)]);
    });
});

describe("an instance's network interface", () => {
    const at = async (vm: TestInstance, member: string) => (await vm.get()).at(`networkInterfaces.0.${member}`);

    it("moves to another network while the instance is off", async () => {
        const vm = await made("mover");
        const move = async (more: object) =>
            patch(vm, "updateNetworkInterface?networkInterface=nic0", {
                fingerprint: await at(vm, "fingerprint"),
                ...more,
            });
        const wanted = {
            network: `projects/${PROJECT_ID}/global/networks/net`,
            subnetwork: `projects/${PROJECT_ID}/regions/us-central1/subnetworks/sub`,
        };
        const running = await move(wanted);
        expect([running.status, running.at("error.errors.0.reason")]).toEqual([400, "resourceNotReady"]);
        await vm.post("stop");
        await vm.untilStatus("TERMINATED");
        expect((await move(wanted)).status).toBe(200);
        expect((await vm.get()).at("networkInterfaces.0")).toMatchObject({
            network: expect.stringMatching(/networks\/net$/),
            subnetwork: expect.stringMatching(/subnetworks\/sub$/),
            networkIP: "10.1.0.2",
        });
        expect((await move({ networkIP: "10.1.0.77" })).status).toBe(200);
        expect(await at(vm, "networkIP")).toBe("10.1.0.77");
        for (const [body, status] of [
            [{ networkIP: "10.2.0.1" }, 400],
            [{ networkIP: "10.1.0.1" }, 400],
            [{ fingerprint: "c3RhbGU=" }, 412],
            [{ fingerprint: undefined }, 400],
            [{ stackType: "IPV4_IPV6" }, 501],
            [{ network: "global/networks/net" }, 400],
            [{ subnetwork: "regions/us-central1/subnetworks/none" }, 404],
            [{ aliasIpRanges: [{ ipCidrRange: "/24" }] }, 501],
            [{ nicType: "GVNIC" }, 501],
        ] as const) {
            expect([body, (await move(body)).status]).toEqual([body, status]);
        }
        expect((await patch(vm, "updateNetworkInterface?networkInterface=nic1", {})).status).toBe(400);
    });

    it("loses and regains its external address", async () => {
        const vm = await made("external", {
            networkInterfaces: [{ network: "global/networks/default", nicType: "GVNIC", accessConfigs: [{}] }],
        });
        const address = await at(vm, "accessConfigs.0.natIP");
        expect(await at(vm, "nicType")).toBe("GVNIC");
        const add = () => vm.post("addAccessConfig?networkInterface=nic0", { type: "ONE_TO_ONE_NAT" });
        expect((await add()).at("error.message")).toMatch(/At most one/);
        const name = "accessConfig=external-nat&networkInterface=nic0";
        expect((await vm.post(`deleteAccessConfig?${name}`)).status).toBe(200);
        expect(await at(vm, "accessConfigs")).toBeUndefined();
        expect((await vm.post(`deleteAccessConfig?${name}`)).status).toBe(400);
        expect((await add()).status).toBe(200);
        expect(await at(vm, "accessConfigs")).toEqual([
            {
                kind: "compute#accessConfig",
                type: "ONE_TO_ONE_NAT",
                name: "external-nat",
                natIP: address,
                networkTier: "PREMIUM",
            },
        ]);
        expect((await vm.post("setSecurityPolicy", { networkInterfaces: ["nic0"] })).status).toBe(200);
        const policy = { networkInterfaces: ["nic0"], securityPolicy: "regions/us-central1/securityPolicies/p" };
        expect((await vm.post("setSecurityPolicy", policy)).status).toBe(501);
    });

    it("rejects an address that is in use or outside its subnetwork", async () => {
        await made("taker", { networkInterfaces: [{ network: "global/networks/default", networkIP: "10.128.0.99" }] });
        for (const networkIP of ["10.128.0.99", "10.128.0.0", "192.168.0.1"]) {
            const body = instanceBody("late", {
                networkInterfaces: [{ network: "global/networks/default", networkIP }],
            });
            expect((await emulator.call("POST", INSTANCES, { body })).status).toBe(400);
        }
    });
});

describe("setScheduling", () => {
    it("keeps omitted fields, and removes those that are null or empty", async () => {
        const limit = { maxRunDuration: { seconds: "600" }, instanceTerminationAction: "STOP" };
        const vm = await made("scheduled", { scheduling: limit });
        // The provider sends this body.
        const sent = { automaticRestart: false, onHostMaintenance: "TERMINATE", nodeAffinities: [null] };
        expect((await vm.post("setScheduling", sent)).status).toBe(200);
        expect((await vm.get()).at("scheduling")).toMatchObject({ ...limit, automaticRestart: false });
        const other = await vm.post("setScheduling", { maxRunDuration: { seconds: 900, nanos: 0 } });
        expect([other.status, other.at("error.errors.0.reason")]).toEqual([400, "resourceNotReady"]);
        await vm.post("stop");
        await vm.untilStatus("TERMINATED");
        const none = { maxRunDuration: null, instanceTerminationAction: "" };
        expect((await vm.post("setScheduling", none)).status).toBe(200);
        const scheduling = (await vm.get()).at("scheduling") as object;
        expect(Object.keys(scheduling)).not.toContain("maxRunDuration");
        expect(Object.keys(scheduling)).not.toContain("instanceTerminationAction");
    });
});

describe("a boot disk", () => {
    const disk = (name: string) => `/compute/v1/${ZONE}/disks/${name}`;

    it("grows, and the instance shows the new size", async () => {
        const vm = await made("grower");
        const resize = (sizeGb: number) => emulator.call("POST", `${disk("grower")}/resize`, { body: { sizeGb } });
        expect((await resize(30)).at("operationType")).toBe("resizeDisk");
        expect((await emulator.call("GET", disk("grower"))).at("sizeGb")).toBe("30");
        expect((await vm.get()).at("disks.0.diskSizeGb")).toBe("30");
        expect([(await resize(20)).status, (await resize(70_000)).status]).toEqual([400, 400]);
    });

    it("stores labels if they are sent with the current fingerprint", async () => {
        await made("labelled");
        const set = (labelFingerprint: unknown) =>
            emulator.call("POST", `${disk("labelled")}/setLabels`, { body: { labels: { a: "b" }, labelFingerprint } });
        const fingerprint = (await emulator.call("GET", disk("labelled"))).at("labelFingerprint");
        expect((await set(fingerprint)).status).toBe(200);
        expect((await emulator.call("GET", disk("labelled"))).at("labels")).toEqual({ a: "b" });
        expect((await set(fingerprint)).status).toBe(412);
    });
});

describe("requestId", () => {
    it("returns the same operation for a repeated request", async () => {
        const vm = await made("patient");
        const stop = () => vm.post(`stop?requestId=${id}`);
        const id = randomUUID();
        const name = (await stop()).at("name");
        await vm.untilStatus("TERMINATED");
        await vm.post("start");
        expect((await stop()).at("name")).toBe(name);
        expect(await vm.status()).toBe("RUNNING");
    });

    it("can be reused after a failure", async () => {
        const create = (body: object) => emulator.call("POST", `${INSTANCES}?requestId=${id}`, { body });
        const id = randomUUID();
        expect((await create(instanceBody("again", { machineType: "none" }))).status).toBe(400);
        expect((await create(instanceBody("again"))).status).toBe(200);
        expect((await create(instanceBody("again"))).status).toBe(200);
    });

    it.each(["1", "00000000-0000-0000-0000-000000000000"])("must be a UUID, not %s", async (id) => {
        const answer = await emulator.call("POST", `${INSTANCES}?requestId=${id}`, { body: instanceBody("never") });
        expect([answer.status, answer.at("error.message")]).toEqual([400, expect.stringContaining("UUID")]);
    });
});
