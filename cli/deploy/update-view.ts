import type { EngineEvent, StepEventMetadata, SummaryEvent } from "@pulumi/pulumi/automation";
import { savedResultsType, trainingRunType } from "../../run/resource-types";
import type { Screen } from "../shared/screen";

/** Signs for the operations that are shown; the others change nothing. */
const SIGNS: Readonly<Record<string, string>> = {
    create: "+",
    update: "~",
    delete: "-",
    "create-replacement": "+",
    "delete-replaced": "-",
    import: "=",
};
/** Time without any output after which a destination that is not interactive shows what is in progress. */
const QUIET_MS = 30_000;

/** Shows the events from Pulumi's engine: a line for each changed resource, and the lines that resources print. */
export class UpdateView {
    /** Errors, each with the name of its resource. */
    readonly errors: string[] = [];
    summary: SummaryEvent | undefined;
    readonly #screen: Screen;
    readonly #isPreview: boolean;
    readonly #now: () => number;
    readonly #active = new Map<string, { label: string; type: string; sinceMs: number }>();
    readonly #warnings = new Set<string>();
    #done = 0;
    #interrupts = 0;
    /** Pulumi's confirmation of the first Ctrl-C, and of the second. */
    #isCancelling = false;
    #isTerminating = false;
    #printedAtMs: number;

    constructor(screen: Screen, { isPreview, now = Date.now }: { isPreview: boolean; now?: () => number }) {
        this.#screen = screen;
        this.#isPreview = isPreview;
        this.#now = now;
        this.#printedAtMs = now();
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
            if (!ephemeral) {
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
        const active = [...this.#active.values()].map(
            ({ label, sinceMs }) => `${label} ${Math.floor((this.#now() - sinceMs) / 1000)} s`,
        );
        if (this.#screen.isInteractive) {
            const progress = `${this.#done} done${active.length > 0 ? `, in progress: ${active.join(", ")}` : ""}`;
            this.#screen.showLive([progress, ...this.#advice()]);
        } else if (active.length > 0 && this.#now() - this.#printedAtMs >= QUIET_MS) {
            this.#print(`in progress: ${active.join(", ")}`);
        }
    }

    /** Records a Ctrl-C, which Pulumi has received as well. */
    interrupt(): void {
        this.#interrupts += 1;
        this.refresh();
    }

    /**
     * True if Pulumi has seen only the first of two Ctrl-C. A process that is busy receives two signals in quick
     * succession as one.
     */
    get hasLostInterrupt(): boolean {
        return this.#interrupts > 1 && this.#isCancelling && !this.#isTerminating;
    }

    /** Removes the live lines. */
    end(): void {
        this.#screen.showLive([]);
    }

    #advice(): string[] {
        const isTraining = [...this.#active.values()].some(({ type }) => type === trainingRunType);
        if (this.#interrupts > 0 && !this.#isCancelling) {
            return ["Interrupting"];
        }
        if (this.#interrupts > 0) {
            return [isTraining ? "Ctrl-C again detaches; the run continues" : "Ending after the current steps"];
        }
        return isTraining ? ["Ctrl-C twice detaches; the run continues"] : [];
    }

    #onStart(step: StepEventMetadata): void {
        if (!isShown(step)) {
            return;
        }
        if (this.#isPreview) {
            this.#print(lineOf(step, step.diffs && step.diffs.length > 0 ? step.diffs.join(", ") : ""));
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
        const seconds = (this.#now() - started.sinceMs) / 1000;
        this.#print(lineOf(step, seconds >= 3 ? `${seconds.toFixed(1)} s` : ""));
    }

    #onMessage(severity: string, urn: string, text: string): void {
        const isRun = [trainingRunType, savedResultsType].includes(typeOf(urn));
        const name = isRun || urn === "" || typeOf(urn) === "pulumi:pulumi:Stack" ? "" : `${nameOf(urn)}: `;
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

function lineOf({ op, type, urn }: StepEventMetadata, detail: string): string {
    // gcp:storage/bucket:Bucket -> gcp:storage:Bucket, as Pulumi displays it.
    const shown = type.replace("pulumi-nodejs:dynamic/", "").replace(/\/[^:]+/, "");
    return `${SIGNS[op]} ${shown.padEnd(36)} ${nameOf(urn)}${detail ? `  ${detail}` : ""}`;
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
