import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { resourceModule } from "./resource-types";

/** The serialised providers in this process, by resource type. */
const texts: Record<string, Promise<string>> = {};

/**
 * A dynamic resource like Pulumi's own, except that its provider is serialised only once for each version of the code
 * in this folder. Pulumi would serialise it again for every command, which takes seconds.
 */
export class CachedResource extends pulumi.CustomResource {
    constructor(
        provider: pulumi.dynamic.ResourceProvider,
        name: string,
        props: pulumi.Inputs,
        opts: pulumi.CustomResourceOptions | undefined,
        type: string,
    ) {
        texts[type] ??= serialised(provider, type);
        // https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/dynamic/index.ts
        super(`pulumi-nodejs:dynamic/${resourceModule}:${type}`, name, { ...props, __provider: texts[type] }, opts);
    }
}

async function serialised(provider: pulumi.dynamic.ResourceProvider, type: string): Promise<string> {
    const file = path.join(cacheFolder(), `${type}-${fingerprint(provider)}.js`);
    const cached = read(file);
    if (cached !== undefined) {
        return cached;
    }
    const { text } = await pulumi.runtime.serializeFunction(() => provider);
    try {
        mkdirSync(path.dirname(file), { recursive: true });
        // Another command may be writing the same file.
        const draft = `${file}.${process.pid}`;
        writeFileSync(draft, text);
        renameSync(draft, file);
    } catch {
        // The next command serialises the provider again.
    }
    return text;
}

/** A folder for this copy of the code, because checkouts can share their packages. */
function cacheFolder(): string {
    const packages = path.join(path.dirname(require.resolve("@pulumi/pulumi/package.json")), "../..");
    const copy = createHash("sha256").update(__dirname).digest("hex").slice(0, 16);
    return path.join(packages, ".cache/gcp-trainer", copy);
}

/** A file's content, or undefined if it does not exist or is incomplete. */
function read(file: string): string | undefined {
    try {
        const text = readFileSync(file, "utf8");
        return text.startsWith("exports.handler") ? text : undefined;
    } catch {
        return undefined;
    }
}

/**
 * A hash of everything that determines the text: the sources, the code that the loader emitted for them, and the
 * versions.
 */
function fingerprint(provider: object): string {
    const hash = createHash("sha256");
    const emitted = [serialised, fingerprint, ...Object.values(provider)].map(String);
    const packages = ["@pulumi/pulumi", "typescript", "ts-node"].map((name) => manifestOf(name));
    const sources = readdirSync(__dirname).filter((name) => /\.[jt]s$/.test(name));
    const contents = sources.map((name) => `${name}\n${readFileSync(path.join(__dirname, name), "utf8")}`);
    for (const part of [process.version, ...packages, ...emitted, ...contents]) {
        hash.update(`${part}\0`);
    }
    return hash.digest("hex").slice(0, 32);
}

function manifestOf(name: string): string {
    try {
        return readFileSync(require.resolve(`${name}/package.json`), "utf8");
    } catch {
        // The loader is not installed where the code has already been compiled.
        return "";
    }
}
