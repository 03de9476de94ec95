import { deleteJobs } from "../../run/batch-jobs";
import { runLayout } from "../../run/layout";
import { PROJECT_ID } from "./helpers/backend";
import { instancesOf, PLACE, withJob } from "./helpers/emulated-job";
import { RUN_ID } from "./helpers/vm";

// These tests run the real boot scripts in jobs of the emulator's Batch, and use the waiter's own client.
const REGION = PLACE.region;

/** A trainer that counts its starts in its checkpoint, and succeeds on the fourth. */
const COUNTING = `
const base = "http://" + process.env.GCE_METADATA_HOST + "/computeMetadata/v1/";
const storage = process.env.STORAGE_EMULATOR_HOST;
const split = (uri) => /^gs:\\/\\/([^/]+)\\/(.*)$/.exec(uri).slice(1);
async function main() {
    const answer = await fetch(base + "instance/service-accounts/default/token", { headers: { "Metadata-Flavor": "Google" } });
    const authorization = "Bearer " + (await answer.json()).access_token;
    const put = (uri, name, body) => {
        const [bucket, prefix] = split(uri);
        const query = "uploadType=media&name=" + encodeURIComponent(prefix + name);
        return fetch(storage + "/upload/storage/v1/b/" + bucket + "/o?" + query, { method: "POST", headers: { authorization }, body });
    };
    const [bucket, prefix] = split(process.env.AIP_CHECKPOINT_DIR);
    const found = await fetch(storage + "/storage/v1/b/" + bucket + "/o/" + encodeURIComponent(prefix + "count") + "?alt=media", { headers: { authorization } });
    const count = (found.ok ? Number(await found.text()) : 0) + 1;
    await put(process.env.AIP_CHECKPOINT_DIR, "count", String(count));
    console.log("start " + count);
    if (count < 4) {
        setInterval(() => undefined, 1000);
        return;
    }
    await put(process.env.AIP_MODEL_DIR, "model.json", JSON.stringify({ count }));
}
main();
`;

async function until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition())) {
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

describe("a run in the emulator's Batch", () => {
    it("resumes from its checkpoint and succeeds after three preemptions while no command is waiting", async () => {
        await withJob(
            { trainer: COUNTING, config: { maxAttempts: 4 } },
            async ({ vm, emulator, apis, engine, wait }) => {
                await engine.start(4);
                for (const attempt of [1, 2, 3]) {
                    await until(async () => {
                        const status = await vm.status();
                        const count = await vm.backend.bucket.get(`${runLayout(RUN_ID).checkpoints}count`);
                        return status?.state === "RUNNING" && status.attempt === attempt && count === String(attempt);
                    });
                    const [instance = ""] = await instancesOf(emulator);
                    await vm.backend.post(`/emulator/v1/${instance}:preempt`);
                }
                await until(async () => (await vm.status())?.state === "SUCCEEDED");

                expect(await vm.status()).toMatchObject({ attempt: 4, interruptions: 3, exitCode: 0 });
                expect(await vm.backend.bucket.get(`${runLayout(RUN_ID).model}model.json`)).toBe('{"count":4}');
                await until(async () => (await engine.state()).phase === "ended");
                expect(await instancesOf(emulator)).toEqual([]);
                const lines: string[] = [];
                await wait((line) => lines.push(line));
                expect(lines.at(-1)).toMatch(/attempt 4: succeeded/);
                expect(
                    (await apis.call("GET", `${apis.endpoints.batch}projects/${PROJECT_ID}/locations/${REGION}/jobs`))
                        ?.jobs,
                ).toHaveLength(1);
            },
        );
    });

    it("is followed by another job if it failed, and its jobs can be deleted while they run", async () => {
        const trainer = "console.log('begun'); setTimeout(() => process.exit(3), 200);";
        await withJob(
            { trainer: trainer, config: { maxAttempts: 3 } },
            async ({ vm, emulator, apis, engine, wait }) => {
                await engine.start(3);
                await expect(wait(() => undefined)).rejects.toThrow(
                    "attempt 1, failed: The trainer failed (exit code 3)",
                );
                await vm.pushTrainer("console.log('again'); setInterval(() => undefined, 1000);");
                const waiting = wait(() => undefined);
                waiting.catch(() => undefined);
                await until(async () => (await vm.status())?.state === "RUNNING" && (await vm.status())?.attempt === 2);
                const jobs = (
                    await apis.call("GET", `${apis.endpoints.batch}projects/${PROJECT_ID}/locations/${REGION}/jobs`)
                )?.jobs;
                expect(jobs).toHaveLength(2);

                const status = await vm.status();
                await vm.backend.bucket.put(
                    runLayout(RUN_ID).status,
                    JSON.stringify({ ...status, state: "FAILED", reason: "cancelled" }),
                );
                await expect(waiting).rejects.toThrow("cancelled");
                await deleteJobs(apis, PLACE);

                expect(await instancesOf(emulator)).toEqual([]);
            },
        );
    });
});
