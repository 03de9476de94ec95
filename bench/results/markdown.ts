import type { ResultTable, SectionRun, Target } from "./types";

/** `results.md`: the targets first, then each section. */
export function renderResults(machine: readonly string[], runs: readonly SectionRun[]): string {
    const targets = runs.flatMap((run) =>
        run.result === undefined
            ? [{ target: `${run.title}`, measured: "the section failed, see below", met: false }]
            : run.result.targets,
    );
    const parts = [
        "# Bench",
        "What `npm run bench` measured: this trainer and its peers, in turn, on one machine. Times are medians, smallest and largest in brackets.",
        machine.map((line) => `- ${line}`).join("\n"),
        "## Targets",
        targetTable(targets),
        ...runs.flatMap(renderSection),
    ];
    return `${parts.join("\n\n")}\n`;
}

/** A section as it is printed and written. */
export function renderSection(run: SectionRun): string[] {
    const head = [`## ${run.title}`, `\`${run.command}\`, ${run.startedAt}, ${run.seconds.toFixed(0)} s`];
    if (run.result === undefined) {
        return [...head, `Failed:\n\n\`\`\`\n${run.error ?? "no error given"}\n\`\`\``];
    }
    return [...head, ...run.result.notes, ...run.result.tables.flatMap(renderTable)];
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
