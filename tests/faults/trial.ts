import { parseFaultRule } from "../../emulator/src";
import { type Ended, type ProviderTexts, type SeenRequest, SmallRun } from "./small-run";

/**
 * The outcome of a trial.
 * - "survived": the model is correct even though a request failed.
 * - "failed clearly": there was an error that a person can act on, and the next try produced the correct model.
 * - "unclear": the same, except that the error does not explain the problem.
 * - "lost": the next try did not produce the correct model either.
 * - "false success": a command succeeded without the correct model.
 * - "hung": a command did not end.
 * - "not hit": the request in which the fault should occur was never sent.
 */
export type Outcome = "survived" | "failed clearly" | "unclear" | "lost" | "false success" | "hung" | "not hit";

/** The outcomes that no fault may cause. */
export const BROKEN: readonly Outcome[] = ["unclear", "lost", "false success", "hung"];

/** An outcome, with the failed command's message or the difference from the correct model. */
export interface Verdict {
    readonly outcome: Outcome;
    readonly detail?: string | undefined;
}

/** The result of one trial, as stored in the results file. */
export interface TrialResult extends Verdict {
    readonly rule: string;
    readonly seconds: number;
    /** Number of faults in the same run, if there was more than one. */
    readonly together?: number;
    /** The faults that did not occur, if others in the same run did. */
    readonly missed?: readonly string[];
}

/** A run without faults, with its requests and the model that every other run must produce. */
export interface Reference {
    readonly requests: readonly SeenRequest[];
    readonly model: ReadonlyMap<string, Buffer>;
}

/** The longest time that a command may take. Clients retry for at most a minute. */
const LIMIT_MS = 240_000;
const OWN = ["manifest.json", "status.json", "trainer.log"];
/** Matches parts of a message that only a programmer would understand, or an error without a reason. */
const UNCLEAR =
    /\n {4}at |TypeError|ReferenceError|Cannot read propert|\bundefined\b|ended with exit code \d+ before|Unexpected (token|end of JSON)|^error: [^:]*: *$/m;

/** @throws Error if a run without faults fails */
export async function recordReference(texts: ProviderTexts): Promise<Reference> {
    return await SmallRun.with(texts, [], async (run) => {
        const up = await run.up(LIMIT_MS);
        const destroy = await run.destroy(LIMIT_MS);
        const error = up.error ?? destroy.error;
        if (error !== undefined) {
            throw new Error(`A run without faults failed: ${error}\n${await run.vm.serialPort()}`);
        }
        const model = new Map([...up.files].filter(([name]) => !OWN.includes(name)));
        // In these trials, the VM is created by the test, not by the project.
        const isCreation = ({ method, path }: SeenRequest) => method === "POST" && path.startsWith("/compute/");
        return { requests: run.plan.requests.filter((request) => !isCreation(request)), model };
    });
}

/** Performs a complete run with one fault per rule. */
export async function runTrial(texts: ProviderTexts, reference: Reference, ...rules: string[]): Promise<TrialResult> {
    const startedAt = Date.now();
    const seconds = () => Math.round((Date.now() - startedAt) / 100) / 10;
    return await SmallRun.with(texts, rules.map(parseFaultRule), async (run) => {
        const verdict = await judgeRun(run, reference, () => run.plan.hits.length >= rules.length);
        const detail = verdict.outcome === "not hit" ? `hit only: ${run.plan.hits.join(", ")}` : verdict.detail;
        return { rule: rules.join(" and "), seconds: seconds(), ...verdict, detail };
    });
}

/**
 * Runs `up` and `destroy`, and repeats each without faults if it fails.
 * @param isHit called at the end; returns true if a fault occurred
 */
export async function judgeRun(run: SmallRun, reference: Reference, isHit: () => boolean): Promise<Verdict> {
    const failures: string[] = [];
    for (const command of [() => run.up(LIMIT_MS), () => run.destroy(LIMIT_MS)]) {
        const verdict = await judge(run, reference, command, failures);
        if (verdict !== undefined) {
            return verdict;
        }
    }
    return outcomeOf(isHit(), failures);
}

/** The outcome of a trial that produced the correct model in the end. */
export function outcomeOf(isHit: boolean, failures: readonly string[]): Verdict {
    const detail = failures.join("\n");
    if (failures.length === 0) {
        return { outcome: isHit ? "survived" : "not hit" };
    }
    return { outcome: isHit && !UNCLEAR.test(detail) ? "failed clearly" : "unclear", detail };
}

/** Returns undefined if a command or its retry produced the correct model. Adds error messages to `failures`. */
async function judge(
    run: SmallRun,
    reference: Reference,
    command: () => Promise<Ended>,
    failures: string[],
): Promise<Verdict | undefined> {
    for (const isLast of [false, true]) {
        const { error, isHung, files } = await command();
        if (isHung) {
            return { outcome: "hung", detail: `${failures.join("\n")}\n${await run.vm.serialPort()}` };
        }
        if (error === undefined) {
            const difference = differenceTo(reference, files);
            return difference === undefined ? undefined : { outcome: "false success", detail: difference };
        }
        failures.push(error);
        if (isLast) {
            return { outcome: "lost", detail: `${failures.join("\n")}\n${await run.vm.serialPort()}` };
        }
        run.plan.replace([]);
    }
    return undefined;
}

/** The bytes of a file, without the time, the duration and the memory in the report, which differ between runs. */
export function comparable(name: string, content: Buffer | undefined): string | undefined {
    const text = content?.toString("latin1");
    return name === "report.html"
        ? text
              ?.replaceAll(/\d{4}-\d\d-\d\d( \d\d:\d\d UTC, after [^<]*)?/g, "TIME")
              .replaceAll(/[\d.]+ GiB of memory/g, "MEMORY")
        : text;
}

/** Describes how saved results differ from the correct ones. Returns undefined if they do not differ. */
function differenceTo({ model: expected }: Reference, files: ReadonlyMap<string, Buffer>): string | undefined {
    const missing = [...expected.keys(), ...OWN].filter((name) => !files.has(name));
    if (missing.length > 0) {
        return `missing: ${missing.join(", ")}`;
    }
    const wrong = [...expected]
        .filter(([name, content]) => comparable(name, files.get(name)) !== comparable(name, content))
        .map(([name]) => name);
    if (wrong.length > 0) {
        return `wrong content: ${wrong.join(", ")}`;
    }
    const others = [...files.keys()].filter((name) => !expected.has(name) && !OWN.includes(name));
    if (others.length > 0) {
        return `left behind: ${others.join(", ")}`;
    }
    const { state } = JSON.parse(String(files.get("status.json"))) as { state: string };
    if (state !== "SUCCEEDED") {
        return `status ${state}`;
    }
    const hasLog = String(files.get("trainer.log")).includes("Trained the final model on all 24 rows");
    return hasLog ? undefined : "the log is incomplete";
}
