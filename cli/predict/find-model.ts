import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { DEFAULTS } from "../../infra/defaults";
import { type Model, ModelError, readModel } from "../../trainer/lib/model";
import { commandLine, commandThatSaves } from "../shared/tool";
import { UsageError } from "../shared/usage-error";
import type { Arguments } from "./arguments";
import { findObject, isGcsUri, openSource, type PredictContext } from "./source";
import { statsOf } from "./stats";

export interface FoundModel {
    model: Model;
    /** Path relative to the folder in which the command was run, or `gs://` URI. */
    name: string;
}

/** The model's name in a run's folder, and below a run's prefix in the bucket. */
const NAMES = ["model.json", "model/model.json"];

/**
 * Finds and reads the model given on the command line.
 *
 * @throws UsageError when it does not exist or is not a model
 */
export async function findModel(choice: Arguments["model"], context: PredictContext): Promise<FoundModel> {
    const name =
        typeof choice === "object"
            ? findInStack(choice, context)
            : isGcsUri(choice)
              ? await findInBucket(choice, context)
              : findInFolder(choice, context);
    const bytes = await openSource(name, "model", context);
    try {
        return { model: await readModel(bytes), name };
    } catch (error) {
        throw error instanceof ModelError ? new UsageError(`${name}: ${error.message}`) : error;
    } finally {
        bytes.destroy();
    }
}

async function findInBucket(uri: string, context: PredictContext): Promise<string> {
    if (uri.endsWith(".json")) {
        return uri;
    }
    const folder = uri.replace(/\/+$/, "");
    return findObject(
        NAMES.map((name) => `${folder}/${name}`),
        "model",
        context,
    );
}

function findInFolder(name: string, { folder, projectDir }: Pick<PredictContext, "folder" | "projectDir">): string {
    const stats = statsOf("model", name, folder);
    if (stats === undefined) {
        // npm keeps an option before `--` for itself, so `npm run predict -s local x.csv` passes on only `local x.csv`.
        const isStack = !/[\\/]/.test(name) && list(path.join(projectDir, DEFAULTS.resultsDir, name)).length > 0;
        if (isStack) {
            throw new UsageError(
                `The model must be a run's folder, a model.json or a gs:// URI; got the stack ${name} (${commandLine("predict", `-s ${name} INPUT`)})`,
            );
        }
        throw new UsageError(
            `The model ${name} does not exist; it must be a run's folder, a model.json or a gs:// URI of either (${commandLine("start")} creates one)`,
        );
    }
    if (!stats.isDirectory()) {
        return name;
    }
    const found = NAMES.map((file) => path.join(name, file)).find((file) => isFile(path.resolve(folder, file)));
    if (found === undefined) {
        throw new UsageError(
            `The folder ${name} must be a run's folder, ${DEFAULTS.resultsDir}/<stack>/<run id>, with the built-in trainer's model.json; it has none (${commandLine("runs", "--local")})`,
        );
    }
    return found;
}

/** Finds the model of a stack's run among the results on this machine. */
function findInStack(
    { stack, run }: { stack: string; run: string | undefined },
    { projectDir, folder }: PredictContext,
) {
    const results = path.resolve(projectDir, DEFAULTS.resultsDir);
    // Results are saved under the short name, which is `dev` for `organization/project/dev`.
    const ofStack = path.join(results, path.basename(stack));
    const runs = list(ofStack).filter((name) => isFile(path.join(ofStack, name, "model.json")));
    const download = commandThatSaves(stack);
    const shown = path.relative(folder, ofStack) || ofStack;
    if (runs.length === 0) {
        const others = list(results).filter((name) => list(path.join(results, name)).length > 0);
        const found = others.length > 0 ? `; found results for ${others.join(", ")}` : "";
        throw new UsageError(`${shown} has no run with a model${found} (${download})`);
    }
    if (run !== undefined && !runs.includes(run)) {
        throw new UsageError(`${shown} has no run ${run} with a model; it has ${runs.join(", ")} (${download})`);
    }
    const chosen = run ?? newest(ofStack, runs);
    const file = path.join(ofStack, chosen, "model.json");
    return path.relative(folder, file) || file;
}

/** The run that finished last, according to its status. */
function newest(folder: string, runs: readonly string[]): string {
    const finished = (run: string): number => {
        try {
            const file = path.join(folder, run, "status.json");
            // Reading anything else, such as a pipe, might block.
            const status: unknown = JSON.parse(isFile(file) ? readFileSync(file, "utf8") : "");
            const time = Date.parse((status as { finishedAt?: string }).finishedAt ?? "");
            return Number.isNaN(time) ? 0 : time;
        } catch {
            // Results that were copied manually may lack a status.
            return statSync(path.join(folder, run, "model.json")).mtimeMs;
        }
    };
    return [...runs].sort((a, b) => finished(b) - finished(a) || (a < b ? -1 : 1))[0] as string;
}

function list(folder: string): string[] {
    return statsOf("folder", folder, "")?.isDirectory() ? readdirSync(folder).sort() : [];
}

function isFile(file: string): boolean {
    return statsOf("file", file, "")?.isFile() ?? false;
}
