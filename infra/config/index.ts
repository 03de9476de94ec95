import path from "node:path";
import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { listDataset } from "../../run/dataset-objects";
import { messageOf } from "../../run/errors";
import { nearest } from "../../trainer/lib/nearest";
import { contextFiles } from "../build-context";
import { parseDataset } from "../dataset";
import { checkSecretValue } from "./checks";
import { contextWarnings } from "./context-check";
import { type Announce, checkDataset, checkPoints, type Note, renderNotes } from "./dataset-check";
import { ConfigError, type ConfigIssue, pathText, pulumiCommand } from "./issues";
import { type Example, type Problem, texts } from "./key-types";
import { type Config, type ConfigValues, ROWS } from "./keys";
import { parseLocation, type RawLocation } from "./location";
import { filesOf, type ProjectFiles } from "./project-files";
import { scriptFiles, withPythonTrainer } from "./python-trainer";
import { findConflicts } from "./rules";
import { pointsOf } from "./sweep";

/** Pulumi's runtime can report which keys are secret, but its type declarations omit this function. */
const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };

const SECRET_ENV = texts(checkSecretValue, { default: {}, example: ["API_KEY", "value"] });

/** The config as Pulumi passes it, as text. */
export interface RawConfig {
    /** Prefix of the project's own keys (the part before the colon): the Pulumi project's name. */
    namespace: string;
    /** The project's own keys without the namespace. */
    values: Readonly<Record<string, string>>;
    /**
     * The project's own keys, without the namespace, that hold a secret. Pulumi marks the key even if only one entry is
     * secret.
     */
    secretKeys?: readonly string[];
    /** The gcp provider's project, region and zone, from its config or its environment variables. */
    gcp: RawLocation;
}

export { checkCloud } from "./cloud-check";
export { dockerProviders } from "./docker-engine";
export type { Config } from "./keys";

/**
 * Reads and checks the stack config and the dataset, lists the objects of a dataset with more than one, and reports
 * what the user may want to change: files that the trainer's image should not contain, and findings about the dataset.
 *
 * @throws ConfigError with every issue
 */
export async function loadConfig(): Promise<Config> {
    const namespace = pulumi.getProject();
    const prefix = `${namespace}:`;
    const values = Object.entries(pulumi.runtime.allConfig())
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]) => [key.slice(prefix.length), value]);
    const { project, region, zone } = gcp.config;
    const secretKeys = Object.keys(Object.fromEntries(values)).filter((key) => isConfigSecret(prefix + key));
    const raw = { namespace, values: Object.fromEntries(values), secretKeys, gcp: { project, region, zone } };
    const announce = async (line: string) => {
        // A rehearsal has already printed it.
        await (pulumi.runtime.getEngine() && pulumi.log.info(line, undefined, undefined, true));
    };
    const { config, notes } = await checkConfig(raw, ".", announce);
    for (const warning of sourceWarnings(config)) {
        void pulumi.log.warn(warning);
    }
    // A rehearsal has already printed them.
    if (notes.length > 0 && pulumi.runtime.getEngine() !== undefined) {
        void pulumi.log.info(renderNotes(config.dataset, notes, pulumiCommand).join("\n"));
    }
    const datasetObjects = await listObjects(config.dataset, namespace);
    return withPythonTrainer({ ...config, datasetObjects }, ".", pulumi.getStack());
}

/** @throws ConfigError if a folder or pattern in a bucket has no objects, or if they cannot be listed */
async function listObjects(dataset: string, namespace: string): Promise<Config["datasetObjects"]> {
    const source = parseDataset(dataset);
    if (source?.kind !== "objects") {
        return [];
    }
    try {
        return await listDataset(source, (key) => pulumi.runtime.getConfig(key));
    } catch (error) {
        throw new ConfigError([{ sentence: `\`${namespace}:dataset\` ${messageOf(error)}` }]);
    }
}

/** Warnings about the files from which the image is built. */
function sourceWarnings({ image, script, trainer }: Config): string[] {
    if (script !== "") {
        const { folder, names } = scriptFiles(script);
        return contextWarnings(path.relative(".", folder), names);
    }
    return image === "" ? contextWarnings(trainer, contextFiles(trainer)) : [];
}

/**
 * Checks a config and its dataset as a whole.
 *
 * @param root the project folder
 * @param announce receives a line before a lengthy task
 * @throws ConfigError with every issue
 */
