import type * as pulumi from "@pulumi/pulumi";
import { batchEngine } from "./batch-engine";
import { type BatchAttempts, type BatchJobDefinition, type BatchPlace, deleteJobs, newestJob } from "./batch-jobs";
import type { BucketClient, Clock } from "./clients";
import { createAuth, readCloudSettings } from "./credentials";
import { isFatal, messageOf, renderFailure } from "./errors";
import { type ApiSession, configureApis, type GoogleApis, openApis } from "./google-api";
import { openBucket } from "./google-bucket";
import { runLayout } from "./layout";
import { ownerLabel } from "./marks";
import { removeJobs } from "./owned-resources";
import { outputText, printLine } from "./pulumi-output";
import { hasChanged, showsHints } from "./resource-inputs";
import { isTerminal, renderStatus } from "./status";
import { type SweepPoint, type SweepRun, undecidedPoints } from "./sweep-rows";
import { reusePoints } from "./sweep-start";
import { attemptsLeft, readStatus } from "./transitions";

/** Resolved inputs for `BatchRunJob`, which are also its complete state. */
export interface BatchJobInputs extends BatchPlace, BatchAttempts {
    bucket: string;
    runId: string;
    definition: BatchJobDefinition;
    /** Name and content of the object that the job's tasks download. */
    bundleName: string;
    bundle: string;
    /** Undefined for a run that is not a sweep. */
    sweep?: SweepRun | undefined;
    /** A sweep's points as JSON, which the bucket keeps for the commands. */
    points?: string | undefined;
}

const session: ApiSession = { settings: undefined, endpoints: undefined };

/** Handlers for `BatchRunJob`, which Pulumi serialises like those in `trainingRunProvider`. */
export const batchJobProvider: pulumi.dynamic.ResourceProvider<BatchJobInputs, BatchJobInputs> = {
    async configure(request) {
        configureApis(session, (key) => request.config.get(key));
    },

    /** Batch cannot change a job, so every change replaces it. */
    async diff(_id, olds, news) {
        const keys = ["project", "region", "jobId", "bucket", "runId", "definition", "bundle", "maxAttempts"];
        const replaces = [...keys, "spotFallback"].filter((key) => hasChanged(olds, news, key));
        return { changes: replaces.length > 0, replaces, deleteBeforeReplace: true };
    },

    async create(inputs) {
        await explained(async () => {
            const { apis, bucket } = await open(inputs);
            await begin(apis, bucket, inputs);
        });
        return { id: inputs.jobId, outs: inputs };
    },

    /** A run that has ended needs no job, and Batch forgets jobs after 60 days. */
    async read(id, props) {
        if (props === undefined) {
            return {};
        }
        return explained(async () => {
            const { apis, bucket } = await open(props);
            const exists = (await newestJob(apis, props)) !== undefined;
            const status = exists ? undefined : (await readStatus(bucket, props.runId))?.status;
            return exists || (status && isTerminal(status.state)) ? { id, props } : {};
        });
    },

    async delete(_id, props) {
        await explained(async () => deleteJobs(await openApis(session), props));
    },
};

async function open(inputs: Pick<BatchJobInputs, "bucket">): Promise<{ apis: GoogleApis; bucket: BucketClient }> {
    const apis = await openApis(session);
    const settings = session.settings ?? readCloudSettings(() => undefined, process.env);
    return { apis, bucket: openBucket(inputs.bucket, settings, await createAuth(settings), apis.clock) };
}

/**
 * Starts a run that has not ended: writes the file that its tasks download, then its status, and then creates the job.
 */
async function begin(apis: GoogleApis, bucket: BucketClient, inputs: BatchJobInputs): Promise<void> {
    const { runId, bundle, bundleName, maxAttempts } = inputs;
    // The name contains the hash, so an existing object has the same content.
    await bucket.write(bundleName, bundle, "0");
    const seen = await readStatus(bucket, runId);
    if (seen !== undefined && isTerminal(seen.status.state)) {
        return;
    }
    const { sweep, points } = inputs;
    if (seen === undefined && sweep && points !== undefined) {
        await bucket.write(runLayout(runId).pointList, points, "0");
        await reusePoints(bucket, runId, JSON.parse(points) as SweepPoint[], sweep, printLine);
    }
    if (seen === undefined) {
        await bucket.write(runLayout(runId).status, pendingStatus(runId, apis.clock), "0");
    }
    const left = seen === undefined ? maxAttempts : Math.max(1, attemptsLeft(seen.status, maxAttempts));
    const owner = inputs.definition.labels[ownerLabel] ?? "";
    // An interrupted command may have left behind an earlier run's job that is missing from the stack's state.
    await removeJobs({ apis, owner, print: printLine }, inputs.project, [inputs.region], runId);
    const undecided = sweep && (() => undecidedPoints(bucket, runId, sweep.count));
    const engine = batchEngine(apis, { ...inputs, undecided });
    await engine.start(left);
    printLine(`run ${runId}: ${engine.name()} was accepted and no longer needs a waiter`);
}

function pendingStatus(runId: string, clock: Clock): string {
    return renderStatus({
        schema: 1,
        runId,
        state: "PENDING",
        attempt: 1,
        interruptions: 0,
        reported: false,
        bootId: null,
        exitCode: null,
        reason: null,
        startedAt: null,
        updatedAt: new Date(clock.now()).toISOString(),
        finishedAt: null,
    });
}

async function explained<T>(action: () => Promise<T>): Promise<T> {
    try {
        return await action();
    } catch (error) {
        const text = isFatal(error) ? renderFailure(error.failure, showsHints()) : messageOf(error);
        throw new Error(outputText(text), { cause: error });
    }
}
