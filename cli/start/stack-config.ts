import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import type { Fix } from "../../infra/config/issues";
import { LOCAL_STACK } from "../shared/project";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";

/** The config that Pulumi's engine would pass to the program, and the project's name. */
export interface StackConfig {
    project: string;
    stack: string;
    /**
     * Text values by fully qualified key (`gcp:project`, `gcp-trainer:target`). Lists and objects are JSON, as the
     * engine passes them.
     */
    values: Record<string, string>;
    /** Fully qualified keys that hold a secret. */
    secretKeys: string[];
    /** Values of the variables named in `secretEnv`, for the secret versions that the rehearsal creates. */
    standIns: Record<string, string>;
}

/**
 * Reads the config of one stack as Pulumi's engine does: defaults from `Pulumi.yaml`, overridden by
 * `Pulumi.<stack>.yaml`, overridden by `--config key=value` (a key without a namespace belongs to the project).
 * https://www.pulumi.com/docs/iac/concepts/config/
 *
 * @param folder the folder of Pulumi.yaml
 * @param overrides the values of `--config`, each `key=value`
 * @param secretEnv the variables of `--secret-env`; as in Pulumi's engine, one secret entry makes all of `env` secret
 * @throws UsageError when an override does not have that form or when a value is encrypted
 */
export function readStackConfig(
    folder: string,
    stack: string,
    overrides: readonly string[],
    secretEnv: Readonly<Record<string, string>> = {},
): StackConfig {
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
    const encrypted = new Map<string, string[]>();
    for (const [key, value] of Object.entries(asObject(readYaml(stackFile(folder, stack)).config))) {
        const { open, secure } = withoutSecure(value);
        values[qualify(key)] = asText(open);
        encrypted.set(qualify(key), secure);
    }
    for (const override of overrides) {
        const at = override.indexOf("=");
        if (at < 1) {
            throw new UsageError(
                `--config must be key=value; got "${override}" (${commandLine("start", "target=Species")})`,
            );
        }
        checkPath(override);
        values[qualify(override.slice(0, at))] = override.slice(at + 1);
        encrypted.delete(qualify(override.slice(0, at)));
    }
    for (const [key, entries] of encrypted) {
        requireReadable(`Pulumi.${stack}.yaml`, key, key === qualify("env"), entries, secretEnv);
    }
    return { project: projectName, stack, ...withSecretEnv(values, qualify, secretEnv) };
}

/** The stack's file or, if the stack `local` does not have one, the file that comes with the emulator. */
function stackFile(folder: string, stack: string): string {
    const own = path.join(folder, `Pulumi.${stack}.yaml`);
    return stack === "local" && !existsSync(own) ? LOCAL_STACK : own;
}

/** Pulumi writes a secret as `{secure: <ciphertext>}`, in place of a value or an entry. */
function withoutSecure(value: unknown): { open: unknown; secure: string[] } {
    if (!isObject(value)) {
        return { open: value, secure: [] };
    }
    if (isSecure(value)) {
        return { open: {}, secure: [""] };
    }
    const [secure, open] = [true, false].map((wanted) =>
        Object.entries(value).filter(([, entry]) => isSecure(entry) === wanted),
    );
    return { open: Object.fromEntries(open ?? []), secure: (secure ?? []).map(([name]) => name) };
}

function isSecure(value: unknown): boolean {
    return isObject(value) && typeof value.secure === "string" && Object.keys(value).length === 1;
}

/** @throws UsageError for an encrypted value that is not overridden, because only Pulumi has the key to decrypt it */
function requireReadable(
    file: string,
    key: string,
    isEnv: boolean,
    entries: readonly string[],
    secretEnv: Readonly<Record<string, string>>,
): void {
    const unread = entries.find((entry) => !isEnv || !Object.hasOwn(secretEnv, entry));
    if (unread === undefined) {
        return;
    }
    const name = unread === "" ? key : `${key}.${unread}`;
    const whole = `${commandLine("start", "env={} --secret-env NAME")}, with each value in the environment`;
    const entry = `${unread}=VALUE ${commandLine("start", `--secret-env ${unread}`)}`;
    const fix = !isEnv ? commandLine("start", `${key}=VALUE`) : unread === "" ? whole : entry;
    throw new UsageError(
        `\`${name}\` must be readable for a rehearsal; got an encrypted value in ${file}, which only Pulumi can decrypt (${fix})`,
    );
}

function withSecretEnv(
    values: Record<string, string>,
    qualify: (key: string) => string,
    secretEnv: Readonly<Record<string, string>>,
): Pick<StackConfig, "values" | "secretKeys" | "standIns"> {
    const existing = asObject(rawJson(values[qualify("secretEnv")] ?? "{}"));
    const isStandIn = ([name]: [string, string]) => Object.hasOwn(existing, name);
    const standIns = Object.fromEntries(Object.entries(secretEnv).filter(isStandIn));
    const own = Object.entries(secretEnv).filter((entry) => !isStandIn(entry));
    if (own.length === 0) {
        return { values, secretKeys: [], standIns };
    }
    const env = { ...asObject(rawJson(values[qualify("env")] ?? "{}")), ...Object.fromEntries(own) };
    return { values: { ...values, [qualify("env")]: JSON.stringify(env) }, secretKeys: [qualify("env")], standIns };
}

