/** Section names, in execution order. */
export const SECTION_NAMES = ["fit", "forest", "accuracy", "learners", "process", "image"] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

export interface BenchOptions {
    /** The sections to run, in the same order as SECTION_NAMES. */
    readonly sections: readonly SectionName[];
    /** True to use tiny data and a single repeat, which checks that everything runs but measures nothing meaningful. */
    readonly quick: boolean;
}

export const USAGE = `npm run bench [-- [--quick] [${SECTION_NAMES.join("] [")}]]`;

/** @throws {Error} listing everything wrong with the arguments */
export function parseBenchArguments(argv: readonly string[]): BenchOptions {
    const wrong = argv.filter((word) => word !== "--quick" && !SECTION_NAMES.some((name) => name === word));
    if (wrong.length > 0) {
        const allowed = `${SECTION_NAMES.join(", ")} or --quick`;
        throw new Error(`The bench arguments must be ${allowed}; got ${wrong.join(" ")} (${USAGE})`);
    }
    const named = SECTION_NAMES.filter((name) => argv.includes(name));
    return { sections: named.length === 0 ? SECTION_NAMES : named, quick: argv.includes("--quick") };
}
