/** Memory that one tree after the other is grown in. */
export interface Workspace {
    lists: Uint32Array[];
    scratch: Uint32Array;
    /** Bits, by row; all 0 between two uses. */
    marks: Uint32Array;
    /** Each row's place among the values of a column, for lists that are sorted on demand; of which orders. */
    ranks: Ranks | undefined;
}

/** See lists-on-demand.ts. */
export interface Ranks {
    orders: readonly Uint32Array[];
    ofColumns: Uint32Array[];
    /** Of each column, how many different values there are. */
    counts: number[];
}

/** An empty one; it grows as it is needed. */
export function makeWorkspace(): Workspace {
    return { lists: [], scratch: new Uint32Array(0), marks: new Uint32Array(0), ranks: undefined };
}

/** Makes the workspace have room for so many entries to move, and so many rows to mark. */
export function reserve(workspace: Workspace, entries: number, rows: number): void {
    if (workspace.scratch.length < entries) {
        workspace.scratch = new Uint32Array(entries);
    }
    const words = (rows + 31) >>> 5;
    if (workspace.marks.length < words) {
        workspace.marks = new Uint32Array(words);
    }
}

/** Makes the workspace have so many lists of at least so many words. */
export function reserveLists(workspace: Workspace, count: number, words: number): void {
    for (let index = 0; index < count; index++) {
        if ((workspace.lists[index]?.length ?? 0) < words) {
            workspace.lists[index] = new Uint32Array(words);
        }
    }
}