/**
 * @throws UsageError for a path such as `hyperparameters.maxDepth`: `--config` accepts only a complete object, as JSON
 */
function checkPath(override: string): void {
    const [, key, member, value = ""] = /^([\w-]+)\.([^=]+)=(.*)$/s.exec(override) ?? [];
    if (key !== undefined && member !== undefined) {
        throw new UsageError(
            `A setting must be a whole object; got "${override}" (${startCommand({ set: [key, member], value })})`,
        );
    }
}

/** Renders the fix for a config issue as an argument for `npm start`, which accepts only whole lists and objects. */
export function startCommand(fix: Fix): string {
    if ("remove" in fix) {
        const [key, ...entry] = fix.remove;
        return entry.length === 0 ? `leave out ${key}` : `leave ${entry.join(".")} out of ${key}`;
    }
    const [key, ...entry] = fix.set;
    const value = entry.length === 0 ? fix.value : JSON.stringify(whole(entry, fix.value));
    return commandLine("start", quote(`${key}=${value}`));
}

/** Replaces the commands for a deployed stack in a message from the VM with those for a rehearsal. */
export function rehearsalAdvice(message: string): string {
    return message
        .replace(
            /\(npx pulumi config set ([\w.]+) ([^\s)]+)\) and run pulumi up/g,
            (_match, key: string, value: string) => `(${commandLine("start", quote(`${key}=${value}`))})`,
        )
        .replaceAll("run pulumi up", `run ${commandLine("start")}`);
}

/** Keys whose values are paths on this machine. */
const PATHS = ["dataset", "trainer", "script", "requirements", "sweepFile"];

/**
 * Lets `--config` name a file relative to the folder in which the user ran npm, if that file exists.
 *
 * @param folder the folder of Pulumi.yaml, relative to which the program looks for files
 */
export function fromUsersFolder(override: string, folder: string, usersFolder: string | undefined): string {
    const [, key = "", value = ""] = /^([^=]+)=(.+)$/s.exec(override) ?? [];
    if (usersFolder === undefined || !PATHS.includes(key) || path.isAbsolute(value) || value.includes("://")) {
        return override;
    }
    const file = path.resolve(usersFolder, value);
    return existsSync(file) ? `${key}=${path.relative(folder, file)}` : override;
}

/** A list or an object with one entry, which may itself be a list or an object. */
function whole([member, ...rest]: readonly string[], text: string): unknown {
    if (member === undefined) {
        return /^-?\d+(\.\d+)?$|^(true|false)$|^\[/.test(text) ? rawJson(text) : text;
    }
    return /^\d+$/.test(member) ? [whole(rest, text)] : { [member]: whole(rest, text) };
}

function rawJson(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

/**
 * The command that deploys the stack `dev` with the settings of the rehearsal, and the lines that its stack file needs.
 * Pulumi reads lists and objects only from a stack file, not from `--config`, and prompts for secrets.
 */
export function googleCloudLines(overrides: readonly string[], secretNames: readonly string[] = []): string[] {
    const isStructured = (override: string) => /^[^=]+=\s*[[{]/.test(override);
    // The URL in `notify` is a secret.
    const isNotify = (override: string) => /^([^:=]+:)?notify=https:/.test(override);
    const flags = overrides
        .filter((each) => !isStructured(each) && !isNotify(each))
        .map((each) => ` --config ${quote(each)}`);
    const lines = overrides.filter(isStructured).map((each) => `  ${each.replace("=", ": ")}`);
    const keys = [...secretNames.map((name) => `--path env.${name}`), ...(overrides.some(isNotify) ? ["notify"] : [])];
    const secrets = keys.map((key) => `npx pulumi config set -s dev --secret ${key} && `);
    const command = `${secrets.join("")}npx pulumi up -s dev${flags.join("")}`;
    return [command, ...(lines.length > 0 ? ["with these lines under config: in Pulumi.dev.yaml:", ...lines] : [])];
}

/** Quotes a string as one word for a POSIX shell. */
function quote(text: string): string {
    return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Removes the GPU from the config and reports it, because the emulator's VMs do not have one and the steps that install
 * its driver need Container-Optimized OS.
 */
export function withoutGpu(config: StackConfig, print: (line: string) => void): StackConfig {
    const prefix = `${config.project}:`;
    if (!(Number(config.values[`${prefix}gpuCount`]) > 0)) {
        return config;
    }
    print("GPU: left out here; the steps that install its driver run only on Google Cloud.");
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
