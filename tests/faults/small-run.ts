import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ProviderCall, runProvider } from "../../cli/start/provider-host";
import { FaultPlan, type FaultRule } from "../../emulator/src";
import { Backend } from "../boot/helpers/backend";
import { EmulatedVm } from "../boot/helpers/emulated-vm";
import { DATASET, RUN_ID } from "../boot/helpers/vm";
import { runInputs } from "../run/fixtures/run-inputs";
import type { serialiseProviders } from "../run/provider-texts";

const ROOT = path.resolve(__dirname, "../..");
const ROWS = Array.from({ length: 24 }, (_, i) => `${(i * 7) % 11},${i % 5},${(i * 7) % 11 > 5 ? "tall" : "short"}`);
const CSV = `height,width,label\n${ROWS.join("\n")}\n`;

/** The parts of a request against which a rule is matched. */
export interface SeenRequest {
    readonly port: "main" | "vm";
    readonly method: string;
    readonly path: string;
}

/** A fault plan that also records every request. */
export class RecordingPlan extends FaultPlan {
    readonly requests: SeenRequest[] = [];
    readonly hitRules = new Set<FaultRule>();

    override next(port: "main" | "vm", method: string, url: string): FaultRule | undefined {
        if (!url.startsWith("/emulator/")) {
            this.requests.push({ port, method, path: url });
        }
        const rule = super.next(port, method, url);
        if (rule !== undefined) {
            this.hitRules.add(rule);
        }
        return rule;
    }
}

/** The serialised providers for the two dynamic resources. */
export type ProviderTexts = Awaited<ReturnType<typeof serialiseProviders>>;

/** The outcome of a command. */
export interface Ended {
    /** The error message; undefined if the command succeeded. */
    readonly error: string | undefined;
    /** True if the command was killed at its time limit. */
    readonly isHung: boolean;
    /** The files below the results folder, by name. */
    readonly files: ReadonlyMap<string, Buffer>;
}

/**
 * A complete run of the built-in trainer on a dataset with 24 rows. It includes the boot script in the process runtime,
 * the trainer's bundle, the waiter and the collection of results, each in the processes that the engine would use.
 */
export class SmallRun {
    readonly plan: RecordingPlan;
    readonly vm: EmulatedVm;
    readonly #texts: ProviderTexts;
    readonly #root = realpathSync(mkdtempSync(path.join(tmpdir(), "fault-trial-")));
    #commands = 0;

    constructor(plan: RecordingPlan, vm: EmulatedVm, texts: ProviderTexts) {
        this.plan = plan;
        this.vm = vm;
        this.#texts = texts;
    }

    /** Boots the VM under these faults, runs `test`, and removes everything. */
    static async with<T>(
        texts: ProviderTexts,
        rules: readonly FaultRule[],
        test: (run: SmallRun) => Promise<T>,
        start = (plan: FaultPlan) => Backend.start(0, "process", plan),
    ): Promise<T> {
        const plan = new RecordingPlan([]);
        let result: { value: T } | undefined;
        await EmulatedVm.on(await start(plan), async (vm) => {
            const run = new SmallRun(plan, vm, texts);
            try {
                await run.#boot(rules);
                result = { value: await test(run) };
            } finally {
                rmSync(run.#root, { recursive: true, force: true });
            }
        });
        return (result as { value: T }).value;
    }

    async #boot(rules: readonly FaultRule[]): Promise<void> {
        const { backend, registryUri } = this.vm;
        await backend.bucket.put(DATASET, CSV);
        const folder = path.join(ROOT, "trainer");
        const body = { image: `${registryUri}/trainer`, folder, content: "0" };
        const { image } = await backend.post("/emulator/v1/images", body);
        this.plan.requests.length = 0;
        this.plan.replace(rules);
        await this.vm.create(String(image), { args: ["--target=label"] });
    }

    /** Does for the run what `pulumi up` would do. */
    up(limitMs: number): Promise<Ended> {
        return this.#command("trainingRun", "create", "project", limitMs);
    }

    /** Does for the run what `pulumi destroy` would do in another checkout, which has no results yet. */
    destroy(limitMs: number): Promise<Ended> {
        return this.#command("savedResults", "delete", "other-project", limitMs);
    }

    async #command(
        resource: keyof ProviderTexts,
        method: ProviderCall["method"],
        project: string,
        limitMs: number,
    ): Promise<Ended> {
        const { backend } = this.vm;
        this.#commands += 1;
        const cwd = path.join(this.#root, project);
        mkdirSync(cwd, { recursive: true });
        const controller = new AbortController();
        const timer = setTimeout(() => controller.abort(), limitMs);
        let error: string | undefined;
        try {
            await runProvider({
                text: this.#texts[resource],
                method,
                id: RUN_ID,
                inputs: { ...runInputs, bucket: backend.bucket.name },
                config: {
                    "gcp:accessToken": "developer",
                    "gcp:storageCustomEndpoint": `${backend.cloud.url}/storage/v1/`,
                    "gcp:computeCustomEndpoint": `${backend.cloud.url}/compute/beta/`,
                },
                cwd,
                onLine: () => undefined,
                signal: controller.signal,
            });
        } catch (failure) {
            error = (failure as Error).message;
        } finally {
            clearTimeout(timer);
        }
        const files = filesIn(path.join(cwd, "models", runInputs.stack, RUN_ID));
        return { error, isHung: controller.signal.aborted, files };
    }
}

/** Returns the content of all files below a folder, by relative path. */
export function filesIn(folder: string): Map<string, Buffer> {
    const names = existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String) : [];
    return new Map(
        names
            .filter((name) => statSync(path.join(folder, name)).isFile())
            .map((name) => [name, readFileSync(path.join(folder, name))]),
    );
}
