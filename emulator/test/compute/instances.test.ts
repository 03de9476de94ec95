import { TestEmulator } from "../../src/testing";
import { INSTANCES, instanceBody, PROJECT_ID, TestInstance, ZONE } from "../vm/support";

let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await TestEmulator.start();
});
afterAll(() => emulator.stop());

const GOOGLE = "https://www.googleapis.com/compute/v1/";
const COS = { sourceImage: "projects/cos-cloud/global/images/family/cos-stable" };
const DEBIAN = "projects/debian-cloud/global/images/family/debian-12";
const insert = (name: string, more: object = {}) =>
    emulator.call("POST", INSTANCES, { body: instanceBody(name, more) });

describe("instances.insert", () => {
    it("returns a finished operation, which can be read again", async () => {
        const answer = await insert("operation");
        expect(answer.json).toMatchObject({
            kind: "compute#operation",
            id: expect.stringMatching(/^\d+$/),
            operationType: "insert",
            status: "DONE",
            progress: 100,
            targetLink: `${GOOGLE}${ZONE}/instances/operation`,
            zone: `${GOOGLE}${ZONE}`,
        });
        const found = await emulator.call("GET", `/compute/beta/${ZONE}/operations/${answer.at("name")}`);
        expect(found.json).toEqual(answer.json);
        expect((await emulator.call("GET", `/compute/beta/${ZONE}/operations/none`)).status).toBe(404);
    });

    it("returns everything the provider reads: Google's links, 64-bit numbers as strings, disk and fingerprints", async () => {
        // The provider sends this body, with nulls and an unquoted number.
        await insert("complete", {
            machineType: `${ZONE}/machineTypes/e2-standard-2`,
            canIpForward: false,
            deletionProtection: false,
            displayDevice: null,
            resourcePolicies: [],
            minCpuPlatform: "",
            labels: { a: "b" },
            tags: { items: ["t"] },
            metadata: { items: [{ key: "k", value: "v" }] },
            params: {},
            disks: [
                {
                    boot: true,
                    autoDelete: true,
                    mode: "READ_WRITE",
                    initializeParams: {
                        sourceImage: "projects/cos-cloud/global/images/family/cos-125-lts",
                        diskSizeGb: "20",
                        diskType: `${ZONE}/diskTypes/pd-balanced`,
                    },
                },
            ],
            networkInterfaces: [
                {
                    network: `projects/${PROJECT_ID}/global/networks/default`,
                    accessConfigs: [{ type: "ONE_TO_ONE_NAT" }],
                },
            ],
            scheduling: {
                automaticRestart: false,
                preemptible: true,
                provisioningModel: "SPOT",
                onHostMaintenance: "TERMINATE",
                instanceTerminationAction: "STOP",
                maxRunDuration: { seconds: 3600, nanos: 0 },
                nodeAffinities: [null],
                availabilityDomain: null,
            },
        });
        const { json } = await emulator.call("GET", `${INSTANCES}/complete?view=FULL&alt=json`);
        expect(json).toMatchObject({
            kind: "compute#instance",
            id: expect.stringMatching(/^\d+$/),
            status: "RUNNING",
            selfLink: `${GOOGLE}${ZONE}/instances/complete`,
            zone: `${GOOGLE}${ZONE}`,
            machineType: `${GOOGLE}${ZONE}/machineTypes/e2-standard-2`,
            metadata: { fingerprint: expect.any(String), items: [{ key: "k", value: "v" }] },
            labels: { a: "b" },
            labelFingerprint: expect.any(String),
            tags: { fingerprint: expect.any(String), items: ["t"] },
            disks: [{ boot: true, autoDelete: true, source: `${GOOGLE}${ZONE}/disks/complete`, diskSizeGb: "20" }],
            networkInterfaces: [
                {
                    name: "nic0",
                    network: `${GOOGLE}projects/${PROJECT_ID}/global/networks/default`,
                    subnetwork: `${GOOGLE}projects/${PROJECT_ID}/regions/us-central1/subnetworks/default`,
                    networkIP: expect.stringMatching(/^10\.128\.0\.\d+$/),
                    accessConfigs: [{ natIP: expect.stringMatching(/^203\.0\.113\.\d+$/), networkTier: "PREMIUM" }],
                },
            ],
            scheduling: { preemptible: true, provisioningModel: "SPOT", maxRunDuration: { seconds: "3600" } },
            shieldedInstanceConfig: { enableSecureBoot: false, enableVtpm: true, enableIntegrityMonitoring: true },
        });
        expect((await emulator.call("GET", `/compute/beta/${ZONE}/disks/complete`)).json).toMatchObject({
            sizeGb: "20",
            type: `${GOOGLE}${ZONE}/diskTypes/pd-balanced`,
            sourceImage: expect.stringMatching(`^${GOOGLE}projects/cos-cloud/global/images/cos-125-lts`),
        });
    });

    it("gives each instance its own address", async () => {
        await insert("address-1");
        await insert("address-2");
        const ip = async (name: string) =>
            (await new TestInstance(emulator, name).get()).at("networkInterfaces.0.networkIP");
        expect(await ip("address-1")).not.toBe(await ip("address-2"));
    });

    it.each([
        [{ name: "Upper" }, "resource.name"],
        [{ name: "a".repeat(64) }, "resource.name"],
        [{ machineType: "e2-small" }, "machineType"],
        [{ machineType: "zones/us-east1-b/machineTypes/e2-small" }, "machineType"],
        [{ serviceAccounts: [{ email: `none@${PROJECT_ID}.iam.gserviceaccount.com`, scopes: [] }] }, "not found"],
        [{ serviceAccounts: [{ email: "default", scopes: ["cloud-platform"] }] }, "full URL"],
        [{ labels: { Upper: "x" } }, "labels"],
        [{ tags: { items: ["Not A Tag"] } }, "tags"],
        [{ metadata: { items: [{ key: "k", value: "x".repeat(262_145) }] } }, "262144"],
        [{ metadata: { items: [{ key: "k" }, { key: "k" }] } }, "duplicated"],
        [{ scheduling: { provisioningModel: "SPOT", automaticRestart: true } }, "AutomaticRestart"],
        [{ scheduling: { maxRunDuration: { seconds: "60" } } }, "instanceTerminationAction"],
        [{ networkInterfaces: [{ subnetwork: "regions/us-east1/subnetworks/default" }] }, "us-central1"],
        [
            {
                disks: [
                    {
                        boot: true,
                        initializeParams: {
                            sourceImage: "projects/cos-cloud/global/images/family/cos-stable",
                            diskSizeGb: "5",
                        },
                    },
                ],
            },
            "diskSizeGb",
        ],
    ])("rejects %j with 400", async (more, why) => {
        const answer = await insert("refused", more);
        expect([answer.status, answer.at("error.message")]).toEqual([400, expect.stringContaining(why)]);
        expect((await emulator.call("GET", `${INSTANCES}/refused`)).status).toBe(404);
    });

    it.each([
        [{ networkInterfaces: [{ network: "global/networks/none" }] }],
        [{ networkInterfaces: [{ subnetwork: "regions/us-central1/subnetworks/none" }] }],
    ])("returns 404 for a reference to a missing resource: %j", async (more) => {
        expect((await insert("refused", more)).status).toBe(404);
    });

    it.each([
        [{ canIpForward: true }, "canIpForward"],
        [{ minCpuPlatform: "Intel Skylake" }, "minCpuPlatform"],
        [{ surprise: 1 }, "surprise"],
        [{ scheduling: { terminationTime: "2030-01-01T00:00:00Z" } }, "scheduling.terminationTime"],
        [{ scheduling: { provisioningModel: "FLEX_START" } }, "scheduling.provisioningModel"],
        [{ disks: [{ type: "SCRATCH", boot: true, initializeParams: COS }] }, "disks.0.type"],
        [{ disks: [{ boot: true, initializeParams: COS }, {}] }, "disks"],
        [{ disks: [{ boot: true, initializeParams: { sourceImage: DEBIAN } }] }, "debian-cloud"],
        [{ networkInterfaces: [{ stackType: "IPV4_IPV6" }] }, "networkInterfaces.0.stackType"],
        [{ networkInterfaces: [{ aliasIpRanges: [{ ipCidrRange: "/24" }] }] }, "networkInterfaces.0.aliasIpRanges"],
        [{ confidentialInstanceConfig: { enableConfidentialCompute: true } }, "confidentialInstanceConfig"],
        [{ reservationAffinity: { consumeReservationType: "ANY_RESERVATION" } }, "reservationAffinity"],
        [{ resourcePolicies: ["p"] }, "resourcePolicies"],
        [{ instanceEncryptionKey: { kmsKeyName: "k" } }, "instanceEncryptionKey"],
    ])("returns 501 for %j", async (more, what) => {
        const answer = await insert("refused", more);
        expect([answer.status, answer.at("error.message")]).toEqual([501, expect.stringContaining(`"${what}"`)]);
    });
});

