import { startTestEmulator, type TestEmulator } from "../../emulator/src/testing";
import { instanceBody } from "../../emulator/test/vm/support";
import { runLayout } from "../../run/layout";
import { type RunStatus, renderStatus } from "../../run/status";
import { choosePlace, type VmPlan } from "../../run/vm-place";
import { statusOf } from "./fakes";

const PROJECT = "demo-project";
const [A, B, C] = ["us-central1-a", "us-central1-b", "us-central1-c"] as const;
const BUCKET = "results";
const NAME = "iris-vm";

/** The zones that are out of stock. */
let stockOuts: string[];
let emulator: TestEmulator;
let printed: string[];

beforeEach(async () => {
    stockOuts = [];
    printed = [];
    emulator = await startTestEmulator({ org: { constraints: {}, quotas: {}, stockOuts } });
    await emulator.makeBucket(BUCKET);
    jest.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
});
afterEach(async () => {
    jest.restoreAllMocks();
    await emulator.stop();
});

const runId = statusOf({}).runId;
const plan = (change: Partial<VmPlan> = {}): VmPlan => ({
    project: PROJECT,
    name: NAME,
    zone: A,
    zones: [A, B, C],
    machineType: "e2-small",
    gpuType: "",
    spot: false,
    spotFallback: "none",
    maxAttempts: 3,
    bucket: BUCKET,
    runId,
    ...change,
});
const config = (key: string) =>
    ({
        "gcp:accessToken": "developer",
        "gcp:storageCustomEndpoint": `${emulator.url}/storage/v1/`,
        "gcp:computeCustomEndpoint": `${emulator.url}/compute/beta/`,
    })[key];
const choose = (change: Partial<VmPlan> = {}, looks = true) => choosePlace(config, plan(change), looks);

async function operate(path: string, body?: object): Promise<string | undefined> {
    const answer = await emulator.call("POST", `/compute/v1/projects/${PROJECT}/zones/${path}`, { body });
    return answer.at("error.errors.0.code") as string | undefined;
}

/** Creates the VM. @returns the code of the failed operation */
async function create(zone: string, spot = false): Promise<string | undefined> {
    const scheduling = {
        provisioningModel: spot ? "SPOT" : "STANDARD",
        instanceTerminationAction: "STOP",
        maxRunDuration: { seconds: "600" },
        ...(spot ? { automaticRestart: false, onHostMaintenance: "TERMINATE" } : {}),
    };
    const body = { ...instanceBody(NAME, { scheduling }), machineType: `zones/${zone}/machineTypes/e2-small` };
    return await operate(`${zone}/instances`, body);
}
const stop = (zone: string) => operate(`${zone}/instances/${NAME}/stop`);
const remove = (zone: string) =>
    emulator.call("DELETE", `/compute/v1/projects/${PROJECT}/zones/${zone}/instances/${NAME}`);

const put = (name: string, body: unknown) =>
    emulator.ok("POST", `/upload/storage/v1/b/${BUCKET}/o?uploadType=media&name=${encodeURIComponent(name)}`, { body });
const report = (change: Partial<RunStatus>) => put(runLayout(runId).status, renderStatus(statusOf(change)));

describe("the zone of a new VM", () => {
    it("is the first one", async () => {
        await expect(choose()).resolves.toEqual({ zone: A, spot: false });
        expect(printed).toEqual([]);
    });

    it("is the next one, with a message, if the VM could not be created for lack of capacity", async () => {
        stockOuts.push(A);
        expect(await create(A)).toBe("ZONE_RESOURCE_POOL_EXHAUSTED");

        await expect(choose()).resolves.toEqual({ zone: B, spot: false });
        expect(printed).toEqual([
            expect.stringMatching(
                /^us-central1-a had no capacity for the VM iris-vm at 20\d\d-.*Z; it will be in us-central1-b$/,
            ),
        ]);
    });

    it("is the one that failed first if all have failed", async () => {
        stockOuts.push(A, B, C);
        for (const zone of [B, C, A]) {
            await create(zone);
        }

        await expect(choose()).resolves.toMatchObject({ zone: B });
    });

    it("is the same one after a failure for another reason", async () => {
        expect((await emulator.call("POST", `/compute/v1/projects/${PROJECT}/zones/${A}/instances`)).status).toBe(400);

        await expect(choose()).resolves.toMatchObject({ zone: A });
    });

    it("is any zone of the region that has the machine type, beginning with the stack's own", async () => {
        stockOuts.push(C);
        await create(C);

        await expect(choose({ zone: C, zones: ["any"] })).resolves.toMatchObject({ zone: A });
    });

    it("is any zone of the region that has the GPU, even if the stack's zone does not", async () => {
        const gpu = { machineType: "n1-standard-4", gpuType: "nvidia-tesla-p100", zones: ["any"] };
        await expect(choose(gpu)).resolves.toEqual({ zone: C, spot: false });

        stockOuts.push(C);
        await create(C);
        await expect(choose(gpu)).resolves.toMatchObject({ zone: "us-central1-f" });
    });

    it("is the stack's zone if zones is not set", async () => {
        stockOuts.push(A);
        await create(A);

        await expect(choose({ zones: [] })).resolves.toEqual({ zone: A, spot: false });
    });
});

