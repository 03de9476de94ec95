import { runLayout } from "../../run/layout";
import { instancesOf, PLACE } from "./helpers/emulated-job";
import { checkedTable, repeatedTasks, waitHalfway, withSweepJob } from "./helpers/emulated-sweep";
import { RUN_ID } from "./helpers/vm";

const POINTS = 50;

describe("a sweep in the emulator's Batch", () => {
    it("ends by itself although points fail, VMs are preempted and the waiter is killed halfway", async () => {
        await withSweepJob({ points: POINTS, parallelism: 10, maxFailedTasks: 3 }, async (scene) => {
            await scene.engine.start(3);
            const lines = await waitHalfway(scene, POINTS);
            expect(lines.join("\n")).not.toContain("succeeded");
            while ((await scene.engine.state()).phase !== "ended") {
                await scene.clock.sleep(1000);
            }

            const later: string[] = [];
            expect(await scene.wait((line) => later.push(line))).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
            expect(later.at(-1)).toMatch(/attempt 1: succeeded/);
            const table = await checkedTable(scene, POINTS);
            expect(table).toMatchObject({ state: "SUCCEEDED", counts: { points: POINTS, succeeded: 47, failed: 3 } });
            expect(await repeatedTasks(scene)).toBe(5);
            expect(await scene.vm.backend.bucket.get(runLayout(RUN_ID).tableCsv)).toMatch(/^point,index,half,state,/);
            const { apis } = scene;
            const parent = `projects/${PLACE.project}/locations/${PLACE.region}/jobs`;
            expect((await apis.call("GET", `${apis.endpoints.batch}${parent}`))?.jobs).toHaveLength(1);
            expect(await instancesOf(scene.emulator)).toEqual([]);
        });
    });
});
