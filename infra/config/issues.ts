import type { ConfigValues } from "../defaults";
import { DEFAULTS } from "../defaults";

/** One thing to correct. */
export interface ConfigIssue {
    /** `gcp-trainer:hyperparameters.maxDepth`, `gcp:zone` */
    key: string;
    /** The whole sentence: key, what it must be, value got, command that fixes it. */
    message: string;
}

/** Something wrong with a value, to be made a sentence. */
export interface Problem {
    /** Begins with "must". */
    must: string;
    got: unknown;
    /** The command that fixes it. */
    fix: string;
}

type Path = readonly [key: string, ...rest: string[]];

/** Values that would do, for keys whose default is empty. */
const EXAMPLES: Readonly<Partial<Record<string, string>>> = {
    bootImage: "projects/cos-cloud/global/images/family/cos-stable",
    bootDiskType: "pd-balanced",
    gpuType: "nvidia-tesla-t4",
    network: "default",
    subnetwork: "default",
    serviceAccount: "trainer@my-project.iam.gserviceaccount.com",
};

/** An entry that would do, for keys that hold objects or lists. */
const ENTRY_EXAMPLES: Readonly<Partial<Record<string, { entry: string; value: string }>>> = {
    dropColumns: { entry: "0", value: "Id" },
    trainerBuildArgs: { entry: "VERSION", value: "1" },
    hyperparameters: { entry: "maxDepth", value: "10" },
    env: { entry: "LOG_LEVEL", value: "debug" },
    scopes: { entry: "0", value: "https://www.googleapis.com/auth/bigquery" },
    labels: { entry: "team", value: "research" },
};

/** Makes the sentence. @param namespace what stands before the colon of the key */
export function describe(namespace: string, path: Path, { must, got, fix }: Problem): ConfigIssue {
    const key = `${namespace}:${pathText(path)}`;
    const value = got === undefined ? "nothing" : JSON.stringify(got);
    return { key, message: `\`${key}\` ${must}; got ${value} (${fix})` };
}

/** The command that sets a value that would do. */
export function setCommand([key, ...rest]: Path, example?: string): string {
    const entry = ENTRY_EXAMPLES[key];
    if (entry) {
        const path = pathText([key, ...(rest.length > 0 ? rest : [entry.entry])]);
        return `pulumi config set --path ${quoted(path)} ${example ?? entry.value}`;
    }
    const fallback = EXAMPLES[key] ?? String(DEFAULTS[key as keyof ConfigValues] ?? "<value>");
    return `pulumi config set ${key} ${example ?? fallback}`;
}

/** The command that removes a key or an entry. */
export function removeCommand(path: Path): string {
    return `pulumi config rm ${path.length > 1 ? "--path " : ""}${quoted(pathText(path))}`;
}

/** The key of a list that is nearest to a mistyped one, if any is near. */
export function nearest(key: string, keys: readonly string[]): string | undefined {
    const ranked = keys.map((known) => ({ known, distance: distance(key.toLowerCase(), known.toLowerCase()) }));
    const best = ranked.sort((a, b) => a.distance - b.distance)[0];
    return best && best.distance <= key.length / 3 ? best.known : undefined;
}

/** A path as `pulumi config set --path` takes it: `env.A`, `scopes[0]`, `env["a.b"]`. */
function pathText([key, ...rest]: Path): string {
    return key + rest.map((part) => (/^\d+$/.test(part) ? `[${part}]` : wordPath(part))).join("");
}

function wordPath(part: string): string {
    return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
}

function quoted(path: string): string {
    return /^[A-Za-z0-9_.-]+$/.test(path) ? path : `'${path}'`;
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
    let row = Array.from({ length: b.length + 1 }, (_, index) => index);
    for (let i = 1; i <= a.length; i++) {
        const next = [i];
        for (let j = 1; j <= b.length; j++) {
            const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
            next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
        }
        row = next;
    }
    return row[b.length] ?? 0;
}