describe("a VM that exists", () => {
    it("stays in its zone while it is on, even if another is preferred", async () => {
        await create(B);

        await expect(choose()).resolves.toEqual({ zone: B, spot: false });
    });

    it("stays in its zone while it is off", async () => {
        await create(B);
        await stop(B);

        await expect(choose()).resolves.toEqual({ zone: B, spot: false });
    });

    it("moves to another zone if it could not be started again for lack of capacity", async () => {
        await create(A);
        await stop(A);
        stockOuts.push(A);
        expect(await operate(`${A}/instances/${NAME}/start`)).toBe("ZONE_RESOURCE_POOL_EXHAUSTED");

        await expect(choose()).resolves.toEqual({ zone: B, spot: false });
    });

    it.each([
        ["its VM", false],
        ["its manifest, without a VM", true],
    ])("stays as it is once its run has succeeded, according to %s", async (_what, isRemoved) => {
        await create(B, true);
        await stop(B);
        await report({ state: "SUCCEEDED" });
        await put(runLayout(runId).manifest, JSON.stringify({ machine: { zone: B, provisioning: "spot" } }));
        if (isRemoved) {
            await remove(B);
        }
        const kept = { onHostMaintenance: "TERMINATE", maxRunSeconds: 600 };
        const expected = { zone: B, spot: true, ...(isRemoved ? {} : { kept }) };

        await expect(choose()).resolves.toMatchObject(expected);
        await expect(choose({ zones: [] })).resolves.toMatchObject(expected);
    });

    it("does not stay in its zone if that is in another region", async () => {
        await create(B);
        await stop(B);
        await report({ state: "SUCCEEDED" });

        const elsewhere = { zone: "europe-west4-a", zones: ["europe-west4-b"] };
        await expect(choose(elsewhere)).resolves.toEqual({ zone: "europe-west4-b", spot: false });
    });
});

describe("the provisioning with spotFallback standard and three attempts", () => {
    const fallback = { spot: true, spotFallback: "standard" };

    it.each<[string, Partial<RunStatus> | undefined, boolean]>([
        ["spot for the first attempt", undefined, true],
        ["spot for the second attempt", { state: "INTERRUPTED", interruptions: 0 }, true],
        ["standard for the third attempt", { state: "INTERRUPTED", interruptions: 1 }, false],
        ["standard if the second attempt could not report that it was interrupted", { interruptions: 1 }, false],
        ["spot if a user starts a failed run again", { state: "FAILED", interruptions: 3, reported: true }, true],
    ])("is %s", async (_what, status, spot) => {
        if (status !== undefined) {
            await create(A, true);
            await stop(A);
            await report(status);
        }

        await expect(choose(fallback)).resolves.toEqual({ zone: A, spot });
    });

    it("stays unchanged while the VM is on", async () => {
        await create(A, true);
        await report({ state: "INTERRUPTED", interruptions: 1 });

        await expect(choose(fallback)).resolves.toEqual({ zone: A, spot: true });
    });

    it("stays unchanged until the failure of the run has been reported", async () => {
        await create(A, false);
        await stop(A);
        await report({ state: "FAILED", interruptions: 3 });

        await expect(choose(fallback)).resolves.toEqual({ zone: A, spot: false });
    });
});

describe("without permission to look up the run and the VM", () => {
    const denied = (key: string) => (key === "gcp:accessToken" ? "nobody" : config(key));

    it("a plan with a choice fails, because a guess could replace a VM", async () => {
        await expect(choosePlace(denied, plan(), true)).rejects.toThrow();
    });

    it("a plan without a choice follows the config", async () => {
        await expect(choosePlace(denied, plan({ zones: [] }), true)).resolves.toEqual({ zone: A, spot: false });
    });
});

it("a plan without a choice sends no request if the run and the VM need not be looked up", async () => {
    const unreachable = () => {
        throw new Error("the config must not be read");
    };

    await expect(choosePlace(unreachable, plan({ zones: [B] }), false)).resolves.toEqual({ zone: B, spot: false });
});
