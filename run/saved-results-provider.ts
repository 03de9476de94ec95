import type * as pulumi from "@pulumi/pulumi";
import { systemClock } from "./clients";
import { type CloudSettings, createAuth, readCloudSettings } from "./credentials";
import { messageOf } from "./errors";
import { openBucket } from "./google-clients";
import { hasChanged, resultsFolder } from "./resource-inputs";
import { saveAllRuns } from "./save-all";

/** Resolved inputs of `SavedResults`, which are its whole state. */
export interface ResultsInputs {
    bucket: string;
    stack: string;
    resultsDir: string;
}

const session: { settings: CloudSettings | undefined } = { settings: undefined };

/** Handlers of `SavedResults`; see `trainingRunProvider` for what serialising asks of them. */
export const savedResultsProvider: pulumi.dynamic.ResourceProvider<ResultsInputs, ResultsInputs> = {
    async configure(request) {
        session.settings = readCloudSettings((key) => request.config.get(key), process.env);
    },

    async diff(_id, olds, news) {
        const replaces = ["bucket"].filter((key) => hasChanged(olds, news, key));
        const changes = replaces.length > 0 || ["stack", "resultsDir"].some((key) => hasChanged(olds, news, key));
        return { changes, replaces };
    },

    async create(inputs) {
        return { id: inputs.bucket, outs: inputs };
    },

    async update(_id, _olds, news) {
        return { outs: news };
    },

    async delete(_id, inputs) {
        const print = (line: string) => console.log(line);
        const discard = process.env.DISCARD_RESULTS ?? "";
        if (discard !== "" && discard !== "0") {
            print(`DISCARD_RESULTS is set: what is only in gs://${inputs.bucket} goes with it`);
            return;
        }
        try {
            const settings = session.settings ?? readCloudSettings(() => undefined, process.env);
            const bucket = openBucket(inputs.bucket, settings, await createAuth(settings));
            await saveAllRuns({ bucket, clock: systemClock(), print }, (runId) => resultsFolder(inputs, runId));
        } catch (error) {
            throw new Error(
                `The results in gs://${inputs.bucket} could not all be saved, so the bucket stays: ${messageOf(error)}\n` +
                    "Run `pulumi destroy` again when that is mended, or let them go: DISCARD_RESULTS=1 pulumi destroy",
                { cause: error },
            );
        }
    },
};
