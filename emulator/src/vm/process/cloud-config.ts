import { parse, YAMLParseError } from "yaml";

/** One `write_files` entry. The file exists before the first boot command runs. */
export interface CloudFile {
    /** Absolute path inside the VM. */
    readonly path: string;
    readonly content: Buffer;
    /** Permission bits. cloud-init's default is 0o644. */
    readonly mode: number;
}

/** The part of a cloud-config that the emulated VM supports. */
export interface CloudConfig {
    readonly writeFiles: readonly CloudFile[];
    /** The `runcmd` entries in order. A string is a line for `sh -c`; a list is an argument array. */
    readonly runCommands: readonly (string | readonly string[])[];
}

/** Thrown for user-data that this VM cannot apply. The message is written to the serial port. */
export class CloudConfigError extends Error {
    override readonly name = "CloudConfigError";
}

const PLAIN = new Set(["text/plain"]);
const BASE64 = new Set(["b64", "base64"]);
const MODULES = ["write_files", "runcmd"];
const FILE_KEYS = ["path", "content", "encoding", "permissions", "owner"];

/**
 * Parses `user-data` as cloud-init does: `#cloud-config` in the first line, followed by YAML 1.1.
 * @throws CloudConfigError for other formats, unknown modules and unknown keys, so that nothing is silently ignored.
 * @see https://cloudinit.readthedocs.io/en/latest/reference/modules.html
 */
export function parseCloudConfig(text: string): CloudConfig {
    const firstLine = text.split(/\r?\n/, 1)[0] ?? "";
    if (firstLine.trimEnd() !== "#cloud-config") {
        throw new CloudConfigError(
            `user-data must begin with the line "#cloud-config"; got ${JSON.stringify(firstLine.slice(0, 60))}`,
        );
    }
    const document = readYaml(text);
    for (const key of Object.keys(document)) {
        if (!MODULES.includes(key)) {
            throw new CloudConfigError(`cloud-config module "${key}" is not emulated; allowed: ${MODULES.join(", ")}`);
        }
    }
    return {
        writeFiles: list(document.write_files, "write_files").map(readFile),
        runCommands: list(document.runcmd, "runcmd").map(readCommand),
    };
}

function readYaml(text: string): Record<string, unknown> {
    let document: unknown;
    try {
        document = parse(text, { version: "1.1" });
    } catch (error) {
        if (error instanceof YAMLParseError) {
            throw new CloudConfigError(`cloud-config is not valid YAML: ${error.message}`);
        }
        throw error;
    }
    if (document === null) {
        return {};
    }
    if (!isRecord(document)) {
        throw new CloudConfigError("cloud-config must be a YAML mapping of modules");
    }
    return document;
}

function readFile(entry: unknown, index: number): CloudFile {
    const where = `write_files[${index}]`;
    if (!isRecord(entry)) {
        throw new CloudConfigError(`${where} must be a mapping with path and content`);
    }
    for (const key of Object.keys(entry)) {
        if (!FILE_KEYS.includes(key)) {
            throw new CloudConfigError(`${where}.${key} is not emulated; allowed: ${FILE_KEYS.join(", ")}`);
        }
    }
    const path = entry.path;
    if (typeof path !== "string" || !path.startsWith("/") || path.split("/").includes("..")) {
        throw new CloudConfigError(`${where}.path must be an absolute path without ".."; got ${JSON.stringify(path)}`);
    }
    if (entry.owner !== undefined && entry.owner !== "root" && entry.owner !== "root:root") {
        throw new CloudConfigError(`${where}.owner must be "root:root"; got ${JSON.stringify(entry.owner)}`);
    }
    return { path, content: decode(entry, where), mode: permissions(entry.permissions, where) };
}

function decode(entry: Record<string, unknown>, where: string): Buffer {
    const content = entry.content ?? "";
    if (typeof content !== "string") {
        throw new CloudConfigError(`${where}.content must be a string; got ${typeof content}`);
    }
    const encoding = entry.encoding ?? "text/plain";
    if (typeof encoding === "string" && PLAIN.has(encoding)) {
        return Buffer.from(content);
    }
    if (typeof encoding === "string" && BASE64.has(encoding)) {
        return Buffer.from(content, "base64");
    }
    throw new CloudConfigError(
        `${where}.encoding must be ${[...PLAIN, ...BASE64].join(", ")}; got ${JSON.stringify(encoding)}`,
    );
}

/**
 * Parses permissions. Like cloud-init, reads a string as octal and uses a number as is (YAML 1.1 has already parsed
 * `0644` as octal).
 */
function permissions(value: unknown, where: string): number {
    const mode = value === undefined ? 0o644 : typeof value === "string" ? parseOctal(value) : value;
    if (typeof mode !== "number" || !Number.isInteger(mode) || mode < 0 || mode > 0o7777) {
        throw new CloudConfigError(`${where}.permissions must be octal such as "0644"; got ${JSON.stringify(value)}`);
    }
    return mode;
}

function parseOctal(text: string): number {
    return /^(0o)?[0-7]+$/.test(text) ? Number.parseInt(text.replace("0o", ""), 8) : Number.NaN;
}

function readCommand(command: unknown, index: number): string | string[] {
    if (typeof command === "string") {
        return command;
    }
    if (Array.isArray(command) && command.length > 0) {
        return command.map((word: unknown) => {
            if (typeof word === "string" || typeof word === "number") {
                return String(word);
            }
            throw new CloudConfigError(`runcmd[${index}] contains ${JSON.stringify(word)}; its words must be strings`);
        });
    }
    throw new CloudConfigError(`runcmd[${index}] must be a string or a list of words`);
}

function list(value: unknown, name: string): unknown[] {
    if (value === undefined || value === null) {
        return [];
    }
    if (!Array.isArray(value)) {
        throw new CloudConfigError(`cloud-config module "${name}" must be a list`);
    }
    return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
