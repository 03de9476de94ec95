import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CliCommand, type EndedCommand } from "../helpers/cli-command";
import { copyProject, type ProjectCopy } from "../helpers/project-copy";
import { filesIn, type SeenRequest } from "./small-run";
import { comparable, outcomeOf, type TrialResult, type Verdict } from "./trial";

/** The outcome of a rehearsal in a project copy. */
interface Rehearsal extends EndedCommand {
    readonly requests: readonly SeenRequest[];
    /** Numbers of the rules that hit no request. */
    readonly missed: readonly number[];
    /** The model's files, by name. */
    readonly model: ReadonlyMap<string, Buffer>;
}

/** The name of a trial. */
export const nameOf = (rule: string) => `npm start,${rule}`;

/** A rehearsal without faults: its requests and its model. */
export type StartReference = Pick<Rehearsal, "requests" | "model">;

/** @throws Error if a rehearsal without faults fails */
export async function recordStart(): Promise<StartReference> {
    const project = copyProject();
    try {
        const rehearsal = await rehearse(project, "");
        if (rehearsal.status !== 0) {
            throw new Error(`npm start without faults failed:\n${rehearsal.output}`);
        }
        return rehearsal;
    } finally {
        project.remove();
    }
}

/** Runs `npm start` with one fault per rule, and again without faults if that fails. */
export async function runStartTrial(reference: StartReference, ...rules: string[]): Promise<TrialResult> {
    const startedAt = Date.now();
    const project = copyProject();
    try {
        const verdict = await judge(project, reference, rules);
        const seconds = Math.round((Date.now() - startedAt) / 100) / 10;
        return { rule: rules.map(nameOf).join(" and "), seconds, ...verdict };
    } finally {
        project.remove();
    }
}

async function judge(
    project: ProjectCopy,
    reference: StartReference,
    rules: readonly string[],
): Promise<Verdict & Pick<TrialResult, "missed">> {
    const first = await rehearse(project, rules.join("\n"));
    const isHit = first.missed.length === 0;
    const missed = first.missed.length === rules.length ? [] : first.missed.map((index) => nameOf(rules[index] ?? ""));
    if (first.status === 0) {
        const problem = differenceTo(reference, first);
        return problem === undefined
            ? { ...outcomeOf(isHit, []), ...(missed.length > 0 && { missed }) }
            : { outcome: "false success", detail: `${problem}\n${first.output}` };
    }
    const detail = first.output.slice(first.output.indexOf("error:"));
    const second = await rehearse(project, "");
    const problem = second.status === 0 ? differenceTo(reference, second) : `exit status ${second.status}`;
    return problem === undefined
        ? outcomeOf(isHit, [detail])
        : { outcome: "lost", detail: `${detail}\nthen: ${problem}\n${second.output}` };
}

async function rehearse(project: ProjectCopy, rule: string): Promise<Rehearsal> {
    const record = path.join(project.folder, "requests.json");
    const manifest = path.join(project.folder, "package.json");
    const { scripts, ...rest } = JSON.parse(readFileSync(manifest, "utf8"));
    scripts.faulty = "node -r ./load-typescript.cjs tests/faults/start-with-faults.ts";
    writeFileSync(manifest, JSON.stringify({ ...rest, scripts }));
    rmSync(path.join(project.folder, "models"), { recursive: true, force: true });
    const env = { FAULT_RULES: rule, FAULT_RECORD: record };
    const ended = await new CliCommand("faulty", ["--runtime", "process"], { cwd: project.folder, env }).ended;
    const { requests, missed } = JSON.parse(readFileSync(record, "utf8"));
    const files = [...filesIn(path.join(project.folder, "models", "local"))];
    const model = new Map(
        files
            .filter(([name]) => /\/(model\.json|model\.onnx|metrics\.json|report\.html)$/.test(name))
            .map(([name, content]) => [path.basename(name), content]),
    );
    return { ...ended, requests, missed, model };
}

function differenceTo({ model }: StartReference, found: Rehearsal): string | undefined {
    const wrong = [...model]
        .filter(([name, content]) => comparable(name, found.model.get(name)) !== comparable(name, content))
        .map(([name]) => name);
    return wrong.length === 0 ? undefined : `missing or wrong: ${wrong.join(", ")}`;
}
