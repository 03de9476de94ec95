import type * as pulumi from "@pulumi/pulumi";
import { systemClock } from "./clients";
import { type CloudSettings, createAuth, readCloudSettings } from "./credentials";
import { messageOf, renderFailure } from "./errors";
import { openBucket } from "./google-bucket";
import { outputText, printLine } from "./pulumi-output";
import { hasChanged, resultsFolder, showsHints } from "./resource-inputs";
import { saveAllRuns } from "./save-all";

/** Resolved inputs for `SavedResults`, which are also its complete state. */
export interface ResultsInputs {
    bucket: string;
    stack: string;
    resultsDir: string;
    /** Absent in the state of older stacks. */
    saveCheckpoints?: boolean;
}

const session: { settings: CloudSettings | undefined } = { settings: undefined };

/** Handlers for `SavedResults`, which Pulumi serialises like those in `trainingRunProvider`. */
export const savedResultsProvider: pulumi.dynamic.ResourceProvider<ResultsInputs, ResultsInputs> = {
    async configure(request) {
        session.settings = readCloudSettings((key) => request.config.get(key), process.env);
    },

    async diff(_id, olds, news) {
        const replaces = ["bucket"].filter((key) => hasChanged(olds, news, key));
        const changes =
            replaces.length > 0 ||
            ["stack", "resultsDir", "saveCheckpoints"].some((key) => hasChanged(olds, news, key));
        return { changes, replaces };
    },

    async create(inputs) {
        return { id: inputs.bucket, outs: inputs };
    },

    async update(_id, _olds, news) {
        return { outs: news };
    },

    async delete(_id, inputs) {
        const print = printLine;
        const discard = process.env.DISCARD_RESULTS ?? "";
        if (discard !== "" && discard !== "0") {
            print(`DISCARD_RESULTS is set: results that exist only in gs://${inputs.bucket} are deleted with it`);
            return;
        }
        try {
            const settings = session.settings ?? readCloudSettings(() => undefined, process.env);
            const clock = systemClock();
            const bucket = openBucket(inputs.bucket, settings, await createAuth(settings), clock);
            const { saveCheckpoints } = inputs;
            await saveAllRuns({ bucket, clock, print, saveCheckpoints }, (runId) => resultsFolder(inputs, runId));
        } catch (error) {
            const failure = {
                summary: `The results in gs://${inputs.bucket} could not all be saved, so the bucket is kept: ${messageOf(error)}`,
                details: [],
                hints: {
                    next: "Fix this and run `pulumi destroy` again, or discard the results: DISCARD_RESULTS=1 pulumi destroy",
                },
            };
            throw new Error(outputText(renderFailure(failure, showsHints())), { cause: error });
        }
    },
};
