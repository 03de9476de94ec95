import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { ConfigError, type ConfigIssue, pathText } from "./issues";
import type { Example, Problem } from "./key-types";
import { type ConfigValues, ROWS } from "./keys";
import { type Location, parseLocation, type RawLocation } from "./location";
import { nearest } from "./nearest";
import { filesOf, type ProjectFiles } from "./project-files";
import { findConflicts } from "./rules";

/** The checked config of a stack: the project's own keys and the location on Google Cloud. */
export interface Config extends ConfigValues, Location {}

/** The config as Pulumi passes it: text. */
export interface RawConfig {
    /** Prefix of the project's own keys, before the colon: the name of the Pulumi project. */
    namespace: string;
    /** The project's own keys without the namespace. */
    values: Readonly<Record<string, string>>;
    /** The gcp provider's project, region and zone, from its config or its environment variables. */
    gcp: RawLocation;
}

/**
 * Reads and checks the stack config.
 *
 * @throws ConfigError with every issue
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
 * Checks a config as a whole. Keys that are not set have their default.
 *
 * @throws ConfigError with every issue
 */
export function parseConfig({ namespace, values: texts, gcp }: RawConfig, files: ProjectFiles): Config {
    const location = parseLocation(gcp);
    const issues: ConfigIssue[] = [...location.issues];
    const wrongKeys: string[] = [];
    const entries = ROWS.map(([name, key]) => {
        const text = texts[name];
        const { value, problems } = text === undefined ? { value: key.default, problems: [] } : key.parse(text);
        issues.push(...problems.map((problem) => valueIssue(namespace, name, problem, key.example)));
        wrongKeys.push(...(problems.length > 0 ? [name] : []));
        return [name, problems.length > 0 ? key.default : value];
    });
    const values = Object.fromEntries(entries) as ConfigValues;
    const conflicts = findConflicts(values, files, wrongKeys);
    issues.push(
        ...unknownKeys(namespace, Object.keys(texts)),
        ...conflicts.map(({ key, must, fix }) => ({ key: `${namespace}:${key}`, must, got: values[key], fix })),
    );
    if (issues.length > 0) {
        throw new ConfigError(issues);
    }
    return { ...location.value, ...values };
}

function valueIssue(namespace: string, name: string, problem: Problem, example: Example): ConfigIssue {
    const { must, entry, got, remove } = problem;
    const setEntry = entry.length > 0 ? entry : example.entry;
    const fix = remove
        ? { remove: [name, ...entry] as const }
        : { set: [name, ...setEntry] as const, value: example.value };
    return { key: `${namespace}:${pathText([name, ...entry])}`, must, got, fix };
}

function unknownKeys(namespace: string, names: readonly string[]): ConfigIssue[] {
    const known: readonly string[] = ROWS.map(([name]) => name);
    return names
        .filter((name) => !known.includes(name))
        .map((name) => {
            const guess = nearest(name.toLowerCase(), known, name.length / 3, (key) => key.toLowerCase());
            const hint = guess === undefined ? "" : `; did you mean \`${guess}\`?`;
            const must = `is not a key of this project${hint}`;
            return { key: `${namespace}:${name}`, must, fix: { remove: [name] } };
        });
}
