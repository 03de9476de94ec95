import path from "node:path";
import { createInterface } from "node:readline/promises";
import { CommandError, LocalWorkspace, type OutputMap, PulumiCommand, Stack } from "@pulumi/pulumi/automation";
import { listsZones, retryReason, stockedOutZone } from "../../run/vm-retry";
import { HELP, readArguments } from "../shared/arguments";
import { numbersOf } from "../shared/metrics";
import { Screen, type Terminal } from "../shared/screen";
import { findPulumi, fixFor } from "../shared/stored-runs/pulumi";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";
import { UpdateView } from "./update-view";

export const KINDS = ["up", "preview", "destroy"] as const;
export type Kind = (typeof KINDS)[number];

const DOES: Readonly<Record<Kind, string>> = {
    up: "deploys a stack as pulumi up does, and shows the trainer's log as it arrives",
    preview: `shows what ${commandLine("up")} would change, and changes nothing`,
    destroy: "downloads the results that are not on this machine yet, and destroys a stack",
};

/** Past participles of Pulumi's operations. */
const DONE: Readonly<Record<string, string>> = {
    same: "unchanged",
    create: "created",
    update: "updated",
    replace: "replaced",
    delete: "deleted",
    import: "imported",
};

const usage = (kind: Kind) => `${commandLine(kind)} ${DOES[kind]}.

Usage: ${commandLine(kind, "[options]")}

  -s, --stack STACK   the stack; default: the selected one (npx pulumi stack ls)
  --refresh           first compares the state with what exists
  --verbose           shows every resource, instead of one line for each part of the stack
${kind === "destroy" ? "  -y, --yes           destroys the stack without asking\n" : ""}  --help              this text

On a terminal, the last lines show what is in progress. Pressing Ctrl-C twice detaches from a run, which continues.`;

const OPTIONS = {
    stack: { type: "string", short: "s" },
    refresh: { type: "boolean" },
    verbose: { type: "boolean" },
    yes: { type: "boolean", short: "y" },
    ...HELP,
} as const;

export interface DeployContext {
    projectDir: string;
    /** The folder whose `node_modules` holds the npm package `pulumi`. */
    packageDir: string;
    terminal: Terminal;
}

/**
 * Implements `npm run up`, `npm run preview` and `npm run destroy`. Changes this process's PATH so that the Automation
 * API finds the same `pulumi` as the other commands.
 *
 * @returns the exit status: 1 if Pulumi or the run failed, 130 after Ctrl-C
 * @throws UsageError for an invalid command line, a missing `pulumi` or a problem with the stack
 */
export async function deploy(kind: Kind, args: string[], context: DeployContext): Promise<number> {
    const { values } = readArguments(args, { help: commandLine(kind, "--help"), options: OPTIONS });
    const screen = new Screen(context.terminal);
    if (values.help) {
        screen.print(usage(kind));
        return 0;
    }
    screen.showLive(["Opening the stack"]);
    const stack = await openStack(values.stack, context).finally(() => screen.showLive([]));
    if (kind === "destroy" && values.yes !== true) {
        await confirm(stack.name, screen);
    }
    const interrupts = { abort: new AbortController(), count: 0 };
    const reasons = new Set<string>();
    for (;;) {
        const view = new UpdateView(screen, { isPreview: kind === "preview", isVerbose: values.verbose === true });
        const status = await update(stack, kind, { screen, view, refresh: values.refresh === true, interrupts });
        const isFinal = status === 0 || kind !== "up" || interrupts.count > 0;
        const text = view.errors.join("\n");
        const isOutOfStock = stockedOutZone(text) !== undefined;
        const reason = isFinal ? undefined : retryReason(text, isOutOfStock && (await hasZones(stack)));
        // Each zone is tried once.
        if (reason === undefined || reasons.has(reason)) {
            return status;
        }
        reasons.add(reason);
        screen.print(`\n${reason}; trying again`);
    }
}

interface UpdateContext {
    screen: Screen;
    view: UpdateView;
    refresh: boolean;
    interrupts: { abort: AbortController; count: number };
}

/** Runs one update and shows it. @returns the exit status */
async function update(stack: Stack, kind: Kind, context: UpdateContext): Promise<number> {
    const { screen, view, refresh, interrupts } = context;
    const { abort } = interrupts;
    const timer = setInterval(() => {
        view.refresh();
        if (view.hasLostInterrupt) {
            // Aborting sends another SIGINT to Pulumi.
            abort.abort();
        }
    }, 1000);
    const onSignal = (signal: NodeJS.Signals) => {
        interrupts.count += 1;
        view.interrupt();
        // A terminal also sends Ctrl-C to Pulumi itself.
        if (signal !== "SIGINT" || !process.stdin.isTTY) {
            abort.abort();
        }
    };
    process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
    const options = {
        onEvent: (event: Parameters<UpdateView["onEvent"]>[0]) => view.onEvent(event),
        onOutput: (text: string) => view.onOutput(text),
        refresh,
        signal: abort.signal,
    };
    try {
        const outputs = await run(stack, kind, options);
        view.end();
        report(screen, view, kind, stack.name, outputs);
        return 0;
    } catch (error) {
        view.end();
        if (!(error instanceof CommandError)) {
            throw error;
        }
        if (kind === "up" && view.hasDetached) {
            screen.print(`\nThe run continues. To follow it: ${commandLine("logs", `--follow -s ${stack.name}`)}`);
            screen.print(`To reattach: ${commandLine("up", `-s ${stack.name}`)}`);
        } else {
            reportFailure(screen, view, error);
        }
        return interrupts.count > 0 ? 130 : 1;
    } finally {
        clearInterval(timer);
        process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    }
}

