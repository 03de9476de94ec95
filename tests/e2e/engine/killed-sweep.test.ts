import { writeFileSync } from "node:fs";
import path from "node:path";
import { Cloud, describeWithEngine, Project } from "./support";

const MINUTE_MS = 60_000;
const POINTS = 40;

/** A row in sweep.json. */
interface Point {
    arguments: { failures: number };
    state: string;
    exitCode: number;
    attempts: number;
}

describeWithEngine("a sweep whose up is killed halfway, with the real engine,", () => {
    let cloud: Cloud;

    beforeAll(async () => {
        cloud = await Cloud.start();
    }, 2 * MINUTE_MS);
    afterAll(() => cloud.stop(), 2 * MINUTE_MS);

    it(
        "ends by itself although points fail and VMs are preempted; the next up collects it and starts nothing twice",
        async () => {
            const project = new Project(cloud, "killed-sweep", {
                ...{ engine: "batch", provisioning: "spot", trainer: "tiny", maxAttempts: 5 },
                ...{ sweepFile: "points.csv", parallelism: 10, maxFailedTasks: 2, sweepMetric: "accuracy" },
            });
            const rows = Array.from({ length: POINTS }, (_, row) => `${row},3,${row % 20 === 7 ? 1 : 0}\n`);
            writeFileSync(path.join(project.folder, "points.csv"), `row,seconds,failures\n${rows.join("")}`);
            await project.init();
            const killed = project.up();
            await killed.printedMatch(/\b(?:[5-9]|1\d) of 40 points are done/);
            // The VM may have ended in the meantime.
            await cloud.preempt().catch(() => undefined);
            await killed.printedMatch(/\b(?:2\d|3\d) of 40 points are done/);
            await killed.kill();
            await project.cancel().expectSuccess();
            await project.up().expectSuccess();

            const [run = "", ...others] = project.savedRuns();
            expect(others).toEqual([]);
            const { points } = JSON.parse(project.saved(run, "sweep.json")) as { points: Point[] };
            expect(points.map(({ arguments: { failures }, state, exitCode }) => [failures, state, exitCode])).toEqual(
                rows.map((row) => (row.endsWith(",1\n") ? [1, "FAILED", 3] : [0, "SUCCEEDED", 0])),
            );
            expect(points.filter(({ attempts }) => attempts > 1).length).toBeLessThanOrEqual(1);
            const jobs = (await cloud.inventory()).filter((item) => item.startsWith("batch job "));
            expect(jobs).toEqual([expect.stringContaining(run)]);
            expect((await project.up().expectSuccess()).output).toMatch(/^Resources:\n +\d+ unchanged$/m);
            await project.destroy();
            expect(await cloud.inventory()).toEqual([]);
        },
        15 * MINUTE_MS,
    );
});
