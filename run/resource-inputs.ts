import { canonicalJson } from "./canonical-json";

/** Where a run's results go: relative to the project folder, which is the working directory of Pulumi's providers. */
export function resultsFolder(
    inputs: { resultsDir: string; stack: string },
    runId: string,
): { relative: string; absolute: string } {
    const { posix, resolve } = require("node:path") as typeof import("node:path");
    const relative = posix.join(inputs.resultsDir, inputs.stack, runId);
    return { relative, absolute: resolve(relative) };
}

/** Whether an input differs between two states of a resource; the order of an object's keys does not count. */
export function hasChanged(olds: object, news: object, key: string): boolean {
    return canonicalJson(Reflect.get(olds, key)) !== canonicalJson(Reflect.get(news, key));
}
