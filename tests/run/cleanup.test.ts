import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ProviderCall, runProvider } from "../../cli/start/provider-host";
import { FaultPlan, parseFaultRule } from "../../emulator/src/faults/rule";
import { startTestEmulator, type TestEmulator } from "../../emulator/src/testing";
import { INSTANCES, instanceBody, ZONE } from "../../emulator/test/vm/support";
import {
    type Planner,
    rejectWhileOn,
    removeLeftoverBucket,
    removeLeftoverInstances,
    removeLeftovers,
} from "../../run/leftovers";
import { ownedDescription, ownerLabel } from "../../run/marks";
import { type RunState, renderStatus } from "../../run/status";
import { statusOf } from "./fakes";
import { cleanupInputs, runInputs } from "./fixtures/run-inputs";
import { providerTexts } from "./provider-texts";

const OWNER = "0123456789abcdef";
const OTHER = "fedcba9876543210";
const { project, region } = cleanupInputs;
const zone = runInputs.zone;
const NETWORKS = `/compute/v1/projects/${project}/global/networks`;
const SUBNETWORKS = `/compute/v1/projects/${project}/regions/${region}/subnetworks`;
const ACCOUNT = `${cleanupInputs.account}@${project}.iam.gserviceaccount.com`;

let texts: Awaited<ReturnType<typeof providerTexts>>;
let emulator: TestEmulator;
let folder: string;
let printed: string[];

beforeAll(async () => {
    texts = await providerTexts();
});
beforeEach(async () => {
    emulator = await startTestEmulator();
    folder = mkdtempSync(path.join(tmpdir(), "cleanup-"));
    printed = [];
    jest.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
});
afterEach(async () => {
    jest.restoreAllMocks();
    await emulator.stop();
    rmSync(folder, { recursive: true, force: true });
});

function config(): Record<string, string> {
    const v1 = `${emulator.url}/v1/`;
    return {
        "gcp:accessToken": "developer",
        "gcp:storageCustomEndpoint": `${emulator.url}/storage/v1/`,
        "gcp:computeCustomEndpoint": `${emulator.url}/compute/beta/`,
        "gcp:artifactRegistryCustomEndpoint": v1,
        "gcp:iamBetaCustomEndpoint": v1,
        "gcp:resourceManagerCustomEndpoint": v1,
        "gcp:secretManagerCustomEndpoint": v1,
        "gcp:pubsubCustomEndpoint": v1,
    };
}

const planner = (): Planner => ({ owner: OWNER, config: (key) => config()[key] });

function call(method: ProviderCall["method"], change: Partial<ProviderCall> = {}) {
    return runProvider({
        text: texts.cleanup,
        method,
        id: OWNER,
        inputs: { ...cleanupInputs, owner: OWNER, places: places() },
        config: config(),
        cwd: folder,
        onLine: (_stream, line) => printed.push(line),
        ...change,
    });
}

function places() {
    return { regions: [region], accounts: [cleanupInputs.account], sharedBuckets: [], sharedSecrets: [] };
}

/** Creates a resource of every kind that a stack has, marked with an owner. */
async function createAll(owner: string): Promise<void> {
    const { bucket, repository, account, network, subnetwork, firewall } = cleanupInputs;
    const labels = { [ownerLabel]: owner };
    const description = ownedDescription("Part of a job", owner);
    const ok = (target: string, body: object) => emulator.ok("POST", target, { body });
    await ok(`/storage/v1/b?project=${project}`, { name: bucket, labels, location: "US-CENTRAL1" });
    await ok(`/upload/storage/v1/b/${bucket}/o?uploadType=media&name=data/iris.csv`, { rows: 1 });
    await ok(`/v1/projects/${project}/locations/${region}/repositories?repositoryId=${repository}`, {
        format: "DOCKER",
        labels,
    });
    await ok(`/v1/projects/${project}/serviceAccounts`, { accountId: account, serviceAccount: { description } });
    await ok(NETWORKS, { name: network, description, autoCreateSubnetworks: false });
    await ok(SUBNETWORKS, {
        name: subnetwork,
        description,
        network: `projects/${project}/global/networks/${network}`,
        ipCidrRange: "10.0.0.0/28",
    });
    await ok(NETWORKS.replace("networks", "firewalls"), {
        name: firewall,
        description,
        network: `projects/${project}/global/networks/${network}`,
        direction: "INGRESS",
        allowed: [{ IPProtocol: "tcp", ports: ["22"] }],
        sourceRanges: ["35.235.240.0/20"],
    });
    await ok(`/v1/projects/${project}/secrets?secretId=KEY`, { labels, replication: { automatic: {} } });
    await ok(INSTANCES, instanceBody(runInputs.instance, { labels }));
}

