import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import type { Fix } from "../../infra/config/issues";
import { UsageError } from "../shared/usage-error";

/** The config that Pulumi's engine would pass to the program, and the project's name. */
export interface StackConfig {
    project: string;
    stack: string;
    /** Text by fully qualified key (`gcp:project`, `gcp-trainer:target`). As from the engine, lists and objects are JSON. */
    values: Record<string, string>;
}

/**
 * Reads the config of one stack as Pulumi's engine does: defaults from `Pulumi.yaml`, overridden by `Pulumi.<stack>.yaml`,
 * overridden by `--config key=value` (a key without a namespace is the project's).
 * https://www.pulumi.com/docs/iac/concepts/config/
 *
 * @param folder the folder of Pulumi.yaml
 * @param overrides the values of `--config`, each `key=value`
 * @throws UsageError when an override has another form
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

/** @throws UsageError for a path such as `hyperparameters.maxDepth`: `--config` takes a whole object as JSON */
function checkPath(override: string): void {
    const [, key, member, value = ""] = /^([\w-]+)\.([^=]+)=(.*)$/s.exec(override) ?? [];
    if (key !== undefined && member !== undefined) {
        throw new UsageError(
            `--config takes a whole object; got "${override}" (${startCommand({ set: [key, member], value })})`,
        );
    }
}

/** Renders the fix of a config issue as an option of `npm start`, which takes only whole lists and objects. */
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
 * The command that deploys the rehearsed stack to Google Cloud. Pulumi reads lists and objects from a stack file only, not
 * from `--config`.
 */
export function googleCloudCommand(overrides: readonly string[]): string {
    const isStructured = (override: string) => /^[^=]+=\s*[[{]/.test(override);
    const flags = overrides.filter((each) => !isStructured(each)).map((each) => ` --config ${quote(each)}`);
    const lines = overrides.filter(isStructured).map((each) => each.replace("=", ": "));
    const rest = lines.length > 0 ? `, with this in the config of Pulumi.dev.yaml: ${lines.join(", ")}` : "";
    return `npx pulumi up -s dev${flags.join("")}${rest}`;
}

/** Quotes a text as one word of a POSIX shell. */
function quote(text: string): string {
    return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Sets no GPU and reports it: the emulator's VMs have none, and the steps that install its driver need Container-Optimized OS. */
export function withoutGpu(config: StackConfig, print: (line: string) => void): StackConfig {
    const prefix = `${config.project}:`;
    if (!(Number(config.values[`${prefix}gpuCount`]) > 0)) {
        return config;
    }
    print("GPU: left out here; the steps that install its driver run on Google Cloud only.");
    return { ...config, values: { ...config.values, [`${prefix}gpuCount`]: "0", [`${prefix}gpuType`]: "" } };
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
