import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type Emulator, startEmulator } from "../../emulator/src";
import { copyBuildContext } from "../../infra/build-context";
import { type Config, checkConfig, type RawConfig } from "../../infra/config";
import type { Cost } from "../../infra/config/cloud-check";
import { renderNotes } from "../../infra/config/dataset-check";
import { APP, withPythonTrainer } from "../../infra/config/python-trainer";
import { platformOf } from "../../infra/machine-types";
import { runLayout } from "../../run/layout";
import { runsPageName } from "../../run/runs-page";
import { listsZones, retryReason } from "../../run/vm-retry";
import { type ImageBuild, REHEARSAL_TAG, removeImage } from "../shared/docker";
import { runProcess } from "../shared/run-process";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";
import { chooseRuntime, useExistingImage } from "./choose-runtime";
import { datasetStandIns } from "./dataset-stand-ins";
import { GoogleApiError } from "./patient-request";
import { createPrerequisites } from "./prerequisites";
import { openProgram } from "./program";
import { findPython, pythonCommand } from "./python";
import { runnableTrainer, usePythonEnvironment } from "./python-trainer";
import { call, type Properties, type RehearsalContext, type RuntimeName } from "./rehearsal-context";
import { RehearsalEngine } from "./rehearsal-engine";
import { showEach, showParts } from "./resource-view";
import { metricsTable, type Results, readResults, resultLines } from "./results";
import { readStackConfig, rehearsalAdvice, type StackConfig, startCommand, withoutGpu } from "./stack-config";

export interface RehearsalOptions {
    /** The folder that contains Pulumi.yaml and index.ts. */
    projectDir: string;
    /** Folder in which each rehearsal creates a temporary folder for the emulator's data. */
    dataParent: string;
    stack: string;
    /** The values of `--config`, each `key=value`. */
    config: readonly string[];
    /** The variables of `--secret-env` with their values. @default {} */
    secretEnv?: Readonly<Record<string, string>>;
    /** Absolute path of a file or folder that stands in for a dataset in a bucket. */
    datasetFrom?: string | undefined;
    /** @default docker if an engine is reachable and the base images are available, otherwise process */
    runtime: RuntimeName | undefined;
    print(line: string): void;
    /** True to show every resource instead of one line for each part of the stack. */
    verbose?: boolean;
    begin?: RehearsalContext["begin"];
    /** Called with the results, once they are saved and verified. */
    onResults?(results: Results): void;
    /** Signal that Ctrl-C aborts. The rehearsal then destroys everything it has created and ends. */
    signal: AbortSignal;
}

/**
 * Runs the full lifecycle of a stack on this machine: starts the emulator, runs the same program as `pulumi up` against
 * it, saves the results, and destroys everything again.
 *
 * @returns the exit status: 0 only if the model is saved and verified; the trainer's exit code if it failed; 130 after
 * Ctrl-C; otherwise 1
 * @throws UsageError or ConfigError before anything is created
 */