async function grant(member: string): Promise<void> {
    const binding = { role: "roles/logging.logWriter", members: [member, "user:me@example.com"] };
    await emulator.ok("POST", `/v1/projects/${project}:setIamPolicy`, {
        body: { policy: { version: 3, bindings: [binding] } },
    });
}

const kinds = async () => (await emulator.inventory()).map(({ kind }) => kind).sort();

describe("the serialised Cleanup", () => {
    it("creates an owner that no other stack has", async () => {
        const [one, other] = [
            await call("create", { inputs: cleanupInputs }),
            await call("create", { inputs: cleanupInputs }),
        ];

        expect(one.outs?.owner).toMatch(/^[0-9a-f]{16}$/);
        expect(one.outs?.owner).not.toBe(other.outs?.owner);
        expect(one.id).toBe(one.outs?.owner);
    });

    it("keeps the owner and all earlier places when it is updated", async () => {
        const olds = { ...cleanupInputs, owner: OWNER, places: places() };
        const { outs } = await call("update", {
            olds,
            inputs: { ...cleanupInputs, region: "europe-west1", account: "" },
        });

        expect(outs).toMatchObject({
            owner: OWNER,
            places: { ...places(), regions: [region, "europe-west1"] },
        });
        await expect(
            call("diff", { olds: outs ?? {}, inputs: { ...cleanupInputs, region: "europe-west1", account: "" } }),
        ).resolves.toEqual({ changes: false, replaces: [] });
    });

    it("deletes all of the owner's resources and grants, even if only some of them exist", async () => {
        await createAll(OWNER);
        await grant(`serviceAccount:${ACCOUNT}`);
        const others = ["project IAM binding"];
        expect(await kinds()).toEqual([
            ...["artifact repository", "disk", "firewall", "instance", "network"],
            ...[...others, ...others, "secret", "service account", "storage bucket", "subnetwork"],
        ]);

        await call("delete");
        expect(await kinds()).toEqual(others);
        const policy = await emulator.ok("POST", `/v1/projects/${project}:getIamPolicy`);
        expect(policy.bindings).toEqual([{ role: "roles/logging.logWriter", members: ["user:me@example.com"] }]);

        await emulator.ok("POST", NETWORKS, {
            body: {
                name: cleanupInputs.network,
                description: ownedDescription("", OWNER),
                autoCreateSubnetworks: false,
            },
        });
        await call("delete");
        expect(await kinds()).toEqual(others);
    });

    it("deletes its own topic and subscription, but only its account's grant on somebody else's topic", async () => {
        const name = (kind: string, id: string) => `projects/${project}/${kind}/${id}`;
        for (const [id, owner] of [
            ["own", OWNER],
            ["shared", OTHER],
        ]) {
            const body = { labels: { [ownerLabel]: owner } };
            await emulator.ok("PUT", `/v1/${name("topics", String(id))}`, { body });
            const pushConfig = { pushEndpoint: "https://example.com/" };
            await emulator.ok("PUT", `/v1/${name("subscriptions", String(id))}`, {
                body: { ...body, topic: name("topics", String(id)), pushConfig },
            });
        }
        const { account } = cleanupInputs;
        const description = ownedDescription("", OWNER);
        await emulator.ok("POST", `/v1/projects/${project}/serviceAccounts`, {
            body: { accountId: account, serviceAccount: { description } },
        });
        const bindings = [{ role: "roles/pubsub.publisher", members: [`serviceAccount:${ACCOUNT}`] }];
        const shared = `/v1/${name("topics", "shared")}`;
        await emulator.ok("POST", `${shared}:setIamPolicy`, { body: { policy: { bindings } } });

        const topics = [name("topics", "own"), name("topics", "shared")];
        const inputs = { ...cleanupInputs, owner: OWNER, topic: topics[0], places: { ...places(), topics } };
        await call("delete", { inputs });

        expect((await emulator.inventory()).filter(({ kind }) => kind.startsWith("Pub/Sub"))).toEqual([
            { kind: "Pub/Sub topic", name: name("topics", "shared") },
            { kind: "Pub/Sub subscription", name: name("subscriptions", "shared") },
        ]);
        expect((await emulator.ok("GET", `${shared}:getIamPolicy`)).bindings).toEqual([]);
    });

    it("deletes nothing that belongs to another owner", async () => {
        await createAll(OTHER);
        await grant(`serviceAccount:${ACCOUNT}`);
        const before = await emulator.inventory();
        await call("delete");

        expect(await emulator.inventory()).toEqual(before);
        const policy = await emulator.ok("POST", `/v1/projects/${project}:getIamPolicy`);
        expect(JSON.stringify(policy.bindings)).toContain(ACCOUNT);
        expect(printed).toContain(
            `the network ${cleanupInputs.network} is kept, because it does not belong to this stack`,
        );
    });

    it("with the scope `instances`, deletes only the instances", async () => {
        await createAll(OWNER);
        await call("delete", { inputs: { ...cleanupInputs, scope: "instances", owner: OWNER, places: places() } });

        expect(await kinds()).not.toContain("instance");
        expect(await kinds()).toContain("network");
    });
});

