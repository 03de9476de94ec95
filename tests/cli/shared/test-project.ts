import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { CommandContext } from "../../../cli/shared/command-context";
import type { LoneBucket } from "../../../emulator/src/testing";
import { type RunStatus, renderStatus } from "../../../run/status";
import { statusOf } from "../../run/fakes";

/** A project folder with a `pulumi` in PATH that returns canned output in the same format as the real one. */
export class TestProject {
    readonly folder = realpathSync(mkdtempSync(path.join(tmpdir(), "stored-runs-")));
    readonly printed: string[] = [];
    readonly context: CommandContext = {
        projectDir: this.folder,
        packageDir: this.folder,
        env: { ...process.env, PATH: path.join(this.folder, "bin") },
        print: (line) => this.printed.push(line),
    };

    /**
     * @param answers the output of `pulumi <arguments>`, keyed by the arguments; any other command fails with
     * `failure`
     */
    pulumi(answers: Record<string, unknown>, failure = "error: unexpected command"): void {
        const program = `#!${process.execPath}
const answers = ${JSON.stringify(answers)};
const answer = answers[process.argv.slice(2).join(" ")];
if (answer === undefined) {
    console.error(${JSON.stringify(failure)});
    process.exit(255);
}
console.log(JSON.stringify(answer));
`;
        this.program(path.join("bin", "pulumi"), program);
    }

    /** Writes an executable file. */
    program(name: string, text: string): void {
        const file = path.join(this.folder, name);
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, text);
        chmodSync(file, 0o755);
    }

    remove(): void {
        rmSync(this.folder, { recursive: true, force: true });
    }
}

/** Returns the gcp provider's config for the emulator. */
export function emulatorConfig(url: string): Record<string, string> {
    return { "gcp:accessToken": "developer", "gcp:storageCustomEndpoint": `${url}/storage/v1/` };
}

/** Writes a run's objects, as a VM does. */
export async function putRun(
    bucket: LoneBucket,
    runId: string,
    change: Partial<RunStatus>,
    model: Record<string, string> = {},
): Promise<void> {
    const prefix = `runs/${runId}`;
    await bucket.put(`${prefix}/log/1/000000000000.txt`, "epoch 1\n");
    for (const [name, content] of Object.entries(model)) {
        await bucket.put(`${prefix}/model/${name}`, content);
    }
    const query = new URLSearchParams({ prefix: `${prefix}/model/` });
    const listing = await fetch(`${bucket.endpoint}/storage/v1/b/${bucket.name}/o?${query}`);
    await bucket.put(`${prefix}/objects.json`, JSON.stringify({ schema: 1, pages: [await listing.json()] }));
    await bucket.put(`${prefix}/status.json`, renderStatus(statusOf({ runId, ...change })));
}