export async function rehearse(options: RehearsalOptions): Promise<number> {
    const { print, signal } = options;
    usePythonEnvironment(options.projectDir, process.env);
    const requested = readStackConfig(options.projectDir, options.stack, options.config, options.secretEnv);
    // The program checks the config again; this check happens before an image is built.
    const begin = options.begin ?? (() => () => undefined);
    const checking = begin("checking the config and the dataset");
    const { config: checked, notes } = await checkConfig(rawConfig(requested), options.projectDir, print);
    checking();
    for (const line of renderNotes(checked.dataset, notes, startCommand)) {
        print(line);
    }
    const standIns = datasetStandIns(checked.dataset, options.datasetFrom);
    const config = withPythonTrainer(checked, options.projectDir, options.stack);
    const wanted = withoutGpu(requested, print);
    await requireBash();
    const preparing = begin("preparing the image");
    const runtime =
        config.image === ""
            ? await chooseRuntime(options.runtime, buildOf(config, options), print, signal)
            : await useExistingImage(config.image, options.runtime, print, signal);
    preparing();
    const isFolder = runtime === "process" && checked.script === "" && checked.image === "";
    const trainer = isFolder ? runnableTrainer(checked, options.projectDir, print) : checked.trainer;
    const other = trainer === checked.trainer ? {} : { [`${wanted.project}:trainer`]: trainer };
    const stackConfig = { ...wanted, values: { ...wanted.values, ...other } };
    const program = runtime === "process" ? await pythonProgram(config, options) : undefined;
    await removeAbandoned(options.dataParent, runtime);
    const starting = begin("starting the emulator");
    const { emulator, dataDir } = await startEmpty(options.dataParent, runtime);
    starting();
    let status = 1;
    try {
        print(`Google Cloud emulator at ${emulator.url}`);
        const ran = isFolder ? trainer : config.trainer;
        const context = { ...contextOf(options, stackConfig, ran, emulator, runtime), program };
        const view = options.verbose === false ? showParts(print) : showEach(print);
        const engine = new RehearsalEngine(context, view);
        const teardown = await createPrerequisites(context, stackConfig, config, standIns);
        try {
            status = await up(engine, context, stackConfig, options);
        } finally {
            status = (await down(engine, context)) && status === 0 ? 0 : status || 1;
            for (const tearDown of teardown) {
                await tearDown({ ...context, signal: new AbortController().signal });
            }
            if (engine.count > 0) {
                status = reportLeftovers(await emulator.inventory(), print) ? status : status || 1;
            }
        }
    } finally {
        await emulator.stop();
        if (runtime === "docker") {
            await removeImage(REHEARSAL_TAG);
        }
        rmSync(dataDir, { recursive: true, force: true });
    }
    return signal.aborted ? 130 : status;
}

/** @throws UsageError if bash, which runs the VM's boot script, is missing */
async function requireBash(): Promise<void> {
    const { exitCode, output } = await runProcess("bash", ["--version"]);
    if (exitCode !== 0 || !output.includes("bash")) {
        throw new UsageError(
            "A rehearsal needs bash, but bash --version does not work (install bash; on Windows, from Git or WSL)",
        );
    }
}

/** The image to build, from a copy of the build context. The program will later create an identical copy. */
function buildOf(config: Config, { projectDir, stack }: RehearsalOptions): ImageBuild {
    const copy = copyBuildContext(projectDir, config.trainer, { stack, component: "trainer" });
    const context = path.resolve(projectDir, copy);
    return { context, args: { ...config.trainerBuildArgs }, platform: platformOf(config.machineType) };
}

/** The program that the process runtime runs for a Python file. */
async function pythonProgram(
    { script, requirements, trainer }: Config,
    { projectDir, print }: RehearsalOptions,
): Promise<RehearsalContext["program"]> {
    if (script === "") {
        return undefined;
    }
    const python = await findPython(projectDir);
    const packages = requirements === "" ? "" : `, which needs the packages in ${requirements}`;
    print(`    ${script} runs with ${python.program} (Python ${python.version})${packages}.`);
    return {
        folder: path.resolve(projectDir, trainer, APP),
        command: pythonCommand(python, path.basename(script)),
    };
}

/** The config in the form in which the engine passes it. */
function rawConfig({ project, values, secretKeys }: StackConfig): RawConfig {
    const prefix = `${project}:`;
    const own = Object.entries(values).filter(([key]) => key.startsWith(prefix));
    const raw = Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
    const [gcpProject, region, zone] = ["project", "region", "zone"].map((key) => values[`gcp:${key}`]);
    const secret = secretKeys.map((key) => key.slice(prefix.length));
    return { namespace: project, values: raw, secretKeys: secret, gcp: { project: gcpProject, region, zone } };
}

/** Prefix for the names of data folders. */
const DATA_PREFIX = "rehearsal";