export async function checkConfig(
    raw: RawConfig,
    root: string,
    announce: Announce = () => undefined,
): Promise<{ config: Config; notes: readonly Note[] }> {
    const files = filesOf(root);
    const { config, issues, wrongKeys } = readConfig(raw, files);
    const isReadable =
        !["dataset", "target", "dropColumns", "trainer", "image", "script"].some((key) => wrongKeys.includes(key)) &&
        !["target", "dropColumns", "hyperparameters"].some((key) => raw.secretKeys?.includes(key));
    const ofPoints = isReadable ? checkPoints(config, raw.namespace, files) : [];
    const hyperparameters = { ...config.hyperparameters, ...config.points[0] };
    const { issues: ofDataset, notes } =
        isReadable && ofPoints.length === 0
            ? await checkDataset({ ...config, hyperparameters }, raw.namespace, root, announce)
            : { issues: [], notes: [] };
    const all = [...issues, ...ofPoints, ...ofDataset];
    if (all.length > 0) {
        throw new ConfigError(all);
    }
    return { config, notes };
}

/**
 * Checks a config as a whole, without its dataset. Keys that are not set get their default values.
 *
 * @throws ConfigError with every issue
 */
export function parseConfig(raw: RawConfig, files: ProjectFiles): Config {
    const { config, issues } = readConfig(raw, files);
    if (issues.length > 0) {
        throw new ConfigError(issues);
    }
    return config;
}

interface ReadConfig {
    /** Wrong values are replaced by the defaults. */
    config: Config;
    issues: ConfigIssue[];
    wrongKeys: string[];
}

function readConfig({ namespace, values: given, secretKeys = [], gcp }: RawConfig, files: ProjectFiles): ReadConfig {
    const location = parseLocation(gcp);
    const issues: ConfigIssue[] = [...location.issues];
    const wrongKeys: string[] = [];
    const entries = ROWS.map(([name, key]) => {
        const text = given[name];
        if (text !== undefined && isMisplaced(name, secretKeys)) {
            // No other issue may quote any part of the value.
            wrongKeys.push(name);
            return [name, key.default];
        }
        const isSecret = secretKeys.includes(name) || name === "notify";
        const { parse } = isSecret && name === "env" ? SECRET_ENV : key;
        const { value, problems } = text === undefined ? { value: key.default, problems: [] } : parse(text);
        const found = problems.map((problem) => valueIssue(namespace, name, problem, key.example));
        issues.push(...found.map((issue) => (isSecret ? withoutValue(issue) : issue)));
        wrongKeys.push(...(problems.length > 0 ? [name] : []));
        return [name, problems.length > 0 ? key.default : value];
    });
    const values = Object.fromEntries(entries) as ConfigValues;
    const isEnvSecret = secretKeys.includes("env");
    // Secret values do not count towards the limit on the metadata's size, because the metadata does not contain them.
    const env = isEnvSecret ? Object.fromEntries(Object.keys(values.env).map((name) => [name, ""])) : values.env;
    const conflicts = findConflicts({ ...values, env, region: location.value.region }, files, wrongKeys);
    issues.push(
        ...unknownKeys(namespace, Object.keys(given)),
        ...misplacedSecrets(namespace, secretKeys),
        ...conflicts.map(({ key, must, fix }) => {
            const issue = { key: `${namespace}:${key}`, must, got: values[key], fix };
            return secretKeys.includes(key) ? withoutValue(issue) : issue;
        }),
    );
    wrongKeys.push(...conflicts.map(({ key }) => key));
    const [open, secretValues] = isEnvSecret ? [{}, values.env] : [values.env, {}];
    const isListable = !["sweep", "sweepFile"].some((key) => wrongKeys.includes(key));
    const points = isListable ? pointsOf(values, files).points : [];
    const beside = { env: open, secretValues, points, datasetObjects: [] };
    return { config: { ...location.value, ...values, ...beside }, issues, wrongKeys };
}

function valueIssue(namespace: string, name: string, problem: Problem, example: Example): ConfigIssue {
    const { must, entry, got, remove } = problem;
    const setEntry = entry.length > 0 ? entry : example.entry;
    const fix = remove
        ? { remove: [name, ...entry] as const }
        : { set: [name, ...setEntry] as const, value: example.value };
    return { key: `${namespace}:${pathText([name, ...entry])}`, must, got, fix };
}

/** Removes the value from an issue, because a message must never contain a secret value. */
function withoutValue({ key, must, fix }: ConfigIssue): ConfigIssue {
    return { key, must, fix };
}

/**
 * Reports secrets in all keys except the container's environment and the notification URL, because they would be
 * readable in the VM's metadata or on Google Cloud.
 */
function misplacedSecrets(namespace: string, secretKeys: readonly string[]): ConfigIssue[] {
    return ROWS.map(([name]) => name)
        .filter((name) => isMisplaced(name, secretKeys))
        .map((name) => ({
            key: `${namespace}:${name}`,
            must: "must not be secret; a secret goes into `env` or, if Secret Manager has it, into `secretEnv`",
            fix: { remove: [name] },
        }));
}

function isMisplaced(name: string, secretKeys: readonly string[]): boolean {
    return secretKeys.includes(name) && !["env", "secretEnv", "notify"].includes(name);
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
