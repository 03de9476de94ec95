import { prepare } from "../batch/support";
import { JudgedEmulator } from "./judge";
import { describeWithPython, runPython } from "./python";

const JOBS = "projects/demo-project/locations/us-central1/jobs";

describeWithPython(
    "google-cloud-batch (Python)",
    () => {
        let judged: JudgedEmulator;
        let results: Readonly<Record<string, unknown>>;

        beforeAll(async () => {
            judged = await JudgedEmulator.start("/batch");
            await prepare(judged.emulator);
            results = await runPython("batch_life.py", [judged.url]);
        });
        afterAll(() => judged?.stop());

        it("creates a job only once, and waits for it to end", () => {
            expect(results.created).toEqual([`${JOBS}/good`, "QUEUED"]);
            expect(results.taken).toEqual(["Conflict", 409, expect.stringContaining("already exists")]);
            expect(results.good).toEqual(["SUCCEEDED", { SUCCEEDED: 3 }]);
        });

        it("reads tasks in pages, with the exit codes of their failures", () => {
            expect(results.tasks).toEqual([[[], [75]], [[]]]);
            expect(results.task).toBe("SUCCEEDED");
        });

        it("reads jobs that have failed or been cancelled, and lists them", () => {
            expect([results.bad, results.cancelled, results.listed]).toEqual(["FAILED", "CANCELLED", ["bad", "long"]]);
        });

        it("deletes jobs, and waits for the operations", async () => {
            const text = expect.stringContaining(`Resource '${JOBS}/good' was not found`);
            expect(results.gone).toEqual(["NotFound", 404, text]);
            const left = (await judged.emulator.inventory()).filter(({ kind }) => /batch|instance|disk/.test(kind));
            expect(left).toEqual([]);
        });

        it("sends and receives only what Google's descriptions allow", () => {
            expect(judged.report()).toMatchObject({ problems: [] });
        });
    },
    "google-cloud-batch",
);
