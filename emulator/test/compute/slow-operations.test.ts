import { startTestEmulator, type TestEmulator } from "../../src/testing";
import { INSTANCES, instanceBody, PROJECT_ID } from "../vm/support";

const NETWORKS = `/compute/v1/projects/${PROJECT_ID}/global/networks`;
const SUBNETWORKS = `/compute/v1/projects/${PROJECT_ID}/regions/us-central1/subnetworks`;

let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await startTestEmulator({ operationMs: 3000 });
});
afterAll(() => emulator.stop());

/** Reads a value until `isLast` accepts it, and returns the distinct values in order. */
async function statesUntil(read: () => Promise<unknown>, isLast: (value: unknown) => boolean): Promise<unknown[]> {
    const seen: unknown[] = [];
    for (;;) {
        const value = await read();
        if (value !== seen.at(-1)) {
            seen.push(value);
        }
        if (isLast(value)) {
            return seen;
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
}

const status = async (path: string) => {
    const answer = await emulator.call("GET", path);
    return answer.status === 404 ? "gone" : answer.at("status");
};
const operationPath = (operation: Record<string, unknown>) =>
    String(operation.selfLink).replace("https://www.googleapis.com", "");
const finish = (operation: Record<string, unknown>) => emulator.ok("POST", `${operationPath(operation)}/wait`);

describe("with slow operations,", () => {
    it("an instance and its operations pass through Google's states", async () => {
        const insert = await emulator.ok("POST", INSTANCES, { body: instanceBody("vm") });
        expect(insert).toMatchObject({ status: "PENDING", progress: 0 });
        const starting = await statesUntil(
            () => status(`${INSTANCES}/vm`),
            (state) => state === "RUNNING",
        );
        const operation = await statesUntil(
            () => status(operationPath(insert)),
            (state) => state === "DONE",
        );
        expect([starting, operation.at(-1)]).toEqual([["PROVISIONING", "STAGING", "RUNNING"], "DONE"]);

        const removal = await emulator.ok("DELETE", `${INSTANCES}/vm`);
        const ending = await statesUntil(
            () => status(`${INSTANCES}/vm`),
            (state) => state === "gone",
        );
        expect(ending).toEqual(["STOPPING", ...ending.slice(1, -1), "gone"]);
        await finish(removal);
        expect(await emulator.inventory()).toEqual([]);
    });

    it("a network cannot be used until its creation is complete", async () => {
        const insert = await emulator.ok("POST", NETWORKS, { body: { name: "own", autoCreateSubnetworks: false } });
        const body = { name: "own", network: "global/networks/own", ipCidrRange: "10.0.0.0/28" };
        const early = await emulator.call("POST", SUBNETWORKS, { body });
        expect([early.status, early.at("error.errors.0.reason")]).toEqual([400, "resourceNotReady"]);
        await finish(insert);
        expect((await emulator.call("POST", SUBNETWORKS, { body })).status).toBe(200);
    });

    it("a service is not enabled immediately", async () => {
        const path = `/v1/projects/${PROJECT_ID}/services/compute.googleapis.com:enable`;
        const { name, done } = await emulator.ok("POST", path);
        expect(done).toBe(false);
        const states = await statesUntil(
            async () => (await emulator.call("GET", `/v1/${name}`)).at("done"),
            (value) => value === true,
        );
        expect(states.at(-1)).toBe(true);
    });
});

describe("an instance with Local SSDs", () => {
    const limited = { scheduling: { maxRunDuration: { seconds: "3600" }, instanceTerminationAction: "STOP" } };
    const withSsd = (more: object = {}) =>
        instanceBody("ssd", {
            machineType: "zones/us-central1-a/machineTypes/c4-standard-8-lssd",
            scheduling: { ...limited.scheduling, ...more },
        });

    it("can have a time limit, and can be stopped, only if its data may be discarded", async () => {
        const refused = await emulator.call("POST", INSTANCES, { body: withSsd() });
        expect([refused.status, refused.at("error.message")]).toEqual([400, expect.stringMatching(/discardLocalSsd/)]);
        const body = withSsd({ onInstanceStopAction: { discardLocalSsd: true } });
        await finish(await emulator.ok("POST", INSTANCES, { body }));
        const stop = await emulator.call("POST", `${INSTANCES}/ssd/stop`);
        expect([stop.status, stop.at("error.message")]).toEqual([
            400,
            expect.stringMatching(/^VM has a Local SSD attached but an undefined value for `discard-local-ssd`/),
        ]);
        await finish(await emulator.ok("POST", `${INSTANCES}/ssd/stop?discardLocalSsd=true`));
        expect(await status(`${INSTANCES}/ssd`)).toBe("TERMINATED");
    });
});
