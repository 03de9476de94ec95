import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { DEFAULTS } from "../../infra/defaults";
import { type Model, ModelError, parseModel } from "../../trainer/lib/model";
import { UsageError } from "../start/stack-config";
import type { Arguments } from "./arguments";
import { findObject, isGcsUri, openSource, type Surroundings } from "./source";

/** A model, and where it was found. */
export interface FoundModel {
    model: Model;
    /** Path as the command line says it, or `gs://` URI. */
    place: string;
}

/** Where a model is in a run's folder, and in a run's prefix in the bucket. */
const NAMES = ["model.json", "model/model.json"];

/**
 * Finds and reads the model that the command line means.
 *
 * @throws UsageError when there is none, or it is none
 */
export async function findModel(wanted: Arguments["model"], surroundings: Surroundings): Promise<FoundModel> {
    const place =
        typeof wanted === "object"
            ? findInStack(wanted, surroundings)
            : isGcsUri(wanted)
              ? await findInBucket(wanted, surroundings)
              : findInFolder(wanted, surroundings.folder);
    const json = await buffer(await openSource(place, "model", surroundings));
    try {
        return { model: parseModel(decode(json, place)), place };
    } catch (error) {
        throw error instanceof ModelError ? new UsageError(`${place}: ${error.message}`) : error;
    }
}

function decode(json: Buffer, place: string): string {
    try {
        return json.toString("utf8");
    } catch {
        const megabytes = Math.round(json.length / 1e6);
        throw new UsageError(
            `${place} has ${megabytes} MB, and Node.js reads 512 MB of text at most: fewer trees or levels`,
        );
    }
}

async function findInBucket(uri: string, surroundings: Surroundings): Promise<string> {
    if (uri.endsWith(".json")) {
        return uri;
    }
    const folder = uri.replace(/\/+$/, "");
    return findObject(
        NAMES.map((name) => `${folder}/${name}`),
        "model",
        surroundings,
    );
}

function findInFolder(name: string, folder: string): string {
    const stats = statSync(path.resolve(folder, name), { throwIfNoEntry: false });
    if (stats === undefined) {
        throw new UsageError(
            `The model ${name} is not there: a run's folder, a model.json or a gs:// URI of either is needed (npm start makes one)`,
        );
    }
    if (!stats.isDirectory()) {
        return name;
    }
    const found = NAMES.map((file) => path.join(name, file)).find((file) => isFile(path.resolve(folder, file)));
    if (found === undefined) {
        throw new UsageError(
            `The folder ${name} has no model.json (a run's folder: ${DEFAULTS.resultsDir}/<stack>/<run id>)`,
        );
    }
    return found;
}

/** The model of a stack's run on this machine. */
function findInStack({ stack, run }: { stack: string; run: string | undefined }, { projectDir, folder }: Surroundings) {
    const results = path.resolve(projectDir, DEFAULTS.resultsDir);
    // Results are filed under the short name: `dev` of `organization/project/dev`.
    const ofStack = path.join(results, path.basename(stack));
    const runs = list(ofStack).filter((name) => isFile(path.join(ofStack, name, "model.json")));
    const bring = `npm run results -- -s ${stack}`;
    const shown = path.relative(folder, ofStack) || ofStack;
    if (runs.length === 0) {
        const others = list(results).filter((name) => list(path.join(results, name)).length > 0);
        const there = others.length > 0 ? `; there are results of ${others.join(", ")}` : "";
        throw new UsageError(`${shown} has no run with a model${there} (${bring})`);
    }
    if (run !== undefined && !runs.includes(run)) {
        throw new UsageError(`${shown} has no run ${run} with a model; it has ${runs.join(", ")} (${bring})`);
    }
    const chosen = run ?? newest(ofStack, runs);
    const file = path.join(ofStack, chosen, "model.json");
    return path.relative(folder, file) || file;
}

/** The run that finished last, by what its status says. */
function newest(folder: string, runs: readonly string[]): string {
    const finished = (run: string): number => {
        try {
            const status: unknown = JSON.parse(readFileSync(path.join(folder, run, "status.json"), "utf8"));
            const time = Date.parse((status as { finishedAt?: string }).finishedAt ?? "");
            return Number.isNaN(time) ? 0 : time;
        } catch {
            // Results that somebody copied by hand may lack it.
            return statSync(path.join(folder, run, "model.json")).mtimeMs;
        }
    };
    return [...runs].sort((a, b) => finished(b) - finished(a) || (a < b ? -1 : 1))[0] as string;
}

function list(folder: string): string[] {
    return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder).sort() : [];
}

function isFile(file: string): boolean {
    return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}