/** True if the stack's config names several zones. */
async function hasZones(stack: Stack): Promise<boolean> {
    const { value } = await stack.getConfig("zones").catch(() => ({ value: "[]" }));
    return listsZones(value);
}

type Options = Parameters<Stack["preview"]>[0];

async function run(stack: Stack, kind: Kind, options: Options): Promise<OutputMap> {
    switch (kind) {
        case "up":
            return (await stack.up(options)).outputs;
        case "preview":
            await stack.preview(options);
            return {};
        case "destroy":
            await stack.destroy(options);
            return {};
    }
}

/** @throws UsageError if `pulumi` cannot be run, or no stack is selected */
async function openStack(requested: string | undefined, context: DeployContext): Promise<Stack> {
    const { file, args } = findPulumi(process.env, context.packageDir);
    const folder = args.length === 0 ? path.dirname(file) : path.join(context.packageDir, "node_modules", ".bin");
    process.env.PATH = [folder, process.env.PATH].join(path.delimiter);
    const pulumiCommand = await PulumiCommand.get().catch((error: Error) => {
        const said = error instanceof CommandError ? reasonIn(error) : error.message;
        const install =
            process.platform === "win32" ? "winget install pulumi" : "curl -fsSL https://get.pulumi.com | sh";
        throw new UsageError(`Pulumi's command line, pulumi, must be on PATH; got "${said}" (${install})`);
    });
    const workspace = await LocalWorkspace.create({ workDir: context.projectDir, pulumiCommand });
    // Like `pulumi -s STACK`, this must not select the stack, or else a later `pulumi up` would change the wrong one.
    workspace.selectStack = async () => undefined;
    try {
        const name = requested ?? (await workspace.stack())?.name;
        if (name === undefined) {
            throw new UsageError("A stack must be chosen: -s STACK (npx pulumi stack ls lists the stacks)");
        }
        return await Stack.select(name, workspace);
    } catch (error) {
        throw error instanceof CommandError ? new UsageError(`${reasonIn(error)}${fixFor(reasonIn(error))}`) : error;
    }
}

async function confirm(stack: string, screen: Screen): Promise<void> {
    if (!screen.isInteractive || !process.stdin.isTTY) {
        throw new UsageError(
            `--yes must be set if there is no terminal on which to ask (${commandLine("destroy", "--yes")})`,
        );
    }
    const prompt = createInterface({ input: process.stdin, output: process.stdout });
    const typed = await prompt.question(`Destroys every resource in the stack ${stack}. Type its name to continue: `);
    prompt.close();
    if (typed.trim() !== stack) {
        throw new UsageError(`The stack's name must be typed; got "${typed}". Nothing was destroyed`);
    }
}

function report(screen: Screen, view: UpdateView, kind: Kind, stack: string, outputs: OutputMap): void {
    const { metrics, resultsDir, leftToBill } = Object.fromEntries(
        Object.entries(outputs).map(([name, { value }]) => [name, value as unknown]),
    );
    screen.print("");
    const numbers = numbersOf((metrics ?? {}) as Record<string, unknown>);
    if (numbers.length > 0) {
        screen.print("Metrics reported by the trainer:");
        const width = Math.max(...numbers.map(([name]) => name.length));
        for (const [name, value] of numbers) {
            screen.print(`  ${name.padEnd(width)}  ${value}`);
        }
    }
    if (typeof resultsDir === "string" && resultsDir !== "") {
        screen.print(`Results, verified, in ${resultsDir}/`);
    }
    if (Array.isArray(leftToBill)) {
        screen.print(`Billed until ${commandLine("destroy", `-s ${stack}`)}:`);
        for (const item of leftToBill) {
            screen.print(`  ${String(item)}`);
        }
    }
    screen.print(summaryOf(view, kind));
}

function summaryOf({ summary }: UpdateView, kind: Kind): string {
    const changes = Object.entries({ ...summary?.resourceChanges });
    const counts = changes.map(([op, count]) =>
        kind === "preview" && op !== "same" ? `${count} to ${op}` : `${count} ${DONE[op] ?? op}`,
    );
    const took = kind === "preview" ? "" : ` in ${summary?.durationSeconds ?? 0} s`;
    return `Resources: ${counts.join(", ") || "none"}${took}`;
}

function reportFailure(screen: Screen, view: UpdateView, error: CommandError): void {
    const errors = view.errors.length > 1 ? view.errors.filter((text) => text !== "update failed") : view.errors;
    screen.print("");
    if (errors.length === 0) {
        screen.print(`error: ${reasonIn(error)}${fixFor(reasonIn(error))}`);
    }
    for (const text of errors) {
        screen.print(`error: ${text}`);
    }
}

/** The part of an Automation API error that Pulumi itself wrote. */
function reasonIn({ message }: CommandError): string {
    const said = /\n? *stderr: (.*?)\n err\?:/s.exec(message)?.[1] ?? message;
    const lines = said.trim().split("\n");
    return (
        lines
            .filter((line) => !line.startsWith("Command failed"))
            .join("\n")
            .replace(/^error: /, "") || said.trim()
    );
}
