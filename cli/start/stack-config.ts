import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import type { Fix } from "../../infra/config/issues";

/** What Pulumi's engine would hand to the program as config, and the project's name. */
export interface StackConfig {
    project: string;
    stack: string;
    /** Fully qualified key (`gcp:project`, `gcp-trainer:target`) to its text; lists and objects as JSON, as the engine passes them. */
    values: Record<string, string>;
}

/** A mistake in how the command was called: shown without a stack trace. */
export class UsageError extends Error {}

/**
 * Reads the config of one stack the way Pulumi's engine does: defaults from `Pulumi.yaml`, over them `Pulumi.<stack>.yaml`,
 * over them `--config key=value` (a key without a namespace is the project's).
 * https://www.pulumi.com/docs/iac/concepts/config/
 *
 * @param folder the folder of Pulumi.yaml
 * @param overrides the values of `--config`, each `key=value`
 * @throws UsageError when an override is not of that form
 */
export function readStackConfig(folder: string, stack: string, overrides: readonly string[]): StackConfig {
    const project = readYaml(path.join(folder, "Pulumi.yaml"));
    const projectName = String(project.name);
    const values: Record<string, string> = {};
    const qualify = (key: string) => (key.includes(":") ? key : `${projectName}:${key}`);

    for (const [key, declared] of Object.entries(asObject(project.config))) {
        const value = isObject(declared) ? (declared.default ?? declared.value) : declared;
        if (value !== undefined) {
            values[qualify(key)] = asText(value);
        }
    }
    for (const [key, value] of Object.entries(asObject(readYaml(path.join(folder, `Pulumi.${stack}.yaml`)).config))) {
        values[qualify(key)] = asText(value);
    }
    for (const override of overrides) {
        const at = override.indexOf("=");
        if (at < 1) {
            throw new UsageError(
                `--config must be key=value; got "${override}" (npm start -- --config target=Species)`,
            );
        }
        checkPath(override);
        values[qualify(override.slice(0, at))] = override.slice(at + 1);
    }
    return { project: projectName, stack, values };
}

/** @throws UsageError for a path such as `hyperparameters.maxDepth`: an object is given as a whole, as JSON */
function checkPath(override: string): void {
    const [, key, member, value = ""] = /^([\w-]+)\.([^=]+)=(.*)$/s.exec(override) ?? [];
    if (key !== undefined && member !== undefined) {
        throw new UsageError(
            `--config takes an object as a whole; got "${override}" (${startCommand({ set: [key, member], value })})`,
        );
    }
}

/** Fixes a config issue with an option of `npm start`, which takes lists and objects as a whole. */
export function startCommand(fix: Fix): string {
    if ("remove" in fix) {
        const [key, ...entry] = fix.remove;
        return entry.length === 0 ? `leave out --config ${key}` : `leave ${entry.join(".")} out of --config ${key}`;
    }
    const [key, member] = fix.set;
    const value = member === undefined ? fix.value : JSON.stringify(whole(member, fix.value));
    return `npm start -- --config ${quote(`${key}=${value}`)}`;
}

/** A list or an object with one entry. */
function whole(member: string, text: string): unknown {
    const value = /^-?\d+(\.\d+)?$|^(true|false)$|^\[/.test(text) ? rawJson(text) : text;
    return /^\d+$/.test(member) ? [value] : { [member]: value };
}

function rawJson(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

/**
 * The line that does on Google Cloud what was rehearsed. Pulumi takes lists and objects from a stack file only, never from
 * `--config`.
 */
export function googleCloudCommand(overrides: readonly string[]): string {
    const isStructured = (override: string) => /^[^=]+=\s*[[{]/.test(override);
    const flags = overrides.filter((each) => !isStructured(each)).map((each) => ` --config ${quote(each)}`);
    const lines = overrides.filter(isStructured).map((each) => each.replace("=", ": "));
    const rest = lines.length > 0 ? `, with in the config of Pulumi.dev.yaml: ${lines.join(", ")}` : "";
    return `npx pulumi up -s dev${flags.join("")}${rest}`;
}

/** As one word of a POSIX shell. */
function quote(text: string): string {
    return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function readYaml(file: string): Record<string, unknown> {
    return asObject(parse(readFileSync(file, "utf8")));
}

function asObject(value: unknown): Record<string, unknown> {
    return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asText(value: unknown): string {
    return typeof value === "string" ? value : JSON.stringify(value);
}
