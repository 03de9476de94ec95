import { parseArgs } from "node:util";
import { SECTIONS, type SectionName, type Sizes } from "./sections";

const FULL: Sizes = {
    clients: 200,
    objects: 100_000,
    logMb: 1024,
    modelMb: 5120,
    files: 2000,
    runs: 200,
    starts: 10,
    trees: 5000,
    classes: 1000,
    sweep: 200,
    points: 1000,
    array: 500,
};
const QUICK: Sizes = {
    clients: 200,
    objects: 20_000,
    logMb: 20,
    modelMb: 30,
    files: 50,
    runs: 5,
    starts: 2,
    trees: 50,
    classes: 50,
    sweep: 20,
    points: 40,
    array: 40,
};
const NAMES = Object.keys(FULL) as SectionName[];

const USAGE = `npm run load runs the emulator, npm start and large models under load, and prints what it measured.

Usage: npm run load -- [--quick] [--SECTION SIZE]... [--minutes M] [SECTION]...

--minutes M ends the section "runs" after M minutes. It then reports how many runs there were.

Sections, with their full sizes: ${NAMES.map((name) => `${name} ${FULL[name]}`).join(", ")}`;

/** Runs the named sections, or all. Returns the number that failed. */
export async function runLoad(args: string[], print: (line: string) => void): Promise<number> {
    const sizeOptions = Object.fromEntries(NAMES.map((name) => [name, { type: "string" as const }]));
    const { values, positionals } = parseArgs({
        args,
        allowPositionals: true,
        options: {
            ...sizeOptions,
            quick: { type: "boolean" },
            minutes: { type: "string", default: "1440" },
            help: { type: "boolean" },
        },
    });
    const unknown = positionals.find((name) => !NAMES.some((known) => known === name));
    if (values.help === true || unknown !== undefined) {
        print(unknown === undefined ? USAGE : `There is no section "${unknown}".\n\n${USAGE}`);
        return unknown === undefined ? 0 : 1;
    }
    const minutes = Number(values.minutes);
    if (!(minutes > 0)) {
        print(`--minutes must be a positive number; got "${values.minutes}" (npm run load -- --help)`);
        return 1;
    }
    let failures = 0;
    for (const name of NAMES.filter((one) => positionals.length === 0 || positionals.includes(one))) {
        const given = (values as Record<string, unknown>)[name];
        const size = Number(given ?? (values.quick === true ? QUICK : FULL)[name]);
        if (!Number.isInteger(size) || size < 1) {
            print(`--${name} must be a positive integer; got "${given}" (npm run load -- --help)`);
            return 1;
        }
        try {
            print(await SECTIONS[name](size, minutes));
        } catch (error) {
            failures++;
            print(`FAILED ${name} ${size}: ${error instanceof Error ? error.message : String(error)}`);
        }
    }
    return failures;
}

if (require.main === module) {
    void runLoad(process.argv.slice(2), (line) => console.log(line)).then((failures) => {
        process.exitCode = failures === 0 ? 0 : 1;
    });
}
