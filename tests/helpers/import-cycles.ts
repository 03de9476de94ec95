/** A file and the files that it imports. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/**
 * Finds groups of files that import each other in a cycle, with Tarjan's algorithm for strongly connected components.
 * Files are sorted within a group, and a file that imports itself forms a group of one.
 */
export function importCycles(graph: ImportGraph): string[][] {
    const positions = new Map<string, number>();
    const lowest = new Map<string, number>();
    const open: string[] = [];
    const cycles: string[][] = [];

    const visit = (file: string): void => {
        const position = positions.size;
        positions.set(file, position);
        lowest.set(file, position);
        open.push(file);
        for (const target of graph.get(file) ?? []) {
            if (!positions.has(target)) {
                visit(target);
            }
            if (open.includes(target)) {
                lowest.set(file, Math.min(lowest.get(file) ?? position, lowest.get(target) ?? position));
            }
        }
        if (lowest.get(file) === position) {
            const group = open.splice(open.indexOf(file)).sort();
            if (group.length > 1 || graph.get(file)?.includes(file) === true) {
                cycles.push(group);
            }
        }
    };
    for (const file of graph.keys()) {
        if (!positions.has(file)) {
            visit(file);
        }
    }
    return cycles;
}
