/** Names of the sections, in the order of execution. */
export const SECTION_NAMES = ["fit", "forest", "accuracy", "process", "image"] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

export interface BenchOptions {
    /** In the order of SECTION_NAMES. */
    readonly sections: readonly SectionName[];
    /** Tiny data and a single repeat: checks that everything runs, without a meaningful measurement. */
    readonly quick: boolean;
}

export const USAGE = `npm run bench [-- [--quick] [${SECTION_NAMES.join("] [")}]]`;

/** @throws Error that lists everything wrong with the arguments */
export function parseBenchArguments(argv: readonly string[]): BenchOptions {
    const wrong = argv.filter((word) => word !== "--quick" && !SECTION_NAMES.some((name) => name === word));
    if (wrong.length > 0) {
        const allowed = `${SECTION_NAMES.join(", ")} or --quick`;
        throw new Error(`Arguments of the bench must be ${allowed}; got ${wrong.join(" ")} (${USAGE})`);
    }
    const named = SECTION_NAMES.filter((name) => argv.includes(name));
    return { sections: named.length === 0 ? SECTION_NAMES : named, quick: argv.includes("--quick") };
}