describe("an instance", () => {
    const made = async (name: string, more: object = {}) => TestInstance.create(emulator, name, "", more);

    it("stores metadata, labels, tags and scheduling if they are sent with the current fingerprint", async () => {
        const vm = await made("changing");
        const before = (await vm.get()).json as {
            metadata: { fingerprint: string };
            tags: { fingerprint: string };
            labelFingerprint: string;
        };
        const items = [{ key: "k", value: "new" }];
        await vm.post("setMetadata", { fingerprint: before.metadata.fingerprint, items });
        await vm.post("setLabels", { labelFingerprint: before.labelFingerprint, labels: { l: "new" } });
        await vm.post("setTags", { fingerprint: before.tags.fingerprint, items: ["new"] });
        await vm.post("setScheduling", { automaticRestart: false });
        expect((await vm.get()).json).toMatchObject({
            metadata: { items },
            labels: { l: "new" },
            tags: { items: ["new"] },
            scheduling: { automaticRestart: false, onHostMaintenance: "MIGRATE" },
        });
        const stale = await vm.post("setMetadata", { fingerprint: before.metadata.fingerprint, items: [] });
        expect([stale.status, stale.at("error.errors.0.reason")]).toEqual([412, "conditionNotMet"]);
    });

    it("allows changes to machine type and service account only while it is stopped", async () => {
        const vm = await made("resized");
        const type = { machineType: `zones/us-central1-a/machineTypes/n2-highmem-4` };
        expect((await vm.post("setMachineType", type)).at("error.errors.0.reason")).toBe("resourceNotReady");
        await vm.post("stop");
        await vm.untilStatus("TERMINATED");
        expect((await vm.post("setMachineType", type)).status).toBe(200);
        expect((await vm.post("setServiceAccount", { email: "other@example.com", scopes: [] })).status).toBe(200);
        expect((await vm.get()).json).toMatchObject({
            machineType: expect.stringContaining("n2-highmem-4"),
            serviceAccounts: [{ email: "other@example.com" }],
        });
        await vm.post("start");
        expect(await vm.status()).toBe("RUNNING");
    });

    it("cannot be deleted while deletionProtection is on", async () => {
        const vm = await made("protected", { deletionProtection: true });
        expect((await vm.delete()).at("error.message")).toMatch(/protected against deletion/);
        await vm.post("setDeletionProtection?deletionProtection=false");
        expect((await vm.delete()).status).toBe(200);
        expect((await vm.delete()).status).toBe(404);
    });

    it("is deleted together with its disk, unless autoDelete is off", async () => {
        const disk = () => emulator.call("GET", `/compute/v1/${ZONE}/disks/disk-owner`);
        const vm = await made("disk-owner");
        expect(
            (await emulator.call("DELETE", `/compute/v1/${ZONE}/disks/disk-owner`)).at("error.errors.0.reason"),
        ).toBe("resourceInUseByAnotherResource");
        await vm.post("setDiskAutoDelete?autoDelete=false&deviceName=persistent-disk-0");
        await vm.delete();
        expect([(await disk()).status, (await disk()).at("users")]).toEqual([200, undefined]);
        await emulator.call("DELETE", `/compute/v1/${ZONE}/disks/disk-owner`);
        expect((await disk()).status).toBe(404);
    });

    it("is listed with the other instances in its zone", async () => {
        const all = await emulator.call("GET", INSTANCES);
        expect(all.at("kind")).toBe("compute#instanceList");
        const none = await emulator.call("GET", `/compute/v1/projects/${PROJECT_ID}/zones/us-east1-b/instances`);
        expect(none.at("items")).toBeUndefined();
    });

    it("appears under its zone in the filtered list of all zones", async () => {
        const other = "us-east1-b";
        const labels = { "gcp-trainer-owner": "one" };
        await insert("here", { labels });
        await emulator.ok("POST", `/compute/v1/projects/${PROJECT_ID}/zones/${other}/instances`, {
            body: { ...instanceBody("there", { labels }), machineType: `zones/${other}/machineTypes/e2-small` },
        });
        const filter = encodeURIComponent("labels.gcp-trainer-owner=one");
        const list = await emulator.ok(
            "GET",
            `/compute/v1/projects/${PROJECT_ID}/aggregated/instances?filter=${filter}`,
        );

        expect(list).toMatchObject({
            kind: "compute#instanceAggregatedList",
            items: {
                "zones/us-central1-a": { instances: [{ name: "here" }] },
                "zones/us-east1-b": { instances: [{ name: "there" }] },
            },
        });
        const none = await emulator.ok("GET", "/compute/v1/projects/another-project/aggregated/instances");
        expect(none.items).toEqual({});
    });

    it("returns an error that names the method if it is not emulated", async () => {
        const answer = await emulator.call("POST", `${INSTANCES}/changing/suspend`);
        expect([answer.status, answer.at("error.message")]).toEqual([501, expect.stringContaining("/suspend")]);
        const version = await emulator.call("GET", `/compute/alpha/${ZONE}/instances/changing`);
        expect([version.status, version.at("error.message")]).toEqual([501, expect.stringContaining("alpha")]);
    });
});