describe("the hook that runs before a resource is created", () => {
    const network = { kind: "network", project, name: cleanupInputs.network } as const;
    const subnetwork = { kind: "subnetwork", project, location: region, name: cleanupInputs.subnetwork } as const;
    const firewall = { kind: "firewall", project, name: cleanupInputs.firewall } as const;
    const account = { kind: "service account", project, name: cleanupInputs.account } as const;

    it("removes what an interrupted command left behind under these names, and nothing else", async () => {
        await createAll(OWNER);
        await emulator.ok("DELETE", `${INSTANCES}/${runInputs.instance}`);
        const before = await kinds();
        await removeLeftovers(planner(), [firewall, subnetwork, network, account]);

        expect(await kinds()).toEqual(before.filter((kind) => !/network|firewall/.test(kind)));
    });

    it.each([[network], [account]])("rejects another owner's %j, and says what to do", async (planned) => {
        await createAll(OTHER);
        const before = await emulator.inventory();

        await expect(removeLeftovers(planner(), [planned])).rejects.toThrow(
            /exists, but this stack did not create it: .*npx pulumi stack init NAME/,
        );
        expect(await emulator.inventory()).toEqual(before);
    });

    it("does nothing if nothing exists", async () => {
        await removeLeftovers(planner(), [firewall, subnetwork, network, account]);
        await removeLeftoverBucket(planner(), { project, name: "none" }, { stack: "dev", resultsDir: "models" });

        expect(printed).toEqual([]);
    });
});

describe("the hook that runs before the bucket is created", () => {
    const bucket = { project, name: cleanupInputs.bucket };
    const results = () => ({ stack: "dev", resultsDir: path.relative(process.cwd(), path.join(folder, "models")) });
    const put = (name: string, body: unknown) =>
        emulator.ok("POST", `/upload/storage/v1/b/${bucket.name}/o?uploadType=media&name=${encodeURIComponent(name)}`, {
            body,
        });

    it("removes a bucket that an interrupted removal has partly emptied", async () => {
        const faults = new FaultPlan([]);
        await emulator.stop();
        emulator = await startTestEmulator({ faults });
        await createAll(OWNER);
        await put(`runs/${runInputs.runId}/objects.json`, { schema: 1, pages: [{}] });
        await put(`runs/${runInputs.runId}/model/model.json`, { tree: [] });
        await put(`runs/${runInputs.runId}/status.json`, renderStatus(statusOf({ state: "SUCCEEDED" })));
        faults.replace([parseFaultRule("kind=status,status=400,method=DELETE,path=/o/,request=2,count=all")]);
        process.env.DISCARD_RESULTS = "1";
        try {
            await expect(removeLeftoverBucket(planner(), bucket, results())).rejects.toThrow("could not be deleted");
        } finally {
            delete process.env.DISCARD_RESULTS;
        }
        faults.replace([]);
        await removeLeftoverBucket(planner(), bucket, results());

        expect(await kinds()).not.toContain("storage bucket");
    });

    it("keeps a bucket whose results cannot be saved, unless they are to be discarded", async () => {
        await createAll(OWNER);
        await put(`runs/${runInputs.runId}/status.json`, renderStatus(statusOf({ state: "SUCCEEDED" })));

        await expect(removeLeftoverBucket(planner(), bucket, results())).rejects.toThrow(
            /is kept, because its results could not all be saved: .*objects\.json is missing.*DISCARD_RESULTS=1 pulumi up/s,
        );
        expect(await kinds()).toContain("storage bucket");

        process.env.DISCARD_RESULTS = "1";
        try {
            await removeLeftoverBucket(planner(), bucket, results());
        } finally {
            delete process.env.DISCARD_RESULTS;
        }
        expect(await kinds()).not.toContain("storage bucket");
    });
});

