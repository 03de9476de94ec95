import { canonicalJson } from "./canonical-json";

/** Folder for a run's results, relative to the project folder, which is the working directory of Pulumi's providers. */
export function resultsFolder(
    inputs: { resultsDir: string; stack: string },
    runId: string,
): { relative: string; absolute: string } {
    const { posix, resolve } = require("node:path") as typeof import("node:path");
    const relative = posix.join(inputs.resultsDir, inputs.stack, runId);
    return { relative, absolute: resolve(relative) };
}

/** True if an input differs between two states of a resource; the order of an object's keys does not matter. */
export function hasChanged(olds: object, news: object, key: string): boolean {
    return canonicalJson(Reflect.get(olds, key)) !== canonicalJson(Reflect.get(news, key));
}

/**
 * True unless another program runs the providers, such as the rehearsal that `npm start` runs. In that case, messages
 * omit Pulumi and gcloud commands, because the other program gives its own advice.
 */
export function showsHints(): boolean {
    return process.env.GCP_TRAINER_HINTS !== "none";
}
