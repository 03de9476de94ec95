import type * as pulumi from "@pulumi/pulumi";
import { type Print, systemClock } from "./clients";
import { type Collected, collectRun } from "./collect";
import { type CloudSettings, createAuth, readCloudSettings } from "./credentials";
import { isFinal, messageOf } from "./errors";
import { openBucket, openVm } from "./google-clients";
import type { RunFacts } from "./manifest";
import { metricsForOutput } from "./metrics-output";
import { modelPrefix } from "./model-objects";
import { hasChanged, resultsFolder } from "./resource-inputs";
import type { RunStatus } from "./status";
import { waitForRun } from "./wait";

/** Resolved inputs of `TrainingRun`. */
export interface RunInputs {
    bucket: string;
    runId: string;
    stack: string;
    resultsDir: string;
    project: string;
    zone: string;
    instance: string;
    wait: boolean;
    maxAttempts: number;
    debugMinutes: number;
    externalIp: boolean;
    privateSubnetwork: boolean;
    facts: Omit<RunFacts, "project" | "zone" | "instance">;
}

/** State of `TrainingRun`: its inputs and what came out. */
export interface RunOutputs extends RunInputs {
    metrics: Record<string, unknown>;
    modelUri: string;
    savedTo: string;
    state: string;
    attempt: number;
}

const session: { settings: CloudSettings | undefined; endsUnread: boolean } = {
    settings: undefined,
    endsUnread: false,
};

/**
 * Handlers of `TrainingRun`. Pulumi serialises them, with everything they call, to source text and runs that in another
 * process: so there are only functions and plain values here, and every module is required inside the function that
 * needs it.
 */
export const trainingRunProvider: pulumi.dynamic.ResourceProvider<RunInputs, RunOutputs> = {
    async configure(request) {
        session.settings = readCloudSettings((key) => request.config.get(key), process.env);
    },

    /** Another run or bucket is another resource. Anything but `SUCCEEDED` in the state is looked at again. */
    async diff(_id, olds, news) {
        const replaces = ["runId", "bucket"].filter((key) => hasChanged(olds, news, key));
        const inputs = ["stack", "resultsDir", "project", "zone", "instance", "wait", "maxAttempts", "debugMinutes"];
        inputs.push("externalIp", "privateSubnetwork", "facts");
        const changes =
            replaces.length > 0 || olds.state !== "SUCCEEDED" || inputs.some((key) => hasChanged(olds, news, key));
        return { changes, replaces };
    },

    async create(inputs) {
        return { id: inputs.runId, outs: await bringHome(inputs) };
    },

    async update(_id, _olds, news) {
        return { outs: await bringHome(news) };
    },
};

/** Waits for the run and collects what it made. */
async function bringHome(inputs: RunInputs): Promise<RunOutputs> {
    const print: Print = (line) => console.log(line);
    endWhenNobodyReads();
    const settings = session.settings ?? readCloudSettings(() => undefined, process.env);
    const clock = systemClock();
    const auth = await createAuth(settings);
    const bucket = openBucket(inputs.bucket, settings, auth);
    const vm = openVm(inputs, settings, auth, clock);
    const status = await waitForRun(
        { bucket, vm, clock, print },
        { ...inputs, onPrivateSubnetwork: inputs.privateSubnetwork && !inputs.externalIp },
    );
    const outputs = {
        ...inputs,
        metrics: {},
        modelUri: `gs://${inputs.bucket}/${modelPrefix(inputs.runId)}`,
        savedTo: "",
        state: status.state,
        attempt: status.attempt,
    };
    if (status.state !== "SUCCEEDED") {
        return outputs;
    }
    const { relative, absolute } = resultsFolder(inputs, inputs.runId);
    const { project, zone, instance } = inputs;
    const facts = { ...inputs.facts, project, zone, instance };
    let collected: Collected;
    try {
        collected = await collectRun({ bucket, clock, print }, { status, folder: absolute, facts });
    } catch (error) {
        throw saveError(inputs, status, relative, error);
    }
    const { downloadedCount, objectCount, hasReport, metrics } = collected;
    print(
        `run ${inputs.runId}: ${objectCount} ${objectCount === 1 ? "object" : "objects"} of the model verified in ${relative}` +
            (downloadedCount < objectCount ? `, ${downloadedCount} of them downloaded` : "") +
            (hasReport ? `; to be looked at: ${relative}/report.html` : ""),
    );
    return { ...outputs, metrics: metricsForOutput(metrics), savedTo: relative };
}

/**
 * A killed `pulumi` leaves its providers running. Such a process must not go on to write into the run's status: a later
 * update attaches to the run, and a failure is not reported before somebody has read it.
 */
function endWhenNobodyReads(): void {
    if (!session.endsUnread) {
        session.endsUnread = true;
        process.stdout.on("error", () => process.exit(1));
    }
}

function saveError(inputs: RunInputs, status: RunStatus, folder: string, error: unknown): Error {
    return isFinal(error)
        ? error
        : new Error(
              `Run ${inputs.runId} has succeeded (attempt ${status.attempt}), but its results could not be saved to ` +
                  `${folder}: ${messageOf(error)}. They are in gs://${inputs.bucket}/runs/${inputs.runId}/; ` +
                  "`pulumi up` tries again.",
          );
}
