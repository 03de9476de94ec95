import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { CliCommand, type EndedCommand } from "../helpers/cli-command";
import { copyProject, type ProjectCopy } from "../helpers/project-copy";
import { filesIn, type SeenRequest } from "./small-run";
import { comparable, outcomeOf, type TrialResult, type Verdict } from "./trial";

/** The longest time that `npm start` may take on a busy machine. */
const LIMIT_MS = 900_000;

/** The outcome of a rehearsal in a project copy. */
interface Rehearsal extends EndedCommand {
    readonly isHung: boolean;
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
    const project = openProject();
    const rehearsal = await rehearse(project, "");
    if (rehearsal.status !== 0) {
        project.remove();
        throw new Error(`npm start without faults failed:\n${rehearsal.output}`);
    }
    unused.push(project);
    return rehearsal;
}

/** Project copies that the next trials reuse, because copying takes a fifth of a trial's CPU time. */
const unused: ProjectCopy[] = [];
process.once("exit", () => {
    for (const project of unused) {
        project.remove();
    }
});

function openProject(): ProjectCopy {
    const known = unused.pop();
    if (known !== undefined) {
        return known;
    }
    const project = copyProject();
    changeScripts(project.folder, (scripts) => {
        scripts.faulty = "node -r ./load-typescript.cjs tests/faults/start-with-faults.ts";
    });
    // The copy contains the trainer's bundle, which this script would only create again.
    changeScripts(path.join(project.folder, "trainer"), (scripts) => {
        delete scripts.build;
    });
    return project;
}

function changeScripts(folder: string, change: (scripts: Record<string, string>) => void): void {
    const manifest = path.join(folder, "package.json");
    const content = JSON.parse(readFileSync(manifest, "utf8"));
    change(content.scripts);
    writeFileSync(manifest, JSON.stringify(content));
}

/** Runs `npm start` with one fault per rule, and again without faults if that fails. */
export async function runStartTrial(reference: StartReference, ...rules: string[]): Promise<TrialResult> {
    const startedAt = Date.now();
    const project = openProject();
    let verdict: Awaited<ReturnType<typeof judge>> | undefined;
    try {
        verdict = await judge(project, reference, rules);
    } finally {
        if (verdict?.outcome === "survived" || verdict?.outcome === "not hit") {
            unused.push(project);
        } else {
            project.remove();
        }
    }
    const seconds = Math.round((Date.now() - startedAt) / 100) / 10;
    return { rule: rules.map(nameOf).join(" and "), seconds, ...verdict };
}

async function judge(
    project: ProjectCopy,
    reference: StartReference,
    rules: readonly string[],
): Promise<Verdict & Pick<TrialResult, "missed">> {
    const first = await rehearse(project, rules.join("\n"));
    if (first.isHung) {
        return { outcome: "hung", detail: first.output };
    }
    const isHit = first.missed.length === 0;
    const missed = first.missed.length === rules.length ? [] : first.missed.map((index) => nameOf(rules[index] ?? ""));
    if (first.status === 0) {
        const problem = differenceTo(reference, first);
        return problem === undefined
            ? { ...outcomeOf(isHit, []), ...(missed.length > 0 && { missed }) }
            : { outcome: "false success", detail: `${problem}\n${first.output}` };
    }
    const detail = first.output.slice(first.output.indexOf("error:"));
    if (rules.length > 1) {
        // The next runs find out which of the faults was not survived, and what it leads to.
        return outcomeOf(true, [detail]);
    }
    const second = await rehearse(project, "");
    const problem = second.status === 0 ? differenceTo(reference, second) : `exit status ${second.status}`;
    return problem === undefined
        ? outcomeOf(isHit, [detail])
        : { outcome: "lost", detail: `${detail}\nthen: ${problem}\n${second.output}` };
}

async function rehearse(project: ProjectCopy, rule: string): Promise<Rehearsal> {
    const record = path.join(project.folder, "requests.json");
    rmSync(record, { force: true });
    rmSync(path.join(project.folder, "models"), { recursive: true, force: true });
    const env = {
        FAULT_RULES: rule,
        FAULT_RECORD: record,
        // Since version 22, Node.js keeps compiled code there, so that the next rehearsal starts faster.
        NODE_COMPILE_CACHE: path.join(tmpdir(), "gcp-trainer-faults"),
    };
    const command = new CliCommand("faulty", ["--runtime", "process"], { cwd: project.folder, env });
    let isHung = false;
    const timer = setTimeout(() => {
        isHung = true;
        command.kill("SIGKILL");
    }, LIMIT_MS);
    const ended = await command.ended;
    clearTimeout(timer);
    const { requests, missed } = isHung ? { requests: [], missed: [] } : JSON.parse(readFileSync(record, "utf8"));
    const files = [...filesIn(path.join(project.folder, "models", "local"))];
    const model = new Map(
        files
            .filter(([name]) => /\/(model\.json|model\.onnx|metrics\.json|report\.html)$/.test(name))
            .map(([name, content]) => [path.basename(name), content]),
    );
    return { ...ended, isHung, requests, missed, model };
}

function differenceTo({ model }: StartReference, found: Rehearsal): string | undefined {
    const wrong = [...model]
        .filter(([name, content]) => comparable(name, found.model.get(name)) !== comparable(name, content))
        .map(([name]) => name);
    return wrong.length === 0 ? undefined : `missing or wrong: ${wrong.join(", ")}`;
}
