import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { Cloud, describeWithEngine, Project } from "./support";

const MINUTE_MS = 60_000;
const hash = (value: string) => createHash("sha256").update(value).digest("hex");
const canary = () => `canary${randomBytes(12).toString("hex")}`;

/** Files below a folder that contain a value, either unchanged or in base64. */
function filesWith(folder: string, value: string): string[] {
    const base64 = [0, 1, 2].map((shift) =>
        Buffer.concat([Buffer.alloc(shift), Buffer.from(value)])
            .toString("base64")
            .slice(4, -4),
    );
    return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
        .filter((file) => [value, ...base64].some((form) => readFileSync(file).includes(form)))
        .map((file) => path.relative(folder, file));
}

describeWithEngine("a stack with secrets, with the real engine,", () => {
    let cloud: Cloud;
    beforeAll(async () => {
        cloud = await Cloud.start();
    });
    afterAll(() => cloud.stop(), 2 * MINUTE_MS);

    it(
        "trains with them, changes nothing while they stay the same, retrains for a new value, and leaves no trace",
        async () => {
            const [first, second, misplaced] = [`${canary()}\n"$HOME"\n`, canary(), canary()];
            const project = new Project(cloud, "secrets", { trainer: "tiny", hyperparameters: { seconds: 1 } });
            await project.init();
            const set = (...args: string[]) => project.pulumi("config", "set", "--secret", ...args).expectSuccess();

            await set("target", misplaced);
            const refused = await project.up().expectFailure();
            expect(refused.output).toContain(
                "`gcp-trainer:target` must not be secret; a secret goes into `env` or, if Secret Manager has it, into `secretEnv`",
            );
            await project.pulumi("config", "rm", "target").expectSuccess();

            await set("--path", "env.API_KEY", first);
            const created = await project.up().expectSuccess();
            expect(created.output).toContain(`API_KEY has the hash ${hash(first)}`);
            const { runId } = await project.outputs();
            expect((await cloud.inventory()).filter((item) => item.startsWith("secret "))).toEqual([
                expect.stringMatching(
                    /^secret projects\/demo-project\/secrets\/gcp-trainer-secrets-\w+-API_KEY \(1 of 1 versions\)$/,
                ),
            ]);
            await project.previewNoChanges("--refresh").expectSuccess();
            expect((await project.up().expectSuccess()).output).toMatch(/^Resources:\n +\d+ unchanged$/m);

            await set("--path", "env.API_KEY", second);
            const changed = await project.up().expectSuccess();
            expect(changed.output).toContain(`API_KEY has the hash ${hash(second)}`);
            const after = await project.outputs();
            expect(after.runId).not.toBe(runId);
            expect(project.savedRuns()).toEqual([String(runId), String(after.runId)].sort());
            expect((await cloud.inventory()).filter((item) => item.startsWith("secret "))).toEqual([
                expect.stringContaining("API_KEY (1 of 2 versions)"),
            ]);

            const exported = await project.pulumi("stack", "export").expectSuccess();
            const outputs = [refused, created, changed, exported].map(({ output }) => output);
            for (const value of [first.split("\n")[0] ?? "", second, misplaced]) {
                expect(outputs.filter((output) => output.includes(value))).toEqual([]);
                const files = filesWith(cloud.folder, value);
                expect(files.filter((file) => !file.startsWith("emulator/secret-manager/payloads/"))).toEqual([]);
            }
            // This proves that the search itself works.
            expect(filesWith(cloud.folder, second)).toHaveLength(1);

            await project.destroy();
            expect(await cloud.inventory()).toEqual([]);
        },
        12 * MINUTE_MS,
    );
});
