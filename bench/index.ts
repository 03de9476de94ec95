import { parseBenchArguments, SECTION_NAMES, type SectionName, USAGE } from "./arguments";
import {
    forgetResults,
    keepResult,
    renderSection,
    type SectionResult,
    type SectionRun,
    storeFor,
} from "./results/results";
import { benchAccuracy } from "./sections/accuracy";
import { benchFit, benchForest } from "./sections/fit";
import { benchImage } from "./sections/image";
import { benchLearners } from "./sections/learners";
import { benchProcess } from "./sections/process";
import { describeMachine, setUp } from "./tools/machine";

const SECTIONS: Readonly<Record<SectionName, { title: string; bench(quick: boolean): Promise<SectionResult> }>> = {
    fit: { title: "Fit of a tree", bench: benchFit },
    forest: { title: "Fit of a forest", bench: benchForest },
    accuracy: { title: "Accuracy on held-out rows", bench: benchAccuracy },
    learners: { title: "Default models on real datasets", bench: benchLearners },
    process: { title: "The whole process", bench: benchProcess },
    image: { title: "Image size, and time from docker run to a model", bench: benchImage },
};

/**
 * Runs the sections one by one. Each section's results are written when it ends, and a failed section does not stop the
 * others.
 */
async function main(argv: readonly string[]): Promise<number> {
    if (argv.includes("--help")) {
        console.log(`Usage: ${USAGE}`);
        return 0;
    }
    const { sections, quick } = parseBenchArguments(argv);
    const command = ["npm run bench", ...(argv.length === 0 ? [] : ["--", ...argv])].join(" ");
    const store = storeFor(quick);
    await setUp();
    const machine = await describeMachine();
    console.log(machine.join("\n"));
    if (sections.length === SECTION_NAMES.length) {
        await forgetResults(store);
    }
    let failures = 0;
    for (const name of sections) {
        const run = await runSection(name, quick, command);
        failures += run.result === undefined ? 1 : 0;
        console.log(`\n${renderSection(run).join("\n\n")}\n`);
        for (const { target, measured, met } of run.result?.targets ?? []) {
            console.log(`${met ? "met" : "NOT MET"}: ${target}: ${measured}`);
        }
        await keepResult(store, machine, run);
    }
    console.log(`\nWrote ${store.file}`);
    return failures === 0 ? 0 : 1;
}

async function runSection(name: SectionName, quick: boolean, command: string): Promise<SectionRun> {
    const { title, bench } = SECTIONS[name];
    const started = Date.now();
    const about = { name, title, command, startedAt: new Date(started).toISOString() };
    console.log(`\n${title}:`);
    try {
        const result = await bench(quick);
        return { ...about, seconds: (Date.now() - started) / 1000, result };
    } catch (error) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        return { ...about, seconds: (Date.now() - started) / 1000, error: text };
    }
}

main(process.argv.slice(2)).then(
    (exitCode) => {
        process.exitCode = exitCode;
    },
    (error: unknown) => {
        console.error(error instanceof Error ? error.message : error);
        process.exitCode = 1;
    },
);
