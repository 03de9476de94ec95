import { trainingRunType } from "../../../run/resource-types";
import type { Apply, Properties, RehearsalContext } from "../context";
import { runProvider } from "../provider-host";

/**
 * `TrainingRun` and `SavedResults`: Pulumi hands over the text of their provider, and that text runs, in a plain Node process as
 * under the engine.
 */
export const dynamic: Apply = async ({ type, name, inputs }, context) => {
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
            // The rehearsal takes everything down in a moment: commands for a deployed stack would not work.
            env: { ...process.env, GCP_TRAINER_HINTS: "none" },
            onLine: (_stream, line) => at.print(`    ${line}`),
            signal: at.signal,
        });
    const made = await host(context, "create");
    const id = made.id ?? name;
    let outputs = made.outs ?? {};
    if (properties.wait === false && outputs.state !== "SUCCEEDED") {
        context.print("    a later pulumi up, rehearsed: it waits here, so that there is something to collect");
        outputs = (await host(context, "update", id, { ...properties, wait: true }, outputs)).outs ?? {};
    }
    return {
        id,
        outputs,
        note: type === trainingRunType ? "succeeded" : "saves every run before the bucket goes",
        destroy: async (later) => {
            await host(later, "delete", id, { ...properties, ...outputs });
        },
    };
};
