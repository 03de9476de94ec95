import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { SECTION_NAMES } from "../arguments";
import { PROJECT, WORK } from "../paths";

/** Results of a section. They are stored as JSON, so they must be plain data. */
export interface SectionResult {
    /** Markdown paragraphs that explain the comparison and its method, each on one line. */
    readonly notes: readonly string[];
    readonly tables: readonly ResultTable[];
    readonly targets: readonly Target[];
}

export interface ResultTable {
    readonly caption: string;
    readonly header: readonly string[];
    readonly rows: readonly (readonly string[])[];
}

/** A performance target for the project, and the value measured for it. */
export interface Target {
    readonly target: string;
    readonly measured: string;
    readonly met: boolean;
}

/** A completed section: its result or its error. */
export interface SectionRun {
    readonly name: string;
    readonly title: string;
    /** The command line for this run. */
    readonly command: string;
    /** Start time in UTC, as RFC 3339. */
    readonly startedAt: string;
    readonly seconds: number;
    readonly result?: SectionResult;
    readonly error?: string;
}

/** Locations where results are stored. Results of a quick run are never written to the committed file. */
export interface ResultStore {
    readonly file: string;
    readonly folder: string;
}

export function storeFor(quick: boolean): ResultStore {
    return quick
        ? { file: path.join(WORK, "quick/results.md"), folder: path.join(WORK, "quick") }
        : { file: path.join(PROJECT, "bench/results.md"), folder: path.join(WORK, "results") };
}

/** Removes earlier results before a complete run of the bench. */
export async function forgetResults({ folder }: ResultStore): Promise<void> {
    await rm(folder, { recursive: true, force: true });
}

/**
 * Stores the results of one section and rewrites the results file, which combines them with the latest results of the
 * other sections. The file shows the command and the time of each section.
 */
export async function keepResult(store: ResultStore, machine: readonly string[], run: SectionRun): Promise<void> {
    await mkdir(store.folder, { recursive: true });
    await writeFile(path.join(store.folder, `${run.name}.json`), JSON.stringify(run));
    const runs: SectionRun[] = [];
    for (const name of SECTION_NAMES) {
        const text = await readFile(path.join(store.folder, `${name}.json`), "utf8").catch(() => undefined);
        if (text !== undefined) {
            runs.push(JSON.parse(text) as SectionRun);
        }
    }
    await writeFile(store.file, renderResults(machine, runs));
}

/** Renders `results.md`: the targets first, then each section. */
export function renderResults(machine: readonly string[], runs: readonly SectionRun[]): string {
    const targets = runs.flatMap((run) =>
        run.result === undefined
            ? [{ target: `${run.title}`, measured: "the section failed, see below", met: false }]
            : run.result.targets,
    );
    const parts = [
        "# Bench",
        wrap(
            "Results of `npm run bench`: this trainer and the other contenders, run alternately on one machine. Times are medians, with " +
                "minimum and maximum in brackets.",
        ),
        machine.map((line) => `- ${line}`).join("\n"),
        "## Targets",
        targetTable(targets),
        ...runs.flatMap(renderSection),
    ];
    return `${parts.join("\n\n")}\n`;
}

/** Renders a section as Markdown, for the terminal and the file. */
export function renderSection(run: SectionRun): string[] {
    const head = [`## ${run.title}`, `\`${run.command}\`, ${run.startedAt}, ${run.seconds.toFixed(0)} s`];
    if (run.result === undefined) {
        return [...head, `Failed:\n\n\`\`\`\n${run.error ?? "no error given"}\n\`\`\``];
    }
    return [...head, ...run.result.notes.map(wrap), ...run.result.tables.flatMap(renderTable)];
}

function targetTable(targets: readonly Target[]): string {
    return renderTable({
        caption: "",
        header: ["target", "measured", "met"],
        rows: targets.map(({ target, measured, met }) => [target, measured, met ? "yes" : "**no**"]),
    }).join("\n\n");
}

function renderTable({ caption, header, rows }: ResultTable): string[] {
    const all = [header, ...rows];
    const widths = header.map((_, column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)));
    const line = (cells: readonly string[]) =>
        `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`;
    const table = [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
    return caption === "" ? [table] : [`**${caption}**`, table];
}

/** Column at which prose wraps. */
const WIDTH = 120;

function wrap(paragraph: string): string {
    const lines: string[] = [];
    let line = "";
    for (const word of paragraph.split(" ")) {
        if (line !== "" && line.length + 1 + word.length > WIDTH) {
            lines.push(line);
            line = word;
        } else {
            line = line === "" ? word : `${line} ${word}`;
        }
    }
    return [...lines, line].join("\n");
}
