import type { EngineEvent, StepEventMetadata, SummaryEvent } from "@pulumi/pulumi/automation";
import { savedResultsType, trainingRunType } from "../../run/resource-types";
import { QUIET_MS, type Screen } from "../shared/screen";
import { partOf, shownType } from "../shared/stack-parts";

/** Symbols for the operations that are shown; all others change nothing. */
const SIGNS: Readonly<Record<string, string>> = {
    create: "+",
    update: "~",
    delete: "-",
    "create-replacement": "+",
    "delete-replaced": "-",
    import: "=",
};

const STACK = "pulumi:pulumi:Stack";

/** The changes of one kind to one part of the stack. */
interface ChangedPart {
    sign: string;
    name: string;
    count: number;
    /** The properties that differ, in a preview. */
    diffs: Set<string>;
    /** The longest time that a resource took. */
    ms: number;
}

interface ViewOptions {
    isPreview: boolean;
    /** True to show a line for each changed resource instead of one for each changed part of the stack. */
    isVerbose?: boolean;
    now?: () => number;
}

/**
 * Shows the events from Pulumi's engine: a line for each changed part of the stack, and the lines that resources print.
 */
export class UpdateView {
    /** Errors, each with the name of its resource. */
    readonly errors: string[] = [];
    summary: SummaryEvent | undefined;
    /** True if the user pressed Ctrl-C twice during a run, which continues. */
    hasDetached = false;
    readonly #screen: Screen;
    readonly #isPreview: boolean;
    readonly #isVerbose: boolean;
    readonly #parts = new Map<string, ChangedPart>();
    readonly #now: () => number;
    readonly #active = new Map<string, { label: string; type: string; sinceMs: number }>();
    readonly #warnings = new Set<string>();
    #done = 0;
    #interrupts = 0;
    /** Pulumi's confirmation of the first Ctrl-C, and of the second. */
    #isCancelling = false;
    #isTerminating = false;
    readonly #startedMs: number;
    #printedAtMs: number;

    constructor(screen: Screen, { isPreview, isVerbose = false, now = Date.now }: ViewOptions) {
        this.#screen = screen;
        this.#isPreview = isPreview;
        this.#isVerbose = isVerbose;
        this.#now = now;
        this.#startedMs = now();
        this.#printedAtMs = this.#startedMs;
    }

    onEvent(event: EngineEvent): void {
        if (event.resourcePreEvent) {
            this.#onStart(event.resourcePreEvent.metadata);
        } else if (event.resOutputsEvent) {
            this.#onEnd(event.resOutputsEvent.metadata);
        } else if (event.resOpFailedEvent) {
            this.#active.delete(keyOf(event.resOpFailedEvent.metadata));
        } else if (event.diagnosticEvent) {
            const { severity, urn = "", message, color, ephemeral } = event.diagnosticEvent;
            // Providers report every step of a build as ephemeral; the program reports only lengthy tasks.
            if (!ephemeral || typeOf(urn) === STACK) {
                // Pulumi has already removed its markup if it does not use colours.
                const text = color === "never" ? message : withoutMarkup(message);
                this.#onMessage(severity, urn, text.trimEnd());
            }
        } else if (event.summaryEvent) {
            this.summary = event.summaryEvent;
        }
        this.refresh();
    }

    /** Detects from Pulumi's own output whether it has received Ctrl-C, because no event reports it. */
    onOutput(text: string): void {
        this.#isCancelling ||= /received; cancelling/.test(text);
        this.#isTerminating ||= /received; terminating/.test(text);
        this.refresh();
    }

    /** Redraws the live lines; called every second. */
    refresh(): void {
        // Until the first step, the program checks the config and reads the dataset.
        const program = { label: "program", sinceMs: this.#startedMs };
        const steps = this.#active.size === 0 && this.#done === 0 ? [program] : [...this.#active.values()];
        const active = steps.map(({ label, sinceMs }) => `${label} ${Math.floor((this.#now() - sinceMs) / 1000)} s`);
        if (this.#screen.isRewritable) {
            const progress = `${this.#done} done${active.length > 0 ? `, in progress: ${active.join(", ")}` : ""}`;
            this.#screen.showLive([progress, ...this.#advice()]);
        } else if (active.length > 0 && this.#now() - this.#printedAtMs >= QUIET_MS) {
            this.#print(`in progress: ${active.join(", ")}`);
        }
    }

    /** Records a Ctrl-C, which Pulumi has received as well. */
    interrupt(): void {
        this.#interrupts += 1;
        this.hasDetached ||= this.#interrupts > 1 && this.#isTraining;
        this.refresh();
    }

    /**
     * True if the user pressed Ctrl-C twice but Pulumi noticed it only once. A busy process receives two signals in
     * quick succession as one.
     */
    get hasLostInterrupt(): boolean {
        return this.#interrupts > 1 && this.#isCancelling && !this.#isTerminating;
    }

    get #isTraining(): boolean {
        return [...this.#active.values()].some(({ type }) => type === trainingRunType);
    }

    /** Shows the parts that have been held back, and removes the live lines. */
    end(): void {
        this.#showParts();
        this.#screen.showLive([]);
    }

    #advice(): string[] {
        if (this.#interrupts > 0 && !this.#isCancelling) {
            return ["Interrupting"];
        }
        if (this.#interrupts > 0) {
            return [this.#isTraining ? "Ctrl-C again detaches; the run continues" : "Stopping after the current steps"];
        }
        return this.#isTraining ? ["Ctrl-C twice detaches; the run continues"] : [];
    }

    #onStart(step: StepEventMetadata): void {
        if (!isShown(step)) {
            return;
        }
        if (this.#isPreview) {
            this.#show(step, step.diffs ?? [], 0);
        } else {
            this.#active.set(keyOf(step), { label: nameOf(step.urn), type: step.type, sinceMs: this.#now() });
        }
    }

