import "../shared/check-node";

import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { DEFAULTS } from "../../infra/defaults";
import { costIn, costText, type RunCost } from "../../run/cost/run-cost";
import { ownFiles } from "../../run/layout";
import { HELP, readArguments } from "../shared/arguments";
import { processTerminal } from "../shared/command-context";
import { findProject } from "../shared/project";
import { runCommand } from "../shared/run-command";
import { Screen } from "../shared/screen";
import { commandLine, commandThatSaves } from "../shared/tool";
import { UsageError } from "../shared/usage-error";

const USAGE = `${commandLine("report")} opens a run's report in a browser, and prints its address and the run's cost.

Usage: ${commandLine("report", "[options] [run id]")}

  run id              the run; default: the newest one with a report
  -s, --stack STACK   the stack; default: the one with the newest report
  --no-open           only prints the address; this is the default if the output is not a terminal
  --help              this text

The page is report.html in the run's folder below ${DEFAULTS.resultsDir}/.`;

const OPTIONS = { stack: { type: "string", short: "s" }, "no-open": { type: "boolean" }, ...HELP } as const;

async function main(args: string[]): Promise<number> {
    const { values, positionals } = readArguments(args, {
        help: commandLine("report", "--help"),
        options: OPTIONS,
        maxPositionals: 1,
    });
    const screen = new Screen(processTerminal());
    if (values.help) {
        screen.print(USAGE);
        return 0;
    }
    const results = path.join(findProject(), DEFAULTS.resultsDir);
    const report = findReport(results, values.stack, positionals[0]);
    const url = pathToFileURL(report).href;
    screen.print(url);
    const cost = costOfRun(path.dirname(report));
    if (cost !== undefined) {
        screen.print(`Cost of the run: ${costText(cost)}`);
    }
    if (process.stdout.isTTY && !values["no-open"]) {
        await open(url);
    }
    return 0;
}

/** The page cannot contain the cost, because the trainer does not know the price. */
function costOfRun(folder: string): RunCost | undefined {
    const manifest = path.join(folder, ownFiles.manifest);
    return existsSync(manifest) ? costIn(readFileSync(manifest, "utf8")) : undefined;
}

interface Report {
    stack: string;
    run: string;
    file: string;
    savedMs: number;
}

/** @throws UsageError if there is no such page */
export function findReport(results: string, stack: string | undefined, run: string | undefined): string {
    const all = list(results).flatMap((name) => reportsOf(results, name));
    const ofStack = all.filter((report) => stack === undefined || report.stack === path.basename(stack));
    const fitting = ofStack.filter((report) => run === undefined || report.run === run);
    const newest = fitting.sort((a, b) => b.savedMs - a.savedMs)[0];
    if (newest === undefined) {
        const stacks = stack === undefined ? list(results) : [path.basename(stack)];
        if (run !== undefined && stacks.some((name) => existsSync(path.join(results, name, run, ownFiles.status)))) {
            throw new UsageError(
                `The run ${run} has no report.html, because its trainer wrote none (${commandLine("runs", "--local")})`,
            );
        }
        const wanted = [run ?? "a run", ...(stack === undefined ? [] : [`of the stack ${stack}`])].join(" ");
        const others = all.map((report) => `${report.stack}/${report.run}`);
        const found = others.length > 0 ? `only of ${others.join(", ")}` : "none";
        throw new UsageError(
            `The report for ${wanted} must be on this machine; got ${found} (${commandThatSaves(stack)})`,
        );
    }
    return newest.file;
}

function reportsOf(results: string, stack: string): Report[] {
    return list(path.join(results, stack))
        .map((run) => ({ run, file: path.join(results, stack, run, "report.html") }))
        .filter(({ file }) => existsSync(file))
        .map(({ run, file }) => ({ stack, run, file, savedMs: statSync(file).mtimeMs }));
}

function list(folder: string): string[] {
    return existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder).sort() : [];
}

/** Opens a page with the system's own command; without one, the printed address is enough. */
function open(url: string): Promise<void> {
    const [command = "", ...args] =
        process.platform === "darwin"
            ? ["open"]
            : process.platform === "win32"
              ? ["cmd", "/c", "start", '""']
              : ["xdg-open"];
    return new Promise((resolve) => {
        const child = spawn(command, [...args, url], { detached: true, stdio: "ignore" });
        child.once("error", () => resolve());
        child.once("spawn", () => {
            child.unref();
            resolve();
        });
    });
}

runCommand(main);
