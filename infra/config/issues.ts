import * as pulumi from "@pulumi/pulumi";

/** Path of a config value: a key, or an entry in a list or object below it. */
export type KeyPath = readonly [key: string, ...entry: string[]];

/** The change to the config that fixes an issue. */
export type Fix = { readonly set: KeyPath; readonly value: string } | { readonly remove: KeyPath };

/** One problem, kept as data until it is printed, so that each command can suggest its own fix. */
export interface ConfigIssue {
    /** `gcp-trainer:hyperparameters.maxDepth`, `gcp:zone` */
    readonly key: string;
    /** Begins with "must", or with "is" if the key itself is the problem. */
    readonly must: string;
    /** The value that was found; undefined if it is missing. An issue without this property does not show a value. */
    readonly got?: unknown;
    readonly fix: Fix;
}

/** A problem with a config value, or a sentence about the dataset. */
export type Issue = ConfigIssue | { readonly sentence: string };

/** Error for an invalid config. Pulumi prints a `RunError` without a stack trace. */
export class ConfigError extends pulumi.RunError {
    readonly issues: readonly Issue[];

    constructor(issues: readonly Issue[]) {
        super(renderIssues(issues, pulumiCommand));
        this.issues = issues;
    }
}

/**
 * Renders all issues as text.
 *
 * @param command renders a fix as a command for the caller
 */
export function renderIssues(issues: readonly Issue[], command: (fix: Fix) => string): string {
    const problems = issues.length === 1 ? "1 problem" : `${issues.length} problems`;
    const lines = issues.map((issue) => `  * ${renderIssue(issue, command)}`);
    return [`The stack config has ${problems}:`, ...lines].join("\n");
}

/** Renders one issue: `X must ...; got Y (command that fixes it)`. */
export function renderIssue(issue: Issue, command: (fix: Fix) => string): string {
    if ("sentence" in issue) {
        return issue.sentence;
    }
    const value = issue.got === undefined ? "nothing" : shortened(JSON.stringify(issue.got));
    const got = "got" in issue ? `; got ${value}` : "";
    return `\`${issue.key}\` ${issue.must}${got} (${command(issue.fix)})`;
}

/** Shortens a very long value, so that the rest of its line stays readable. */
function shortened(json: string): string {
    return json.length > 1000 ? `${json.slice(0, 1000)}…` : json;
}

/** The Pulumi command that applies a fix. It names the stack being deployed, which may not be the selected one. */
export function pulumiCommand(fix: Fix): string {
    const stack = pulumi.runtime.getEngine() === undefined ? "" : ` -s ${pulumi.getStack()}`;
    const path = "set" in fix ? fix.set : fix.remove;
    const flag = path.length > 1 ? "--path " : "";
    const target = quoted(pathText(path));
    return "set" in fix
        ? `npx pulumi config set ${flag}${target} ${quoted(fix.value)}${stack}`
        : `npx pulumi config rm ${flag}${target}${stack}`;
}

/** A path in the syntax that `npx pulumi config set --path` accepts: `env.A`, `scopes[0]`, `env["a.b"]`. */
export function pathText([key, ...entry]: KeyPath): string {
    return key + entry.map((part) => (/^\d+$/.test(part) ? `[${part}]` : namePath(part))).join("");
}

function namePath(name: string): string {
    return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function quoted(path: string): string {
    return /^[A-Za-z0-9_.:/@-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
