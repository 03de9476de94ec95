import { FaultPlan, parseFaultRule } from "../../src";
import { TestEmulator } from "../../src/testing";

let emulator: TestEmulator;
const plan = new FaultPlan([]);

beforeAll(async () => {
    emulator = await TestEmulator.start({ faults: plan });
    await emulator.makeBucket("fault-bucket");
});
afterAll(() => emulator.stop());

const arm = (...rules: string[]) => plan.replace(rules.map(parseFaultRule));

describe("an emulator with fault injection", () => {
    it("breaks the matching requests on its main port, and serves all others", async () => {
        arm("kind=status,status=429,path=/b/fault-bucket");

        const statuses = [];
        for (const path of ["/storage/v1/b?project=demo-project", "/storage/v1/b/fault-bucket"]) {
            statuses.push((await emulator.call("GET", path)).status);
        }
        statuses.push((await emulator.call("GET", "/storage/v1/b/fault-bucket")).status);
        expect(statuses).toEqual([200, 429, 200]);
        expect(plan.hits).toEqual(["GET /storage/v1/b/fault-bucket"]);
    });

    it("uses the client-facing port in its responses", async () => {
        arm();
        const session = await emulator.call("POST", "/upload/storage/v1/b/fault-bucket/o?uploadType=resumable&name=a");

        expect(session.headers.get("location")).toMatch(new RegExp(`^${emulator.url}/upload/`));
    });

    it("does not break its own control requests", async () => {
        arm("kind=status,status=503,count=all");

        const answer = await emulator.call("POST", "/emulator/v1/images", { body: {} });
        expect(answer.status).not.toBe(503);
        arm();
    });

    it("reports which port is in use", async () => {
        const start = TestEmulator.start({ port: emulator.port, faults: new FaultPlan([]) });

        await expect(start).rejects.toThrow(`cannot listen on 127.0.0.1:${emulator.port} (EADDRINUSE)`);
    });
});
