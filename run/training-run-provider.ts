import type * as pulumi from "@pulumi/pulumi";
import { type BatchOptions, batchEngine } from "./batch-engine";
import { systemClock } from "./clients";
import { type Collected, collectRun } from "./collect";
import { costText, type RunCost, type RunPrice } from "./cost/run-cost";
import { createAuth, readCloudSettings } from "./credentials";
import { detailOf, fatalError, isFatal, messageOf, renderFailure } from "./errors";
import { type ApiSession, configureApis, openApis } from "./google-api";
import { openBucket } from "./google-bucket";
import { openVm } from "./google-clients";
import { runLayout } from "./layout";
import type { Provenance } from "./manifest";
import { detachedMessage, leavingMessage } from "./messages";
import { metricsForOutput } from "./metrics";
import { logsCommand, outputText, printLine } from "./pulumi-output";
import { hasChanged, resultsFolder, showsHints } from "./resource-inputs";
import { extrasText } from "./save-all";
import { isTerminal, type RunStatus } from "./status";
import { sweepFiles, sweepOutput } from "./sweep-results";
import { type SweepRun, undecidedPoints } from "./sweep-rows";
import { vmEngine } from "./vm-engine";
import { waitForRun } from "./wait";

/** Resolved inputs for `TrainingRun`. */
export interface RunInputs {
    bucket: string;
    runId: string;
    stack: string;
    resultsDir: string;
    /** Absent in the state of older stacks. */
    saveCheckpoints?: boolean;
    project: string;
    zone: string;
    instance: string;
    wait: boolean;
    maxAttempts: number;
    debugMinutes: number;
    externalIp: boolean;
    privateSubnetwork: boolean;
    /** `standard` if a run on spot VMs uses a standard VM for its last attempt; otherwise missing. */
    spotFallback?: string;
    /** A new price alone does not change a run. */
    price?: RunPrice;
    provenance: Omit<Provenance, "project" | "zone" | "instance" | "price">;
    /** The run's Batch jobs; missing for a run on a VM. */
    batch?: BatchRun;
}

/** A run's jobs, and the definition for the next one. */
export interface BatchRun extends Pick<BatchOptions, "region" | "jobId" | "definition" | "spotFallback"> {
    /** Undefined for a run that is not a sweep. */
    sweep?: SweepRun | undefined;
}

/** The state of `TrainingRun`: its inputs and its results. */
export interface RunOutputs extends RunInputs {
    metrics: Record<string, unknown>;
    modelUri: string;
    runResultsDir: string;
    state: string;
    attempt: number;
    /** Undefined for a run that is not a sweep. */
    sweep?: Record<string, unknown>;
    /** Undefined if the price is unknown or the run has not ended. */
    cost?: RunCost;
}

const session: ApiSession & { exitsUnread: boolean } = {
    settings: undefined,
    endpoints: undefined,
    exitsUnread: false,
};

/**
 * Handlers for `TrainingRun`. Pulumi serialises them, along with everything they call, to source text that it runs in
 * another process. They therefore consist of functions and plain values, and each function calls `require` for the
 * modules it needs.
 */
export const trainingRunProvider: pulumi.dynamic.ResourceProvider<RunInputs, RunOutputs> = {
    async configure(request) {
        configureApis(session, (key) => request.config.get(key));
    },

    /**
     * A change to the run or the bucket replaces the resource. A run that has not `SUCCEEDED` is checked again in every
     * update.
     */
    async diff(_id, olds, news) {
        const replaces = ["runId", "bucket"].filter((key) => hasChanged(olds, news, key));
        const inputs = ["stack", "resultsDir", "project", "zone", "instance", "wait", "maxAttempts", "debugMinutes"];
        inputs.push("externalIp", "privateSubnetwork", "provenance", "saveCheckpoints", "batch");
        const changes =
            replaces.length > 0 ||
            olds.state !== "SUCCEEDED" ||
            inputs.some((key) => hasChanged(olds, news, key)) ||
            areResultsDeleted(news);
        return { changes, replaces };
    },

    async create(inputs) {
        return { id: inputs.runId, outs: await waitAndCollect(inputs) };
    },

    async update(_id, _olds, news) {
        return { outs: await waitAndCollect(news) };
    },
};

/**
 * True if the run's results are missing on this machine, although other results for the stack have been saved here.
 * Results are not restored in a checkout that has never had any, such as one in CI.
 */
function areResultsDeleted(inputs: RunInputs): boolean {
    const { existsSync } = require("node:fs") as typeof import("node:fs");
    const { dirname } = require("node:path") as typeof import("node:path");
    const { absolute } = resultsFolder(inputs, inputs.runId);
    return existsSync(dirname(absolute)) && !existsSync(absolute);
}

/** Waits for the run and collects its results. */
async function waitAndCollect(inputs: RunInputs): Promise<RunOutputs> {
    try {
        return await runToOutputs(inputs);
    } catch (error) {
        const text = isFatal(error) ? renderFailure(error.failure, showsHints()) : messageOf(error);
        throw new Error(outputText(`${text}${outputsNote()}`), { cause: error });
    }
}

