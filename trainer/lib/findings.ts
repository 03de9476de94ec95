export type FindingKind =
    | "identifier"
    | "leak"
    | "number-format"
    | "date-format"
    | "inexact-numbers"
    | "missing-marker"
    | "bad-cells"
    | "constant"
    | "rare-text"
    | "imbalance"
    | "few-rows"
    | "header"
    | "task";

/** Something about a dataset that the user may want to change. */
export interface Finding {
    kind: FindingKind;
    column?: string;
    /** One sentence without a full stop. */
    message: string;
    /** The setting that changes it, such as `types={"zip":"text"}`. */
    setting?: string;
}

/** A finding about a column; `said` follows the column's name. */
export function aboutColumn(kind: FindingKind, column: string, said: string, setting?: string): Finding {
    const message = `Column ${JSON.stringify(column)} ${said}`;
    return { kind, column, message, ...(setting === undefined ? {} : { setting }) };
}

/** The setting `types` that gives a column another kind. */
export function typeSetting(column: string, type: "number" | "text" | "date" | "drop"): string {
    return `types=${JSON.stringify({ [column]: type })}`;
}

/** A finding as a line of the log. */
export function describeFinding({ message, setting }: Finding): string {
    return setting === undefined ? message : `${message} (--${setting} changes it)`;
}

/** The first items of a list, and the number of those left out. */
export function shorten(items: readonly string[], most: number): string {
    const left = items.length - most;
    return left > 0 ? `${items.slice(0, most).join(", ")} and ${left} more` : items.join(", ");
}
