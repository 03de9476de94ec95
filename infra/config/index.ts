import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { type ConfigValues, DEFAULTS } from "../defaults";
import { type ConfigIssue, describe, nearest, removeCommand, setCommand } from "./issues";
import { type Location, parseLocation, type RawLocation } from "./location";
import { filesOf, type ProjectFiles } from "./project-files";
import { findConflicts } from "./rules";
import { configSchema, type Unset } from "./schema";

/** The checked config of a stack: the project's own keys, and where on Google Cloud. */
export interface Config extends ConfigValues, Location {}

/** The config as Pulumi has it: text. */
export interface RawConfig {
    /** What stands before the colon of the project's own keys: the Pulumi project's name. */
    namespace: string;
    /** The project's own keys without the namespace. */
    values: Readonly<Record<string, string>>;
    /** The gcp provider's project, region and zone, from its config or its environment variables. */
    gcp: RawLocation;
}

/** The config cannot be used, for the reasons in `issues`. Pulumi prints a `RunError` without a stack trace. */
export class ConfigError extends pulumi.RunError {
    readonly issues: readonly ConfigIssue[];

    constructor(issues: readonly ConfigIssue[]) {
        const problems = issues.length === 1 ? "1 problem" : `${issues.length} problems`;
        super(`The stack config has ${problems}:\n${issues.map(({ message }) => `  - ${message}`).join("\n")}`);
        this.issues = issues;
    }
}

/**
 * Reads and checks the stack config.
 *
 * @throws ConfigError with everything that is wrong
 */
export function loadConfig(): Config {
    const namespace = pulumi.getProject();
    const prefix = `${namespace}:`;
    const values = Object.entries(pulumi.runtime.allConfig())
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]) => [key.slice(prefix.length), value]);
    const { project, region, zone } = gcp.config;
    return parseConfig({ namespace, values: Object.fromEntries(values), gcp: { project, region, zone } }, filesOf("."));
}

/**
 * Checks a config as a whole; keys that are not set have their default.
 *
 * @throws ConfigError with everything that is wrong
 */
export function parseConfig(raw: RawConfig, files: ProjectFiles): Config {
    const location = parseLocation(raw.gcp);
    const whole = configSchema.safeParse(raw.values);
    const problems = whole.error?.issues ?? [];
    const wrongKeys = problems.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : issue.path[0]));
    const rest = Object.entries(raw.values).filter(([key]) => !wrongKeys.includes(key));
    const values = { ...DEFAULTS, ...withoutUndefined(configSchema.parse(Object.fromEntries(rest))) };
    const issues = [
        ...location.issues,
        ...problems.flatMap((issue) => fieldIssues(raw.namespace, issue)),
        ...findConflicts(values, files, wrongKeys).map(({ key, must, fix }) =>
            describe(raw.namespace, [key], { must, got: values[key], fix }),
        ),
    ];
    if (issues.length > 0) {
        throw new ConfigError(issues);
    }
    return { ...location.value, ...values };
}

function fieldIssues(namespace: string, issue: z.core.$ZodIssue): ConfigIssue[] {
    if (issue.code === "unrecognized_keys") {
        return issue.keys.map((key) => {
            const guess = nearest(key, Object.keys(DEFAULTS));
            const message = `\`${namespace}:${key}\` is not a key of this project${guess ? `; did you mean \`${guess}\`?` : ""}`;
            return { key: `${namespace}:${key}`, message: `${message} (${removeCommand([key])})` };
        });
    }
    const [key = "", ...rest] = issue.path.map(String);
    const { got, remove } = issue.code === "custom" ? (issue.params ?? {}) : {};
    const fix = remove ? removeCommand([key, ...rest]) : setCommand([key, ...rest]);
    return [describe(namespace, [key, ...rest], { must: issue.message, got, fix })];
}

function withoutUndefined(values: Unset<ConfigValues>): Partial<ConfigValues> {
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