/**
 * Removes the data folders left behind by killed rehearsals, after stopping any of their VMs' processes that are still
 * running. A rehearsal that is still in progress holds the lock on its folder.
 */
async function removeAbandoned(parent: string, runtime: RuntimeName): Promise<void> {
    mkdirSync(parent, { recursive: true });
    for (const name of readdirSync(parent).filter((one) => one.startsWith(DATA_PREFIX))) {
        const dataDir = path.join(parent, name);
        try {
            const emulator = await startEmulator({ dataDir, runtime });
            await emulator.stop();
            rmSync(dataDir, { recursive: true, force: true });
        } catch {
            // Either the rehearsal that owns the folder is still running, or another one is removing it. The next
            // rehearsal tries again.
        }
    }
}

/** Starts an emulator in a new folder, so that several rehearsals can run at once. */
async function startEmpty(
    parent: string,
    runtime: RuntimeName,
    attempts = 5,
): Promise<{ emulator: Emulator; dataDir: string }> {
    const dataDir = mkdtempSync(path.join(parent, `${DATA_PREFIX}-`));
    try {
        return { emulator: await startEmulator({ dataDir, runtime }), dataDir };
    } catch (error) {
        // Another rehearsal may have considered the folder abandoned before it was locked.
        if (attempts > 1) {
            return await startEmpty(parent, runtime, attempts - 1);
        }
        throw error;
    }
}

async function up(
    engine: RehearsalEngine,
    context: RehearsalContext,
    stackConfig: StackConfig,
    options: RehearsalOptions,
): Promise<number> {
    const { print } = options;
    // From now on, a failed function call or resource may at any time reject outputs that nobody is awaiting. The
    // engine keeps the first failure, which is the cause of the others.
    process.on("unhandledRejection", (error: Error) => engine.fail("index.ts", error));
    const reasons = new Set<string>();
    const hasZones = listsZones(stackConfig.values[`${stackConfig.project}:zones`]);
    let outputs = await runProgram(engine, context, stackConfig);
    // As in `npm run up`, each zone is tried once.
    for (let failure = engine.failure; failure !== undefined; failure = engine.failure) {
        const reason = context.signal.aborted ? undefined : retryReason(failure.error.message, hasZones);
        if (reason === undefined || reasons.has(reason)) {
            break;
        }
        reasons.add(reason);
        print(`${reason}; trying again, as ${commandLine("up")} does`);
        engine.begin();
        outputs = await runProgram(engine, context, stackConfig);
    }
    if (context.signal.aborted) {
        print("");
        print("Interrupted; cleaning up.");
        return 130;
    }
    if (engine.failure) {
        return await reportFailure(engine, context);
    }
    const folder = path.resolve(options.projectDir, String(outputs.resultsDir));
    const results = readResults(folder);
    if ("problem" in results) {
        print("");
        print(`error: ${results.problem}`);
        return 1;
    }
    const { files, metrics } = results;
    if (metrics) {
        print("");
        print("Metrics reported by the trainer:");
        for (const line of metricsTable(metrics)) {
            print(line);
        }
    }
    print("");
    const shown = path.relative(options.projectDir, folder);
    for (const line of [...resultLines(shown, files), `All runs: ${path.join(path.dirname(shown), runsPageName)}`]) {
        print(line);
    }
    options.onResults?.({ folder, files, metrics, cost: outputs.cost as Cost });
    return 0;
}

