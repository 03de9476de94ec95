import {
    batchJobType,
    cleanupType,
    readyApisType,
    savedResultsType,
    trainingRunType,
} from "../../../run/resource-types";
import { runProvider } from "../provider-host";
import type { CreateResource, Properties, RehearsalContext } from "../rehearsal-context";

/** The resources' purposes, by type. */
const DETAILS: Readonly<Record<string, string>> = {
    [trainingRunType]: "succeeded",
    [savedResultsType]: "saves every run before the bucket is deleted",
    [cleanupType]: "removes what interrupted commands left behind",
    [readyApisType]: "every API accepts requests",
    [batchJobType]: "accepted by Batch",
};

/**
 * Creates the project's dynamic resources. Pulumi passes their serialised provider, which runs in a plain Node
 * process, as it does with the real engine.
 */
export const dynamic: CreateResource = async ({ type, name, inputs }, context) => {
    const { __provider: text, ...properties } = inputs;
    const host = (
        at: RehearsalContext,
        method: "create" | "update" | "delete",
        id?: string,
        state: Properties = properties,
        olds?: Properties,
    ) =>
        runProvider({
            text: String(text),
            method,
            ...(id === undefined ? {} : { id }),
            ...(olds === undefined ? {} : { olds }),
            inputs: state,
            config: context.config,
            cwd: context.projectDir,
            // The rehearsal is about to destroy everything, so commands for a deployed stack would not work.
            env: { ...process.env, GCP_TRAINER_HINTS: "none" },
            onLine: (_stream, line) => at.print(`    ${line}`),
            signal: at.signal,
        });
    const created = await host(context, "create");
    const id = created.id ?? name;
    let outputs = created.outs ?? {};
    if (properties.wait === false && outputs.state !== "SUCCEEDED") {
        context.print("    rehearsing a later pulumi up, which waits for the run and collects its results");
        outputs = (await host(context, "update", id, { ...properties, wait: true }, outputs)).outs ?? {};
    }
    return {
        id,
        outputs,
        ...(DETAILS[type] === undefined ? {} : { detail: DETAILS[type] }),
        destroy: async (later) => {
            await host(later, "delete", id, { ...properties, ...outputs });
        },
    };
};