describe("the hook that runs before the VM is created", () => {
    const run = { bucket: cleanupInputs.bucket, runId: runInputs.runId, wait: false };
    const instance = (name: string) => ({ project, zone, name });
    const report = (state: RunState) =>
        emulator.ok(
            "POST",
            `/upload/storage/v1/b/${run.bucket}/o?uploadType=media&name=runs/${run.runId}/status.json`,
            {
                body: renderStatus(statusOf({ state })),
            },
        );

    it("removes the VM from an earlier run", async () => {
        await createAll(OWNER);
        await removeLeftoverInstances(planner(), instance("another"), run);

        expect(await kinds()).not.toContain("instance");
    });

    it.each(["SUCCEEDED", "FAILED", "TIMED_OUT"] as const)(
        "removes a leftover VM whose run has ended: %s",
        async (state) => {
            await createAll(OWNER);
            await report(state);
            await removeLeftoverInstances(planner(), instance(runInputs.instance), run);

            expect(await kinds()).not.toContain("instance");
        },
    );

    it("keeps a leftover VM that is training the run, and says so", async () => {
        await createAll(OWNER);
        await report("RUNNING");

        await expect(removeLeftoverInstances(planner(), instance(runInputs.instance), run)).rejects.toThrow(
            `run ${run.runId} is training on the VM ${runInputs.instance}, which an interrupted command created.`,
        );
        expect(await kinds()).toContain("instance");
    });

    it("rejects a change that requires the VM to be off while it is on", async () => {
        await createAll(OWNER);
        const oldInputs = { name: runInputs.instance, zone, machineType: "e2-small", labels: {} };
        const change = (newInputs: object) =>
            rejectWhileOn(planner(), project, { oldInputs, newInputs: { ...oldInputs, ...newInputs } });

        await expect(change({ labels: { team: "wire" } })).resolves.toBeUndefined();
        await expect(change({ machineType: "e2-medium" })).rejects.toThrow(
            `machineType can be changed only while the VM ${runInputs.instance} is off; it is RUNNING. Wait until the run has`,
        );
        await expect(change({ networkInterfaces: [] })).rejects.toThrow("networkInterfaces can be changed only while");
        const { name } = await emulator.ok("POST", `${INSTANCES}/${runInputs.instance}/stop`);
        await emulator.ok("POST", `/compute/v1/${ZONE}/operations/${name}/wait`);
        await expect(change({ machineType: "e2-medium" })).resolves.toBeUndefined();
    });

    it("waits until a leftover VM has finished training the run, and then removes it", async () => {
        await createAll(OWNER);
        await report("RUNNING");
        const waiting = new Promise<void>((resolve) => {
            jest.mocked(console.log).mockImplementation((line: string) => {
                printed.push(line);
                if (line.endsWith("waiting until it has ended")) {
                    resolve();
                }
            });
        });
        const removed = removeLeftoverInstances(planner(), instance(runInputs.instance), { ...run, wait: true });
        await waiting;
        expect(await kinds()).toContain("instance");
        await report("SUCCEEDED");
        await removed;

        expect(await kinds()).not.toContain("instance");
    });

    it("rejects another owner's VM", async () => {
        await createAll(OTHER);

        await expect(removeLeftoverInstances(planner(), instance(runInputs.instance), run)).rejects.toThrow(
            /The instance .* exists, but this stack did not create it/,
        );
        expect(await kinds()).toContain("instance");
    });
});
