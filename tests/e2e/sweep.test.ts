import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { CliCommand } from "../helpers/cli-command";
import { copyProject } from "../helpers/project-copy";

it("npm start rehearses a sweep of the built-in trainer, and saves every point, the table, the page and the best model", async () => {
    const project = copyProject();
    try {
        const config = {
            engine: "batch",
            sweep: '{"maxDepth":[1,2,3,4,5,6],"seed":[1,2]}',
            sweepMetric: "accuracy",
            hyperparameters: '{"algorithm":"tree"}',
            parallelism: "4",
        };
        const values = Object.entries(config).flatMap(([key, value]) => ["--config", `${key}=${value}`]);
        const command = new CliCommand("start", ["--runtime", "process", ...values], { cwd: project.folder });
        const { status, output } = await command.ended;

        expect({ status, output }).toMatchObject({ status: 0 });
        expect(output).toContain("12 of 12 points are done");
        expect(output).toMatch(/\n {2}and 72 files for the points, in points\/\n/);
        expect(output).toMatch(/\nSweep: file:\/\/\S+\/sweep\.html\n/);
        expect(output).toContain("Left to bill: nothing.");

        const stack = path.join(project.folder, "models/local");
        const run = path.join(stack, readdirSync(stack).find((name) => name.startsWith("r-")) ?? "");
        const table = JSON.parse(readFileSync(path.join(run, "sweep.json"), "utf8"));
        expect(table).toMatchObject({ state: "SUCCEEDED", counts: { points: 12, succeeded: 12, failed: 0 } });
        const metrics = table.points.map(({ metric }: { metric: number }) => metric);
        const best = table.points.find(({ point }: { point: string }) => point === table.best);
        expect(best.metric).toBe(Math.max(...metrics));
        expect(JSON.parse(readFileSync(path.join(run, "metrics.json"), "utf8")).accuracy).toBe(best.metric);
        for (const { point, metric } of table.points) {
            const saved = readFileSync(path.join(run, "points", point, "model/metrics.json"), "utf8");
            expect(JSON.parse(saved).accuracy).toBe(metric);
            expect(readFileSync(path.join(run, "points", point, "trainer.log"), "utf8")).toContain("attempt 1");
        }
        expect(readFileSync(path.join(run, "sweep.csv"), "utf8").split("\r\n")).toHaveLength(14);
    } finally {
        project.remove();
    }
});