describe("images", () => {
    it.each(["family/cos-stable", "family/cos-125-lts", "family/cos-arm64-125-lts"])(
        "include %s of cos-cloud",
        async (path) => {
            const answer = await emulator.call("GET", `/compute/v1/projects/cos-cloud/global/images/${path}`);
            const name = String(answer.at("name"));
            expect(answer.json).toMatchObject({ family: path.split("/")[1], status: "READY", diskSizeGb: "10" });
            const byName = await emulator.call("GET", `/compute/v1/projects/cos-cloud/global/images/${name}`);
            expect(byName.json).toEqual(answer.json);
        },
    );

    it("are listed by family in their Google project", async () => {
        const list = (project: string, filter: string) =>
            emulator.call("GET", `/compute/v1/projects/${project}/global/images?filter=${encodeURIComponent(filter)}`);
        expect((await list("cos-cloud", "family = cos-125-lts")).json).toMatchObject({
            kind: "compute#imageList",
            items: [{ family: "cos-125-lts", architecture: "X86_64" }],
        });
        expect((await list(PROJECT_ID, "")).at("items")).toBeUndefined();
        expect((await emulator.call("GET", "/compute/alpha/projects/cos-cloud/global/images")).status).toBe(501);
    });

    it("return 501 for Google's other projects", async () => {
        for (const path of ["images/family/debian-12", "images"]) {
            const answer = await emulator.call("GET", `/compute/v1/projects/debian-cloud/global/${path}`);
            expect([answer.status, answer.at("error.message")]).toEqual([501, expect.stringContaining("debian-cloud")]);
        }
        const own = await emulator.call("GET", `/compute/v1/projects/${PROJECT_ID}/global/images/family/cos-stable`);
        expect(own.status).toBe(404);
    });

    it.each(["cos-stable", "family/debian-12", "none"])("do not include %s", async (path) => {
        expect((await emulator.call("GET", `/compute/v1/projects/cos-cloud/global/images/${path}`)).status).toBe(404);
    });
});

describe("projects.get", () => {
    it("finds a project by id and by number", async () => {
        const byId = await emulator.call("GET", `/compute/beta/projects/${PROJECT_ID}`);
        expect(byId.json).toMatchObject({ kind: "compute#project", name: PROJECT_ID });
        expect((await emulator.call("GET", `/compute/beta/projects/${byId.at("id")}`)).json).toEqual(byId.json);
    });
});