/** True if the user runs `pulumi` itself, rather than another program that shows the progress. */
function isPulumiCommand(): boolean {
    return showsHints() && process.env.PULUMI_AUTOMATION_API !== "true";
}

/** Explains why `pulumi up` shows outputs as removed after a failure: it compares them with an empty set. */
function outputsNote(): string {
    return isPulumiCommand()
        ? "\nOutputs that Pulumi marks with `-` below are unchanged; `pulumi stack output` shows them."
        : "";
}

async function runToOutputs(inputs: RunInputs): Promise<RunOutputs> {
    const print = printLine;
    exitWhenStdoutCloses();
    const settings = session.settings ?? readCloudSettings(() => undefined, process.env);
    const clock = systemClock();
    const auth = await createAuth(settings);
    const bucket = openBucket(inputs.bucket, settings, auth, clock);
    const { stack, runId } = inputs;
    const sweep = inputs.batch?.sweep;
    const engine =
        inputs.batch === undefined
            ? vmEngine(openVm(inputs, settings, auth, clock), {
                  ...inputs,
                  lastIsStandard: inputs.spotFallback === "standard" && inputs.provenance.provisioning === "spot",
                  onPrivateSubnetwork: inputs.privateSubnetwork && !inputs.externalIp,
              })
            : batchEngine(await openApis(session), {
                  ...inputs,
                  ...inputs.batch,
                  undecided: sweep && (() => undecidedPoints(bucket, runId, sweep.count)),
              });
    const isLeavable = inputs.wait && isPulumiCommand();
    const status = await waitForRun(
        { bucket, engine, clock, print },
        {
            ...inputs,
            sweep,
            // Pulumi starts this process for each command, before it creates the VM.
            commandStartedMs: clock.now() - process.uptime() * 1000,
            hints: {
                leaving: isLeavable ? leavingMessage(runId, logsCommand(stack, "--follow")) : undefined,
                log: showsHints() ? logsCommand(stack, `--run ${runId}`) : undefined,
            },
        },
    );
    const outputs = {
        ...inputs,
        metrics: {},
        modelUri: `gs://${inputs.bucket}/${runLayout(inputs.runId).model}`,
        runResultsDir: "",
        state: status.state,
        attempt: status.attempt,
        ...(sweep ? { sweep: { [sweep.isArray ? "tasks" : "points"]: sweep.count } } : {}),
    };
    if (!isTerminal(status.state)) {
        print(detachedMessage(inputs.runId));
        return outputs;
    }
    const { relative, absolute } = resultsFolder(inputs, inputs.runId);
    const { project, zone, instance, price } = inputs;
    const provenance = { ...inputs.provenance, project, zone, instance, ...(price ? { price } : {}) };
    let collected: Collected;
    try {
        const { saveCheckpoints } = inputs;
        collected = await collectRun(
            { bucket, clock, print, saveCheckpoints },
            { status, folder: absolute, provenance },
        );
    } catch (error) {
        throw saveError(inputs, status, relative, error);
    }
    print(savedMessage(inputs.runId, collected, relative));
    const { cost } = collected;
    if (cost) {
        print(`run ${inputs.runId}: cost ${costText(cost)}`);
    }
    const metrics = metricsForOutput(collected.metrics, `${relative}/metrics.json`);
    const found = await sweepOutput({ relative, absolute }, cost);
    const ofRun = { ...(found ? { sweep: found } : {}), ...(cost ? { cost } : {}) };
    return { ...outputs, metrics, runResultsDir: relative, ...ofRun };
}

function savedMessage(runId: string, collected: Collected, folder: string): string {
    const { downloadedCount, objectCount, extraCount, hasReport, isSweep } = collected;
    return (
        `run ${runId}: saved and verified ${objectCount} model ${objectCount === 1 ? "file" : "files"}` +
        `${extraCount > 0 ? ` and ${extrasText(extraCount, isSweep)}` : ""} in ${folder}` +
        (downloadedCount < objectCount + extraCount ? `, ${downloadedCount} of them downloaded` : "") +
        (isSweep ? `; table: ${folder}/${sweepFiles.csv}, report: ${folder}/${sweepFiles.page}` : "") +
        (hasReport ? `; report: ${folder}/report.html` : "")
    );
}

/**
 * Ends this process once its output is no longer read. A killed `pulumi` leaves its providers running, and they must
 * not change the run's status: a later update reattaches to the run, and a failure counts as reported only if someone
 * can read it.
 */
function exitWhenStdoutCloses(): void {
    if (!session.exitsUnread) {
        session.exitsUnread = true;
        process.stdout.on("error", () => process.exit(1));
    }
}

function saveError(inputs: RunInputs, status: RunStatus, folder: string, error: unknown): Error {
    const { bucket, runId } = inputs;
    const summary =
        `Run ${runId} has succeeded (attempt ${status.attempt}), but its results could not be saved to ${folder}: ` +
        `${detailOf(error)}.`;
    const next = `They are in gs://${bucket}/${runLayout(runId).root}; \`pulumi up\` tries again.`;
    return fatalError({ summary, hints: { next } }, error);
}
