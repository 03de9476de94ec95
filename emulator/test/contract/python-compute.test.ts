import { JudgedEmulator } from "./judge";
import { describeWithPython, runPython } from "./python";

type Results = Readonly<Record<string, unknown>>;
const INSTANCE = "The resource 'projects/demo-project/zones/us-central1-a/instances/vm-1'";

describeWithPython("google-cloud-compute (Python)", () => {
    let judged: JudgedEmulator;
    let results: Results;

    beforeAll(async () => {
        judged = await JudgedEmulator.start();
        results = await runPython<Results>("compute_life.py", [judged.url]);
    });
    afterAll(() => judged?.stop());

    it("creates an instance with its network, and reads it back", () => {
        expect(results.image).toEqual([expect.stringMatching(/^cos-stable-/), 10]);
        expect(results.instance).toEqual({
            operation: ["DONE", 100],
            status: "RUNNING",
            seconds: 3600,
            disk: [20, true],
            taken: ["Conflict", 409, expect.stringContaining(`${INSTANCE} already exists`)],
        });
    });

    it("lists instances page by page and with a filter", () => {
        expect(results.pages).toEqual([["vm-1", "vm-2"], ["vm-3"]]);
        expect(results.filtered).toEqual(["vm-2"]);
    });

    it("changes metadata, but rejects a stale fingerprint", () => {
        expect(results.metadata).toEqual(["c"]);
        expect(results.stale).toEqual(["PreconditionFailed", 412, expect.stringContaining("fingerprint")]);
    });

    it("stops, changes and starts an instance, and reads its serial port", () => {
        expect(results.states).toEqual(["TERMINATED", "RUNNING"]);
        expect(results.serial).toEqual([0, true]);
    });

    it("deletes instances, then the subnetwork, then the network", async () => {
        expect(results["in use"]).toEqual(["BadRequest", 400, expect.stringContaining("already being used")]);
        const notFound = ["NotFound", 404, expect.stringContaining(`${INSTANCE} was not found`)];
        expect(results.gone).toEqual([notFound, notFound, []]);
        expect(await judged.emulator.inventory()).toEqual([]);
    });

    it("sends and receives only what Google's descriptions allow", () => {
        expect(judged.report()).toMatchObject({ problems: [] });
    });
});