/** Runs index.ts on Pulumi's test runtime, backed by the emulator. */
async function runProgram(
    engine: RehearsalEngine,
    context: RehearsalContext,
    { project, stack, values, secretKeys }: StackConfig,
): Promise<Properties> {
    await pulumi.runtime.setMocks(engine, project, stack, false);
    const secrets = Object.fromEntries(secretKeys.map((key) => [key, values[key] ?? ""]));
    pulumi.runtime.setAllConfig({ ...context.config, ...secrets }, secretKeys);
    const program = openProgram(context.projectDir);
    // Load the program again in each update, because it may declare its resources while it is loaded.
    delete require.cache[require.resolve(program)];
    // Load the program with require and call the function that it exports, if any, as the engine does. It throws if the
    // config is invalid.
    const running = context.begin?.("program");
    const load = async () => {
        const outputs = await run(require(program));
        running?.();
        return outputs;
    };
    const outputs = await Promise.race([pulumi.runtime.runInPulumiStack(load), engine.ended.then(() => ({}))]);
    await engine.settled();
    return (outputs ?? {}) as Properties;
}

/** Returns the outputs of a program that exports either the outputs themselves or a function that returns them. */
function run(exported: unknown): unknown {
    return typeof exported === "function" ? exported() : exported;
}

async function reportFailure(engine: RehearsalEngine, context: RehearsalContext): Promise<number> {
    const { resource, error } = engine.failure as NonNullable<RehearsalEngine["failure"]>;
    context.print("");
    context.print(`error: ${resource}: ${rehearsalAdvice(error.message)}`);
    return (await trainerExitCode(engine, context)) ?? 1;
}

/** The container's exit code from the run's status, if the run got that far. */
async function trainerExitCode(engine: RehearsalEngine, context: RehearsalContext): Promise<number | undefined> {
    if (!engine.run) {
        return undefined;
    }
    const { bucket, runId } = engine.run;
    const object = encodeURIComponent(runLayout(runId).status);
    try {
        const status = await call(context, "GET", `/storage/v1/b/${bucket}/o/${object}?alt=media`);
        return typeof status.exitCode === "number" && status.exitCode > 0 ? status.exitCode : undefined;
    } catch (error) {
        if (error instanceof GoogleApiError) {
            return undefined; // The run has no status, because it never started.
        }
        throw error;
    }
}

/** @returns true if everything was destroyed */
async function down(engine: RehearsalEngine, context: RehearsalContext): Promise<boolean> {
    if (engine.count === 0) {
        return true;
    }
    context.print("");
    context.print("pulumi destroy, rehearsed:");
    const failures = await engine.destroy({ ...context, signal: new AbortController().signal });
    for (const failure of failures) {
        context.print(`error: ${failure.message}`);
    }
    return failures.length === 0;
}

/** @returns true if nothing is left */
function reportLeftovers(left: { kind: string; name: string }[], print: (line: string) => void): boolean {
    print("");
    print(left.length === 0 ? "Left to bill: nothing." : "Left behind:");
    for (const { kind, name } of left) {
        print(`  ${kind} ${name}`);
    }
    return left.length === 0;
}

function contextOf(
    options: RehearsalOptions,
    { values, secretKeys }: StackConfig,
    trainer: string,
    { url, operatorToken }: Emulator,
    runtime: RuntimeName,
): RehearsalContext {
    // Pulumi.local.yaml contains the port that `npm run emulator` uses; this emulator uses a free one.
    const config = Object.fromEntries(
        Object.entries(values)
            .filter(([key]) => !secretKeys.includes(key))
            .map(([key, value]) => [
                key,
                /^(gcp:\w+C|batch:c)ustomEndpoint$/.test(key) ? value.replace(/^https?:\/\/[^/]+/, url) : value,
            ]),
    );
    const gcp = (key: string) => config[`gcp:${key}`] ?? "";
    return {
        url,
        host: new URL(url).host,
        projectDir: options.projectDir,
        trainerDir: path.resolve(options.projectDir, trainer),
        runtime,
        gcp: {
            project: gcp("project"),
            region: gcp("region"),
            zone: gcp("zone"),
            accessToken: operatorToken,
        },
        config: { ...config, "gcp:accessToken": operatorToken },
        print: options.print,
        ...(options.begin && { begin: options.begin }),
        signal: options.signal,
    };
}
