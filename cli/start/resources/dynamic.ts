import type { Apply, Properties, RehearsalContext } from "../context";
import { runProvider } from "../provider-host";

/** How to leave `pulumi up`: the emulator does not outlive the rehearsal, so its run would not go on. */
const AIMED_AT_PULUMI = /: you may leave it alone/;

/**
 * `TrainingRun` and `SavedResults`: Pulumi hands over the text of their provider, and that text runs, in a plain Node process as
 * under the engine.
 */
export const dynamic: Apply = async ({ name, inputs }, context) => {
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
            onLine: (_stream, line) => {
                if (!AIMED_AT_PULUMI.test(line)) {
                    at.print(`    ${line}`);
                }
            },
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
        note: "runId" in properties ? "the run has ended well" : "saves every run before the bucket goes",
        destroy: async (later) => {
            await host(later, "delete", id, { ...properties, ...outputs });
        },
    };
};