    #onEnd(step: StepEventMetadata): void {
        const started = this.#active.get(keyOf(step));
        if (!started) {
            return;
        }
        this.#active.delete(keyOf(step));
        this.#done += 1;
        this.#show(step, [], this.#now() - started.sinceMs);
    }

    /** Shows a changed resource, or holds it back until its part of the stack is shown. */
    #show(step: StepEventMetadata, diffs: readonly string[], ms: number): void {
        const sign = SIGNS[step.op] ?? "";
        if (this.#isVerbose) {
            this.#print(
                `${sign} ${shownType(step.type).padEnd(36)} ${nameOf(step.urn)}${detailOf([diffs.join(", ")], ms)}`,
            );
            return;
        }
        const name = partOf(step.type);
        const part = this.#parts.get(sign + name) ?? { sign, name, count: 0, diffs: new Set<string>(), ms: 0 };
        this.#parts.set(sign + name, part);
        part.count += 1;
        part.ms = Math.max(part.ms, ms);
        for (const diff of diffs) {
            part.diffs.add(diff);
        }
    }

    #showParts(): void {
        for (const { sign, name, count, diffs, ms } of this.#parts.values()) {
            const detail = detailOf([count > 1 ? `${count} resources` : "", [...diffs].join(", ")], ms);
            this.#print(`${sign} ${detail === "" ? name : name.padEnd(8)}${detail}`);
        }
        this.#parts.clear();
    }

    #onMessage(severity: string, urn: string, text: string): void {
        const isRun = [trainingRunType, savedResultsType].includes(typeOf(urn));
        if (typeOf(urn) === trainingRunType) {
            // Most parts are complete once the run prints its first line.
            this.#showParts();
        }
        const name = isRun || urn === "" || typeOf(urn) === STACK ? "" : `${nameOf(urn)}: `;
        if (text === "") {
            return;
        }
        if (severity === "error") {
            this.errors.push(`${name}${text}`);
        } else if (severity === "warning" && !this.#warnings.has(text)) {
            this.#warnings.add(text);
            this.#print(`warning: ${name}${text}`);
        } else if (severity === "info" || severity === "info#err") {
            for (const line of text.split("\n")) {
                this.#print(`${name}${line}`);
            }
        }
    }

    #print(line: string): void {
        this.#printedAtMs = this.#now();
        this.#screen.print(line);
    }
}

/** Removes Pulumi's colour markup as its own display does. */
function withoutMarkup(text: string): string {
    return text.replace(/<\{%.*?(?:%\}>|$)/gs, "");
}

/**
 * True for a step that changes a resource on Google Cloud or one that this project defines; components have no steps of
 * their own.
 */
function isShown({ op, type, new: after, old: before }: StepEventMetadata): boolean {
    return Object.hasOwn(SIGNS, op) && (after ?? before)?.custom === true && !type.startsWith("pulumi:");
}

/** Details that follow a name, each of which may be empty, and the time if it is long enough to matter. */
function detailOf(details: readonly string[], ms: number): string {
    const time = ms >= 3000 ? `${(ms / 1000).toFixed(1)} s` : "";
    return [...details, time]
        .filter((detail) => detail !== "")
        .map((detail) => `  ${detail}`)
        .join("");
}

function keyOf({ urn, op }: StepEventMetadata): string {
    return `${op} ${urn}`;
}

/** https://www.pulumi.com/docs/iac/concepts/resources/names/#urns */
function nameOf(urn: string): string {
    return urn.split("::").slice(3).join("::");
}

function typeOf(urn: string): string {
    return (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";
}
