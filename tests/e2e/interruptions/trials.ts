import type { Outcome, TrialResult } from "../../faults/trial";
import { type Bench, type How, interruptAt, type Moments, problemOf, SLOW } from "./bench";

/** The command that a person runs after an interruption. */
export type Then = "up" | "destroy";

/** Types of resources other than components, as Pulumi prints them: `gcp:compute:Instance`. */
const TYPE = "(?:gcp|docker|pulumi-nodejs)[:/][^ ]+";

/**
 * Lines such as ` + gcp:compute:Instance trainer-vm creating (0s)`, except those for resources that are done. The group
 * `name` is the resource's name, or its type.
 */
export function lineOf(verb: string, done: readonly string[], only = "", byType = false): RegExp {
    // A space ends the name.
    const wanted = only.replaceAll("$", "(?= )");
    const others = `(?=[^ ]*(?:${wanted}))${done.length === 0 ? "" : `(?!(?:${done.join("|")}) )`}`;
    return byType
        ? new RegExp(` ${others}(?<name>${TYPE}) [\\w-]+ (?:${verb})\\b`)
        : new RegExp(` ${TYPE} ${others}(?<name>[\\w-]+) (?:${verb})\\b`);
}

/** Like `lineOf`, for every kind of change. */
export function anyLine(done: readonly string[], only: string): RegExp {
    return lineOf("creating|updating|deleting|replacing|creating replacement|deleting original", done, only);
}

/** Lines such as `removing the service account NAME`; the group `name` is the kind. */
export function removalOf(done: readonly string[]): RegExp {
    const others = done.length === 0 ? "" : `(?!(?:${done.join("|")}) gcp)`;
    return new RegExp(`removing the ${others}(?<name>[a-z ]+) gcp-trainer`);
}

/** Does what the README says after an interruption, and judges the result. */
export async function repair(
    moments: Moments,
    from: string,
    then: Then,
    config: Readonly<Record<string, unknown>> = {},
): Promise<Omit<TrialResult, "rule">> {
    const startedAt = Date.now();
    const result = await moments.use(from, "trial", async (bench) => {
        bench.project.configure(config);
        const problem = await problemAfter(bench, then);
        const outcome: Outcome = problem === undefined ? "survived" : "lost";
        return { outcome, ...(problem === undefined ? {} : { detail: problem }) };
    });
    return { ...result, seconds: Math.round((Date.now() - startedAt) / 1000) };
}

/** Returns undefined if the stack works and can be destroyed. */
async function problemAfter({ cloud, project }: Bench, then: Then): Promise<string | undefined> {
    // If the interrupted command has already removed its lock, this fails, which does no harm.
    await problemOf(project.cancel());
    if (then === "up") {
        const failure = await problemOf(project.up());
        if (failure !== undefined) {
            return `up failed:\n${failure}`;
        }
        const runs = project.savedRuns();
        const states = runs.map((run) => JSON.parse(project.saved(run, "status.json")) as { state: string });
        if (states.at(-1)?.state !== "SUCCEEDED") {
            return `up succeeded without the results; saved runs: ${runs}`;
        }
    }
    const failure = await problemOf(project.startDestroy());
    if (failure !== undefined) {
        return `destroy failed:\n${failure}`;
    }
    const left = await cloud.inventory();
    return left.length === 0 ? problemOf(project.residue()) : `left after destroy: ${left.join(", ")}`;
}

/** Interrupts `up` or `destroy` at the first line that matches, and saves the moment under the name `to`. */
export async function interruptAgain(
    moments: Moments,
    from: string,
    to: string,
    at: { command: "up" | "destroy"; pattern: RegExp; how: How; delayMs: number; config?: object },
): Promise<string | undefined> {
    return await moments.use(from, to, async ({ project, plan }) => {
        await problemOf(project.cancel());
        project.configure({ ...at.config });
        plan.replace(SLOW);
        const command = at.command === "up" ? project.up("--parallel", "1") : project.startDestroy("--parallel", "1");
        const match = await interruptAt(command, { ...at, plan });
        if (match === undefined) {
            const { exitCode, output } = await command.ended;
            if (exitCode !== 0) {
                throw new Error(`${at.command} failed before it was interrupted:\n${output}`);
            }
            return undefined;
        }
        return match.groups?.name;
    });
}
