/** What a section of the bench found. It is kept as JSON, so it is plain data. */
export interface SectionResult {
    /** Markdown paragraphs that say what is compared, and how. */
    readonly notes: readonly string[];
    readonly tables: readonly ResultTable[];
    readonly targets: readonly Target[];
}

export interface ResultTable {
    readonly caption: string;
    readonly header: readonly string[];
    readonly rows: readonly (readonly string[])[];
}

/** Something that the project has promised itself, and what came of it. */
export interface Target {
    readonly target: string;
    readonly measured: string;
    readonly met: boolean;
}

/** A section that has been run: its result, or the error that ended it. */
export interface SectionRun {
    readonly name: string;
    readonly title: string;
    /** The command that ran it. */
    readonly command: string;
    /** RFC 3339, UTC, when it began. */
    readonly startedAt: string;
    readonly seconds: number;
    readonly result?: SectionResult;
    readonly error?: string;
}
